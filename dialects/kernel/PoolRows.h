//===- PoolRows.h - Codes of cache rows -------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pool is a flat memref of bytes. PoolRows codes its rows and finds them from what the
// step block says; StepRows finds tokens of this step. Row encodings are those of
// runtime/plan/KernelAbi.h. Decoding what was encoded gives the appended bf16
// values back, so that a row of this step and the same row from the cache are
// interchangeable.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_POOLROWS_H
#define V4_DIALECTS_KERNEL_POOLROWS_H

#include "dialects/kernel/BodyBuilder.h"

namespace v4 {

/// How a row is stored: e4m3 is kv_compact, e2m1 index_fp4, f32 and bf16 as they are.
struct PoolRow {
  mlir::Type format;
  int64_t values, rope, rowBytes;

  bool isKv() const { return mlir::isa<mlir::Float8E4M3FNType>(format); }
};

class PoolRows {
public:
  using Value = mlir::Value;

  PoolRows(BodyBuilder &k, Value pool, const PoolRow &row) : k(k), pool(pool), row(row) {}

  /// Byte offset of row `number` of the pages whose offsets start at `firstPage` of `pages`.
  Value pageRow(Value pages, Value firstPage, Value number, int64_t pageRows);
  /// Byte offset of the ring row of `position` in the state block at byte `state`. REQUIRES: position >= 0.
  Value ringRow(Value state, Value position, int64_t ringRows);

  /// Decodes the row at a byte offset into `values` f32 from `at` of `scratch`.
  void decode(Value offset, Value scratch, Value at);
  /// Encodes bf16 values from `at` of `source` into the row at a byte offset.
  void encode(Value source, Value at, Value offset);
  /// `lanes` f32 at element `element` of an f32 row.
  Value loadReal(Value offset, Value element, int64_t lanes);
  /// Stores f32 at element `element` of an f32 row.
  void storeReal(Value real, Value offset, Value element);

protected:
  BodyBuilder &k;
  Value pool;
  PoolRow row;

private:
  void decodeKv(Value offset, Value scratch, Value at);
  void decodeFp4(Value offset, Value scratch, Value at);
  void encodeKv(Value source, Value at, Value offset);
  void encodeFp4(Value source, Value at, Value offset);
  Value storeScale(Value amax, float floor, float reciprocal, Value offset);
};

/// Where the tokens of one slot lie, in this step and in the sequence.
struct StepRows {
  using Value = mlir::Value;

  /// The memrefs are the step fields of those names.
  StepRows(BodyBuilder &k, Value slotRows, Value slotStarts, Value slot);

  Value slot;
  Value firstRow;      ///< Row of the slot's first token of this step.
  Value firstPosition; ///< Its position.
  Value lastPosition;  ///< Position of the slot's last token of this step.

  /// Whether the token at `position` is one of this step.
  Value contains(BodyBuilder &k, Value position) const;
  /// Its row. REQUIRES: contains(position).
  Value rowOf(BodyBuilder &k, Value position) const;
  /// Whether the token at `position` has a row of a ring, at position + offset, that no later token of the step takes.
  Value isLastOfRing(BodyBuilder &k, Value position, int64_t offset, int64_t ringRows) const;
};

} // namespace v4

#endif // V4_DIALECTS_KERNEL_POOLROWS_H

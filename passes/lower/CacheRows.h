//===- CacheRows.h - Cache rows as kernels see them -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pool is a flat memref of bytes. CacheRows finds rows in it through the step
// block and codes them; StepRows finds tokens of this step. Row encodings are
// those of runtime/plan/KernelAbi.h. Decoding what was encoded gives the
// appended bf16 values back, so that a row of this step and the same row from
// the cache are interchangeable.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_CACHEROWS_H
#define V4_PASSES_LOWER_CACHEROWS_H

#include "passes/lower/KernelEmitter.h"

namespace v4 {

class CacheRows {
public:
  using Value = mlir::Value;

  /// `pool` is the binding of a cache operand of type `type`.
  CacheRows(KernelEmitter &k, CacheType type, Value pool) : k(k), type(type), pool(pool) {}
  /// The binding of `cache`, an operand of the op being decomposed.
  CacheRows(KernelEmitter &k, Value cache)
      : CacheRows(k, mlir::cast<CacheType>(cache.getType()), k.operandOf(cache)) {}

  CacheType getType() const { return type; }

  /// Byte offset of row `row` of a page pool, counted from the sequence's start.
  Value pageRow(Value slot, Value row);
  /// Byte offset of the ring row that holds `position`. REQUIRES: position >= 0.
  Value ringRow(Value slot, Value position);

  /// Decodes the row at a byte offset into `values` f32 from `at` of `scratch`.
  void decode(Value offset, Value scratch, Value at);
  /// Encodes bf16 values from `at` of `source` into the row at a byte offset.
  void encode(Value source, Value at, Value offset);
  /// `lanes` f32 at element `element` of an f32 row.
  Value loadReal(Value offset, Value element, int64_t lanes);
  /// Stores f32 at element `element` of an f32 row.
  void storeReal(Value real, Value offset, Value element);

private:
  void decodeKv(Value offset, Value scratch, Value at);
  void decodeFp4(Value offset, Value scratch, Value at);
  void encodeKv(Value source, Value at, Value offset);
  void encodeFp4(Value source, Value at, Value offset);
  Value storeScale(Value amax, float floor, float reciprocal, Value offset);

  KernelEmitter &k;
  CacheType type;
  Value pool;
};

/// Where the tokens of one slot lie, in this step and in the sequence.
struct StepRows {
  StepRows(KernelEmitter &k, mlir::Value slot);

  mlir::Value slot;
  mlir::Value firstRow;      ///< Row of the slot's first token of this step.
  mlir::Value firstPosition; ///< Its position.
  mlir::Value lastPosition;  ///< Position of the slot's last token of this step.

  /// Whether the token at `position` is one of this step.
  mlir::Value contains(KernelEmitter &k, mlir::Value position) const;
  /// Its row. REQUIRES: contains(position).
  mlir::Value rowOf(KernelEmitter &k, mlir::Value position) const;
};

/// max(value, 0) of an index.
mlir::Value notNegative(KernelEmitter &k, mlir::Value value);
/// ceil(value / divisor) of a non-negative index.
mlir::Value ceilDiv(KernelEmitter &k, mlir::Value value, int64_t divisor);

} // namespace v4

#endif // V4_PASSES_LOWER_CACHEROWS_H

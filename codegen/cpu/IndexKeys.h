//===- IndexKeys.h - A page of index keys and its scores --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The 32 keys of a page lie across vectors, 16 to each: pair vector [column pair][half]
// (CpuBody.h) holds two columns of 16 keys. A query's pair, broadcast, meets 32 keys, and
// the sum over heads stays in lanes.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_INDEXKEYS_H
#define V4_CODEGEN_CPU_INDEXKEYS_H

#include "codegen/cpu/CpuBody.h"

namespace v4 {

class IndexKeys {
public:
  using Value = mlir::Value;

  static constexpr int64_t kRows = 32; ///< Keys of a page.

  /// Allocates the scratch. REQUIRES: at the kernel's start.
  IndexKeys(CpuBody &k, kernel::IndexCandidatesOp op);

  /// Decodes the page at a byte offset.
  void decode(Value offset);
  /// Takes the queries of a token of the step, to be scored as number `place` of the workgroup's tokens.
  void begin(Value row, Value place);
  /// Scores all keys of the page for a token that has begun, into getScores().
  void score(Value row, Value place);
  Value getScores() const { return scores; }

private:
  using Values = BodyBuilder::Values;

  void transpose(llvm::SmallVectorImpl<Value> &lines);
  void decodeHalf(Value offset, int64_t half);
  CpuBody::Pair pairOf(Value dwords, int64_t byte, Value scale);
  Values headDots(Value query, int64_t count);
  Values headTile(Value row, Value place, Value head, int64_t count, mlir::ValueRange sums);

  CpuBody &k;
  kernel::IndexCandidatesOp op;
  int64_t heads, dim, rowBytes;
  Value keys, scales, scores;
  Value queries; ///< Of all tokens as f32, where there is no product of bf16 and they are not too many.
};

} // namespace v4

#endif // V4_CODEGEN_CPU_INDEXKEYS_H

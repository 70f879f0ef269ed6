//===- StreamMix.h - Gates and Sinkhorn rounds of one token -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What follows once the products with fn are there: shared by the decompositions
// of v4.hc_pre, v4.hc_head and v4.hc_norm.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_STREAMMIX_H
#define V4_PASSES_LOWER_STREAMMIX_H

#include "passes/lower/KernelEmitter.h"

namespace v4 {

struct StreamMix {
  using Value = mlir::Value;
  using Values = KernelEmitter::Values;

  KernelEmitter &k;
  Value mix;         ///< Flat f32: m_n of this token.
  Value base, scale; ///< Bindings.
  int64_t count;     ///< C
  float hcEps;

  /// 1 / sqrt(squares / n + eps)
  static Value inverse(KernelEmitter &k, Value squares, int64_t n, float eps);
  /// pre_j of all streams.
  Values pre();
  /// Stores post_j from `at` of `to`.
  void storePost(Value to, Value at);
  /// Stores T behind all rounds, row-major, from `at` of `to`.
  void storeSinkhorn(int64_t iterations, Value to, Value at);
  /// bf16(sum_j weight_j X_j) of `token` into `to` from `at`; streams of width d.
  void reduce(mlir::ValueRange weights, Value streams, Value token, int64_t d, Value to, Value at);

private:
  Value gate(int64_t j, int64_t which);
  Values normalize(const Values &t, bool rows);
  Values softmaxRows(const Values &t);
  Values sinkhorn(int64_t iterations);
  Value sinkhornVector(int64_t iterations);
  Value fold(Value t, bool rows, llvm::function_ref<Value(Value, Value)> combine);
};

/// v4.hc_post of columns [begin, begin + columns) of one token.
struct StreamUpdate {
  using Value = mlir::Value;

  KernelEmitter &k;
  Value y, streams, post, comb, next; ///< Bindings.
  int64_t count, width;
  bool transposed = false; ///< Test-only mistake: the source stream is the column of comb.

  void emit(Value token, Value begin, int64_t columns);
};

} // namespace v4

#endif // V4_PASSES_LOWER_STREAMMIX_H

//===- RowLanes.h - Sums, norms, quantization of rows in lanes --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps on a row that is held in vectors of 16 f32, for tuned kernels. Results have
// the bits of v4.quantize; sums have trees of their own, see each.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_ROWLANES_H
#define V4_CODEGEN_CPU_ROWLANES_H

#include "codegen/cpu/CpuBody.h"

namespace v4 {

/// Lane i of the result is the sum of vector i, added pairwise at distance 8, 4, 2, 1; up to 16 vectors.
mlir::Value sumsOfVectors(CpuBody &k, llvm::ArrayRef<mlir::Value> vectors);

/// Sum of `term(i, total)` over i = 0, 16, ... below `n`: four chains take turns, then (0 + 1) + (2 + 3), then lanes.
/// REQUIRES: 16 divides n.
mlir::Value sumOfLanes(CpuBody &k, int64_t n, llvm::function_ref<mlir::Value(mlir::Value i, mlir::Value total)> term);

/// Stores values that are bf16 already.
void storeExact(CpuBody &k, mlir::Value vector, mlir::Value memory, mlir::Value at);

/// An activation quantization, see v4.quantize.
struct RunQuantizer {
  CpuBody &k;
  bool fp8;

  /// q * s of one run, given as vectors of 16 values.
  BodyBuilder::Values run(llvm::ArrayRef<mlir::Value> values);

private:
  mlir::Value largest(llvm::ArrayRef<mlir::Value> values);
  mlir::Value rounded(mlir::Value x);
};

} // namespace v4

#endif // V4_CODEGEN_CPU_ROWLANES_H

//===- RowSteps.h - Norm and quantization of one row ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps that single ops and fused ops share, on rows of flat memrefs of bf16.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_ROWSTEPS_H
#define V4_PASSES_LOWER_ROWSTEPS_H

#include "passes/lower/KernelEmitter.h"

namespace v4 {

/// `n` values in bf16 at an element offset of a memref.
struct RowPlace {
  mlir::Value memory, at;
};

void copyRow(KernelEmitter &k, RowPlace from, RowPlace to, int64_t n);
/// v4.rms_norm
void normalizeRow(KernelEmitter &k, RowPlace from, mlir::Value weight, float eps, RowPlace to, int64_t n);
/// v4.head_norm
void normalizeHead(KernelEmitter &k, RowPlace from, float eps, RowPlace to, int64_t n);
/// v4.quantize
void quantizeRow(KernelEmitter &k, RowPlace from, QuantFormat format, int64_t block, int64_t prefix, RowPlace to,
                 int64_t n);

/// Cosines and sines of a row of the step: `pairs` each, from `at` of `memory`.
struct RowTurns {
  mlir::Value memory, at;
  int64_t pairs;
  bool inverse;
};
/// v4.rope
void rotateRow(KernelEmitter &k, RowPlace from, const RowTurns &turns, RowPlace to, int64_t n);
/// v4.hadamard
void transformRow(KernelEmitter &k, RowPlace from, RowPlace to, int64_t n);

/// v4.swiglu; `weight` may be null, a limit of 0 clamps nothing.
void gateRow(KernelEmitter &k, RowPlace gate, RowPlace up, mlir::Value weight, float limit, RowPlace to, int64_t n);

} // namespace v4

#endif // V4_PASSES_LOWER_ROWSTEPS_H

//===- MatrixRows.h - Products of input rows with weight rows ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner loops that v4.linear, grouped_linear, expert_linear and the hyper-
// connection mixes share: a few weight rows times a few input rows, 16 lanes of K
// at a time. A weight vector is decoded once and used for every input row of the
// block; each (weight row, input row) pair has the same tree of additions in blocks of
// any size, so results do not depend on how many rows a step has.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_MATRIXROWS_H
#define V4_PASSES_LOWER_MATRIXROWS_H

#include "passes/lower/KernelEmitter.h"

namespace v4 {

/// A weight matrix [rows, columns] in checkpoint layout, possibly one of a stack.
struct MatrixRows {
  KernelEmitter &k;
  mlir::Value weight;       ///< flat memref
  mlir::Value scales;       ///< flat memref of e8m0 codes, or null
  mlir::Type format;        ///< element type; e2m1 for packed i8
  int64_t rows, columns;    ///< of one matrix, in values
  mlir::Value matrix;       ///< index in the stack, or null
  bool swapNibbles = false; ///< test-only planted mistake: high nibble first

  /// Describes the weight operand of `op`, which is [rows, columns] or [stack, rows, columns].
  MatrixRows(KernelEmitter &k, mlir::Value weight, mlir::Value scales);

  /// Weight rows that one pass of the inner loop shares an input vector with.
  static constexpr int64_t kRowsPerPass = 2;

  using Store = llvm::function_ref<void(mlir::Value input, mlir::Value row, mlir::Value dot)>;
  using Offset = llvm::function_ref<mlir::Value(mlir::Value input)>;

  /// dot(weight row r, x row i) for r in [rowBegin, rowBegin + count) clipped to `rows`, and i in
  /// [inputBegin, inputEnd). `offset` gives the element offset of input row i in x.
  /// `pass` rows at a time; REQUIRES: pass divides count.
  void dots(mlir::Value rowBegin, int64_t count, mlir::Value x, mlir::Value inputBegin, mlir::Value inputEnd,
            Offset offset, Store store, int64_t pass = kRowsPerPass);

private:
  void block(llvm::ArrayRef<mlir::Value> weightRows, mlir::Value x, mlir::Value first, int64_t inputs, Offset offset,
             Store store);
  mlir::Value scaleAt(mlir::Value row, mlir::Value column);
  mlir::Value weights(mlir::Value row, mlir::Value column, int64_t width, mlir::Value scale);
};

} // namespace v4

#endif // V4_PASSES_LOWER_MATRIXROWS_H

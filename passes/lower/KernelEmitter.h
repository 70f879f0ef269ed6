//===- KernelEmitter.h - Writes the body of one workgroup -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A KernelEmitter owns one kernel function while an op is lowered into it. The
// lowering asks for its operands, results and step fields as flat memrefs
// (element (i, j) of a [n, W] value is at i * W + j). A decomposition opens the
// loop over workgroups once and emits the body with BodyBuilder's vocabulary; a
// tuned kernel sets its grid and leaves the body to one contract op.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_KERNELEMITTER_H
#define V4_PASSES_LOWER_KERNELEMITTER_H

#include "dialects/kernel/BodyBuilder.h"
#include "dialects/v4/V4Dialect.h"
#include "runtime/plan/KernelAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace v4 {

class KernelEmitter : public BodyBuilder {
public:
  /// Creates an empty kernel function named `name` at the end of `module` whose
  /// bindings are those of `op`: operands, results, then step fields on demand.
  KernelEmitter(mlir::Operation *op, mlir::ModuleOp module, llvm::StringRef name);
  /// The same for a step of `op` alone, called `step`: it has bindings of its own and no operandOf.
  KernelEmitter(mlir::Operation *op, llvm::StringRef step, mlir::TypeRange operands, mlir::TypeRange results,
                mlir::ModuleOp module, llvm::StringRef name);

  /// Closes the function. Step fields and grid are final afterwards.
  mlir::func::FuncOp finish();
  llvm::ArrayRef<int64_t> stepFields() const { return fields; }
  kernel::GridAttr grid() const { return gridAttr; }
  /// For kernels whose body is a contract op, which opens the workgroups itself. REQUIRES: instead of workgroups().
  kernel::GridAttr setGrid(RowSpace rows, int64_t tile, int64_t tiles);
  Value begin() { return function.getArgument(0); }
  Value end() { return function.getArgument(1); }

  //===--------------------------------------------------------------------===//
  // Bindings
  //===--------------------------------------------------------------------===//

  /// Flat memref of an operand or result: memref<?xbf16>, memref<?xi8> for narrow
  /// floats and caches, ...
  Value operand(unsigned index) { return function.getArgument(2 + index); }
  Value operandOf(mlir::Value value);
  Value result(unsigned index) { return function.getArgument(2 + operands + index); }
  /// Flat memref of a field of the step block.
  Value step(plan::StepField field);
  /// counts[which] as an index.
  Value count(plan::StepCount which);

  //===--------------------------------------------------------------------===//
  // Workgroups
  //===--------------------------------------------------------------------===//

  /// Emits the loop over this range's workgroups: ceil(count(rows) / tile) * tiles in
  /// all. The body gets its rows [rowBegin, rowEnd) and its tile number. REQUIRES: called once.
  void workgroups(RowSpace rows, int64_t tile, int64_t tiles,
                  llvm::function_ref<void(Value rowBegin, Value rowEnd, Value tile)> body);

private:
  mlir::Operation *op;
  unsigned operands, results; ///< Bindings in front of the step fields.
  mlir::func::FuncOp function;
  llvm::SmallVector<int64_t> fields;
  kernel::GridAttr gridAttr;
};

/// Product of the dimensions of a rows tensor behind the leading one.
int64_t rowElements(mlir::Type type);
/// Last dimension of a tensor.
int64_t lastDim(mlir::Type type);

} // namespace v4

#endif // V4_PASSES_LOWER_KERNELEMITTER_H

//===- WeightFlows.h - Where each weight goes -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight flows from its global through loads and calls to the ops that use it;
// arguments of layer functions that several layers share are places of several weights.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_QUANT_WEIGHTFLOWS_H
#define V4_PASSES_QUANT_WEIGHTFLOWS_H

#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"

namespace v4 {

/// Read once; valid until values or calls change.
struct WeightFlows {
  explicit WeightFlows(mlir::ModuleOp module);

  /// Loads of every loaded global, in order of the module.
  llvm::MapVector<mlir::ml_program::GlobalOp, llvm::SmallVector<mlir::ml_program::GlobalLoadConstOp>> loads;
  /// Loads and arguments, with the globals that arrive there.
  llvm::MapVector<mlir::Value, llvm::SmallVector<mlir::ml_program::GlobalOp>> owners;

private:
  void follow(mlir::Value value, mlir::ml_program::GlobalOp global);

  mlir::SymbolTable symbols;
};

} // namespace v4

#endif // V4_PASSES_QUANT_WEIGHTFLOWS_H

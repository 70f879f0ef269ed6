//===- WeightFlows.cpp - Where each weight goes -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quant/WeightFlows.h"

using namespace mlir;
using namespace v4;

WeightFlows::WeightFlows(ModuleOp module) : symbols(module) {
  module.walk([&](ml_program::GlobalLoadConstOp load) {
    if (auto global = symbols.lookup<ml_program::GlobalOp>(load.getGlobal().getRootReference()))
      loads[global].push_back(load);
  });
  for (auto &[global, list] : loads)
    for (Value load : list)
      follow(load, global);
}

void WeightFlows::follow(Value value, ml_program::GlobalOp global) {
  SmallVector<ml_program::GlobalOp> &globals = owners[value];
  if (!llvm::is_contained(globals, global))
    globals.push_back(global);
  for (OpOperand &use : value.getUses())
    if (auto call = dyn_cast<func::CallOp>(use.getOwner()))
      if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()); callee && !callee.isExternal())
        follow(callee.getArgument(use.getOperandNumber()), global);
}

//===- ChooseGpuMoe.cpp - Templates of the mixture of experts ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/TemplateCall.h"

using namespace mlir;
using namespace v4;

/// Threads of a block of combineRows, and values that one of them adds at a time.
static constexpr int64_t kCombineThreads = 256, kCombineValues = 4;

static std::string declinesCombine(Operation *op) {
  int64_t width = lastDim(op->getResult(0).getType());
  if (width % kCombineValues == 0)
    return "";
  return std::to_string(width) + " values are no multiple of " + std::to_string(kCombineValues);
}

static void writeCombine(Operation *op, KernelEmitter &k) {
  auto experts = cast<RankedTensorType>(op->getOperand(0).getType());
  int64_t active = experts.getDimSize(1), width = experts.getDimSize(2);
  k.setGrid(rowsOf(experts), 1, llvm::divideCeil(width, kCombineThreads * kCombineValues));
  TemplateCall(k)
      .address(k.operand(0))
      .address(k.operand(1))
      .address(k.result(0))
      .rows(1)
      .word(active)
      .word(width)
      .run("combineRows", {kCombineThreads}, /*most=*/0);
}

/// Experts that each instance of dispatchRows counts are a multiple of it; beyond the most, counters are too many.
static constexpr int64_t kDispatchUnit = 256, kMostDispatched = 1024;

static int64_t expertsOf(DispatchOp op) { return lastDim(op.getOffsets().getType()) - 1; }

static std::string declinesDispatch(Operation *op) {
  int64_t experts = expertsOf(cast<DispatchOp>(op));
  if (experts <= kMostDispatched)
    return "";
  return std::to_string(experts) + " experts are more than " + std::to_string(kMostDispatched);
}

static void writeDispatch(Operation *operation, KernelEmitter &k) {
  auto op = cast<DispatchOp>(operation);
  int64_t active = lastDim(op.getExperts().getType()), experts = expertsOf(op);
  k.setGrid(RowSpace::One, 1, 1);
  TemplateCall call(k);
  call.address(k.step(plan::StepField::Counts)).address(k.operand(0));
  call.address(k.result(0)).address(k.result(1)).address(k.result(2)).word(active).word(experts);
  call.run("dispatchRows", {int64_t(llvm::alignTo(experts, kDispatchUnit))}, /*most=*/0);
}

void v4::addGpuMoeTemplates(KernelContracts &templates) {
  templates["v4.combine"] = {declinesCombine, writeCombine};
  templates["v4.dispatch"] = {declinesDispatch, writeDispatch};
}

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

void v4::addGpuMoeTemplates(KernelContracts &templates) { templates["v4.combine"] = {declinesCombine, writeCombine}; }

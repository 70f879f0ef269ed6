//===- FuseProjections.cpp - Products of one input become one ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "llvm/ADT/MapVector.h"

namespace v4 {
#define GEN_PASS_DEF_FUSEPROJECTIONSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// Products that share this may be one kernel.
using Key = std::pair<Value, Type>;

/// Why `linear` stays alone, whatever else reads its input; empty when it may join.
StringRef declines(LinearOp linear) {
  if (linear->hasAttr("v4.planted"))
    return "it carries a planted mistake";
  if (cast<RankedTensorType>(linear.getX().getType()).getRank() != 2)
    return "its input has several rows to a token";
  if (cast<RankedTensorType>(linear.getType()).getRank() != 2)
    return "its result is a head view";
  if (cast<RankedTensorType>(linear.getWeight().getType()).getElementType().isF32())
    return "its weight is f32";
  return "";
}

void fuse(ArrayRef<LinearOp> group) {
  SmallVector<Value> weights, scales;
  SmallVector<Type> types;
  for (LinearOp linear : group) {
    weights.push_back(linear.getWeight());
    types.push_back(linear.getType());
    if (linear.getScales())
      scales.push_back(linear.getScales());
  }
  // In front of the first one: x is there, weights are arguments or loads at the top.
  LinearOp first = group.front();
  OpBuilder b(first);
  auto fused = ProjectionsOp::create(b, first.getLoc(), types, first.getX(), weights, scales);
  fused.emitRemark() << "v4-fuse-projections: fused " << group.size() << " projections of one input";
  for (auto [linear, result] : llvm::zip(group, fused.getResults())) {
    LinearOp(linear).replaceAllUsesWith(result);
    LinearOp(linear).erase();
  }
}

/// Whether all operands of `linear` exist in front of `first`.
bool canMove(LinearOp linear, LinearOp first) {
  return llvm::all_of(linear->getOperands(), [&](Value operand) {
    Operation *op = operand.getDefiningOp();
    return !op || (op->getBlock() == first->getBlock() && op->isBeforeInBlock(first));
  });
}

struct FuseProjectionsPass : v4::impl::FuseProjectionsPassBase<FuseProjectionsPass> {
  void runOnOperation() override {
    llvm::MapVector<Key, SmallVector<LinearOp>> groups;
    getOperation().walk([&](LinearOp linear) {
      if (StringRef reason = declines(linear); !reason.empty()) {
        linear.emitRemark() << "v4-fuse-projections: declined: " << reason;
        return;
      }
      Type element = cast<RankedTensorType>(linear.getWeight().getType()).getElementType();
      auto &group = groups[{linear.getX(), element}];
      if (group.empty() || canMove(linear, group.front()))
        group.push_back(linear);
      else
        linear.emitRemark() << "v4-fuse-projections: declined: its weight is loaded behind the first projection";
    });
    for (auto &[key, group] : groups) {
      if (group.size() > 1)
        fuse(group);
      else
        group.front().emitRemark() << "v4-fuse-projections: declined: nothing else multiplies its input";
    }
  }
};

} // namespace

//===- FuseAttention.cpp - Attention with its inverse rotation --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Dialect.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace v4 {
#define GEN_PASS_DEF_FUSEATTENTIONPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

/// Why the rotation of `attention` cannot go into it, as the end of a sentence; empty when it can.
static std::string declines(AttentionOp attention) {
  Value result = attention.getResult();
  if (!result.hasOneUse())
    return "its result has " + std::to_string(std::distance(result.use_begin(), result.use_end())) + " users";
  auto rope = dyn_cast<RopeOp>(*result.user_begin());
  if (!rope || !rope.getInverse() || rope->getBlock() != attention->getBlock())
    return "no inverse rotation follows";
  int64_t turned = 2 * cast<RankedTensorType>(rope.getTable().getType()).getShape().back();
  int64_t rotary = attention.getRing().getType().getRope();
  if (turned != rotary)
    return "the rotation turns " + std::to_string(turned) + " values, cached rows have " + std::to_string(rotary);
  for (Operation *op : {attention.getOperation(), rope.getOperation()})
    if (op->hasAttr("v4.planted"))
      return "it carries a planted mistake";
  return "";
}

namespace {

struct FuseAttentionPass : v4::impl::FuseAttentionPassBase<FuseAttentionPass> {
  void runOnOperation() override {
    SmallVector<AttentionOp> found;
    getOperation().walk([&](AttentionOp op) { found.push_back(op); });
    for (AttentionOp op : found) {
      std::string reason = declines(op);
      if (reason.empty())
        fuse(op, cast<RopeOp>(*op.getResult().user_begin()));
      else
        op.emitRemark() << "v4-fuse-attention: not fused: " << reason;
    }
  }

  /// Where the attention was: what it reads of the cache is written behind it.
  static void fuse(AttentionOp op, RopeOp rope) {
    // The table may be made between the two; it depends on positions alone.
    if (Operation *table = rope.getTable().getDefiningOp())
      if (table->getBlock() == op->getBlock() && op->isBeforeInBlock(table)) {
        if (table->getNumOperands() != 0 || !isMemoryEffectFree(table)) {
          op.emitRemark() << "v4-fuse-attention: not fused: its table of angles is made behind it";
          return;
        }
        table->moveBefore(op);
      }
    op.emitRemark() << "v4-fuse-attention: fused with the inverse rotation of its result";
    OpBuilder b(op);
    auto fused = AttendOp::create(b, b.getFusedLoc({op.getLoc(), rope.getLoc()}), rope.getType(), op.getQ(), op.getKv(),
                                  op.getRing(), rope.getTable(), op.getSink(), op.getRows(), op.getSelected(),
                                  op.getWindow(), op.getOffset());
    rope.getResult().replaceAllUsesWith(fused.getResult());
    rope.erase();
    op.erase();
  }
};

} // namespace

//===- FuseCsaIndexer.cpp - Selection while rows are scored -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two ops rather than one: a token alone in its step gives kIndexStrips workgroups of
// scoring, and what they keep must meet somewhere.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/AttentionTile.h"
#include "dialects/v4/V4Dialect.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace v4 {
#define GEN_PASS_DEF_FUSECSAINDEXERPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

/// Why scoring and selection stay apart, as the end of a sentence; empty when they need not.
static std::string declines(IndexScoresOp scores) {
  Value result = scores.getResult();
  if (!result.hasOneUse())
    return "its scores have " + std::to_string(std::distance(result.use_begin(), result.use_end())) + " users";
  auto select = dyn_cast<TopKOp>(*result.user_begin());
  if (!select)
    return "its scores go to no v4.top_k";
  if (scores.getKeys().getType().getEncoding() != RowEncoding::IndexFp4)
    return "its keys are not index_fp4";
  for (Operation *op : {scores.getOperation(), select.getOperation()})
    if (op->hasAttr("v4.planted"))
      return "it carries a planted mistake";
  return "";
}

namespace {

struct FuseCsaIndexerPass : v4::impl::FuseCsaIndexerPassBase<FuseCsaIndexerPass> {
  void runOnOperation() override {
    SmallVector<IndexScoresOp> found;
    getOperation().walk([&](IndexScoresOp op) { found.push_back(op); });
    for (IndexScoresOp op : found) {
      std::string reason = declines(op);
      if (reason.empty())
        fuse(op, cast<TopKOp>(*op.getResult().user_begin()));
      else
        op.emitRemark() << "v4-fuse-csa-indexer: not fused: " << reason;
    }
  }

  static void fuse(IndexScoresOp op, TopKOp select) {
    int64_t wanted = cast<RankedTensorType>(select.getType()).getShape().back();
    op.emitRemark() << "v4-fuse-csa-indexer: fused with the selection of " << wanted << " rows";
    auto type = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<int64_t> shape{ShapedType::kDynamic, kIndexStrips, wanted};
    OpBuilder b(op);
    auto typeOf = [&](Type element) { return RankedTensorType::get(shape, element, type.getEncoding()); };
    auto candidates = IndexCandidatesOp::create(b, op.getLoc(), typeOf(b.getF32Type()), typeOf(b.getI32Type()),
                                                op.getQ(), op.getWeights(), op.getKeys());
    b.setInsertionPoint(select);
    auto selected = SelectCandidatesOp::create(b, select.getLoc(), select.getType(), candidates.getScores(),
                                               candidates.getRows());
    select.getResult().replaceAllUsesWith(selected.getResult());
    select.erase();
    op.erase();
  }
};

} // namespace

//===- ExpandCacheAccess.cpp - Cache rows as byte vectors ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuPasses.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace v4 {

#define GEN_PASS_DEF_EXPANDCACHEACCESSPASS
#include "codegen/cpu/CpuPasses.h.inc"

namespace {

/// `type` as a vector: scalars have one lane.
VectorType asVector(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector : VectorType::get({1}, type);
}

/// The bytes of `vector`, whose elements the dialect restricts to whole bytes.
VectorType byteVector(VectorType vector) {
  return VectorType::get({vector.getNumElements() * vector.getElementTypeBitWidth() / 8},
                         IntegerType::get(vector.getContext(), 8));
}

/// Of a value in its row, see kernel.cache_load.
llvm::Align alignmentOf(VectorType vector) { return llvm::Align(vector.getElementTypeBitWidth() / 8); }

struct ExpandLoad : OpRewritePattern<kernel::CacheLoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(kernel::CacheLoadOp op, PatternRewriter &rewriter) const override {
    Type type = op.getValue().getType();
    VectorType bytes = byteVector(asVector(type));
    Value value = vector::LoadOp::create(rewriter, op.getLoc(), bytes, op.getPool(), op.getOffset(),
                                         /*nontemporal=*/false, alignmentOf(asVector(type)));
    if (asVector(type) != bytes)
      value = vector::BitCastOp::create(rewriter, op.getLoc(), asVector(type), value);
    if (!isa<VectorType>(type))
      value = vector::ExtractOp::create(rewriter, op.getLoc(), value, int64_t(0));
    rewriter.replaceOp(op, value);
    return success();
  }
};

struct ExpandStore : OpRewritePattern<kernel::CacheStoreOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(kernel::CacheStoreOp op, PatternRewriter &rewriter) const override {
    Value value = op.getValue();
    VectorType vector = asVector(value.getType());
    VectorType bytes = byteVector(vector);
    if (!isa<VectorType>(value.getType()))
      value = vector::BroadcastOp::create(rewriter, op.getLoc(), vector, value);
    if (vector != bytes)
      value = vector::BitCastOp::create(rewriter, op.getLoc(), bytes, value);
    rewriter.replaceOpWithNewOp<vector::StoreOp>(op, value, op.getPool(), op.getOffset(), /*nontemporal=*/false,
                                                 alignmentOf(vector));
    return success();
  }
};

class ExpandCacheAccess : public impl::ExpandCacheAccessPassBase<ExpandCacheAccess> {
public:
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandLoad, ExpandStore>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace v4

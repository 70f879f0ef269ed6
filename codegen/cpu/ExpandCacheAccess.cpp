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
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getRank() == 1 ? vector : VectorType();
  return type.isIntOrFloat() ? VectorType::get({1}, type) : VectorType();
}

/// The bytes of `vector`, or null if its lanes are no whole bytes.
VectorType byteVector(VectorType vector) {
  if (!vector || vector.isScalable() || vector.getElementTypeBitWidth() % 8)
    return {};
  return VectorType::get({vector.getNumElements() * vector.getElementTypeBitWidth() / 8},
                         IntegerType::get(vector.getContext(), 8));
}

struct ExpandLoad : OpRewritePattern<kernel::CacheLoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(kernel::CacheLoadOp op, PatternRewriter &rewriter) const override {
    Type type = op.getValue().getType();
    VectorType bytes = byteVector(asVector(type));
    if (!bytes)
      return op.emitError("loads ") << type << ", expected a scalar or 1-D vector of whole bytes";
    Value value = vector::LoadOp::create(rewriter, op.getLoc(), bytes, op.getPool(), op.getOffset());
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
    if (!bytes)
      return op.emitError("stores ") << value.getType() << ", expected a scalar or 1-D vector of whole bytes";
    if (!isa<VectorType>(value.getType()))
      value = vector::BroadcastOp::create(rewriter, op.getLoc(), vector, value);
    if (vector != bytes)
      value = vector::BitCastOp::create(rewriter, op.getLoc(), bytes, value);
    rewriter.replaceOpWithNewOp<vector::StoreOp>(op, value, op.getPool(), op.getOffset());
    return success();
  }
};

class ExpandCacheAccess : public impl::ExpandCacheAccessPassBase<ExpandCacheAccess> {
public:
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandLoad, ExpandStore>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    WalkResult rest = getOperation().walk([](Operation *op) {
      return isa<kernel::CacheLoadOp, kernel::CacheStoreOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (rest.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace v4

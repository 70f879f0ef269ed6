//===- FuseHyperConnections.cpp - Two passes over the streams ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/IR/Dominance.h"

namespace v4 {
#define GEN_PASS_DEF_FUSEHYPERCONNECTIONSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// hc_pre with what surrounds it.
struct Fusion {
  HcPostOp post; ///< In front; may be null.
  HcPreOp pre;
  RmsNormOp norm;
  SmallVector<QuantizeOp> quantizes; ///< Equal ones of the norm's result; may be empty.
};

RankedTensorType withShape(Value like, ArrayRef<int64_t> inner, Type element) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<int64_t> shape{ShapedType::kDynamic};
  llvm::append_range(shape, inner);
  return RankedTensorType::get(shape, element, type.getEncoding());
}

class Fuser {
public:
  explicit Fuser(func::FuncOp function) : dominance(function) {}

  void fuse(HcPreOp pre) {
    Fusion fusion{nullptr, pre, nullptr, {}};
    std::string reason = match(fusion);
    if (!reason.empty()) {
      pre.emitRemark() << "v4-fuse-hyper-connections: not fused: " << reason;
      return;
    }
    matchPost(fusion);
    rewrite(fusion);
  }

private:
  /// Fills in norm and quantizes, or says why not.
  std::string match(Fusion &fusion) {
    HcPreOp pre = fusion.pre;
    if (pre->hasAttr("v4.planted"))
      return "it carries a planted mistake";
    if (!pre.getX().hasOneUse() || !isa<RmsNormOp>(*pre.getX().user_begin()))
      return "its x does not go to one v4.rms_norm alone";
    fusion.norm = cast<RmsNormOp>(*pre.getX().user_begin());
    if (fusion.norm.getX() != pre.getX() || fusion.norm->getBlock() != pre->getBlock())
      return "its x is not the input of a norm in the same block";
    if (fusion.norm->hasAttr("v4.planted"))
      return "its norm carries a planted mistake";
    if (!dominance.properlyDominates(fusion.norm.getWeight(), pre))
      return "the norm's weight is defined behind it";
    int64_t d = cast<RankedTensorType>(pre.getX().getType()).getDimSize(1);
    for (Operation *user : fusion.norm.getResult().getUsers())
      if (auto quantize = dyn_cast<QuantizeOp>(user); quantize && isFullFp8(quantize, d))
        fusion.quantizes.push_back(quantize);
    return "";
  }

  static bool isFullFp8(QuantizeOp op, int64_t d) {
    return op.getFormat() == QuantFormat::Fp8 && int64_t(op.getBlock()) == 128 && int64_t(op.getPrefix()) == d &&
           d % 128 == 0 && !op->hasAttr("v4.planted");
  }

  /// Takes the hc_post in front along when its place can hold the fused op.
  void matchPost(Fusion &fusion) {
    HcPreOp pre = fusion.pre;
    auto post = pre.getStreams().getDefiningOp<HcPostOp>();
    if (!post)
      return;
    auto decline = [&](const char *reason) {
      post.emitRemark() << "v4-fuse-hyper-connections: the hc_post in front stays: " << reason;
    };
    if (post->hasAttr("v4.planted"))
      return decline("it carries a planted mistake");
    if (post->getBlock() != pre->getBlock())
      return decline("it is in another block");
    if (!dominance.properlyDominates(pre.getFn(), post))
      return decline("fn of the mix behind is defined too late");
    fusion.post = post;
  }

  void rewrite(Fusion &fusion) {
    HcPreOp pre = fusion.pre;
    Operation *first = fusion.post ? fusion.post.getOperation() : pre.getOperation();
    OpBuilder b(first);
    Location loc = pre.getLoc();
    Value streams = fusion.post ? fusion.post.getStreams() : pre.getStreams();
    auto type = cast<RankedTensorType>(streams.getType());
    int64_t outputs = cast<RankedTensorType>(pre.getFn().getType()).getDimSize(0), d = type.getDimSize(2);
    Type mixType = withShape(streams, {HcMixOp::partsOf(d), HcMixOp::mixWidth(outputs)}, b.getF32Type());
    HcPostOp post = fusion.post;
    auto mix = HcMixOp::create(b, loc, mixType, post ? Type(type) : Type(), streams, pre.getFn(),
                               post ? post.getY() : Value(), post ? post.getPost() : Value(),
                               post ? post.getComb() : Value());
    b.setInsertionPoint(pre);
    bool quantized = !fusion.quantizes.empty();
    auto norm = HcNormOp::create(b, fusion.norm.getLoc(), fusion.norm.getType(), pre.getPost().getType(),
                                 pre.getComb().getType(), quantized ? Type(fusion.norm.getType()) : Type(),
                                 mix.getMix(), post ? mix.getNext() : streams, pre.getBase(), pre.getScale(),
                                 fusion.norm.getWeight(), pre.getIterationsAttr(), pre.getEpsAttr(),
                                 pre.getHcEpsAttr(), fusion.norm.getEpsAttr());
    norm.emitRemark() << "v4-fuse-hyper-connections: fused " << (post ? "hc_post, " : "") << "hc_pre, rms_norm"
                      << (quantized ? " and quantize" : "");
    replace(fusion, mix, norm);
  }

  static void replace(Fusion &fusion, HcMixOp mix, HcNormOp norm) {
    for (QuantizeOp quantize : fusion.quantizes) {
      quantize.getResult().replaceAllUsesWith(norm.getQuantized());
      quantize.erase();
    }
    fusion.norm.getResult().replaceAllUsesWith(norm.getNormed());
    fusion.norm.erase();
    fusion.pre.getPost().replaceAllUsesWith(norm.getPost());
    fusion.pre.getComb().replaceAllUsesWith(norm.getComb());
    fusion.pre.erase();
    if (!fusion.post)
      return;
    fusion.post.getResult().replaceAllUsesWith(mix.getNext());
    fusion.post.erase();
  }

  DominanceInfo dominance;
};

struct FuseHyperConnectionsPass : v4::impl::FuseHyperConnectionsPassBase<FuseHyperConnectionsPass> {
  using FuseHyperConnectionsPassBase::FuseHyperConnectionsPassBase;

  void runOnOperation() override {
    SmallVector<HcPreOp> ops;
    getOperation().walk([&](HcPreOp op) { ops.push_back(op); });
    Fuser fuser(getOperation());
    for (HcPreOp op : ops)
      fuser.fuse(op);
  }
};

} // namespace

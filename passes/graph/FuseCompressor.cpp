//===- FuseCompressor.cpp - From pooled tokens to a cached row --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fused op stands where v4.compress stood: it reads the state that v4.save_partial
// overwrites behind it. Its append thus moves up, so nothing between may touch the rows.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace v4 {
#define GEN_PASS_DEF_FUSECOMPRESSORPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// v4.compress and all that follows.
struct Steps {
  CompressOp compress;
  RmsNormOp norm;
  RopeOp rope;
  HadamardOp hadamard; ///< May be null.
  QuantizeOp quantize;
  AppendRowsOp append;
};

/// The only user of `value`, when it is an Op in its block without a planted mistake.
template <typename Op> Op onlyUser(Value value) {
  if (!value.hasOneUse())
    return Op();
  auto op = dyn_cast<Op>(*value.user_begin());
  return op && op->getBlock() == value.getParentBlock() && !op->hasAttr("v4.planted") ? op : Op();
}

/// Fills in what follows `compress`; why it is not the pattern, or nothing.
std::string match(CompressOp compress, Steps &steps) {
  if (compress->hasAttr("v4.planted"))
    return "it carries a planted mistake";
  steps.compress = compress;
  if (!(steps.norm = onlyUser<RmsNormOp>(compress.getResult())))
    return "its rows do not go to one v4.rms_norm alone";
  if (!(steps.rope = onlyUser<RopeOp>(steps.norm.getResult())) || steps.rope.getX() != steps.norm.getResult())
    return "the norm's result does not go to one v4.rope alone";
  steps.hadamard = onlyUser<HadamardOp>(steps.rope.getResult());
  Value turned = steps.hadamard ? steps.hadamard.getResult() : steps.rope.getResult();
  if (!(steps.quantize = onlyUser<QuantizeOp>(turned)))
    return "the rotated rows do not go to one v4.quantize alone";
  if (!(steps.append = onlyUser<AppendRowsOp>(steps.quantize.getResult())))
    return "the quantized rows do not go to one v4.append_rows alone";
  return "";
}

/// The quantization that the cache's rows need.
bool fitsCache(QuantizeOp op, CacheType cache) {
  bool fp4 = cache.getEncoding() == RowEncoding::IndexFp4;
  return op.getFormat() == (fp4 ? QuantFormat::Fp4 : QuantFormat::Fp8) && int64_t(op.getBlock()) == (fp4 ? 32 : 64) &&
         int64_t(op.getPrefix()) == cache.getValues() - cache.getRope();
}

bool comesBefore(Value value, Operation *op) {
  Operation *def = value.getDefiningOp();
  return !def || (def->getBlock() == op->getBlock() && def->isBeforeInBlock(op));
}

/// Why the steps cannot move up to the compress, or nothing.
std::string movesReason(Steps &steps) {
  if (steps.rope.getInverse())
    return "its rope is inverse";
  if (!fitsCache(steps.quantize, steps.append.getCache().getType()))
    return "its quantization is not the one that the cached rows are stored with";
  if (!comesBefore(steps.norm.getWeight(), steps.compress) || !comesBefore(steps.rope.getTable(), steps.compress))
    return "the norm's weight or the rope table is made behind it";
  for (Operation *op = steps.compress->getNextNode(); op != steps.append; op = op->getNextNode())
    if (llvm::is_contained(op->getOperands(), steps.append.getCache()))
      return ("its rows' cache is used by " + op->getName().getStringRef() + " in between").str();
  return "";
}

void fuse(Steps &steps) {
  OpBuilder b(steps.compress);
  CompressOp compress = steps.compress;
  auto fused = CompressAppendOp::create(b, compress.getLoc(), compress.getValues(), compress.getGates(), compress.getApe(),
                                        compress.getState(), steps.norm.getWeight(), steps.rope.getTable(),
                                        steps.append.getCache(), steps.norm.getEpsAttr(),
                                        steps.hadamard ? b.getUnitAttr() : UnitAttr(), compress.getRatioAttr());
  fused.emitRemark() << "v4-fuse-compressor: fused compress, rms_norm, rope, " << (steps.hadamard ? "hadamard, " : "")
                     << "quantize and append_rows";
  Operation *old[] = {steps.append, steps.quantize, steps.hadamard, steps.rope, steps.norm, steps.compress};
  for (Operation *op : old)
    if (op)
      op->erase();
}

struct FuseCompressorPass : v4::impl::FuseCompressorPassBase<FuseCompressorPass> {
  using FuseCompressorPassBase::FuseCompressorPassBase;

  void runOnOperation() override {
    SmallVector<CompressOp> ops;
    getOperation().walk([&](CompressOp op) { ops.push_back(op); });
    for (CompressOp op : ops) {
      Steps steps;
      std::string reason = match(op, steps);
      if (reason.empty())
        reason = movesReason(steps);
      if (reason.empty())
        fuse(steps);
      else
        op.emitRemark() << "v4-fuse-compressor: not fused: " << reason;
    }
  }
};

} // namespace

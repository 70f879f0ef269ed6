//===- MergeActivationQuant.cpp - One pass per row between products -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chain is collected backwards from its last step, as long as nothing else uses
// what a step gives; only a norm may have other users, who get a second result.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace v4 {
#define GEN_PASS_DEF_MERGEACTIVATIONQUANTPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

constexpr StringRef kName = "v4-merge-activation-quant: ";

bool isPlain(Operation *op) { return !op->hasAttr("v4.planted"); }

/// Steps of one chain; those that are null are not in it.
struct Chain {
  QuantizeOp quantize;
  HadamardOp hadamard;
  RopeOp rope;
  Operation *norm = nullptr; ///< rms_norm or head_norm.
  Value x;

  int steps() const { return bool(quantize) + bool(hadamard) + bool(rope) + bool(norm); }
  Operation *last() {
    return quantize ? quantize.getOperation() : hadamard ? hadamard.getOperation() : rope.getOperation();
  }
};

/// The op that makes `value`, when it is an Op in `block` that may join.
template <typename Op> Op stepBehind(Value value, Block *block) {
  auto op = value.getDefiningOp<Op>();
  return op && isPlain(op) && op->getBlock() == block ? op : Op();
}

/// Walks back from the last step.
class ChainFinder {
public:
  Chain find(Operation *last) {
    block = last->getBlock();
    Chain chain;
    chain.x = last->getResult(0);
    take(chain, chain.quantize);
    take(chain, chain.hadamard);
    take(chain, chain.rope);
    RmsNormOp rms;
    HeadNormOp head;
    take(chain, rms, /*shared=*/true);
    if (!rms)
      take(chain, head, /*shared=*/true);
    chain.norm = rms ? rms.getOperation() : head.getOperation();
    return chain;
  }

  /// Why the chain ends where it does, if another user is the reason.
  StringRef reason() const { return stop; }

private:
  template <typename Op> void take(Chain &chain, Op &step, bool shared = false) {
    auto op = stepBehind<Op>(chain.x, block);
    if (!op || !stop.empty())
      return;
    bool isLast = !started;
    if (!isLast && !shared && !op->hasOneUse()) {
      stop = op->getName().getStringRef();
      return;
    }
    started = true;
    step = op;
    chain.x = op->getOperand(0);
  }

  Block *block = nullptr;
  bool started = false;
  StringRef stop;
};

class Merger {
public:
  void run(func::FuncOp function) {
    // Quantizations first: a rope in front of one belongs to it.
    forEach<QuantizeOp>(function, [&](QuantizeOp op) { mergeEqual(op); });
    forEach<QuantizeOp>(function, [&](QuantizeOp op) { merge(op); });
    forEach<HadamardOp>(function, [&](HadamardOp op) { merge(op); });
    forEach<RopeOp>(function, [&](RopeOp op) { merge(op); });
  }

private:
  template <typename Op> void forEach(func::FuncOp function, function_ref<void(Op)> visit) {
    SmallVector<Op> ops;
    function.walk([&](Op op) { ops.push_back(op); });
    for (Op op : ops)
      if (isPlain(op) && !erased.contains(op))
        visit(op);
    erased.clear();
  }

  /// Later equal quantizations of the same value use this one.
  void mergeEqual(QuantizeOp op) {
    for (Operation *user : llvm::make_early_inc_range(op.getX().getUsers())) {
      auto other = dyn_cast<QuantizeOp>(user);
      if (!other || other == op || erased.contains(other) || other->getAttrs() != op->getAttrs() ||
          other->getBlock() != op->getBlock() || !op->isBeforeInBlock(other))
        continue;
      op.emitRemark() << kName << "one quantization for two users";
      other.getResult().replaceAllUsesWith(op.getResult());
      erase(other);
    }
  }

  void merge(Operation *last) {
    if (mergeSwiglu(last))
      return;
    ChainFinder finder;
    Chain chain = finder.find(last);
    if (!finder.reason().empty())
      last->emitRemark() << kName << "the " << finder.reason() << " in front stays: its result has another user";
    if (chain.steps() >= 2)
      rewrite(chain);
  }

  static bool mergeSwiglu(Operation *last) {
    auto quantize = dyn_cast<QuantizeOp>(last);
    auto swiglu = quantize ? stepBehind<SwigluOp>(quantize.getX(), last->getBlock()) : SwigluOp();
    if (!swiglu)
      return false;
    int64_t width = cast<RankedTensorType>(swiglu.getType()).getShape().back();
    if (quantize.getFormat() != QuantFormat::Fp8 || quantize.getBlock() != 128 || int64_t(quantize.getPrefix()) != width ||
        !swiglu->hasOneUse()) {
      last->emitRemark() << kName << "the v4.swiglu in front stays: "
                         << (swiglu->hasOneUse() ? "the quantization is not fp8 block 128 of all values"
                                                 : "its result has another user");
      return false;
    }
    OpBuilder b(quantize);
    auto merged = SwigluQuantizeOp::create(b, quantize.getLoc(), swiglu.getType(), swiglu.getGate(), swiglu.getUp(),
                                           swiglu.getWeights(), swiglu.getLimitAttr());
    merged.emitRemark() << kName << "merged swiglu and quantize";
    quantize.getResult().replaceAllUsesWith(merged.getResult());
    quantize.erase();
    swiglu.erase();
    return true;
  }

  /// The merged op stands at the norm, whose other users may come before the last step; everything that it
  /// reads besides x is a weight or a table, whose place is checked.
  void rewrite(Chain &chain) {
    Operation *last = chain.last();
    bool keep = chain.norm && !chain.norm->hasOneUse();
    Operation *place = keep ? chain.norm : last;
    if (keep && chain.rope && !comesBefore(chain.rope.getTable(), place)) {
      last->emitRemark() << kName << "the norm in front stays: the rope table is made behind it";
      chain.x = chain.norm->getResult(0);
      chain.norm = nullptr;
      keep = false;
      place = last;
      if (chain.steps() < 2)
        return;
    }
    OpBuilder b(place);
    auto rms = dyn_cast_or_null<RmsNormOp>(chain.norm);
    auto head = dyn_cast_or_null<HeadNormOp>(chain.norm);
    UnitAttr unit = b.getUnitAttr();
    auto merged = RowChainOp::create(
        b, last->getLoc(), chain.x.getType(), keep ? chain.x.getType() : Type(), chain.x,
        rms ? rms.getWeight() : Value(), chain.rope ? chain.rope.getTable() : Value(),
        rms ? rms.getEpsAttr() : head ? head.getEpsAttr() : FloatAttr(),
        chain.rope && chain.rope.getInverse() ? unit : UnitAttr(), chain.hadamard ? unit : UnitAttr(),
        chain.quantize ? chain.quantize.getFormatAttr() : QuantFormatAttr(),
        chain.quantize ? chain.quantize.getBlockAttr() : IntegerAttr(),
        chain.quantize ? chain.quantize.getPrefixAttr() : IntegerAttr());
    emitRemark(chain, merged, keep);
    last->getResult(0).replaceAllUsesWith(merged.getResult());
    Operation *steps[] = {chain.quantize, chain.hadamard, chain.rope};
    for (Operation *step : steps)
      if (step)
        erase(step);
    if (keep)
      chain.norm->getResult(0).replaceAllUsesWith(merged.getKeep());
    if (chain.norm)
      erase(chain.norm);
  }

  void erase(Operation *op) {
    erased.insert(op);
    op->erase();
  }

  static void emitRemark(Chain &chain, RowChainOp merged, bool keep) {
    std::string text;
    Operation *steps[] = {chain.norm, chain.rope, chain.hadamard, chain.quantize};
    for (Operation *step : steps)
      if (step)
        text += (text.empty() ? "" : ", ") + step->getName().stripDialect().str();
    merged.emitRemark() << kName << "merged " << text << (keep ? "; the norm has other users" : "");
  }

  static bool comesBefore(Value value, Operation *op) {
    Operation *def = value.getDefiningOp();
    return !def || (def->getBlock() == op->getBlock() && def->isBeforeInBlock(op));
  }

  llvm::SmallPtrSet<Operation *, 8> erased; ///< Ops that a list of the walk still names.
};

struct MergeActivationQuantPass : v4::impl::MergeActivationQuantPassBase<MergeActivationQuantPass> {
  using MergeActivationQuantPassBase::MergeActivationQuantPassBase;

  void runOnOperation() override { Merger().run(getOperation()); }
};

} // namespace

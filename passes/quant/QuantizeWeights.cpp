//===- QuantizeWeights.cpp - Wide matrices become FP8 or FP4 ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Types, scales and the quantization of activations change here; the codes are made
// when the plan is written (v4.recipe says how). As with layouts, a shared layer
// function takes a narrow weight in all its calls or in none, so what blocks one place
// is carried along all flows until nothing changes.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/quant/WeightFlows.h"
#include "passes/quant/WeightFormats.h"

#include "llvm/Support/MathExtras.h"

namespace v4 {
#define GEN_PASS_DEF_QUANTIZEWEIGHTSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// Columns that share an activation scale, and those that share an FP4 scale.
constexpr int64_t kActivationBlock = 128;
constexpr int64_t kFp4Block = 32;

/// A weight's matrix operand and where its scales go.
struct Product {
  Value x, weight;
  MutableOperandRange xPlace, scalesPlace;
  bool quantizesInput;
};

std::optional<Product> productOf(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return Product{linear.getX(), linear.getWeight(), linear.getXMutable(), linear.getScalesMutable(), true};
  // Its input is never quantized, whatever the form of its weight.
  if (auto linear = dyn_cast<GroupedLinearOp>(op))
    return Product{linear.getX(), linear.getWeight(), linear.getXMutable(), linear.getScalesMutable(), false};
  if (auto linear = dyn_cast<ExpertLinearOp>(op))
    return Product{linear.getX(), linear.getWeight(), linear.getXMutable(), linear.getScalesMutable(), true};
  return std::nullopt;
}

class Quantizer {
public:
  Quantizer(ModuleOp module, WeightFormats formats) : module(module), formats(formats), flows(module) {}

  void run() {
    for (auto &[global, list] : flows.loads)
      if (std::string reason = formReason(global); !reason.empty())
        reasons.insert({global, reason});
    while (propagate())
      ;
    narrowLoads();
    narrowArguments();
    passScales();
    narrowProducts();
  }

private:
  static StringRef kindOf(ml_program::GlobalOp global) {
    auto kind = global->getAttrOfType<StringAttr>("v4.narrowable");
    return kind ? kind.getValue() : "";
  }

  /// Why the weight itself stays as it is; empty when it need not.
  std::string formReason(ml_program::GlobalOp global) {
    StringRef kind = kindOf(global);
    if (kind.empty())
      return "checkpoints never hold it in a narrow form";
    if (!formats.of(kind))
      return "no format is asked for " + kind.str();
    int64_t columns = cast<RankedTensorType>(global.getType()).getShape().back();
    if (columns % kActivationBlock != 0)
      return "its " + std::to_string(columns) + " columns are no multiple of " + std::to_string(kActivationBlock);
    return "";
  }

  bool isNarrowed(Value value) {
    auto found = flows.owners.find(value);
    return found != flows.owners.end() &&
           llvm::none_of(found->second, [&](auto global) { return reasons.count(global); });
  }

  std::string useReason(Value value) {
    for (Operation *user : value.getUsers()) {
      std::optional<Product> product = productOf(user);
      if (!isa<func::CallOp>(user) && (!product || product->weight != value || !product->scalesPlace.empty()))
        return "its use in " + user->getName().getStringRef().str() + " is no product with a wide matrix";
    }
    return "";
  }

  bool propagate() {
    bool changed = false;
    for (auto &[value, globals] : flows.owners) {
      std::string reason = useReason(value);
      if (reason.empty() && !isNarrowed(value))
        reason = "it shares a layer function with a weight that stays wide";
      if (reason.empty())
        continue;
      for (ml_program::GlobalOp global : globals)
        changed |= reasons.insert({global, reason}).second;
    }
    return changed;
  }

  RankedTensorType codesType(RankedTensorType wide, QuantFormat format) {
    SmallVector<int64_t> shape(wide.getShape());
    Builder b(module.getContext());
    if (format == QuantFormat::Fp8)
      return RankedTensorType::get(shape, b.getType<Float8E4M3FNType>());
    shape.back() /= 2;
    return RankedTensorType::get(shape, b.getI8Type(), b.getAttr<PackedAttr>(b.getType<Float4E2M1FNType>()));
  }

  RankedTensorType scalesType(RankedTensorType wide, QuantFormat format) {
    SmallVector<int64_t> shape(wide.getShape());
    if (format == QuantFormat::Fp8) {
      shape.back() = llvm::divideCeil(shape.back(), kActivationBlock);
      shape[shape.size() - 2] = llvm::divideCeil(shape[shape.size() - 2], kActivationBlock);
    } else {
      shape.back() /= kFp4Block;
    }
    return RankedTensorType::get(shape, Float8E8M0FNUType::get(module.getContext()));
  }

  /// Changes a global and adds that of its scales behind it.
  ml_program::GlobalOp narrow(ml_program::GlobalOp global, QuantFormat format) {
    auto wide = cast<RankedTensorType>(global.getType());
    RankedTensorType codes = codesType(wide, format), scales = scalesType(wide, format);
    std::string recipe = format == QuantFormat::Fp8 ? "quantize_e4m3" : "quantize_e2m1";
    OpBuilder b(module.getContext());
    b.setInsertionPointAfter(global);
    StringRef stem = global.getSymName();
    stem.consume_back(".weight");
    auto made = ml_program::GlobalOp::create(b, global.getLoc(), (stem + ".scale").str(), scales, /*is_mutable=*/false,
                                             ml_program::ExternAttr::get(b.getContext(), scales),
                                             global.getSymVisibilityAttr());
    made->setAttr("v4.sources", global->getAttr("v4.sources"));
    made->setAttr("v4.recipe", b.getStringAttr(recipe + "_scales"));
    global.setType(codes);
    global.setValueAttr(ml_program::ExternAttr::get(b.getContext(), codes));
    global->setAttr("v4.recipe", b.getStringAttr(recipe));
    global->removeAttr("v4.narrowable");
    return made;
  }

  void narrowLoads() {
    for (auto &[global, list] : flows.loads) {
      auto reason = reasons.find(global);
      if (reason != reasons.end()) {
        if (!kindOf(global).empty())
          global.emitRemark() << "v4-quantize-weights: '" << global.getSymName() << "' stays wide: " << reason->second;
        continue;
      }
      ml_program::GlobalOp scales = narrow(global, *formats.of(kindOf(global)));
      for (ml_program::GlobalLoadConstOp load : list) {
        load.getResult().setType(global.getType());
        OpBuilder b(load->getContext());
        b.setInsertionPointAfter(load);
        scalesOf[load] = ml_program::GlobalLoadConstOp::create(b, load.getLoc(), scales.getType(),
                                                               SymbolRefAttr::get(b.getContext(), scales.getSymName()));
      }
      global.emitRemark() << "v4-quantize-weights: '" << global.getSymName() << "' becomes " << global.getType();
    }
  }

  /// REQUIRES: the globals have their new types.
  void narrowArguments() {
    for (auto &[value, globals] : flows.owners) {
      auto argument = dyn_cast<BlockArgument>(value);
      if (!argument || !isNarrowed(value))
        continue;
      auto wide = cast<RankedTensorType>(argument.getType());
      auto codes = cast<RankedTensorType>(globals.front().getType());
      QuantFormat format = isPacked(codes) ? QuantFormat::Fp4 : QuantFormat::Fp8;
      auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
      argument.setType(codes);
      unsigned place = argument.getArgNumber() + 1;
      (void)function.insertArgument(place, scalesType(wide, format), {}, argument.getLoc());
      scalesOf[argument] = function.getArgument(place);
      function.setType(FunctionType::get(module.getContext(), function.getBody().getArgumentTypes(),
                                         function.getResultTypes()));
    }
  }

  /// Calls hand the scales on behind their weights.
  void passScales() {
    module.walk([&](func::CallOp call) {
      SmallVector<Value> operands;
      for (Value operand : call.getOperands()) {
        operands.push_back(operand);
        if (Value scales = scalesOf.lookup(operand))
          operands.push_back(scales);
      }
      call->setOperands(operands);
    });
  }

  void narrowProducts() {
    for (auto &[weight, scales] : scalesOf)
      for (Operation *user : weight.getUsers())
        if (std::optional<Product> product = productOf(user)) {
          product->scalesPlace.assign(scales);
          if (product->quantizesInput)
            product->xPlace.assign(quantized(product->x));
        }
  }

  /// One quantization feeds all products with narrow weights.
  Value quantized(Value x) {
    Value &made = quantizedInputs[x];
    if (made)
      return made;
    OpBuilder b(x.getContext());
    b.setInsertionPointAfterValue(x);
    int64_t width = cast<RankedTensorType>(x.getType()).getShape().back();
    made = QuantizeOp::create(b, x.getLoc(), x.getType(), x, QuantFormat::Fp8, kActivationBlock, width);
    return made;
  }

  ModuleOp module;
  WeightFormats formats;
  WeightFlows flows;
  llvm::DenseMap<ml_program::GlobalOp, std::string> reasons;
  llvm::MapVector<Value, Value> scalesOf;
  llvm::DenseMap<Value, Value> quantizedInputs;
};

struct QuantizeWeightsPass : v4::impl::QuantizeWeightsPassBase<QuantizeWeightsPass> {
  using QuantizeWeightsPassBase::QuantizeWeightsPassBase;

  void runOnOperation() override {
    llvm::Expected<WeightFormats> parsed = parseWeightFormats(formats);
    if (!parsed) {
      getOperation().emitOpError() << "option formats: " << llvm::toString(parsed.takeError());
      return signalPassFailure();
    }
    Quantizer(getOperation(), *parsed).run();
  }
};

} // namespace

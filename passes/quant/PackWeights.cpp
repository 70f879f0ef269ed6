//===- PackWeights.cpp - Matrices in the panels of tuned kernels -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight flows from its global through loads and calls to the ops that use it, and
// several weights flow into one argument of a shared layer function: a layout fits
// all or none of them. So every candidate starts as packable, and what blocks one
// place is carried along all flows until nothing changes.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"

namespace v4 {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// The matrix operand of a product and its scales.
struct Product {
  Value weight, scales;
  int64_t groups = 1;
};

SmallVector<Product> productsOf(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return {{linear.getWeight(), linear.getScales()}};
  if (auto linear = dyn_cast<GroupedLinearOp>(op))
    return {{linear.getWeight(), linear.getScales(), int64_t(linear.getGroups())}};
  if (auto linear = dyn_cast<ExpertLinearOp>(op))
    return {{linear.getWeight(), linear.getScales()}};
  if (auto fused = dyn_cast<GateUpOp>(op))
    return {{fused.getGate(), fused.getGateScales()}, {fused.getUp(), fused.getUpScales()}};
  if (auto mix = dyn_cast<HcMixOp>(op))
    return {{mix.getFn(), Value()}};
  SmallVector<Product> products;
  if (auto fused = dyn_cast<ProjectionsOp>(op))
    for (auto [i, weight] : llvm::enumerate(fused.getWeights()))
      products.push_back({weight, fused.getScales().empty() ? Value() : fused.getScales()[i]});
  return products;
}

/// The product that reads `value` as its weight or scales.
std::optional<Product> productOf(Operation *op, Value value) {
  for (const Product &product : productsOf(op))
    if (product.weight == value || product.scales == value)
      return product;
  return std::nullopt;
}

/// What the layout itself cannot hold; empty when it can.
std::string shapeReason(RankedTensorType type, int64_t groups) {
  int64_t columns = isPacked(type) ? 2 * type.getShape().back() : type.getShape().back();
  int64_t rows = type.getShape()[type.getRank() - 2];
  if (columns % kPanelColumns != 0)
    return std::to_string(columns) + " columns are no multiple of " + std::to_string(kPanelColumns);
  if (groups > 1 && rows / groups % kPanelRows != 0)
    return "a group has " + std::to_string(rows / groups) + " rows, not a multiple of " + std::to_string(kPanelRows);
  return "";
}

Type valueElement(RankedTensorType type) {
  if (auto packed = dyn_cast_or_null<PackedAttr>(type.getEncoding()))
    return packed.getElement();
  return type.getElementType();
}

/// Why a product that reads the weight has no kernel for panels; empty when it has one.
std::string panelsReason(Operation *op, const Product &product) {
  auto type = cast<RankedTensorType>(product.weight.getType());
  if (type.getElementType().isF32() != isa<HcMixOp>(op))
    return "f32 matrices have a tuned product in v4.hc_mix alone";
  return shapeReason(type, product.groups);
}

bool isFp4(const Product &product) {
  return isa<Float4E2M1FNType>(valueElement(cast<RankedTensorType>(product.weight.getType())));
}

/// The one GPU whose tensor cores read tiles.
constexpr llvm::StringLiteral kTilesCpu = "sm_90a";

bool isExpertProduct(Operation *op) {
  return isa<ExpertLinearOp>(op) || (isa<GateUpOp>(op) && cast<GateUpOp>(op).getOrder());
}

/// The same of the weights of experts.
std::string expertTilesReason(RankedTensorType type) {
  if (!isPacked(type))
    return "no template has its product";
  int64_t columns = 2 * type.getShape().back();
  if (columns % kFp4TileColumns != 0)
    return std::to_string(columns) + " columns are no multiple of " + std::to_string(kFp4TileColumns);
  return "";
}

/// Why a product that reads the weight has no template; empty when it has one.
std::string tilesReason(Operation *op, const Product &product) {
  auto type = cast<RankedTensorType>(product.weight.getType());
  Type element = type.getElementType();
  if (isExpertProduct(op))
    return expertTilesReason(type);
  if (isa<HcMixOp>(op) || !(element.isBF16() || isa<Float8E4M3FNType>(element)))
    return "no template has its product";
  // Products of FP8 are rounded to bf16.
  if (!element.isBF16() && getElementTypeOrSelf(op->getResult(0)).isF32())
    return "no template has its product";
  int64_t columns = type.getShape().back(), unit = kTileRowBytes * 8 / element.getIntOrFloatBitWidth();
  if (columns % unit != 0)
    return std::to_string(columns) + " columns are no multiple of " + std::to_string(unit);
  int64_t groupRows = type.getShape().front() / product.groups;
  if (product.groups > 1 && groupRows % kTileRows != 0)
    return "a group has " + std::to_string(groupRows) + " rows, not a multiple of " + std::to_string(kTileRows);
  return "";
}

class Packer {
public:
  Packer(ModuleOp module, bool tiles) : module(module), symbols(module), tiles(tiles) {}

  void run() {
    collect();
    for (auto &[global, list] : loads)
      if (auto recipe = global->getAttrOfType<StringAttr>("v4.recipe"); tiles && recipe && recipe != "copy")
        reasons.insert({global, "its bytes are made when the plan is written"});
    for (ml_program::GlobalOp global : grouped)
      if (tiles && dense.contains(global))
        reasons.insert({global, "products of two kinds read it, whose tiles have different forms"});
    while (propagate())
      ;
    apply();
  }

private:
  /// Places that one weight flows through; arguments are shared by weights.
  void collect() {
    module.walk([&](ml_program::GlobalLoadConstOp load) {
      if (auto global = symbols.lookup<ml_program::GlobalOp>(load.getGlobal().getRootReference()))
        loads[global].push_back(load);
    });
    for (auto &[global, list] : loads)
      for (Value load : list)
        follow(load, global);
  }

  void follow(Value value, ml_program::GlobalOp global) {
    auto &owners = flows[value];
    if (!llvm::is_contained(owners, global))
      owners.push_back(global);
    for (OpOperand &use : value.getUses())
      if (isa<GroupedLinearOp>(use.getOwner()))
        grouped.insert(global);
      else if (!isa<func::CallOp>(use.getOwner()))
        dense.insert(global);
    for (OpOperand &use : value.getUses())
      if (auto call = dyn_cast<func::CallOp>(use.getOwner()))
        if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()); callee && !callee.isExternal())
          follow(callee.getArgument(use.getOperandNumber()), global);
  }

  bool isBlocked(Value value) {
    auto found = flows.find(value);
    return found == flows.end() || llvm::any_of(found->second, [&](auto global) { return reasons.count(global); });
  }

  /// Why the use keeps the weight in the checkpoint's layout; empty when it does not.
  std::string useReason(OpOperand &use) {
    Operation *op = use.getOwner();
    if (isa<func::CallOp>(op))
      return "";
    std::optional<Product> product = productOf(op, use.get());
    if (!product)
      return ("its use in " + op->getName().getStringRef() + " is no matrix product").str();
    if (op->hasAttr("v4.planted"))
      return "its product carries a planted mistake";
    bool isWeight = use.get() == product->weight;
    bool fp4 = isFp4(*product) && (!tiles || isExpertProduct(op));
    if (!isWeight && !fp4)
      return isFp4(*product) ? "no template has its product" : "scales of 128 x 128 blocks need no layout";
    std::string reason = tiles ? isWeight ? tilesReason(op, *product) : "" : panelsReason(op, *product);
    if (!reason.empty())
      return reason;
    // Weight and scales of FP4 change together, and so do both matrices of experts that one op reads.
    if (fp4 && isBlocked(isWeight ? product->scales : product->weight))
      return "the other half of its FP4 matrix is not packed";
    auto fused = dyn_cast<GateUpOp>(op);
    if (fused && (isBlocked(fused.getGate()) || isBlocked(fused.getUp())))
      return "the other matrix of its v4.gate_up is not packed";
    return "";
  }

  std::string reasonOf(Value value) {
    for (OpOperand &use : value.getUses())
      if (std::string reason = useReason(use); !reason.empty())
        return reason;
    return "";
  }

  bool propagate() {
    bool changed = false;
    for (auto &[value, globals] : flows) {
      std::string reason = reasonOf(value);
      if (reason.empty() && isBlocked(value))
        reason = "it shares a layer function with a weight that is not packed";
      if (reason.empty())
        continue;
      for (ml_program::GlobalOp global : globals)
        changed |= reasons.insert({global, reason}).second;
    }
    return changed;
  }

  RankedTensorType packed(Type type, ml_program::GlobalOp global) {
    auto tensor = cast<RankedTensorType>(type);
    bool isWide = isPacked(tensor) || (grouped.contains(global) && !tensor.getElementType().isBF16());
    TileForm form = isWide ? TileForm::Wide : TileForm::Rows;
    Attribute encoding = tiles ? Attribute(TilesAttr::get(type.getContext(), valueElement(tensor), form))
                               : PanelsAttr::get(type.getContext(), valueElement(tensor));
    return RankedTensorType::get(tensor.getShape(), tensor.getElementType(), encoding);
  }

  void apply() {
    for (auto &[value, globals] : flows)
      if (!isBlocked(value))
        value.setType(packed(value.getType(), globals.front()));
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        function.setType(FunctionType::get(module.getContext(), function.getBody().getArgumentTypes(),
                                           function.getResultTypes()));
    for (auto &[global, list] : loads) {
      auto reason = reasons.find(global);
      if (reason != reasons.end()) {
        global.emitRemark() << "v4-pack-weights: '" << global.getSymName() << "' keeps its layout: " << reason->second;
        continue;
      }
      RankedTensorType type = packed(global.getType(), global);
      global.setType(type);
      global.setValueAttr(ml_program::ExternAttr::get(module.getContext(), type));
      global.emitRemark() << "v4-pack-weights: '" << global.getSymName() << "' is packed as " << type;
    }
  }

  ModuleOp module;
  SymbolTable symbols;
  bool tiles; ///< Instead of panels.
  llvm::MapVector<ml_program::GlobalOp, SmallVector<Value>> loads;
  llvm::MapVector<Value, SmallVector<ml_program::GlobalOp>> flows;
  llvm::DenseMap<ml_program::GlobalOp, std::string> reasons;
  llvm::DenseSet<ml_program::GlobalOp> grouped, dense; ///< By what reads them.
};

struct PackWeightsPass : v4::impl::PackWeightsPassBase<PackWeightsPass> {
  void runOnOperation() override {
    auto target = getOperation()->getAttrOfType<kernel::TargetAttr>("v4.target");
    bool gpu = target && target.getLimits();
    // What other GPUs run reads the checkpoint's layout.
    if (!gpu || target.getCpu() == kTilesCpu)
      Packer(getOperation(), gpu).run();
  }
};

} // namespace

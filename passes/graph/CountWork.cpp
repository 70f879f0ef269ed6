//===- CountWork.cpp - Parameters and products of the model ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/graph/CountWork.h"

#include "dialects/v4/V4Cost.h"
#include "passes/Passes.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_COUNTWORKPASS
#include "passes/Passes.h.inc"

namespace {

/// Of weights whose names, behind their layer's, begin so. The first that fits counts.
constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> kPartNames[] = {
    {"embed.", "embedding"},
    {"head.", "head"},
    {"hc_head_", "final_norm"},
    {"norm.", "final_norm"},
    {"attn.compressor.", "compressors"},
    {"attn.indexer.", "indexers"},
    {"attn.", "attention"},
    {"attn_norm.", "layer_norms"},
    {"ffn_norm.", "layer_norms"},
    {"hc_", "mhc"},
    {"ffn.gate.tid2eid", "hash_tables"},
    {"ffn.gate.", "gates"},
    {"ffn.experts.", "routed_experts"},
    {"ffn.shared_experts.", "shared_experts"}};

/// "layers.3.attn.wq_a.weight" is in "attention"; what has no name of its own, such as e_proj, in "projections".
llvm::StringRef partOf(llvm::StringRef weight) {
  if (weight.consume_front("layers.") || weight.consume_front("mtp."))
    weight = weight.split('.').second;
  for (const auto &[prefix, name] : kPartNames)
    if (weight.starts_with(prefix))
      return name;
  return "projections";
}

/// Bytes of a weight in the checkpoint.
int64_t storedBytes(ml_program::GlobalOp global) {
  auto type = cast<RankedTensorType>(global.getType());
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  auto recipe = global->getAttrOfType<StringAttr>("v4.recipe");
  return recipe && recipe.getValue() == "i64_to_i32" ? 2 * bytes : bytes;
}

struct Part {
  int64_t parameters = 0;
  int64_t active = 0;
  int64_t storedBytes = 0;
  ProductCount products;
};

class WorkCounter {
public:
  explicit WorkCounter(ModuleOp module) : module(module), symbols(module) {}

  LogicalResult count(func::FuncOp main) {
    Weights none;
    if (failed(visit(main, none, "main", 0)))
      return failure();
    Builder b(module.getContext());
    SmallVector<Attribute> list;
    for (auto &[key, part] : parts)
      if (part.storedBytes ||
          !part.products.isEmpty()) // a table of the model that the MTP block looks up again is no part
        list.push_back(plan::PartAttr::get(b.getContext(), key.second, key.first, part.parameters, part.active,
                                           part.storedBytes, part.products.attribute(b.getContext())));
    module->setAttr(kPartsName, b.getArrayAttr(list));
    if (expertsPerToken)
      module->setAttr(kExpertsPerTokenName, b.getI64IntegerAttr(expertsPerToken));
    return success();
  }

private:
  /// Which weight a value of a function is.
  using Weights = llvm::DenseMap<Value, ml_program::GlobalOp>;

  /// `function` with the weights of one call.
  LogicalResult visit(func::FuncOp function, Weights &weights, llvm::StringRef group, unsigned depth);
  LogicalResult visitCall(func::CallOp call, const Weights &weights, llvm::StringRef group, unsigned depth);
  void countOp(Operation *op, const Weights &weights, llvm::StringRef group);
  void countWeight(OpOperand &operand, ml_program::GlobalOp global, Part &part);

  ModuleOp module;
  SymbolTable symbols;
  llvm::MapVector<std::pair<llvm::StringRef, llvm::StringRef>, Part> parts; ///< By group and name.
  llvm::DenseSet<Operation *> counted;                                      ///< Weights.
  int64_t expertsPerToken = 0;
};

/// --v4-verify-imported bounds the depth too; this pass also runs alone.
constexpr unsigned kMaxCallDepth = 64;

LogicalResult WorkCounter::visitCall(func::CallOp call, const Weights &weights, llvm::StringRef group, unsigned depth) {
  auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
  if (!callee || callee.isExternal() || depth > kMaxCallDepth)
    return call.emitOpError() << "calls '" << call.getCallee() << "' at depth " << depth
                              << ", expected a defined function, at most " << kMaxCallDepth << " deep";
  Weights inner;
  for (auto [operand, argument] : llvm::zip(call.getOperands(), callee.getArguments()))
    if (ml_program::GlobalOp global = weights.lookup(operand))
      inner[argument] = global;
  auto own = call->getAttrOfType<StringAttr>("v4.group");
  return visit(callee, inner, own ? own.getValue() : group, depth);
}

LogicalResult WorkCounter::visit(func::FuncOp function, Weights &weights, llvm::StringRef group, unsigned depth) {
  for (Operation &op : function.getBody().front()) {
    if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op)) {
      if (auto global = symbols.lookup<ml_program::GlobalOp>(load.getGlobal().getRootReference()))
        weights[load.getResult()] = global;
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      if (failed(visitCall(call, weights, group, depth + 1)))
        return failure();
    } else {
      countOp(&op, weights, group);
    }
  }
  return success();
}

void WorkCounter::countWeight(OpOperand &operand, ml_program::GlobalOp global, Part &part) {
  auto type = dyn_cast<RankedTensorType>(global.getType());
  if (!type || !type.hasStaticShape() || !counted.insert(global).second)
    return;
  int64_t parameters = parametersOf(type);
  auto op = dyn_cast<CostOpInterface>(operand.getOwner());
  auto [used, of] = op ? op.getActiveShare(operand) : std::pair<int64_t, int64_t>(1, 1);
  part.parameters += parameters;
  part.active += parameters / of * used;
  part.storedBytes += storedBytes(global);
}

void WorkCounter::countOp(Operation *op, const Weights &weights, llvm::StringRef group) {
  llvm::StringRef first;
  for (OpOperand &operand : op->getOpOperands())
    if (ml_program::GlobalOp global = weights.lookup(operand.get())) {
      llvm::StringRef name = partOf(global.getSymName());
      countWeight(operand, global, parts[{group, name}]);
      first = first.empty() ? name : first;
    }
  if (auto dispatch = dyn_cast<DispatchOp>(op))
    expertsPerToken = cast<RankedTensorType>(dispatch.getExperts().getType()).getDimSize(1);
  auto counting = dyn_cast<CostOpInterface>(op);
  if (!counting)
    return;
  llvm::StringRef own = counting.getPartName();
  llvm::StringRef name = !own.empty() ? own : !first.empty() ? first : llvm::StringRef("others");
  ProductCount trial;
  counting.countProducts(trial);
  if (!trial.isEmpty())
    counting.countProducts(parts[{group, name}].products);
}

struct CountWork : public impl::CountWorkPassBase<CountWork> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (main && !main.isExternal() && failed(WorkCounter(module).count(main)))
      signalPassFailure();
  }
};

} // namespace
} // namespace v4

//===- InlineLayers.cpp - One flat list of launches -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_INLINELAYERSPASS
#include "passes/Passes.h.inc"

namespace {

// Both bound a module that calls in a circle or doubles itself at every level; a real model has 2 levels and 4,000 ops.
constexpr unsigned kMaxCallDepth = 64;
constexpr unsigned kMaxOps = 1 << 20;

/// What the calls around an op say about it.
struct Scope {
  StringAttr prefix;
  StringAttr group;
  IntegerAttr layer;

  /// The scope of `op` itself: its own attributes go before those around it.
  Scope inside(Operation *op) const {
    Scope scope = *this;
    if (auto prefixAttr = op->getAttrOfType<StringAttr>("v4.prefix"))
      scope.prefix = prefixAttr;
    if (auto groupAttr = op->getAttrOfType<StringAttr>("v4.group"))
      scope.group = groupAttr;
    if (auto layerAttr = op->getAttrOfType<IntegerAttr>("v4.layer"))
      scope.layer = layerAttr;
    return scope;
  }
};

void dropScopeAttributes(Operation *op) {
  op->removeAttr("v4.prefix");
  op->removeAttr("v4.group");
  op->removeAttr("v4.layer");
}

void stamp(Operation *op, const Scope &around) {
  Scope scope = around.inside(op);
  if (isa<kernel::LaunchOp>(op)) {
    dropScopeAttributes(op);
    op->setAttr("group", scope.group);
    op->setAttr("layer", scope.layer);
  }
  if (auto probe = dyn_cast<ProbeOp>(op)) {
    dropScopeAttributes(op);
    if (!scope.prefix.empty())
      probe.setName((scope.prefix.getValue() + "." + probe.getName()).str());
  }
}

class Inliner {
public:
  Inliner(ModuleOp module, func::FuncOp main) : symbols(module), builder(main.getContext()) {}

  LogicalResult run(func::FuncOp main) {
    MLIRContext *context = main.getContext();
    Scope top{StringAttr::get(context, ""), StringAttr::get(context, "main"),
              IntegerAttr::get(IntegerType::get(context, 64), -1)};
    for (Operation &op : llvm::make_early_inc_range(main.getBody().front())) {
      auto call = dyn_cast<func::CallOp>(op);
      if (!call) {
        // Launches that went through this pass keep what they have.
        if (!op.hasAttr("group") || !op.hasAttr("layer"))
          stamp(&op, top);
        continue;
      }
      builder.setInsertionPoint(call);
      FailureOr<SmallVector<Value>> results = expand(call, llvm::to_vector(call.getOperands()), top.inside(call), 1);
      if (failed(results))
        return failure();
      call.replaceAllUsesWith(*results);
      call.erase();
    }
    return success();
  }

private:
  FailureOr<func::FuncOp> resolve(func::CallOp call, unsigned depth) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee || callee.isExternal() || !callee.getBody().hasOneBlock() || callee->hasAttr("kernel.entry"))
      return call.emitOpError() << "calls '" << call.getCallee() << "', expected a defined layer function of one block";
    if (depth > kMaxCallDepth)
      return call.emitOpError() << "is more than " << kMaxCallDepth
                                << " calls deep, expected layers that do not call each other in a circle";
    return callee;
  }

  /// Clones the callee's ops at the insertion point; what the callee returns.
  FailureOr<SmallVector<Value>> expand(func::CallOp call, ArrayRef<Value> operands, const Scope &scope,
                                       unsigned depth) {
    FailureOr<func::FuncOp> callee = resolve(call, depth);
    if (failed(callee))
      return failure();
    Block &body = callee->getBody().front();
    IRMapping mapping;
    mapping.map(body.getArguments(), operands);
    auto mapped = [&](OperandRange values) {
      return llvm::map_to_vector(values, [&](Value value) { return mapping.lookupOrDefault(value); });
    };
    for (Operation &op : body.without_terminator()) {
      if (auto inner = dyn_cast<func::CallOp>(op)) {
        FailureOr<SmallVector<Value>> results =
            expand(inner, mapped(inner.getOperands()), scope.inside(inner), depth + 1);
        if (failed(results))
          return failure();
        mapping.map(inner.getResults(), *results);
        continue;
      }
      if (++ops > kMaxOps)
        return call.emitOpError() << "takes @main above " << kMaxOps << " ops, expected far fewer";
      stamp(builder.clone(op, mapping), scope);
    }
    return mapped(body.getTerminator()->getOperands());
  }

  SymbolTable symbols;
  OpBuilder builder;
  unsigned ops = 0;
};

struct InlineLayers : public impl::InlineLayersPassBase<InlineLayers> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
      module.emitOpError() << "has no function @main of one block, expected the program's entry";
      return signalPassFailure();
    }
    if (failed(Inliner(module, main).run(main)))
      return signalPassFailure();
    for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (function != main && !function->hasAttr("kernel.entry"))
        function.erase();
  }
};

} // namespace
} // namespace v4

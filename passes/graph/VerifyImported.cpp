//===- VerifyImported.cpp - Entry contract of the graph stage ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_VERIFYIMPORTEDPASS
#include "passes/Passes.h.inc"

namespace {

/// Calls may nest this deep: main, a layer, parts of a layer and some room; bounds every walk over calls.
constexpr unsigned kMaxCallDepth = 64;

//===----------------------------------------------------------------------===//
// Module attributes
//===----------------------------------------------------------------------===//

template <typename AttrT>
LogicalResult requireAttr(ModuleOp module, llvm::StringRef name, llvm::StringRef expected) {
  Attribute attr = module->getAttr(name);
  if (!attr)
    return module.emitOpError() << "has no attribute '" << name << "', expected " << expected;
  if (!isa<AttrT>(attr))
    return module.emitOpError() << "attribute '" << name << "' is " << attr << ", expected " << expected;
  return success();
}

LogicalResult checkModuleAttributes(ModuleOp module) {
  if (failed(requireAttr<ModelAttr>(module, "v4.model", "a #v4.model")) ||
      failed(requireAttr<EnvelopeAttr>(module, "v4.envelope", "a #v4.envelope")) ||
      failed(requireAttr<kernel::TargetAttr>(module, "v4.target", "a #kernel.target")) ||
      failed(requireAttr<DictionaryAttr>(module, "v4.options", "a dictionary of strings")) ||
      failed(requireAttr<StringAttr>(module, "v4.manifest", "a string")))
    return failure();
  for (NamedAttribute option : module->getAttrOfType<DictionaryAttr>("v4.options"))
    if (!isa<StringAttr>(option.getValue()))
      return module.emitOpError() << "option '" << option.getName().getValue() << "' is " << option.getValue()
                                  << ", expected a string";
  return success();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult checkGlobal(ml_program::GlobalOp global) {
  auto type = dyn_cast<RankedTensorType>(global.getType());
  if (!type || !type.hasStaticShape())
    return global.emitOpError() << "'" << global.getSymName() << "' has type " << global.getType()
                                << ", expected a tensor of static shape";
  if (!isa_and_nonnull<ml_program::ExternAttr>(global.getValueAttr()))
    return global.emitOpError() << "'" << global.getSymName()
                                << "' holds its value, expected #ml_program.extern: weights stay in the checkpoint";
  auto sources = global->getAttrOfType<ArrayAttr>("v4.sources");
  if (!sources || sources.empty() || !llvm::all_of(sources, llvm::IsaPred<StringAttr>))
    return global.emitOpError() << "'" << global.getSymName()
                                << "' names no checkpoint tensors, expected v4.sources to be a list of strings";
  auto recipe = global->getAttrOfType<StringAttr>("v4.recipe");
  if (!recipe || (recipe != "copy" && recipe != "i64_to_i32"))
    return global.emitOpError() << "'" << global.getSymName() << "' has v4.recipe "
                                << (recipe ? recipe.getValue() : "(none)") << R"(, expected "copy" or "i64_to_i32")";
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

LogicalResult checkGroup(Operation *op, Attribute group) {
  auto name = dyn_cast_or_null<StringAttr>(group);
  if (!group || (name && (name == "main" || name == "mtp")))
    return success();
  return op->emitOpError() << "v4.group is " << group << R"(, expected "main" or "mtp")";
}

LogicalResult checkMainArguments(func::FuncOp main) {
  llvm::StringSet<> pools;
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    if (!isa<CacheType>(main.getArgumentTypes()[i]))
      return main.emitOpError() << "argument " << i << " has type " << main.getArgumentTypes()[i]
                                << ", expected a !v4.cache: @main takes nothing but pools";
    auto pool = main.getArgAttrOfType<StringAttr>(i, "v4.pool");
    if (!pool || pool.empty())
      return main.emitOpError() << "argument " << i << R"( has no v4.pool, expected a name such as "layers.2.rows")";
    if (!pools.insert(pool.getValue()).second)
      return main.emitOpError() << "argument " << i << " has v4.pool '" << pool.getValue()
                                << "', which another argument has too; pools need names of their own";
    if (failed(checkGroup(main, main.getArgAttr(i, "v4.group"))))
      return failure();
    auto reach = main.getArgAttr(i, "v4.reach");
    if (auto values = dyn_cast_or_null<DenseI64ArrayAttr>(reach); reach && (!values || values.size() != 3))
      return main.emitOpError() << "argument " << i << " has v4.reach " << reach
                                << ", expected array<i64: period, history, lag>";
  }
  return success();
}

LogicalResult checkMainResults(func::FuncOp main, ModelAttr model) {
  unsigned expected = model.getMtp() ? 2 : 1;
  if (main.getNumResults() != expected)
    return main.emitOpError() << "returns " << main.getNumResults() << " values, expected " << expected
                              << (model.getMtp() ? ": logits and MTP logits" : ": logits");
  for (Type result : main.getResultTypes()) {
    auto type = dyn_cast<RankedTensorType>(result);
    if (!type || type.getRank() != 2 || !type.getElementType().isF32() || type.getDimSize(1) != model.getVocab() ||
        !isa_and_nonnull<RowsAttr>(type.getEncoding()) || rowsOf(type) != RowSpace::Logits)
      return main.emitOpError() << "returns " << result << ", expected f32 logits tensor<?x" << model.getVocab()
                                << "xf32, #v4.rows<logits>>";
  }
  return success();
}

LogicalResult checkCallee(func::FuncOp function) {
  if (!function.isPrivate())
    return function.emitOpError() << "is public, expected every function but @main to be private";
  for (Type type : function.getArgumentTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    bool rows = tensor && isa_and_nonnull<RowsAttr>(tensor.getEncoding());
    if (!isa<CacheType>(type) && !rows && !(tensor && tensor.hasStaticShape()))
      return function.emitOpError() << "has an argument of type " << type
                                    << ", expected a cache, rows of the step or a weight of static shape";
  }
  return success();
}

LogicalResult checkCall(func::CallOp call) {
  if (failed(checkGroup(call, call->getAttr("v4.group"))))
    return failure();
  if (Attribute prefix = call->getAttr("v4.prefix"); prefix && !isa<StringAttr>(prefix))
    return call.emitOpError() << "v4.prefix is " << prefix << ", expected a string";
  if (Attribute layer = call->getAttr("v4.layer"); layer && !isa<IntegerAttr>(layer))
    return call.emitOpError() << "v4.layer is " << layer << ", expected an integer";
  return success();
}

LogicalResult checkBody(func::FuncOp function) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitOpError() << "has " << function.getBody().getBlocks().size() << " blocks, expected one";
  for (Operation &op : function.getBody().front()) {
    llvm::StringRef dialect = op.getName().getDialectNamespace();
    if (dialect != "v4" && dialect != "func" && dialect != "ml_program")
      return op.emitOpError() << "is of dialect '" << dialect << "', expected v4, func or ml_program in a graph";
    if (auto call = dyn_cast<func::CallOp>(op); call && failed(checkCall(call)))
      return failure();
  }
  return success();
}

/// Depth-first over calls; `depthOf` holds finished functions with the depth of calls below them.
LogicalResult checkCallDepth(func::FuncOp function, SymbolTable &symbols,
                             llvm::DenseMap<Operation *, unsigned> &depthOf, unsigned above) {
  if (above > kMaxCallDepth)
    return function.emitOpError() << "is called more than " << kMaxCallDepth
                                  << " calls deep, expected layers that do not call each other in a circle";
  if (auto found = depthOf.find(function); found != depthOf.end() && above + found->second <= kMaxCallDepth)
    return success();
  unsigned below = 0;
  for (auto call : function.getOps<func::CallOp>()) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee)
      return call.emitOpError() << "calls '" << call.getCallee() << "', which is no function of this module";
    if (failed(checkCallDepth(callee, symbols, depthOf, above + 1)))
      return failure();
    below = std::max(below, depthOf.lookup(callee) + 1);
  }
  depthOf[function] = below;
  return success();
}

struct VerifyImported : public impl::VerifyImportedPassBase<VerifyImported> {
  LogicalResult check(ModuleOp module) {
    if (failed(checkModuleAttributes(module)))
      return failure();
    SymbolTable symbols(module);
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main)
      return module.emitOpError() << "has no function @main, expected the program's entry";
    for (Operation &op : *module.getBody()) {
      auto function = dyn_cast<func::FuncOp>(op);
      auto global = dyn_cast<ml_program::GlobalOp>(op);
      if (!function && !global)
        return op.emitOpError() << "is at the top of the module, expected functions and ml_program.global only";
      if (global && failed(checkGlobal(global)))
        return failure();
      if (function && (failed(checkBody(function)) || (function != main && failed(checkCallee(function)))))
        return failure();
    }
    llvm::DenseMap<Operation *, unsigned> depthOf;
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(checkCallDepth(function, symbols, depthOf, 0)))
        return failure();
    auto model = module->getAttrOfType<ModelAttr>("v4.model");
    return success(succeeded(checkMainArguments(main)) && succeeded(checkMainResults(main, model)));
  }

  void runOnOperation() override {
    if (failed(check(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace v4

//===- BuildProgram.cpp - Launches of @main to plan.program -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/graph/CountWork.h"
#include "passes/lower/KernelLaunches.h"
#include "passes/lower/LaunchCost.h"
#include "passes/schedule/BufferSize.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_BUILDPROGRAMPASS
#include "passes/Passes.h.inc"

namespace {

/// What an SSA value of @main is in the plan.
struct Storage {
  plan::BindingKind kind;
  FlatSymbolRefAttr symbol;
};

class ProgramBuilder {
public:
  ProgramBuilder(ModuleOp module, func::FuncOp main)
      : module(module), main(main), symbols(module), builder(module.getContext()) {}

  LogicalResult run();

private:
  LogicalResult readAttributes();
  LogicalResult collect();
  LogicalResult collectLaunch(kernel::LaunchOp launch);
  LogicalResult createProgram();
  LogicalResult createPools();
  LogicalResult createWeights();
  LogicalResult createBuffers(kernel::LaunchOp launch, int64_t index);
  LogicalResult createLaunch(kernel::LaunchOp launch);
  LogicalResult createProbe(ProbeOp probe);
  void createKernels();
  void eraseSources();

  FlatSymbolRefAttr symbolOf(llvm::StringRef name) { return FlatSymbolRefAttr::get(module.getContext(), name); }

  ModuleOp module;
  func::FuncOp main;
  SymbolTable symbols;
  OpBuilder builder;
  plan::ProgramOp program;

  ModelAttr model;
  EnvelopeAttr envelope;
  Attribute target;
  DictionaryAttr options;

  llvm::DenseMap<Value, Storage> storage;
  llvm::SmallVector<kernel::LaunchOp> launches;
  llvm::SmallVector<ProbeOp> probes;
  llvm::SetVector<ml_program::GlobalOp> weights; ///< In order of first use.
  llvm::SetVector<func::FuncOp> kernels;         ///< In order of first launch.
  llvm::DenseMap<Value, int64_t> madeBy;         ///< Launch index of every buffer.
};

//===----------------------------------------------------------------------===//
// Collection
//===----------------------------------------------------------------------===//

LogicalResult ProgramBuilder::readAttributes() {
  model = module->getAttrOfType<ModelAttr>("v4.model");
  envelope = module->getAttrOfType<EnvelopeAttr>("v4.envelope");
  target = module->getAttrOfType<kernel::TargetAttr>("v4.target");
  options = module->getAttrOfType<DictionaryAttr>("v4.options");
  if (!model || !envelope || !target || !options)
    return module.emitOpError() << "lacks one of the attributes v4.model, v4.envelope, v4.target and v4.options, "
                                   "expected those of an imported module";
  return success();
}

LogicalResult ProgramBuilder::collectLaunch(kernel::LaunchOp launch) {
  if (!launch->getAttrOfType<StringAttr>("group") || !launch->getAttrOfType<IntegerAttr>("layer"))
    return launch.emitOpError() << "has no attributes 'group' and 'layer'; run --v4-inline-layers first";
  auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
  kernels.insert(kernel);
  for (Value input : launch.getInputs()) {
    auto load = input.getDefiningOp<ml_program::GlobalLoadConstOp>();
    if (!load)
      continue;
    auto global = symbols.lookup<ml_program::GlobalOp>(load.getGlobal().getRootReference());
    if (!global)
      return load.emitOpError() << "loads " << load.getGlobal() << ", expected a global of this module";
    weights.insert(global);
    storage[input] = {plan::BindingKind::Weight, symbolOf(global.getSymName())};
  }
  launches.push_back(launch);
  return success();
}

LogicalResult ProgramBuilder::collect() {
  for (Operation &op : main.getBody().front().without_terminator()) {
    if (auto launch = dyn_cast<kernel::LaunchOp>(op)) {
      if (failed(collectLaunch(launch)))
        return failure();
    } else if (auto probe = dyn_cast<ProbeOp>(op)) {
      probes.push_back(probe);
    } else if (!isa<ml_program::GlobalLoadConstOp>(op)) {
      return op.emitOpError() << "is in @main, expected loads of weights, launches and probes only";
    }
  }
  if (launches.empty())
    return main.emitOpError() << "launches nothing, expected at least one kernel.launch";
  return success();
}

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

LogicalResult ProgramBuilder::createPools() {
  for (BlockArgument argument : main.getArguments()) {
    unsigned index = argument.getArgNumber();
    auto type = dyn_cast<CacheType>(argument.getType());
    auto name = main.getArgAttrOfType<StringAttr>(index, "v4.pool");
    if (!type || !name)
      return main.emitOpError() << "argument " << index << " has type " << argument.getType()
                                << ", expected a !v4.cache with a v4.pool name";
    auto group = main.getArgAttrOfType<StringAttr>(index, "v4.group");
    plan::PoolOp::create(builder, main.getLoc(), name.getValue(), type, group ? group.getValue() : "main",
                         /*offset=*/nullptr, main.getArgAttrOfType<DenseI64ArrayAttr>(index, "v4.reach"));
    storage[argument] = {plan::BindingKind::Pool, symbolOf(name.getValue())};
  }
  return success();
}

/// Bytes of a weight in panels: rows are padded to whole panels.
static uint64_t panelWeightBytes(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  PanelFormat format = panelFormatOf(type);
  int64_t factor = format == PanelFormat::E2M1 ? 2 : format == PanelFormat::E2M1Scales ? 32 : 1;
  int64_t matrices = shape.size() == 3 ? shape.front() : 1;
  return static_cast<uint64_t>(matrices * panelBytes(format, shape[shape.size() - 2], shape.back() * factor));
}

/// The same of a weight in tiles.
static uint64_t tiledWeightBytes(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  int64_t matrices = shape.size() == 3 ? shape.front() : 1, rowBytes = shape.back() * type.getElementTypeBitWidth() / 8;
  return static_cast<uint64_t>(matrices * tiledBytes(shape[shape.size() - 2], rowBytes));
}

static StringRef tilesName(RankedTensorType type) {
  return cast<TilesAttr>(type.getEncoding()).getForm() == TileForm::Rows ? "tiles" : "wide_tiles";
}

LogicalResult ProgramBuilder::createWeights() {
  for (ml_program::GlobalOp global : weights) {
    auto type = dyn_cast<RankedTensorType>(global.getType());
    auto sources = global->getAttrOfType<ArrayAttr>("v4.sources");
    auto recipe = global->getAttrOfType<StringAttr>("v4.recipe");
    if (!type || !sources || !recipe)
      return global.emitOpError() << "'" << global.getSymName()
                                  << "' is no weight, expected a tensor with v4.sources and v4.recipe";
    SmallVector<int64_t> shape(type.getShape());
    Type element = type.getElementType();
    std::optional<uint64_t> bits = elementBits(element);
    std::optional<uint64_t> bytes = bits ? bytesOfShape(shape, *bits) : std::nullopt;
    if (!bytes || *bytes == 0)
      return global.emitOpError() << "'" << global.getSymName() << "' has type " << type
                                  << ", expected a static shape of i8, i32, i64, bf16, f32, f8E4M3FN or f8E8M0FNU";
    // The plan speaks of values, not of bytes that hold two of them.
    if (isPacked(type)) {
      element = Float4E2M1FNType::get(module.getContext());
      shape.back() *= 2;
    }
    if (isPanels(type) || isTiles(type))
      bytes = isTiles(type) ? tiledWeightBytes(type) : panelWeightBytes(type);
    StringRef layout = isPanels(type) ? "panels" : isTiles(type) ? tilesName(type) : "row_major";
    // Indices steer addresses, so a load hashes them; floats cannot do harm.
    bool inTables = element.isInteger(32) || element.isInteger(64);
    plan::WeightOp::create(builder, global.getLoc(), global.getSymName(), element, shape, layout, inTables, *bytes,
                           sources, recipe.getValue(), global->getAttrOfType<ArrayAttr>("v4.exact_forms"),
                           global->getAttrOfType<ArrayAttr>("v4.needed_forms"));
  }
  return success();
}

void ProgramBuilder::createKernels() {
  for (func::FuncOp kernel : kernels) {
    auto op = kernel->getAttrOfType<StringAttr>("kernel.op");
    auto made = plan::KernelOp::create(builder, kernel.getLoc(), kernel.getSymName(),
                                       op ? op.getValue() : kernel.getSymName(), kernel.getNumArguments() - 2,
                                       /*stack_bytes=*/nullptr, kernel->getAttrOfType<ArrayAttr>(kCostsName),
                                       /*hits=*/-1, /*block=*/nullptr, /*variants=*/nullptr);
    if (auto hits = kernel->getAttrOfType<IntegerAttr>(kHitsName))
      made.setHits(hits.getInt());
    kernel->removeAttr(kCostsName);
    kernel->removeAttr(kHitsName);
  }
}

LogicalResult ProgramBuilder::createBuffers(kernel::LaunchOp launch, int64_t index) {
  for (Value result : launch.getOutputs()) {
    auto type = cast<RankedTensorType>(result.getType());
    auto rows = dyn_cast_or_null<RowsAttr>(type.getEncoding());
    auto terms = rows ? bufferTerms(type, envelope) : std::nullopt;
    if (!terms)
      return launch.emitOpError() << "makes a value of type " << type
                                  << ", expected rows of the step with at most one more dynamic dimension";
    SmallVector<int64_t> rowShape(type.getShape().drop_front());
    llvm::replace(rowShape, ShapedType::kDynamic, int64_t(0));
    std::string name = "b" + std::to_string(madeBy.size());
    SmallVector<Attribute> bytes(terms->begin(), terms->end());
    auto slack = launch->getAttrOfType<DenseI64ArrayAttr>(kSlackName);
    if (slack && slack.size() != launch->getNumResults())
      return launch.emitOpError() << "has " << kSlackName << " of " << slack.size()
                                  << " numbers, expected one for each of " << launch->getNumResults() << " results";
    if (slack)
      if (int64_t more = slack[static_cast<int64_t>(cast<OpResult>(result).getResultNumber())])
        bytes.push_back(plan::SizeAttr::get(module.getContext(), more, 0, 0, 0));
    plan::BufferOp::create(builder, launch.getLoc(), name, type.getElementType(),
                           static_cast<uint64_t>(rows.getSpace()), rowShape, builder.getArrayAttr(bytes),
                           /*slot=*/nullptr, /*first_launch=*/nullptr, /*last_launch=*/nullptr);
    storage[result] = {plan::BindingKind::Buffer, symbolOf(name)};
    madeBy[result] = index;
  }
  return success();
}

LogicalResult ProgramBuilder::createLaunch(kernel::LaunchOp launch) {
  SmallVector<Attribute> bindings;
  auto add = [&](Storage place, bool write) {
    auto access = write ? plan::Access::Out : plan::Access::In;
    bindings.push_back(plan::BindingAttr::get(module.getContext(), place.kind, access, place.symbol, 0));
  };
  for (auto [index, input] : llvm::enumerate(launch.getInputs())) {
    auto found = storage.find(input);
    if (found == storage.end())
      return launch.emitOpError() << "operand " << index << " is no weight, pool or result of a launch";
    add(found->second, llvm::is_contained(launch.getWrites(), static_cast<int64_t>(index)));
  }
  for (Value result : launch.getOutputs())
    add(storage.lookup(result), /*write=*/true);
  for (int64_t field : launch.getStep())
    bindings.push_back(plan::BindingAttr::get(module.getContext(), plan::BindingKind::Step, plan::Access::In,
                                              symbolOf("step"), field));
  auto group = launch->getAttrOfType<StringAttr>("group");
  auto layer = launch->getAttrOfType<IntegerAttr>("layer");
  plan::LaunchOp::create(builder, launch.getLoc(), launch.getKernel(), launch.getGridAttr(),
                         builder.getArrayAttr(bindings), group.getValue(), layer.getInt());
  return success();
}

LogicalResult ProgramBuilder::createProbe(ProbeOp probe) {
  auto made = madeBy.find(probe.getValue());
  if (made == madeBy.end())
    return probe.emitOpError() << "'" << probe.getName() << "' names no result of a launch";
  plan::ProbeOp::create(builder, probe.getLoc(), probe.getName(), storage.lookup(probe.getValue()).symbol.getValue(),
                        made->second);
  return success();
}

LogicalResult ProgramBuilder::createProgram() {
  OperandRange results = main.getBody().front().getTerminator()->getOperands();
  if (results.empty() || results.size() > 2)
    return main.emitOpError() << "returns " << results.size() << " values, expected logits or logits and MTP logits";
  builder.setInsertionPoint(main);
  program = plan::ProgramOp::create(builder, main.getLoc(), "v4c " V4_VERSION, options, target, model, envelope,
                                    "logits", /*mtp_logits=*/nullptr, nullptr, nullptr, nullptr,
                                    module->getAttrOfType<ArrayAttr>(kPartsName),
                                    module->getAttrOfType<IntegerAttr>(kExpertsPerTokenName));
  builder.createBlock(&program.getBody());
  if (failed(createPools()) || failed(createWeights()))
    return failure();
  createKernels();
  for (auto [index, launch] : llvm::enumerate(launches))
    if (failed(createBuffers(launch, static_cast<int64_t>(index))))
      return failure();
  for (kernel::LaunchOp launch : launches)
    if (failed(createLaunch(launch)))
      return failure();
  for (ProbeOp probe : probes)
    if (failed(createProbe(probe)))
      return failure();
  for (auto [index, result] : llvm::enumerate(results)) {
    if (!madeBy.contains(result))
      return main.emitOpError() << "result " << index << " is no result of a launch";
    FlatSymbolRefAttr symbol = storage.lookup(result).symbol;
    if (index == 0)
      program.setLogitsAttr(symbol);
    else
      program.setMtpLogitsAttr(symbol);
  }
  return success();
}

void ProgramBuilder::eraseSources() {
  main.erase();
  for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
    auto function = dyn_cast<func::FuncOp>(op);
    if (isa<ml_program::GlobalOp>(op) || (function && !kernels.contains(function)))
      op.erase();
  }
  for (llvm::StringRef name : std::initializer_list<llvm::StringRef>{"v4.model", "v4.envelope", "v4.target",
                                                                     "v4.options", kPartsName, kExpertsPerTokenName})
    module->removeAttr(name);
}

LogicalResult ProgramBuilder::run() {
  if (failed(readAttributes()) || failed(collect()) || failed(createProgram()))
    return failure();
  eraseSources();
  return success();
}

struct BuildProgram : public impl::BuildProgramPassBase<BuildProgram> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
      module.emitOpError() << "has no function @main of one block, expected the program's entry";
      return signalPassFailure();
    }
    if (failed(ProgramBuilder(module, main).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace v4

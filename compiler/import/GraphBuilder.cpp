//===- GraphBuilder.cpp - Checkpoint to a v4 module -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/GraphBuilder.h"

#include "compiler/import/ImportError.h"
#include "compiler/import/MtpFunction.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace v4;

namespace {

/// Builds globals and @main.
class MainBuilder : public BlockBuilder {
public:
  MainBuilder(const GraphContext &g, ModuleOp module) : BlockBuilder(g), module(module), layers(g, module) {}

  void build();

private:
  struct PoolArgument {
    std::string name;
    CacheType type;
    SmallVector<int64_t, 3> reach;
    bool isMtp;
  };

  void declare(const Weight &weight);
  void declare(const WeightSet &weights);
  void declareWeights();
  void listPools();
  func::FuncOp createMain();
  Value load(const Weight &weight);
  /// Loads a weight set in argument order.
  void load(const WeightSet &weights, SmallVectorImpl<Value> &values);
  void bindModelWeights();
  Value callLayer(int64_t index, Value streams, func::FuncOp main, unsigned &pool);
  Value callMtp(Value streams, func::FuncOp main, unsigned &pool, func::FuncOp mtp);
  Value sharedRopeTable(RowSpace space, bool compressed);
  void probe(StringRef name, Value value);

  LayerShape layerShape(int64_t index) const;

  ModuleOp module;
  LayerFunctions layers;
  std::vector<PoolArgument> pools;
  std::map<std::pair<RowSpace, bool>, Value> ropeTables;
};

} // namespace

//===----------------------------------------------------------------------===//
// Weights and pools
//===----------------------------------------------------------------------===//

void MainBuilder::declare(const Weight &weight) {
  RankedTensorType type = g.weight(weight);
  auto global = ml_program::GlobalOp::create(b, weight.name, type, /*is_mutable=*/false,
                                             ml_program::ExternAttr::get(&g.context, type), b.getStringAttr("private"));
  SmallVector<StringRef> sources(weight.sources.begin(), weight.sources.end());
  global->setAttr("v4.sources", b.getStrArrayAttr(sources));
  global->setAttr("v4.recipe", b.getStringAttr(weight.isTable ? "i64_to_i32" : "copy"));
  if (weight.isTable)
    global->setAttr("v4.table", b.getUnitAttr());
  if (!weight.narrowable.empty())
    global->setAttr("v4.narrowable", b.getStringAttr(weight.narrowable));
}

void MainBuilder::declare(const WeightSet &weights) {
  for (const auto &entry : weights) {
    declare(entry.second.weight);
    if (entry.second.scale)
      declare(*entry.second.scale);
  }
}

void MainBuilder::declareWeights() {
  b.setInsertionPointToEnd(module.getBody());
  declare(g.inventory.model);
  for (const WeightSet &layer : g.inventory.layers)
    declare(layer);
  if (!g.inventory.mtp)
    return;
  declare(g.inventory.mtp->head);
  declare(g.inventory.mtp->layer);
}

LayerShape MainBuilder::layerShape(int64_t index) const {
  LayerShape shape;
  shape.ratio = c.ratios[index];
  shape.hash = c.routesByHash(index);
  shape.weights = &g.inventory.layers[index];
  shape.name = "layers." + std::to_string(index);
  return shape;
}

void MainBuilder::listPools() {
  for (int64_t i = 0; i < c.layers; ++i) {
    LayerShape shape = layerShape(i);
    for (const LayerPool &pool : layerPools(g, shape))
      pools.push_back({shape.name + "." + pool.name.str(), pool.type, pool.reach, false});
  }
  if (g.inventory.mtp)
    for (const LayerPool &pool : mtpPools(g, mtpLayer(g)))
      pools.push_back({"mtp.0." + pool.name.str(), pool.type, pool.reach, true});
}

Value MainBuilder::load(const Weight &weight) {
  return ml_program::GlobalLoadConstOp::create(b, g.weight(weight), SymbolRefAttr::get(&g.context, weight.name));
}

void MainBuilder::load(const WeightSet &weights, SmallVectorImpl<Value> &values) {
  for (const auto &entry : weights) {
    values.push_back(load(entry.second.weight));
    if (entry.second.scale)
      values.push_back(load(*entry.second.scale));
  }
}

void MainBuilder::bindModelWeights() {
  for (const auto &[role, entry] : g.inventory.model)
    bound[role].weight = load(entry.weight);
}

//===----------------------------------------------------------------------===//
// @main
//===----------------------------------------------------------------------===//

func::FuncOp MainBuilder::createMain() {
  SmallVector<Type> arguments, results(g.inventory.mtp ? 2 : 1, g.rows(RowSpace::Logits, {c.vocab}, g.f32()));
  for (const PoolArgument &pool : pools)
    arguments.push_back(pool.type);
  func::FuncOp main = function(module, "main", b.getFunctionType(arguments, results));
  for (auto [i, pool] : llvm::enumerate(pools)) {
    main.setArgAttr(i, "v4.pool", b.getStringAttr(pool.name));
    if (!pool.reach.empty())
      main.setArgAttr(i, "v4.reach", b.getDenseI64ArrayAttr(pool.reach));
    if (pool.isMtp)
      main.setArgAttr(i, "v4.group", b.getStringAttr("mtp"));
  }
  return main;
}

Value MainBuilder::sharedRopeTable(RowSpace space, bool compressed) {
  Value &table = ropeTables[{space, compressed}];
  if (!table) {
    locate("rope");
    table = ropeTable(space, compressed, /*offset=*/0);
  }
  return table;
}

Value MainBuilder::callLayer(int64_t index, Value streams, func::FuncOp main, unsigned &pool) {
  LayerShape shape = layerShape(index);
  bool compressed = shape.ratio != 0;
  SmallVector<Value> arguments = {streams, sharedRopeTable(RowSpace::Tokens, compressed)};
  if (compressed)
    arguments.push_back(sharedRopeTable(chunksOf(shape.ratio), compressed));
  locate(shape.name);
  load(*shape.weights, arguments);
  for (size_t i = 0, e = layerPools(g, shape).size(); i < e; ++i)
    arguments.push_back(main.getArgument(pool++));
  auto call = func::CallOp::create(b, layers.get(shape), arguments);
  call->setAttr("v4.prefix", b.getStringAttr(shape.name));
  call->setAttr("v4.layer", b.getI64IntegerAttr(index));
  return call.getResult(0);
}

Value MainBuilder::callMtp(Value streams, func::FuncOp main, unsigned &pool, func::FuncOp mtp) {
  SmallVector<Value> arguments = {streams, value(Role::Embed), value(Role::Head)};
  locate("mtp");
  load(g.inventory.mtp->head, arguments);
  load(g.inventory.mtp->layer, arguments);
  while (pool < main.getNumArguments())
    arguments.push_back(main.getArgument(pool++));
  auto call = func::CallOp::create(b, mtp, arguments);
  call->setAttr("v4.layer", b.getI64IntegerAttr(c.layers));
  call->setAttr("v4.group", b.getStringAttr("mtp"));
  return call.getResult(0);
}

void MainBuilder::probe(StringRef name, Value value) {
  if (g.wantsProbe(name))
    ProbeOp::create(b, name, value);
}

void MainBuilder::build() {
  declareWeights();
  listPools();
  // Layer functions first, so that the module reads from the parts to the whole.
  for (int64_t i = 0; i < c.layers; ++i)
    layers.get(layerShape(i));
  func::FuncOp mtp = g.inventory.mtp ? MtpFunction(g).build(module, layers) : func::FuncOp();
  func::FuncOp main = createMain();
  bindModelWeights();
  Value streams = EmbedOp::create(b, g.streams(), value(Role::Embed));
  probe("embed.streams", streams);
  unsigned pool = 0;
  for (int64_t i = 0; i < c.layers; ++i)
    streams = callLayer(i, streams, main, pool);
  SmallVector<Value> results = {logits(streams)};
  probe("logits", results[0]);
  if (mtp) {
    results.push_back(callMtp(streams, main, pool, mtp));
    probe("mtp_logits", results[1]);
  }
  func::ReturnOp::create(b, results);
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> v4::plantedMistakes() {
  static const StringRef names[] = {"nibbles",     "no_yarn",         "no_hadamard", "no_index_fp4",    "no_overlap",
                                    "no_sink",     "no_inverse_rope", "no_clamp",    "no_shared_clamp", "no_route_norm",
                                    "no_sinkhorn", "comb_transposed", "kv_fp8",      "act_fp8"};
  return names;
}

static void setModuleAttributes(ModuleOp module, const GraphContext &g) {
  const ModelConfig &c = g.config;
  Builder b(&g.context);
  bool mtp = g.inventory.mtp.has_value();
  module->setAttr("v4.model",
                  ModelAttr::get(&g.context, c.vocab, c.hidden, c.layers, c.window, c.eos, mtp, modelDigest(c, mtp)));
  module->setAttr("v4.envelope", g.options.envelope);
  if (g.options.target)
    module->setAttr("v4.target", g.options.target);
  module->setAttr("v4.options", g.options.options ? g.options.options : b.getDictionaryAttr({}));
  module->setAttr("v4.manifest", b.getStringAttr(g.inventory.manifest));
}

llvm::Expected<OwningOpRef<ModuleOp>> v4::buildGraph(MLIRContext &context, const ModelConfig &config,
                                                     const TensorInventory &inventory, const GraphOptions &options) {
  std::string problem;
  llvm::Regex probes(options.probes);
  if (!options.probes.empty() && !probes.isValid(problem))
    return inputError("--probes=" + options.probes + ": not a regular expression (" + problem + ")");
  if (!options.plantedMistake.empty() && !llvm::is_contained(plantedMistakes(), options.plantedMistake))
    return inputError("planted mistake '" + options.plantedMistake + "' does not exist, expected one of " +
                      llvm::join(plantedMistakes(), ", "));
  bool isOfAllLayers = options.plantedMistake == "no_yarn" || options.plantedMistake == "no_index_fp4";
  if (!options.plantedLayer.empty() && isOfAllLayers)
    return inputError("planted mistake '" + options.plantedMistake + "' is of all layers, expected no '@" +
                      options.plantedLayer + "' behind it");
  context.loadDialect<V4Dialect, func::FuncDialect, ml_program::MLProgramDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  GraphContext g{context, config, inventory, options, std::move(probes), options.plantedLayer.empty()};
  setModuleAttributes(*module, g);
  MainBuilder(g, *module).build();
  return module;
}

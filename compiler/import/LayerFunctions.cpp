//===- LayerFunctions.cpp - One function per kind of layer ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/LayerFunctions.h"

#include "compiler/import/LayerBody.h"

#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace v4;

/// Source tokens of a cache page (kPageTokens of runtime/plan/Format.h).
static constexpr int64_t kPageTokens = 128;

SmallVector<LayerPool> v4::layerPools(const GraphContext &g, const LayerShape &shape) {
  const ModelConfig &c = g.config;
  auto pool = [&](PoolKind kind, int64_t ratio, RowEncoding encoding, int64_t rows, int64_t values, int64_t rope) {
    return CacheType::get(&g.context, kind, ratio, encoding, rows, values, rope);
  };
  int64_t ratio = shape.ratio;
  SmallVector<LayerPool> pools;
  // A draft that is taken back must not have overwritten a row that is still visible. The MTP block's window ends one
  // position earlier, and so begins one further back.
  int64_t draft = g.options.envelope.getDraft(), ring = c.window + draft, lag = -shape.offset();
  pools.push_back({"window",
                   pool(PoolKind::State, 1, RowEncoding::KvCompact, ring, c.headDim, c.ropeDim),
                   {1, c.window - 1 + lag, lag}});
  if (ratio == 0)
    return pools;
  // Ratio 4 keeps the unfinished chunk and the previous one; a ring row holds values and gates.
  int64_t previous = ratio == 4 ? ratio : 0, width = ratio == 4 ? 2 : 1;
  int64_t partialRows = previous + ratio - 1 + std::max<int64_t>(1, draft);
  SmallVector<int64_t, 3> partialReach = {ratio, previous, 0};
  pools.push_back(
      {"rows", pool(PoolKind::Page, ratio, RowEncoding::KvCompact, kPageTokens / ratio, c.headDim, c.ropeDim), {}});
  pools.push_back(
      {"partial", pool(PoolKind::State, 1, RowEncoding::F32, partialRows, 2 * width * c.headDim, 0), partialReach});
  if (ratio != 4)
    return pools;
  CacheType keys = pool(PoolKind::Page, ratio, RowEncoding::IndexFp4, kPageTokens / ratio, c.indexDim, 0);
  // The closest pool to keys without FP4: all but 64 values in bf16, those in FP8.
  if (g.planted("no_index_fp4") && c.indexDim >= 64)
    keys = pool(PoolKind::Page, ratio, RowEncoding::KvCompact, kPageTokens / ratio, c.indexDim, c.indexDim - 64);
  pools.push_back({"index_keys", keys, {}});
  pools.push_back({"index_partial", pool(PoolKind::State, 1, RowEncoding::F32, partialRows, 2 * width * c.indexDim, 0),
                   partialReach});
  return pools;
}

FunctionType LayerFunctions::typeOf(const LayerShape &shape) const {
  SmallVector<Type> arguments = {g.streams(), g.ropeTable(RowSpace::Tokens)};
  if (shape.ratio != 0)
    arguments.push_back(g.ropeTable(chunksOf(shape.ratio)));
  g.appendTypes(*shape.weights, arguments);
  for (const LayerPool &pool : layerPools(g, shape))
    arguments.push_back(pool.type);
  return FunctionType::get(&g.context, arguments, {Type(g.streams())});
}

std::string LayerFunctions::newName(const LayerShape &shape) {
  std::string kind = shape.isMtp ? "mtp" : shape.ratio == 4 ? "csa" : shape.ratio == 128 ? "hca" : "swa";
  std::string base = "layer_" + kind + (shape.hash ? "_hash" : ""), name = base;
  for (int i = 1; module.lookupSymbol(name); ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

func::FuncOp LayerFunctions::get(const LayerShape &shape) {
  std::vector<std::string> probes;
  for (const char *probe : {"streams", "index_topk", "route_experts", "route_weights"})
    if (g.wantsProbe(shape.name + "." + probe))
      probes.push_back(probe);
  const std::string &layer = g.options.plantedLayer;
  llvm::SaveAndRestore planting(g.isPlantedHere, layer.empty() || shape.name == "layers." + layer);
  FunctionType type = typeOf(shape);
  func::FuncOp &function =
      functions[{type.getAsOpaquePointer(), shape.ratio, shape.hash, shape.isMtp, g.isPlantedHere, probes}];
  if (!function)
    function = LayerBody(g, shape, probes).build(module, newName(shape), type);
  return function;
}

//===----------------------------------------------------------------------===//
// LayerBody
//===----------------------------------------------------------------------===//

func::FuncOp LayerBody::build(ModuleOp module, StringRef name, FunctionType type) {
  func::FuncOp func = function(module, name, type);
  func.setPrivate();
  unsigned index = 0;
  Value streams = func.getArgument(index++);
  tokenTable = func.getArgument(index++);
  if (shape.ratio != 0)
    chunkTable = func.getArgument(index++);
  bindArguments(*shape.weights, func, index);
  for (const LayerPool &pool : layerPools(g, shape))
    pools[pool.name.str()] = func.getArgument(index++);

  streams =
      subLayer(streams, {Role::HcAttnFn, Role::HcAttnBase, Role::HcAttnScale, Role::AttnNorm}, &LayerBody::attention);
  streams = subLayer(streams, {Role::HcFfnFn, Role::HcFfnBase, Role::HcFfnScale, Role::FfnNorm}, &LayerBody::moe);
  probe("streams", streams);
  func::ReturnOp::create(b, streams);
  return func;
}

Value LayerBody::subLayer(Value streams, HyperRoles roles, Value (LayerBody::*body)(Value)) {
  locate("hyper_connection");
  int64_t iterations = g.planted("no_sinkhorn") ? 1 : c.sinkhornIterations;
  auto mix = HcPreOp::create(b, g.tokens({c.hidden}, g.bf16()), g.tokens({c.streams}, g.f32()),
                             g.tokens({c.streams, c.streams}, g.f32()), streams, value(roles.fn), value(roles.base),
                             value(roles.scale), iterations, f32Value(c.rmsEps), f32Value(c.hcEps));
  Value y = (this->*body)(rmsNorm(mix.getX(), roles.norm));
  locate("hyper_connection");
  auto post = HcPostOp::create(b, streams.getType(), y, streams, mix.getPost(), mix.getComb());
  plant(post, "comb_transposed");
  return post;
}

void LayerBody::probe(StringRef name, Value value) {
  if (llvm::is_contained(probes, name))
    ProbeOp::create(b, name, value);
}

//===- MtpFunction.cpp - The MTP block --------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Slot i of the block takes the streams of position i and token i + 1. Row t of a step
// (position p) therefore computes slot p - 1: the first one whose token is known,
// wherever chunks begin and end. Everything in here lags by that one position.
//
// A draft runs the block on a token that the model has not seen. The streams of its
// position are not known then: those that the block itself gives take their place, for
// the draft behind it. Steps put the true ones there.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/MtpFunction.h"

using namespace mlir;
using namespace v4;

/// Embedding and head of the main model, which the block shares.
static const WeightSet &sharedWeights(const GraphContext &g, WeightSet &storage) {
  for (Role role : {Role::Embed, Role::Head})
    storage[role] = g.inventory.model.at(role);
  return storage;
}

LayerShape v4::mtpLayer(const GraphContext &g) {
  LayerShape shape;
  shape.isMtp = true;
  shape.weights = &g.inventory.mtp->layer;
  shape.name = "layers." + std::to_string(g.config.layers);
  return shape;
}

SmallVector<LayerPool> v4::mtpPools(const GraphContext &g, const LayerShape &shape) {
  SmallVector<LayerPool> pools = layerPools(g, shape);
  int64_t values = g.config.streams * g.config.hidden;
  int64_t rows = 1 + g.options.envelope.getDraft();
  pools.push_back(
      {"streams", CacheType::get(&g.context, PoolKind::State, 1, RowEncoding::Bf16, rows, values, 0), {1, 1, 0}});
  return pools;
}

FunctionType MtpFunction::typeOf(const LayerShape &shape) const {
  WeightSet storage;
  SmallVector<Type> arguments = {g.streams()};
  g.appendTypes(sharedWeights(g, storage), arguments);
  g.appendTypes(g.inventory.mtp->head, arguments);
  g.appendTypes(*shape.weights, arguments);
  for (const LayerPool &pool : mtpPools(g, shape))
    arguments.push_back(pool.type);
  return FunctionType::get(&g.context, arguments, {Type(g.rows(RowSpace::Logits, {c.vocab}, g.f32()))});
}

func::FuncOp MtpFunction::build(ModuleOp module, LayerFunctions &layers) {
  LayerShape shape = mtpLayer(g);
  func::FuncOp layer = layers.get(shape);
  func::FuncOp func = function(module, "mtp", typeOf(shape));
  func.setPrivate();
  WeightSet storage;
  unsigned index = 0;
  Value streams = func.getArgument(index++);
  bindArguments(sharedWeights(g, storage), func, index);
  bindArguments(g.inventory.mtp->head, func, index);
  // The layer's weights are only passed on.
  unsigned pools = func.getNumArguments() - mtpPools(g, shape).size();
  ArrayRef<BlockArgument> layerWeights = func.getArguments().slice(index, pools - index);
  Value window = func.getArgument(pools), previous = func.getArgument(pools + 1);

  Value input = inputStreams(streams, previous);
  SmallVector<Value> arguments = {input, ropeTable(RowSpace::Tokens, /*compressed=*/false, shape.offset())};
  arguments.append(layerWeights.begin(), layerWeights.end());
  arguments.push_back(window);
  auto call = func::CallOp::create(b, layer, arguments);
  call->setAttr("v4.prefix", b.getStringAttr(shape.name));
  call->setAttr("v4.layer", b.getI64IntegerAttr(c.layers));
  call->setAttr("v4.group", b.getStringAttr("mtp"));
  Value result = logits(call.getResult(0));
  SaveStreamsOp::create(b, streams, previous)->setAttr("v4.group", b.getStringAttr("mtp_step"));
  SaveStreamsOp::create(b, call.getResult(0), previous)->setAttr("v4.group", b.getStringAttr("mtp_draft"));
  func::ReturnOp::create(b, result);
  return func;
}

Value MtpFunction::inputStreams(Value streams, Value pool) {
  locate("mtp");
  Value past = PreviousStreamsOp::create(b, streams.getType(), streams, pool);
  Value embedded = EmbedOp::create(b, g.tokens({c.hidden}, g.bf16()), value(Role::Embed));
  Value e = linear(rmsNorm(embedded, Role::MtpEmbedNorm), Role::MtpEmbedProjection, {c.hidden});
  Value n = linear(rmsNorm(past, Role::MtpStreamsNorm), Role::MtpStreamsProjection, {c.hidden});
  return MtpMixOp::create(b, streams.getType(), e, n);
}

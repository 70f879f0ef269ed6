//===- GraphCompressor.cpp - Compressors and indexer ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/LayerBody.h"

#include <cmath>

using namespace mlir;
using namespace v4;

/// Values of an index key or query that share a scale.
static constexpr int64_t kIndexBlock = 32;

void LayerBody::compressRows(Value x) {
  locate("compressor");
  Value row = compress(x, {Role::CompressorPhase, Role::CompressorValue, Role::CompressorGate, Role::CompressorNorm},
                       c.headDim, pools.at("partial"));
  AppendRowsOp::create(b, quantizeRow(row), pools.at("rows"));
}

void LayerBody::compressIndexKeys(Value x) {
  locate("indexer");
  Value row = compress(x, {Role::IndexPhase, Role::IndexValue, Role::IndexGate, Role::IndexNorm}, c.indexDim,
                       pools.at("index_partial"));
  AppendRowsOp::create(b, rotateAndQuantizeIndex(row), pools.at("index_keys"));
}

Value LayerBody::compress(Value x, CompressorRoles roles, int64_t dim, Value partial) {
  int64_t width = (shape.ratio == 4 ? 2 : 1) * dim;
  Value values = linear(x, roles.value, {width}, /*wide=*/true);
  Value gates = linear(x, roles.gate, {width}, /*wide=*/true);
  auto pooled = CompressOp::create(b, g.rows(chunksOf(shape.ratio), {dim}, g.bf16()), values, gates, value(roles.phase),
                                   partial, shape.ratio);
  plant(pooled, "no_overlap");
  // Behind the pooling, which still needs the tokens of earlier steps.
  SavePartialOp::create(b, values, gates, partial);
  return rope(rmsNorm(pooled, roles.norm), chunkTable);
}

Value LayerBody::selectRows(Value x, Value latent) {
  Value q = linear(latent, Role::IndexQuery, {c.indexHeads, c.indexDim});
  q = rotateAndQuantizeIndex(rope(q, tokenTable));
  // Both square roots in double and one rounding, as published.
  double factor = std::pow(double(c.indexDim), -0.5) * std::pow(double(c.indexHeads), -0.5);
  Value weights = linear(x, Role::IndexHeadWeights, {c.indexHeads});
  weights = ScaleOp::create(b, weights.getType(), weights, f32Value(factor));
  auto scores = IndexScoresOp::create(b, g.tokens({ShapedType::kDynamic}, g.f32()), q, weights, pools.at("index_keys"));
  plant(scores, "no_index_fp4");
  Value selected = TopKOp::create(b, g.tokens({c.indexTopK}, g.i32()), scores);
  probe("index_topk", selected);
  return selected;
}

Value LayerBody::rotateAndQuantizeIndex(Value x) {
  // The rotation spreads outlier channels, which FP4 could not hold.
  if (!g.planted("no_hadamard"))
    x = HadamardOp::create(b, x.getType(), x);
  return g.planted("no_index_fp4") ? x : quantize(x, QuantFormat::Fp4, kIndexBlock, c.indexDim);
}

//===- GraphAttention.cpp - Attention sub-layer -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Caches are read before they are written, except the rows of finished chunks, which
// the token that finishes a chunk already sees.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/LayerBody.h"

using namespace mlir;
using namespace v4;

/// Values of a key row that share a scale.
static constexpr int64_t kRowBlock = 64;

Value LayerBody::attention(Value x) {
  locate("attention");
  Value latent = rmsNorm(linear(x, Role::QueryDown, {c.queryRank}), Role::QueryNorm);
  Value q = queries(latent);
  Value kv = windowRows(x);
  if (shape.ratio != 0)
    compressRows(x);
  Value selected;
  if (shape.ratio == 4) {
    compressIndexKeys(x);
    selected = selectRows(x, latent);
  }
  return output(attend(q, kv, selected));
}

Value LayerBody::queries(Value latent) {
  Value q = linear(latent, Role::QueryUp, {c.heads, c.headDim});
  return rope(HeadNormOp::create(b, q.getType(), q, f32Value(c.rmsEps)), tokenTable);
}

Value LayerBody::windowRows(Value x) {
  Value kv = rmsNorm(linear(x, Role::KeyValue, {c.headDim}), Role::KeyValueNorm);
  return quantizeRow(rope(kv, tokenTable));
}

Value LayerBody::attend(Value q, Value kv, Value selected) {
  locate("attention");
  Value sink = g.planted("no_sink") ? Value() : value(Role::AttnSink);
  Value rows = shape.ratio != 0 ? pools.at("rows") : Value();
  Value ring = pools.at("window");
  Value heads = AttentionOp::create(b, q.getType(), q, kv, ring, sink, rows, selected, c.window, shape.offset());
  AppendWindowOp::create(b, kv, ring, shape.offset());
  return heads;
}

Value LayerBody::output(Value heads) {
  // Values carry rotated channels too; turning them back makes them relative to the query.
  if (!g.planted("no_inverse_rope"))
    heads = rope(heads, tokenTable, /*inverse=*/true);
  // The grouped projection takes its input as it is, whatever the form of its weight.
  const Bound &down = bound.at(Role::OutputDown);
  Value mid = GroupedLinearOp::create(b, g.tokens({c.groups * c.groupRank}, g.bf16()), heads, down.weight, down.scale,
                                      c.groups);
  return linear(mid, Role::OutputUp, {c.hidden});
}

Value LayerBody::rope(Value x, Value table, bool inverse) { return RopeOp::create(b, x.getType(), x, table, inverse); }

Value LayerBody::quantizeRow(Value row) {
  return g.planted("kv_fp8") ? row : quantize(row, QuantFormat::Fp8, kRowBlock, c.bodyDim());
}

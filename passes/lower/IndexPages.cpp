//===- IndexPages.cpp - Index scores of a page of keys ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/IndexPages.h"

#include "passes/lower/DotTile.h"

using namespace mlir;
using namespace v4;

/// Heads and rows of one dot tile.
static constexpr int64_t kTile = 4;

Value v4::visibleIndexRows(KernelEmitter &k, Value row) {
  Value position = k.loadIndex(k.step(plan::StepField::Positions), row);
  return k.div(k.add(position, 1), 4);
}

IndexPages::IndexPages(KernelEmitter &k, Value queryOperand, Value weightOperand, Value keyOperand)
    : k(k), heads(cast<RankedTensorType>(queryOperand.getType()).getDimSize(1)), dim(lastDim(queryOperand.getType())),
      paddedHeads((heads + kTile - 1) / kTile * kTile), keys(k, keyOperand), q(k.operandOf(queryOperand)),
      weights(k.operandOf(weightOperand)), pageRows(keys.getType().getRows()),
      queries(k.scratch(paddedHeads * dim, k.f32())), keyRows(k.scratch(pageRows * dim, k.f32())),
      dots(k.scratch(paddedHeads * pageRows, k.f32())), scores(k.scratch(pageRows, k.f32())) {
  // Heads that only fill the last tile stay zero for good.
  k.loop(k.index(heads * dim), k.index(paddedHeads * dim), kLanes,
         [&](Value i) { k.store(k.real(0, kLanes), queries, i); });
}

void IndexPages::begin(Value row) {
  k.loop(k.index(0), k.index(heads * dim), kLanes,
         [&](Value i) { k.store(k.load(q, k.add(k.mul(row, heads * dim), i), kLanes), queries, i); });
}

void IndexPages::score(Value row, Value slot, Value first) {
  Value place = keys.pageRow(slot, first);
  k.loop(k.index(0), k.index(pageRows), 1, [&](Value j) {
    keys.decode(k.add(place, k.mul(j, keys.getType().getRowBytes())), keyRows, k.mul(j, dim));
  });
  emitDots();
  emitHeadSums(row);
}

/// dots[head, row] of a page.
void IndexPages::emitDots() {
  k.loop(k.index(0), k.index(paddedHeads), kTile, [&](Value head) {
    k.loop(k.index(0), k.index(pageRows), kTile, [&](Value j) {
      SmallVector<Value> lefts, rights;
      for (int64_t i = 0; i < kTile; ++i) {
        lefts.push_back(k.mul(k.add(head, i), dim));
        rights.push_back(k.mul(k.add(j, i), dim));
      }
      Value tile = dotTile(k, queries, lefts, keyRows, rights, dim);
      for (int64_t i = 0; i < kTile; ++i)
        k.store(lanesFrom(k, tile, i * kTile, kTile), dots, k.add(k.mul(k.add(head, i), pageRows), j));
    });
  });
}

/// scores[row] of a page: every rounding of the reference, heads in order.
void IndexPages::emitHeadSums(Value row) {
  Value zero = k.real(0, kLanes);
  k.loop(k.index(0), k.index(pageRows), kLanes, [&](Value j) {
    Value sum = k.loop(k.index(0), k.index(heads), 1, ValueRange{zero}, [&](Value head, ValueRange carried) {
      Value dot = k.roundBf16(k.load(dots, k.add(k.mul(head, pageRows), j), kLanes));
      Value weight = k.splat(k.load(weights, k.add(k.mul(row, heads), head)), kLanes);
      Value term = k.roundBf16(k.mul(k.maximum(dot, zero), weight));
      return KernelEmitter::Values{k.add(carried[0], term)};
    })[0];
    k.store(k.roundBf16(sum), scores, j);
  });
}

//===- DotTile.cpp - Sixteen dot products at a time -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/DotTile.h"

using namespace mlir;
using namespace v4;

// One level of the tree for two vectors: groups of 2 * half lanes shrink to half lanes each.
static Value mergeHalves(KernelEmitter &k, Value a, Value b, int64_t half) {
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < 2 * kLanes; ++lane)
    (lane % (2 * half) < half ? low : high).push_back(lane);
  Value lows = vector::ShuffleOp::create(k.b, k.loc, a, b, low);
  Value highs = vector::ShuffleOp::create(k.b, k.loc, a, b, high);
  return k.add(lows, highs);
}

Value v4::horizontalSums(KernelEmitter &k, ArrayRef<Value> vectors) {
  SmallVector<Value> level(vectors);
  for (int64_t half = kLanes / 2; half >= 1; half /= 2) {
    SmallVector<Value> next;
    for (size_t i = 0; i < level.size(); i += 2)
      next.push_back(mergeHalves(k, level[i], level[i + 1], half));
    level = std::move(next);
  }
  return level.front();
}

Value v4::lanesFrom(KernelEmitter &k, Value vector, int64_t first, int64_t count) {
  return vector::ExtractStridedSliceOp::create(k.b, k.loc, vector, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{count},
                                               ArrayRef<int64_t>{1});
}

Value v4::horizontalMaximum(KernelEmitter &k, Value vector) {
  for (int64_t half = k.lanesOf(vector) / 2; half >= 1; half /= 2)
    vector = k.maximum(lanesFrom(k, vector, 0, half), lanesFrom(k, vector, half, half));
  return vector::ExtractOp::create(k.b, k.loc, vector, ArrayRef<int64_t>{0});
}

Value v4::dotTile(KernelEmitter &k, Value left, ArrayRef<Value> lefts, Value right, ArrayRef<Value> rights,
                  int64_t width) {
  KernelEmitter::Values zeros(lefts.size() * rights.size(), k.real(0, kLanes));
  auto sums = k.loop(k.index(0), k.index(width), kLanes, zeros, [&](Value i, ValueRange totals) {
    SmallVector<Value> a, b;
    for (Value at : lefts)
      a.push_back(k.load(left, k.add(at, i), kLanes));
    for (Value at : rights)
      b.push_back(k.load(right, k.add(at, i), kLanes));
    KernelEmitter::Values next;
    for (Value x : a)
      for (Value y : b)
        next.push_back(k.fma(x, y, totals[next.size()]));
    return next;
  });
  return horizontalSums(k, sums);
}

//===- PanelBuffer.cpp - Panels decoded once for many inputs ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelMatmul.h"

using namespace mlir;
using namespace v4;

void PanelMatmul::fillBuffer(const Panel &panel, Value begin, Value end) {
  k.loop(begin, end, stepColumns(false), [&](Value column) {
    Value at = k.mul(k.sub(column, begin), kPanelRows);
    decode(panel, column, /*streamed=*/false, [&](int64_t pair, const CpuBody::Pair &low, const CpuBody::Pair &high) {
      k.storePair(low, buffer, k.add(at, pair * 64));
      k.storePair(high, buffer, k.add(at, pair * 64 + 32));
    });
  });
}

Value PanelMatmul::widen(int64_t inputs, int64_t stride, Value first, Value columnBegin, Value columnEnd,
                         Offset offset) {
  SmallVector<Value> offsets;
  for (int64_t i = 0; i < inputs; ++i)
    offsets.push_back(offset(k.add(first, i)));
  k.loop(columnBegin, columnEnd, kLanes, [&](Value column) {
    Value at = k.sub(column, columnBegin);
    for (int64_t i = 0; i < inputs; ++i)
      k.store(k.load(x, k.add(offsets[i], column), kLanes), wide, k.add(at, i * stride));
  });
  return k.sub(k.index(0), columnBegin);
}

void PanelMatmul::pass(const Panel &panel, int64_t inputs, Value first, Value begin, Value columnBegin, Value columnEnd,
                       Offset offset) {
  SmallVector<Value> offsets;
  Values sums;
  Value at = k.mul(k.sub(first, begin), kPanelRows);
  Value wideBegin = wide ? widen(inputs, bufferColumns(), first, columnBegin, columnEnd, offset) : Value();
  for (int64_t i = 0; i < inputs; ++i) {
    offsets.push_back(wide ? k.add(wideBegin, i * bufferColumns()) : offset(k.add(first, i)));
    sums.push_back(k.load(totals, k.add(at, i * kPanelRows), kLanes));
    sums.push_back(k.load(totals, k.add(at, i * kPanelRows + kLanes), kLanes));
  }
  sums = chains(panel, columnBegin, columnEnd, offsets, sums, columnBegin);
  for (auto [i, sum] : llvm::enumerate(sums))
    k.store(sum, totals, k.add(at, int64_t(i) * kLanes));
}

void PanelMatmul::buffered(const Panel &panel, Value begin, Value end, Offset offset, StorePanel store) {
  auto totalsOf = [&](Value input) { return k.mul(k.sub(input, begin), kPanelRows); };
  k.loop(begin, end, 1, [&](Value input) {
    Value at = totalsOf(input);
    k.store(k.real(0, kLanes), totals, at);
    k.store(k.real(0, kLanes), totals, k.add(at, kLanes));
  });
  int64_t step = bufferColumns();
  k.loop(k.index(0), k.index(columns), step, [&](Value columnBegin) {
    Value columnEnd = k.add(columnBegin, step);
    if (columns % step != 0)
      columnEnd = k.minIndex(columnEnd, k.index(columns));
    fillBuffer(panel, columnBegin, columnEnd);
    Value first = begin;
    for (int64_t inputs = inputsPerPass(); inputs >= 1; inputs /= 2) {
      Value last = k.add(first, k.mul(k.div(k.sub(end, first), inputs), inputs));
      k.loop(first, last, inputs, [&](Value i) { pass(panel, inputs, i, begin, columnBegin, columnEnd, offset); });
      first = last;
    }
  });
  k.loop(begin, end, 1, [&](Value input) {
    Value at = totalsOf(input);
    auto [low, high] = inRowOrder(k.load(totals, at, kLanes), k.load(totals, k.add(at, kLanes), kLanes));
    store(input, low, high);
  });
}

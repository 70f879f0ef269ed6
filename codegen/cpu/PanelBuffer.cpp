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

void PanelMatmul::fillBuffer(const Panel &panel, Value begin, Value end, Value bufferBegin) {
  k.loop(begin, end, stepColumns(false), [&](Value column) {
    Value at = k.mul(k.sub(column, bufferBegin), kPanelRows);
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

/// Asks for columns from `columnBegin` of the inputs behind those that are widened: each is a line here and there.
void PanelMatmul::fetchInputs(const Block &block, int64_t inputs, Value first, Value columnBegin, Offset offset) {
  constexpr int64_t kLineColumns = 32;
  for (int64_t i = 0; i < inputs; ++i) {
    Value at = k.add(offset(k.minIndex(k.add(first, i), k.add(block.end, -1))), columnBegin);
    for (int64_t column = 0; column < bufferColumns(); column += kLineColumns)
      memref::PrefetchOp::create(k.b, k.loc, x, ValueRange{k.add(at, column)}, /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }
}

/// Columns [columnBegin, columnEnd) of the block for `inputs` inputs from `first`: once widened, they meet every panel.
void PanelMatmul::pass(const Block &block, int64_t inputs, Value first, Value columnBegin, Value columnEnd,
                       Offset offset) {
  Value wideBegin = wide ? widen(inputs, bufferColumns(), first, columnBegin, columnEnd, offset) : Value();
  SmallVector<Value> offsets;
  for (int64_t i = 0; i < inputs; ++i)
    offsets.push_back(wide ? k.add(wideBegin, i * bufferColumns()) : offset(k.add(first, i)));
  if (wide)
    fetchInputs(block, inputs, k.add(first, inputs), columnBegin, offset);
  eachPanel(block, [&](Value which, const Panel &panel) {
    Values sums;
    Value at = totalsOf(block, which, first);
    for (int64_t i = 0; i < 2 * inputs; ++i)
      sums.push_back(k.load(totals, k.add(at, i * kLanes), kLanes));
    sums = chains(panel, columnBegin, columnEnd, offsets, sums, bufferBegin(which, columnBegin));
    for (auto [i, sum] : llvm::enumerate(sums))
      k.store(sum, totals, k.add(at, int64_t(i) * kLanes));
  });
}

/// One piece of code for both panels.
void PanelMatmul::eachPanel(const Block &block, function_ref<void(Value which, const Panel &panel)> body) {
  if (bufferedPanels() == 1)
    return body(k.index(0), block.first);
  k.loop(k.index(0), block.panels, 1, [&](Value which) { body(which, either(which, block.first, block.second)); });
}

/// What is subtracted from a column to have its place in the buffer.
Value PanelMatmul::bufferBegin(Value which, Value columnBegin) {
  return k.sub(columnBegin, k.mul(which, bufferColumns()));
}

Value PanelMatmul::totalsOf(const Block &block, Value which, Value input) {
  return k.mul(k.add(k.sub(input, block.begin), k.mul(which, maxInputs)), kPanelRows);
}

/// Decodes a block of columns of every panel, which all inputs meet, then the next one.
void PanelMatmul::buffered(const Block &block, Offset offset, Store store) {
  Value begin = block.begin, end = block.end;
  eachPanel(block, [&](Value which, const Panel &) {
    k.loop(totalsOf(block, which, begin), totalsOf(block, which, end), kLanes,
           [&](Value at) { k.store(k.real(0, kLanes), totals, at); });
  });
  int64_t step = bufferColumns();
  k.loop(k.index(0), k.index(columns), step, [&](Value columnBegin) {
    Value columnEnd = k.add(columnBegin, step);
    if (columns % step != 0)
      columnEnd = k.minIndex(columnEnd, k.index(columns));
    eachPanel(block, [&](Value which, const Panel &panel) {
      fillBuffer(panel, columnBegin, columnEnd, bufferBegin(which, columnBegin));
    });
    Value first = begin;
    for (int64_t inputs = inputsPerPass(); inputs >= 1; inputs /= 2) {
      Value last = k.add(first, k.mul(k.div(k.sub(end, first), inputs), inputs));
      k.loop(first, last, inputs, [&](Value i) { pass(block, inputs, i, columnBegin, columnEnd, offset); });
      first = last;
    }
  });
  eachPanel(block, [&](Value which, const Panel &) {
    k.loop(begin, end, 1, [&](Value input) {
      Value at = totalsOf(block, which, input);
      auto [low, high] = inRowOrder(k.load(totals, at, kLanes), k.load(totals, k.add(at, kLanes), kLanes));
      store(which, input, low, high);
    });
  });
}

void PanelMatmul::bufferOne(const Panel &panel, Value begin, Value end, Offset offset, StorePanel store) {
  buffered({panel, panel, k.index(1), begin, end}, offset,
           [&](Value, Value input, Value low, Value high) { store(input, low, high); });
}

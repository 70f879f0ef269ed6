//===- PanelMatmul.cpp - Products of input rows with a panel ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelMatmul.h"

using namespace mlir;
using namespace v4;

/// Inputs up to which weights are decoded in registers.
static constexpr int64_t kDirectInputs = 4;
/// With 32 registers the same holds for twice as many, which is what a step of some decoding sequences has.
static constexpr int64_t kManyDirectInputs = 8;

static PanelFormat panelFormat(Type format) {
  if (isa<Float8E4M3FNType>(format))
    return PanelFormat::E4M3;
  return isa<Float4E2M1FNType>(format) ? PanelFormat::E2M1 : PanelFormat::Bf16;
}

/// Columns that the buffer holds: half of a 32 KiB cache.
static int64_t bufferColumns(const CpuBody &k) { return k.hasBf16() ? 256 : 128; }

PanelMatmul::PanelMatmul(CpuBody &k, Type type, int64_t rows, int64_t columns, int64_t maxInputs)
    : k(k), format(panelFormat(type)), rows(rows), columns(columns) {
  buffer = k.scratch(bufferColumns(k) * kPanelRows, k.pairElement());
  totals = k.scratch(maxInputs * kPanelRows, k.f32());
}

int64_t PanelMatmul::inputsPerPass() const { return k.has512() ? 8 : 2; }

int64_t PanelMatmul::stepColumns(bool fromBuffer) const {
  if (fromBuffer)
    return 8;
  return format == PanelFormat::E4M3 ? 16 : format == PanelFormat::E2M1 ? 32 : 8;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

PanelMatmul::Values PanelMatmul::scalesAt(Value column) {
  if (format == PanelFormat::Bf16)
    return {};
  if (format == PanelFormat::E4M3) {
    Value scale = k.splat(k.scaleOf(k.load(scales, k.add(scaleBase, k.div(column, 128)))), kLanes);
    return {scale, scale};
  }
  // Two vectors of 16 scales for every 32 columns: one byte per row and group.
  Value at = k.add(scaleBase, column);
  return {k.scaleOf(k.load(scales, at, kLanes)), k.scaleOf(k.load(scales, k.add(at, kLanes), kLanes))};
}

void PanelMatmul::decode(Value column, EachPair each) {
  int64_t pairs = stepColumns(false) / 2;
  if (format == PanelFormat::E2M1) {
    Value at = k.add(panelBase, k.mul(column, kPanelRows / 2));
    for (int64_t group = 0; group < pairs / 4; ++group) {
      auto dwords = [&](int64_t half) {
        Value bytes = k.loadRaw(weight, k.add(at, group * 128 + half * 64), 64);
        return k.bitcast(bytes, k.b.getI32Type(), kLanes);
      };
      Value low = dwords(0), high = dwords(1);
      for (int64_t j = 0; j < 4; ++j)
        each(group * 4 + j, k.pairOfE2M1(low, j), k.pairOfE2M1(high, j));
    }
    return;
  }
  Value at = k.add(panelBase, k.mul(column, kPanelRows));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    if (format == PanelFormat::E4M3) {
      auto [low, high] = k.pairsOfE4M3(k.loadRaw(weight, k.add(at, pair * 64), 64));
      each(pair, low, high);
    } else {
      auto half = [&](int64_t h) { return k.pairOfBf16(k.loadRaw(weight, k.add(at, pair * 64 + h * 32), 32)); };
      each(pair, half(0), half(1));
    }
  }
}

void PanelMatmul::read(Value bufferColumn, EachPair each) {
  Value at = k.mul(bufferColumn, kPanelRows);
  for (int64_t pair = 0; pair < stepColumns(true) / 2; ++pair) {
    CpuBody::Pair low = k.loadPair(buffer, k.add(at, pair * 64));
    each(pair, low, k.loadPair(buffer, k.add(at, pair * 64 + 32)));
  }
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

PanelMatmul::Values PanelMatmul::chain(Value begin, Value end, Offsets offsets, Value bufferBegin) {
  Values zeros(2 * offsets.size(), k.real(0, kLanes));
  int64_t step = stepColumns(bool(bufferBegin));
  return k.loop(begin, end, step, zeros, [&](Value column, ValueRange carried) {
    Values sums(carried.begin(), carried.end());
    auto each = [&](int64_t pair, const CpuBody::Pair &low, const CpuBody::Pair &high) {
      for (auto [i, offset] : llvm::enumerate(offsets)) {
        CpuBody::Pair input = k.broadcastPair(x, k.add(offset, k.add(column, 2 * pair)));
        sums[2 * i] = k.dot(low, input, sums[2 * i]);
        sums[2 * i + 1] = k.dot(high, input, sums[2 * i + 1]);
      }
    };
    if (bufferBegin)
      read(k.sub(column, bufferBegin), each);
    else
      decode(column, each);
    return sums;
  });
}

PanelMatmul::Values PanelMatmul::chains(Value begin, Value end, Offsets offsets, ValueRange totals, Value bufferBegin) {
  return k.loop(begin, end, chainColumns(), totals, [&](Value column, ValueRange carried) {
    Value chainEnd = k.add(column, chainColumns());
    if (columns % chainColumns() != 0)
      chainEnd = k.minIndex(chainEnd, end);
    Values scale = scalesAt(column);
    Values sums = chain(column, chainEnd, offsets, bufferBegin);
    for (auto [i, sum] : llvm::enumerate(sums))
      sum = scale.empty() ? k.add(carried[i], sum) : k.fma(sum, scale[i % 2], carried[i]);
    return sums;
  });
}

void PanelMatmul::direct(int64_t inputs, Value begin, Offset offset, Store store) {
  SmallVector<Value> offsets;
  for (int64_t i = 0; i < inputs; ++i)
    offsets.push_back(offset(k.add(begin, i)));
  Values zeros(2 * inputs, k.real(0, kLanes));
  Values sums = chains(k.index(0), k.index(columns), offsets, zeros, Value());
  for (int64_t i = 0; i < inputs; ++i)
    store(k.add(begin, i), sums[2 * i], sums[2 * i + 1]);
}

/// The direct form for `inputs` or more of them, as `count` says.
void PanelMatmul::directByCount(int64_t inputs, Value count, Value begin, Offset offset, Store store) {
  if (inputs == kDirectInputs)
    return direct(inputs, begin, offset, store);
  k.ifElse(
      k.less(count, k.index(inputs + 1)),
      [&] {
        direct(inputs, begin, offset, store);
        return Values();
      },
      [&] {
        directByCount(inputs + 1, count, begin, offset, store);
        return Values();
      });
}

/// The direct form for at most kManyDirectInputs inputs: behind the last one it is computed again, and stored where it
/// was.
void PanelMatmul::directWithRepeats(Value begin, Value end, Offset offset, Store store) {
  auto within = [&](Value input) { return k.minIndex(input, k.add(end, -1)); };
  direct(
      kManyDirectInputs, begin, [&](Value input) { return offset(within(input)); },
      [&](Value input, Value low, Value high) { store(within(input), low, high); });
}

//===----------------------------------------------------------------------===//
// Buffered form
//===----------------------------------------------------------------------===//

void PanelMatmul::fillBuffer(Value begin, Value end) {
  k.loop(begin, end, stepColumns(false), [&](Value column) {
    Value at = k.mul(k.sub(column, begin), kPanelRows);
    decode(column, [&](int64_t pair, const CpuBody::Pair &low, const CpuBody::Pair &high) {
      k.storePair(low, buffer, k.add(at, pair * 64));
      k.storePair(high, buffer, k.add(at, pair * 64 + 32));
    });
  });
}

void PanelMatmul::pass(int64_t inputs, Value first, Value begin, Value columnBegin, Value columnEnd, Offset offset) {
  SmallVector<Value> offsets;
  Values sums;
  Value at = k.mul(k.sub(first, begin), kPanelRows);
  for (int64_t i = 0; i < inputs; ++i) {
    offsets.push_back(offset(k.add(first, i)));
    sums.push_back(k.load(totals, k.add(at, i * kPanelRows), kLanes));
    sums.push_back(k.load(totals, k.add(at, i * kPanelRows + kLanes), kLanes));
  }
  sums = chains(columnBegin, columnEnd, offsets, sums, columnBegin);
  for (auto [i, sum] : llvm::enumerate(sums))
    k.store(sum, totals, k.add(at, int64_t(i) * kLanes));
}

void PanelMatmul::buffered(Value begin, Value end, Offset offset, Store store) {
  auto eachHalf = [&](Value input, llvm::function_ref<void(Value at)> body) {
    Value at = k.mul(k.sub(input, begin), kPanelRows);
    body(at);
  };
  k.loop(begin, end, 1, [&](Value input) {
    eachHalf(input, [&](Value at) {
      k.store(k.real(0, kLanes), totals, at);
      k.store(k.real(0, kLanes), totals, k.add(at, kLanes));
    });
  });
  int64_t step = bufferColumns(k);
  k.loop(k.index(0), k.index(columns), step, [&](Value columnBegin) {
    Value columnEnd = k.add(columnBegin, step);
    if (columns % step != 0)
      columnEnd = k.minIndex(columnEnd, k.index(columns));
    fillBuffer(columnBegin, columnEnd);
    Value first = begin;
    for (int64_t inputs = inputsPerPass(); inputs >= 1; inputs /= 2) {
      Value last = k.add(first, k.mul(k.div(k.sub(end, first), inputs), inputs));
      k.loop(first, last, inputs, [&](Value i) { pass(inputs, i, begin, columnBegin, columnEnd, offset); });
      first = last;
    }
  });
  k.loop(begin, end, 1, [&](Value input) {
    eachHalf(input,
             [&](Value at) { store(input, k.load(totals, at, kLanes), k.load(totals, k.add(at, kLanes), kLanes)); });
  });
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

void PanelMatmul::run(Value matrix, Value panel, Value begin, Value end, Offset offset, Store store) {
  int64_t panels = panelCount(rows);
  Value number = matrix ? k.add(k.mul(matrix, panels), panel) : panel;
  int64_t elements = panelBlockBytes(format) / (format == PanelFormat::Bf16 ? 2 : 1) * (columns / kPanelColumns);
  panelBase = k.mul(number, elements);
  if (format == PanelFormat::E2M1) {
    scaleBase = k.mul(number, columns);
  } else if (format == PanelFormat::E4M3) {
    int64_t width = (columns + 127) / 128, height = (rows + 127) / 128;
    Value row = k.div(panel, 128 / kPanelRows);
    scaleBase = k.mul(matrix ? k.add(k.mul(matrix, height), row) : row, width);
  }
  Value count = k.sub(end, begin);
  auto many = [&] {
    if (!k.has512()) {
      buffered(begin, end, offset, store);
      return Values();
    }
    k.ifElse(
        k.less(count, k.index(kManyDirectInputs + 1)),
        [&] {
          directWithRepeats(begin, end, offset, store);
          return Values();
        },
        [&] {
          buffered(begin, end, offset, store);
          return Values();
        });
    return Values();
  };
  k.ifElse(
      k.less(count, k.index(kDirectInputs + 1)),
      [&] {
        directByCount(1, count, begin, offset, store);
        return Values();
      },
      many);
}

void PanelMatmul::storeRows(Value out, Value at, Value panel, Value low, Value high) {
  auto whole = [&] {
    k.store(low, out, at);
    k.store(high, out, k.add(at, kLanes));
    return Values();
  };
  int64_t tail = rows % kPanelRows;
  if (tail == 0) {
    whole();
    return;
  }
  k.ifElse(k.less(panel, k.index(rows / kPanelRows)), whole, [&] {
    for (int64_t row = 0; row < tail; ++row) {
      Value lane = vector::ExtractOp::create(k.b, k.loc, row < kLanes ? low : high, ArrayRef<int64_t>{row % kLanes});
      k.store(lane, out, k.add(at, row));
    }
    return Values();
  });
}

//===- PanelMatmul.cpp - Products of input rows with a panel ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelMatmul.h"
#include "codegen/cpu/PanelTiles.h"

using namespace mlir;
using namespace v4;

static PanelFormat panelFormat(Type format) {
  if (isa<Float8E4M3FNType>(format))
    return PanelFormat::E4M3;
  return isa<Float4E2M1FNType>(format) ? PanelFormat::E2M1 : PanelFormat::Bf16;
}

/// Bytes from a load to the lines asked for into L2 and into L1. On an Emerald Rapids server decode gained half as much
/// again by pairs and these; 2 to 16 KiB and 256 to 2048 bytes were within its noise.
static constexpr int64_t kFarAhead = 8192, kNearAhead = 1024;
/// The same into L1, with none into L2, where the level has products of bf16 but no tiles: its CPUs are Zen 4 and 5.
/// There decode is 1.10 times as fast as with the two above; 3 to 8 KiB are near it, 512 bytes at 0.9.
static constexpr int64_t kOneAhead = 4096;

PanelMatmul::PanelMatmul(CpuBody &k, Type type, int64_t rows, int64_t columns, int64_t maxInputs)
    : k(k), format(panelFormat(type)), rows(rows), columns(columns), maxInputs(maxInputs) {
  if (k.hasTiles()) {
    tiles = std::make_unique<PanelTiles>(k, *this, maxInputs);
    return;
  }
  if (!k.hasBf16())
    wide = k.scratch(mostDirectInputs() * kWideColumns, k.f32());
  buffer = k.scratch(bufferedPanels() * bufferColumns() * kPanelRows, k.pairElement());
  totals = k.scratch(bufferedPanels() * maxInputs * kPanelRows, k.f32());
  if (isSmall())
    halves = k.scratch(stepColumns(false) * kPanelRows, k.b.getF16Type());
}

PanelMatmul::~PanelMatmul() = default;

void PanelMatmul::finish() {
  if (tiles)
    tiles->release();
}

int64_t PanelMatmul::inputsPerPass() const { return k.has512() ? 8 : 2; }

int64_t PanelMatmul::stepColumns(bool fromBuffer) const { return format == PanelFormat::E2M1 && !fromBuffer ? 16 : 8; }

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

PanelMatmul::Panel PanelMatmul::panel(Value matrix, Value number) {
  int64_t panels = panelCount(rows);
  Panel result{number, weight, scales, Value(), Value()};
  Value index = matrix ? k.add(k.mul(matrix, panels), number) : number;
  int64_t elements = panelBlockBytes(format) / (format == PanelFormat::Bf16 ? 2 : 1) * (columns / kPanelColumns);
  result.base = k.mul(index, elements);
  if (format == PanelFormat::E2M1) {
    result.scaleBase = k.mul(index, columns);
  } else if (format == PanelFormat::E4M3) {
    int64_t width = (columns + 127) / 128, height = (rows + 127) / 128;
    Value row = k.div(number, 128 / kPanelRows);
    result.scaleBase = k.mul(matrix ? k.add(k.mul(matrix, height), row) : row, width);
  }
  return result;
}

PanelMatmul::Panel PanelMatmul::either(Value which, const Panel &first, const Panel &second) {
  Value isFirst = k.less(which, k.index(1));
  auto choose = [&](Value a, Value b) { return a == b ? a : k.select(isFirst, a, b); };
  return {choose(first.number, second.number), choose(first.weight, second.weight), choose(first.scales, second.scales),
          choose(first.base, second.base), choose(first.scaleBase, second.scaleBase)};
}

PanelMatmul::Values PanelMatmul::scalesAt(const Panel &panel, Value column) {
  if (format == PanelFormat::Bf16)
    return {};
  if (format == PanelFormat::E4M3) {
    Value scale = k.splat(k.scaleOf(k.load(panel.scales, k.add(panel.scaleBase, k.div(column, 128)))), kLanes);
    return {scale, scale};
  }
  // Two vectors of 16 scales for every 32 columns: one byte per row and group.
  Value at = k.add(panel.scaleBase, column);
  return {k.scaleOf(k.load(panel.scales, at, kLanes)), k.scaleOf(k.load(panel.scales, k.add(at, kLanes), kLanes))};
}

/// Lines ahead of the one at element `at`. Behind the last panel they are of no use and do no harm.
void PanelMatmul::fetchAhead(const Panel &panel, Value at) {
  int64_t elementBytes = format == PanelFormat::Bf16 ? 2 : 1;
  auto fetch = [&](int64_t bytes, int64_t locality) {
    memref::PrefetchOp::create(k.b, k.loc, panel.weight, ValueRange{k.add(at, bytes / elementBytes)}, /*isWrite=*/false,
                               locality, /*isDataCache=*/true);
  };
  if (k.hasBf16() && !k.hasTiles())
    return fetch(kOneAhead, 3);
  fetch(kFarAhead, 2);
  fetch(kNearAhead, 3);
}

void PanelMatmul::decode(const Panel &panel, Value column, bool streamed, EachPair each, int64_t exponents) {
  int64_t pairs = stepColumns(false) / 2;
  auto line = [&](Value at, int64_t elements) {
    if (streamed)
      fetchAhead(panel, at);
    return k.loadRaw(panel.weight, at, elements);
  };
  if (format == PanelFormat::E2M1) {
    Value at = k.add(panel.base, k.mul(column, kPanelRows / 2));
    for (int64_t group = 0; group < pairs / 4; ++group) {
      auto dwords = [&](int64_t half) {
        return k.bitcast(line(k.add(at, group * 128 + half * 64), 64), k.b.getI32Type(), kLanes);
      };
      Value low = dwords(0), high = dwords(1);
      auto pair = [&](Value words, int64_t j) {
        return exponents ? CpuBody::Pair{k.wordsOfE2M1(words, j, exponents)} : k.pairOfE2M1(words, j);
      };
      for (int64_t j = 0; j < 4; ++j)
        each(group * 4 + j, pair(low, j), pair(high, j));
    }
    return;
  }
  Value at = k.add(panel.base, k.mul(column, kPanelRows));
  if (isSmall()) {
    for (int64_t pair = 0; pair < pairs; ++pair)
      k.storeSmallE4M3(line(k.add(at, pair * 64), 64), halves, k.index(pair * 64));
    k.keepStores(halves);
  }
  for (int64_t pair = 0; pair < pairs; ++pair) {
    if (format == PanelFormat::E4M3) {
      auto [low, high] =
          isSmall() ? k.loadSmallE4M3(halves, k.index(pair * 64)) : k.pairsOfE4M3(line(k.add(at, pair * 64), 64));
      each(pair, low, high);
    } else {
      auto half = [&](int64_t h) { return k.pairOfBf16(line(k.add(at, pair * 64 + h * 32), 32)); };
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

PanelMatmul::Values PanelMatmul::chain(Panels panels, Value begin, Value end, Offsets offsets, Value bufferBegin) {
  int64_t inputs = offsets.size(), step = stepColumns(bool(bufferBegin));
  Values zeros(2 * inputs * panels.size(), k.real(0, kLanes));
  return k.loop(begin, end, step, zeros, [&](Value column, ValueRange carried) {
    Values sums(carried.begin(), carried.end());
    int64_t which = 0;
    auto each = [&](int64_t pair, const CpuBody::Pair &low, const CpuBody::Pair &high) {
      for (int64_t i = 0; i < inputs; ++i) {
        CpuBody::Pair input = k.broadcastPair(wide ? wide : x, k.add(offsets[i], k.add(column, 2 * pair)));
        Value *sum = &sums[2 * (which * inputs + i)];
        sum[0] = k.dot(low, input, sum[0]);
        sum[1] = k.dot(high, input, sum[1]);
      }
    };
    if (bufferBegin) {
      read(k.sub(column, bufferBegin), each);
      return sums;
    }
    for (; which < int64_t(panels.size()); ++which)
      decode(panels[which], column, /*streamed=*/true, each);
    return sums;
  });
}

PanelMatmul::Values PanelMatmul::chains(Panels panels, Value begin, Value end, Offsets offsets, ValueRange totals,
                                        Value bufferBegin) {
  return k.loop(begin, end, chainColumns(), totals, [&](Value column, ValueRange carried) {
    Value chainEnd = k.add(column, chainColumns());
    if (columns % chainColumns() != 0)
      chainEnd = k.minIndex(chainEnd, end);
    Values scales;
    for (const Panel &panel : panels)
      scales.append(scalesAt(panel, column));
    Values sums = chain(panels, column, chainEnd, offsets, bufferBegin);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      // Not a part of the scale, which may be as large as a real can be.
      if (isSmall())
        sum = k.mul(sum, k.real(CpuBody::kE4M3Factor, kLanes));
      sum = scales.empty() ? k.add(carried[i], sum)
                           : k.fma(sum, scales[i / (2 * offsets.size()) * 2 + i % 2], carried[i]);
    }
    return sums;
  });
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

std::pair<Value, Value> PanelMatmul::inRowOrder(Value first, Value second) {
  if (!isSmall())
    return {first, second};
  SmallVector<int64_t> low, high;
  for (int64_t row = 0; row < kLanes; ++row) {
    int64_t at = row / 4 * 8 + row % 4;
    low.push_back(at);
    high.push_back(at + 4);
  }
  return {k.shuffle(first, second, low), k.shuffle(first, second, high)};
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

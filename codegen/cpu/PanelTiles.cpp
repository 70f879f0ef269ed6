//===- PanelTiles.cpp - Products with a panel by tile registers -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace v4;

/// Groups of a panel that the streamed form keeps decoded: one that is multiplied, one that is written. Slots of 2 KiB,
/// two to a panel, so that what is read is never 4 KiB from what was just written: a load would wait for that store.
static constexpr int64_t kStreamSlots = 2;
static_assert(kStreamSlots * kGroupWeights * 2 == 4096 && 2 * kStreamSlots <= kBlockPanels * kGroups);

/// Added to the exponents of decoded e2m1; a scale is then subtracted as (kExponents + 127 - code), saturating at the
/// zeros. With codes in [kLeastScale, kMostScale] results are normal numbers.
static constexpr int64_t kExponents = 126, kLeastScale = 2, kMostScale = 252;

PanelTiles::PanelTiles(CpuBody &k, PanelMatmul &matmul, int64_t maxInputs)
    : k(k), matmul(matmul), tiles(k, kWeightTile) {
  if (decoded())
    weights = matmul.buffer = k.scratch(kBlockPanels * kGroups * kGroupWeights, k.b.getBF16Type());
  inputs = k.scratch(kGroups * kGroupInputs, k.b.getBF16Type());
  offsets = k.scratch(maxInputs + 2 * kTileRows, k.b.getIndexType());
  if (folded())
    panelFolds = k.scratch(kBlockPanels, k.b.getIndexType());
  sums = k.scratch(kTileRows * kSumTiles * kLanes, k.f32());
  totals = matmul.totals = k.scratch(std::max(maxInputs, kTileRows) * kBlockPanels * kPanelRows, k.f32());
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value PanelTiles::scalesFold(const Panel &panel) {
  int64_t width = 2 * kPanelRows;
  Value first = k.load(panel.scales, panel.scaleBase, width);
  auto extremes = k.loop(k.index(kPanelColumns), k.index(matmul.columns), kPanelColumns, {first, first},
                         [&](Value column, ValueRange carried) {
                           Value codes = k.load(panel.scales, k.add(panel.scaleBase, column), width);
                           return PanelMatmul::Values{arith::MinUIOp::create(k.b, k.loc, carried[0], codes),
                                                      arith::MaxUIOp::create(k.b, k.loc, carried[1], codes)};
                         });
  Value least = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MINUI, extremes[0]);
  Value most = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MAXUI, extremes[1]);
  auto compare = [&](arith::CmpIPredicate predicate, Value code, int64_t limit) {
    Value constant = arith::ConstantOp::create(k.b, k.loc, k.b.getIntegerAttr(k.i8(), APInt(8, limit)));
    return arith::CmpIOp::create(k.b, k.loc, predicate, code, constant);
  };
  return arith::AndIOp::create(k.b, k.loc, compare(arith::CmpIPredicate::uge, least, kLeastScale),
                               compare(arith::CmpIPredicate::ule, most, kMostScale));
}

SmallVector<Value, 2> PanelTiles::scaleWords(const Panel &panel, Value column) {
  SmallVector<Value, 2> words;
  Type i32 = k.b.getI32Type();
  // Those of the next panel, which are looked through before its weights are asked for.
  memref::PrefetchOp::create(k.b, k.loc, panel.scales,
                             ValueRange{k.add(panel.scaleBase, k.add(column, matmul.columns))}, /*isWrite=*/false,
                             /*locality=*/2, /*isDataCache=*/true);
  for (int64_t half = 0; half < 2; ++half) {
    Value at = k.add(panel.scaleBase, k.add(column, half * kLanes));
    Value codes = k.load(panel.scales, at, kLanes);
    Value wide = arith::ExtUIOp::create(k.b, k.loc, VectorType::get({kLanes}, i32), codes);
    Value down = arith::SubIOp::create(k.b, k.loc, k.lanesOfInteger(i32, kExponents + 127, kLanes), wide);
    Value word = k.shiftLeft(down, 7);
    words.push_back(k.bitcast(k.bitOr(word, k.shiftLeft(word, 16)), k.b.getI16Type(), 2 * kLanes));
  }
  return words;
}

void PanelTiles::fill(const Panel &panel, Value column, Value slot) {
  if (!decoded())
    return;
  SmallVector<Value, 2> scale;
  if (folded())
    scale = scaleWords(panel, column);
  int64_t step = matmul.stepColumns(/*fromBuffer=*/false);
  for (int64_t part = 0; part < kTileColumns; part += step) {
    auto store = [&](int64_t pair, const CpuBody::Pair &low, const CpuBody::Pair &high) {
      Value at = k.add(slot, (part / 2 + pair) * 2 * kPanelRows);
      for (int64_t half = 0; half < 2; ++half) {
        Value words = (half ? high : low)[0];
        if (folded())
          words = k.bitcast(LLVM::USubSat::create(k.b, k.loc, words, scale[half]), k.b.getBF16Type(), 2 * kLanes);
        k.storeRaw(words, weights, k.add(at, half * kPanelRows));
      }
    };
    matmul.decode(panel, k.add(column, part), /*streamed=*/true, store, folded() ? kExponents : 0);
  }
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

void PanelTiles::noteOffsets(Value begin, Value count, Offset offset) {
  if (matmul.inputStride) {
    memref::StoreOp::create(k.b, k.loc, offset(begin), offsets, k.index(0));
    return;
  }
  k.loop(k.index(0), count, 1,
         [&](Value input) { memref::StoreOp::create(k.b, k.loc, offset(k.add(begin, input)), offsets, input); });
}

Value PanelTiles::offsetOf(Value input) {
  if (!matmul.inputStride)
    return memref::LoadOp::create(k.b, k.loc, offsets, input);
  return k.add(memref::LoadOp::create(k.b, k.loc, offsets, k.index(0)), k.mul(input, matmul.inputStride));
}

void PanelTiles::gather(Value count, Value column, Value slot) {
  if (matmul.inputStride)
    return;
  k.loop(k.index(0), count, 1, [&](Value input) {
    Value columns = k.loadRaw(matmul.x, k.add(offsetOf(input), column), kTileColumns);
    k.storeRaw(columns, inputs, k.add(slot, k.mul(input, kTileColumns)));
  });
}

void PanelTiles::loadInputs(Value column, Value slot, Value single) {
  Value first = offsetOf(k.index(0));
  if (matmul.inputStride)
    return tiles.load(kInputTile, matmul.x, k.add(first, column), matmul.inputStride);
  Value address = k.select(single, tiles.address(matmul.x, k.add(first, column)), tiles.address(inputs, slot));
  tiles.loadFrom(kInputTile, address, kTileColumns * 2);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

void PanelTiles::clearTotals(Value count, int64_t vectors) {
  k.loop(k.index(0), k.mul(count, vectors), 1, [&](Value i) { k.store(k.real(0, kLanes), totals, k.mul(i, kLanes)); });
}

void PanelTiles::multiply(const Panel &panel, int64_t which, Value column, Value slot, bool ahead) {
  for (int64_t tile = 2 * which; tile < 2 * which + 2; ++tile) {
    int64_t weight = kWeightTile + tile % kWeightTiles, half = tile % 2 * kPanelRows, stride = 2 * kPanelRows;
    if (decoded()) {
      tiles.load(weight, weights, k.add(slot, half), stride);
    } else {
      Value at = k.add(panel.base, k.mul(column, kPanelRows));
      for (int64_t line = 0; ahead && line < kTileRows; ++line)
        matmul.fetchAhead(panel, k.add(at, half + line * stride));
      tiles.load(weight, panel.weight, k.add(at, half), stride);
    }
    tiles.dot(tile, kInputTile, weight);
  }
}

void PanelTiles::addSums(Panels panels, Value column, Value count, Value totalsAt, int64_t totalsStride) {
  int64_t vectors = 2 * panels.size();
  PanelMatmul::Values scales;
  if (matmul.format == PanelFormat::E4M3)
    for (const Panel &panel : panels)
      scales.append(matmul.scalesAt(panel, column));
  for (int64_t i = 0; i < vectors; ++i)
    tiles.store(i, sums, i * kLanes, kSumTiles * kLanes);
  k.loop(k.index(0), count, 1, [&](Value input) {
    Value from = k.mul(input, kSumTiles * kLanes);
    Value to = k.add(totalsAt, k.mul(input, totalsStride));
    for (int64_t i = 0; i < vectors; ++i) {
      Value sum = k.load(sums, k.add(from, i * kLanes), kLanes), at = k.add(to, i * kLanes);
      Value total = k.load(totals, at, kLanes);
      k.store(scales.empty() ? k.add(total, sum) : k.fma(sum, scales[i], total), totals, at);
    }
  });
}

//===----------------------------------------------------------------------===//
// Up to 16 inputs
//===----------------------------------------------------------------------===//

void PanelTiles::streamedChain(Panels panels, Value column, Value count) {
  Value chainEnd = k.minIndex(k.add(column, kChainColumns), k.index(matmul.columns));
  for (int64_t tile = 0; tile < 2 * int64_t(panels.size()); ++tile)
    tiles.zero(tile);
  Value single = k.less(count, k.index(2)), gathered = k.select(single, k.index(0), count);
  auto groupSlot = [&](Value group, int64_t elements) { return k.mul(k.mod(k.div(group, kTileColumns), 2), elements); };
  k.loop(column, chainEnd, kTileColumns, [&](Value group) {
    // Behind the last group that one again.
    Value next = k.minIndex(k.add(group, kTileColumns), k.index(matmul.columns - kTileColumns));
    gather(gathered, next, groupSlot(next, kGroupInputs));
    loadInputs(group, groupSlot(group, kGroupInputs), single);
    for (auto [which, panel] : llvm::enumerate(panels)) {
      int64_t begin = which * kStreamSlots * kGroupWeights;
      fill(panel, next, k.add(groupSlot(next, kGroupWeights), begin));
      multiply(panel, which, group, k.add(groupSlot(group, kGroupWeights), begin), /*ahead=*/true);
    }
  });
  addSums(panels, column, count, k.index(0), 2 * panels.size() * kLanes);
}

void PanelTiles::streamed(Panels panels, Value begin, Value end, Offset offset, PanelMatmul::Store store) {
  Value count = k.sub(end, begin), zero = k.index(0);
  int64_t vectors = 2 * panels.size();
  tiles.configure(count);
  noteOffsets(begin, count, offset);
  clearTotals(count, vectors);
  gather(count, zero, zero);
  for (auto [which, panel] : llvm::enumerate(panels))
    fill(panel, zero, k.index(which * kStreamSlots * kGroupWeights));
  k.loop(zero, k.index(matmul.columns), kChainColumns, [&](Value column) { streamedChain(panels, column, count); });
  k.loop(zero, count, 1, [&](Value input) {
    Value at = k.mul(input, vectors * kLanes);
    for (int64_t which = 0; which < int64_t(panels.size()); ++which)
      store(k.index(which), k.add(begin, input), k.load(totals, k.add(at, 2 * which * kLanes), kLanes),
            k.load(totals, k.add(at, (2 * which + 1) * kLanes), kLanes));
  });
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

void PanelTiles::runPair(const Panel &first, const Panel &second, Value begin, Value end, Offset offset,
                         PanelMatmul::Store store) {
  if (!folded())
    return streamed({first, second}, begin, end, offset, store);
  Value folds[2] = {scalesFold(first), scalesFold(second)};
  k.ifThen(arith::OrIOp::create(k.b, k.loc, folds[0], folds[1]), [&] {
    // What the other one gives is not stored.
    streamed({first, second}, begin, end, offset, [&](Value which, Value input, Value low, Value high) {
      k.ifThen(k.select(k.less(which, k.index(1)), folds[0], folds[1]), [&] { store(which, input, low, high); });
    });
  });
  for (int64_t which = 0; which < 2; ++which)
    k.ifElse(
        folds[which], [] { return PanelMatmul::Values(); },
        [&] {
          matmul.bufferOne(which ? second : first, begin, end, offset,
                           [&](Value input, Value low, Value high) { store(k.index(which), input, low, high); });
          return PanelMatmul::Values();
        });
}

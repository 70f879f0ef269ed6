//===- PanelTileBlocks.cpp - Panels by many inputs, on tiles ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/PanelTiles.h"

using namespace mlir;
using namespace v4;

/// Elements of one input's totals.
static constexpr int64_t kBlockRows = kBlockPanels * kPanelRows;

/// Of a block, panel p's decoded chain begins at p * kChainWeights.
static constexpr int64_t kChainWeights = kGroups * kGroupWeights;

/// Element of a group of a chain in a buffer whose groups have `elements`.
static Value slotOf(CpuBody &k, Value group, Value column, int64_t elements) {
  return k.mul(k.div(k.sub(group, column), kTileColumns), elements);
}

void PanelTiles::fillBlock(const Block &block, Value column, Value columnEnd) {
  if (!decoded())
    return;
  k.loop(k.index(0), block.count, 1, [&](Value p) {
    Panel panel = matmul.panel(block.matrix, k.add(block.first, p));
    k.loop(column, columnEnd, kTileColumns, [&](Value group) {
      fill(panel, group, k.add(k.mul(p, kChainWeights), slotOf(k, group, column, kGroupWeights)));
    });
  });
}

void PanelTiles::repeatLastOffset(Value count) {
  if (matmul.inputStride)
    return;
  Value last = offsetOf(k.add(count, -1));
  k.loop(count, k.add(count, kTileRows), 1,
         [&](Value input) { memref::StoreOp::create(k.b, k.loc, last, offsets, input); });
}

void PanelTiles::packInputs(Value first, Value count, Value column, Value columnEnd) {
  k.loop(k.index(0), count, 1, [&](Value input) {
    Value from = offsetOf(k.add(first, input)), next = offsetOf(k.add(k.add(first, input), kTileRows));
    k.loop(column, columnEnd, kTileColumns, [&](Value group) {
      memref::PrefetchOp::create(k.b, k.loc, matmul.x, ValueRange{k.add(next, group)}, /*isWrite=*/false,
                                 /*locality=*/3, /*isDataCache=*/true);
      Value to = k.add(slotOf(k, group, column, kGroupInputs), k.mul(input, kTileColumns));
      k.storeRaw(k.loadRaw(matmul.x, k.add(from, group), kTileColumns), inputs, to);
    });
  });
}

void PanelTiles::multiplyChains(const Block &block, Value p, int64_t panels, Value column, Value columnEnd) {
  for (int64_t tile = 0; tile < 2 * panels; ++tile)
    tiles.zero(tile);
  k.loop(column, columnEnd, kTileColumns, [&](Value group) {
    tiles.load(kInputTile, inputs, slotOf(k, group, column, kGroupInputs), kTileColumns);
    for (int64_t which = 0; which < panels; ++which) {
      Panel panel = matmul.panel(block.matrix, k.add(k.add(block.first, p), which));
      Value slot = k.add(k.mul(k.add(p, which), kChainWeights), slotOf(k, group, column, kGroupWeights));
      multiply(panel, which, group, slot, /*ahead=*/false);
    }
  });
}

void PanelTiles::blockedPass(const Block &block, Value first, Value count, Value column, Value columnEnd) {
  packInputs(first, count, column, columnEnd);
  auto chains = [&](Value p, int64_t panels) {
    multiplyChains(block, p, panels, column, columnEnd);
    SmallVector<Panel, 2> both;
    for (int64_t which = 0; which < panels; ++which)
      both.push_back(matmul.panel(block.matrix, k.add(k.add(block.first, p), which)));
    addSums(both, column, count, k.add(k.mul(first, kBlockRows), k.mul(p, kPanelRows)), kBlockRows);
    return PanelMatmul::Values();
  };
  // Two panels at a time: a product takes as long as four that do not wait for each other.
  k.loop(k.index(0), block.count, 2, [&](Value p) {
    k.ifElse(
        k.less(k.add(p, 1), block.count), [&] { return chains(p, 2); }, [&] { return chains(p, 1); });
  });
}

void PanelTiles::blocked(const Block &block, Value begin, Value end, Offset offset, PanelMatmul::StoreOne store) {
  Value count = k.sub(end, begin), full = k.mul(k.div(count, kTileRows), kTileRows);
  noteOffsets(begin, count, offset);
  repeatLastOffset(count);
  clearTotals(count, kBlockRows / kLanes);
  k.loop(k.index(0), k.index(matmul.columns), kChainColumns, [&](Value column) {
    Value columnEnd = k.minIndex(k.add(column, kChainColumns), k.index(matmul.columns));
    fillBlock(block, column, columnEnd);
    tiles.configure(k.index(kTileRows));
    k.loop(k.index(0), full, kTileRows,
           [&](Value first) { blockedPass(block, first, k.index(kTileRows), column, columnEnd); });
    k.ifThen(k.less(full, count), [&] {
      tiles.configure(k.sub(count, full));
      blockedPass(block, full, k.sub(count, full), column, columnEnd);
    });
  });
  k.loop(k.index(0), count, 1, [&](Value input) {
    k.loop(k.index(0), block.count, 1, [&](Value p) {
      auto storePanel = [&] {
        Value at = k.add(k.mul(input, kBlockRows), k.mul(p, kPanelRows));
        store(k.add(block.first, p), k.add(begin, input), k.load(totals, at, kLanes),
              k.load(totals, k.add(at, kLanes), kLanes));
      };
      // What one gives that does not fold is not stored.
      if (folded())
        k.ifThen(foldOf(p), storePanel);
      else
        storePanel();
    });
  });
}

Value PanelTiles::foldOf(Value p) {
  Value flag = memref::LoadOp::create(k.b, k.loc, panelFolds, p);
  return k.less(k.index(0), flag);
}

Value PanelTiles::noteFolds(const Block &block) {
  return k.loop(k.index(0), block.count, 1, ValueRange{k.index(0)}, [&](Value p, ValueRange carried) {
    Value fold = scalesFold(matmul.panel(block.matrix, k.add(block.first, p)));
    Value flag = k.select(fold, k.index(1), k.index(0));
    memref::StoreOp::create(k.b, k.loc, flag, panelFolds, p);
    return PanelMatmul::Values{k.add(carried[0], flag)};
  })[0];
}

void PanelTiles::runBlocks(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                           PanelMatmul::StoreOne store) {
  k.loop(firstPanel, endPanel, kBlockPanels, [&](Value first) {
    Block block{matrix, first, k.sub(k.minIndex(k.add(first, kBlockPanels), endPanel), first)};
    if (!folded())
      return blocked(block, begin, end, offset, store);
    Value folding = noteFolds(block);
    k.ifThen(k.less(k.index(0), folding), [&] { blocked(block, begin, end, offset, store); });
    k.ifThen(k.less(folding, block.count), [&] {
      k.loop(k.index(0), block.count, 1, [&](Value p) {
        auto left = [&] {
          Value number = k.add(first, p);
          matmul.bufferOne(matmul.panel(matrix, number), begin, end, offset,
                           [&](Value input, Value low, Value high) { store(number, input, low, high); });
          return PanelMatmul::Values();
        };
        k.ifElse(
            foldOf(p), [] { return PanelMatmul::Values(); }, left);
      });
    });
  });
}

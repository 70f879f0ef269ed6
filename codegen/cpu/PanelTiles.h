//===- PanelTiles.h - Products with a panel by tile registers ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The forms of PanelMatmul for levels with AMX. Both have, per sum, the same tree, so that the number of inputs
// decides nothing: a chain of 128 columns is four products into a tile of zeros, times the scale of its block (e4m3),
// added to the total.
//
// Weights reach a tile through a buffer in L1, where they are decoded to bf16; those of bf16 are read in place. Scales
// of e2m1 are powers of two and go into the decoded weights, which changes no value while these are normal bf16. A
// panel with a scale outside of that range (or with rows that fill it up, whose scales are zeros) is left to
// PanelMatmul::bufferOne, whatever the number of inputs and whatever panels are computed beside it.
//
// Up to 16 inputs: weights of one group of 32 columns are decoded while the products of the group before are under way,
// and two panels are streams side by side. More: a chain of one panel is decoded, then used by 16 inputs at a
// time.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_PANELTILES_H
#define V4_CODEGEN_CPU_PANELTILES_H

#include "codegen/cpu/PanelMatmul.h"
#include "codegen/cpu/TileRegisters.h"

namespace v4 {

/// Tiles: 0 to 3 are sums (low and high rows of two panels), 4 inputs, 5 to 7 weights.
inline constexpr int64_t kSumTiles = 4, kInputTile = 4, kWeightTile = 5, kWeightTiles = 3;

/// Columns of a chain, and groups of them.
inline constexpr int64_t kChainColumns = 128, kGroups = kChainColumns / kTileColumns;

/// Elements of a decoded group, and of a group of inputs.
inline constexpr int64_t kGroupWeights = kTileColumns * kPanelRows, kGroupInputs = kTileRows * kTileColumns;

/// Panels whose chains are decoded for the same block of inputs: 32 KiB.
inline constexpr int64_t kBlockPanels = 4;

class PanelTiles {
public:
  using Value = mlir::Value;
  using Panel = PanelMatmul::Panel;
  using Panels = PanelMatmul::Panels;
  using Offset = PanelMatmul::Offset;

  /// Allocates scratch: create in front of loops.
  PanelTiles(CpuBody &k, PanelMatmul &matmul, int64_t maxInputs);

  /// As PanelMatmul::run. REQUIRES: at most kTileRows inputs.
  void runPair(const Panel &first, const Panel &second, Value begin, Value end, Offset offset,
               PanelMatmul::Store store);
  /// Panels [firstPanel, endPanel) of a matrix times any number of inputs.
  void runBlocks(Value matrix, Value firstPanel, Value endPanel, Value begin, Value end, Offset offset,
                 PanelMatmul::StoreOne store);
  void release() { tiles.release(); }

private:
  bool decoded() const { return matmul.format != PanelFormat::Bf16; }
  bool folded() const { return matmul.format == PanelFormat::E2M1; }
  /// Whether all scales of the panel can go into its weights. REQUIRES: folded().
  Value scalesFold(const Panel &panel);
  /// Decodes the group of 32 columns from `column` to element `slot` of the buffer.
  void fill(const Panel &panel, Value column, Value slot);
  /// Two vectors of 32 words to subtract from decoded e2m1: rows 0..15 and 16..31.
  llvm::SmallVector<Value, 2> scaleWords(const Panel &panel, Value column);
  /// Offsets of the inputs, once per run.
  void noteOffsets(Value begin, Value count, Offset offset);
  Value offsetOf(Value input);
  /// Copies columns [column, column + 32) of `count` inputs, if they have no stride, to element `slot` of the buffer.
  void gather(Value count, Value column, Value slot);
  /// Up to 16 inputs, from where they are or from `slot`; a `single` (i1) one always from where it is.
  void loadInputs(Value column, Value slot, Value single);

  void clearTotals(Value count, int64_t vectors);
  /// Products of one group, decoded at element `slot` of the weights' buffer, with the tile of inputs, which is loaded
  /// before, into the sums of panel `which`. `ahead` asks for lines to come of weights that are not decoded.
  void multiply(const Panel &panel, int64_t which, Value column, Value slot, bool ahead);
  /// Adds the sums, times the scales of `column`, to the totals of `count` inputs: those of the first one are at
  /// `totalsAt`, of the next one `totalsStride` elements behind.
  void addSums(Panels panels, Value column, Value count, Value totalsAt, int64_t totalsStride);

  void streamed(Panels panels, Value begin, Value end, Offset offset, PanelMatmul::Store store);
  void streamedChain(Panels panels, Value column, Value count);

  /// Up to kBlockPanels panels of a matrix.
  struct Block {
    Value matrix, first, count;
  };
  /// Notes for each panel of the block whether its scales fold; gives how many do. REQUIRES: folded().
  Value noteFolds(const Block &block);
  /// Whether those of the block's panel p do.
  Value foldOf(Value p);
  /// Behind the last input its offset again: the next pass's inputs are asked for, if any.
  void repeatLastOffset(Value count);
  void blocked(const Block &block, Value begin, Value end, Offset offset, PanelMatmul::StoreOne store);
  void fillBlock(const Block &block, Value column, Value columnEnd);
  /// Inputs [first, first + count), at most 16, in a chain of columns.
  void blockedPass(const Block &block, Value first, Value count, Value column, Value columnEnd);
  /// Copies the pass's inputs so that tiles of them are whole lines that follow each other: rows far apart share few
  /// sets of L1. Asks for those of the next pass.
  void packInputs(Value first, Value count, Value column, Value columnEnd);
  /// A chain of `panels` (1 or 2) panels of the block from panel p on.
  void multiplyChains(const Block &block, Value p, int64_t panels, Value column, Value columnEnd);

  CpuBody &k;
  PanelMatmul &matmul;
  TileRegisters tiles;
  Value weights;    ///< bf16: groups of 32 columns, each of 16 pairs of columns x 32 rows x 2.
  Value inputs;     ///< bf16: groups of 16 inputs x 32 columns.
  Value offsets;    ///< Of each input in x.
  Value panelFolds; ///< Of each panel of a block: 1 where its scales fold, else 0.
  Value sums;       ///< f32: 16 inputs x 64 rows.
  Value totals;     ///< f32: inputs x rows of the panels.
};

} // namespace v4

#endif // V4_CODEGEN_CPU_PANELTILES_H

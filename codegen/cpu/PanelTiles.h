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
// PanelMatmul::buffered, whatever the number of inputs.
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

class PanelTiles {
public:
  using Value = mlir::Value;
  using Panel = PanelMatmul::Panel;
  using Panels = PanelMatmul::Panels;
  using Offset = PanelMatmul::Offset;

  /// Allocates scratch: create in front of loops.
  PanelTiles(CpuBody &k, PanelMatmul &matmul, int64_t maxInputs);

  void runPair(const Panel &first, const Panel &second, Value begin, Value end, Offset offset,
               PanelMatmul::Store store);
  void runOne(const Panel &panel, Value begin, Value end, Offset offset, PanelMatmul::StorePanel store);
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
  /// Copies columns [column, column + 32) of inputs [first, first + count) to element `slot` of the input buffer.
  void gather(Value first, Value count, Value column, Value slot);

  void clearTotals(Value count, int64_t vectors);
  /// Products of one group, decoded at element `slot` of the weights' buffer, with the tile of inputs, which is loaded
  /// before, into the sums of panel `which`.
  void multiply(const Panel &panel, int64_t which, Value column, Value slot);
  /// Inputs from `first` on, from where they are or from `slot`; a `single` (i1, may be null) one always from where it
  /// is.
  void loadInputs(Value first, Value column, Value slot, Value single);
  /// Adds the tiles of sums, times the scales of `column`, to the totals of inputs [first, first + count).
  void addSums(Panels panels, Value column, Value first, Value count);

  void streamed(Panels panels, Value begin, Value end, Offset offset, PanelMatmul::Store store);
  void streamedChain(Panels panels, Value column, Value count);
  void blocked(const Panel &panel, Value begin, Value end, Offset offset, PanelMatmul::StorePanel store);
  void blockedPass(const Panel &panel, Value first, Value count, Value columnBegin, Value columnEnd);

  CpuBody &k;
  PanelMatmul &matmul;
  TileRegisters tiles;
  Value weights; ///< bf16: groups of 32 columns, each of 16 pairs of columns x 32 rows x 2.
  Value inputs;  ///< bf16: groups of 16 inputs x 32 columns.
  Value offsets; ///< Of each input in x.
  Value sums;    ///< f32: 16 inputs x up to 64 rows.
  Value totals;  ///< f32: inputs x 32 rows (blocked) or 64 (streamed).
};

} // namespace v4

#endif // V4_CODEGEN_CPU_PANELTILES_H

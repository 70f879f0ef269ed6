//===- TilePacker.h - Checkpoint matrices to tiles --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_TILEPACKER_H
#define V4_CODEGEN_PLAN_TILEPACKER_H

#include "dialects/kernel/TileLayout.h"

#include "llvm/ADT/ArrayRef.h"

namespace v4::codegen {

/// What is in the tiles: bytes for shared memory, codes of a byte for registers, those of half a byte, their scales.
enum class TileContent { Rows, Wide, Fp4Codes, Fp4Scales };

/// Bytes of a row of a tile.
int64_t tileRowBytes(TileContent content);

/// One matrix of a weight in tiles.
struct TileMatrix {
  int64_t rows;
  int64_t rowBytes; ///< In the checkpoint; a multiple of those of a tile.
  TileContent content;

  uint64_t bytes() const { return static_cast<uint64_t>(tiledBytes(rows, rowBytes)); }
  /// Packed bytes [begin, begin + out.size()) of the row-major `source`. Any range: pieces of a
  /// weight are written by several threads.
  void pack(llvm::ArrayRef<uint8_t> source, uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;

private:
  void packTile(const uint8_t *source, int64_t tile, uint8_t *out) const;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_TILEPACKER_H

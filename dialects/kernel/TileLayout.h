//===- TileLayout.h - Bytes of a weight in tiles ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight [N, K] is cut into tiles of 64 rows and 128 bytes of each row. Tile b of
// row tile t is at (t * rowBytes / 128 + b) * 8192: a row tile is one sequential
// stream. Rows from N up to a multiple of 64 are zero. In a tile:
//
//   rows   byte c of row r is at r * 128 + (c xor 16 * (r mod 8)), as the tensor cores
//          of Hopper read it from shared memory
//   wide   [4 quarters][128 threads][2 steps of 16 columns][8 bytes]: thread t has rows
//          r = t / 32 * 16 + t % 32 / 4 and r + 8, of every step columns c = t % 4 * 2
//          and c + 1, then c + 8 and c + 9: two bytes of row r, two of row r + 8, and so
//          once more
//
// codegen/cuda/kernels/PackTiles.h says the same for the tests of the kernels.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_TILELAYOUT_H
#define V4_DIALECTS_KERNEL_TILELAYOUT_H

#include <cstdint>

namespace v4 {

inline constexpr int64_t kTileRows = 64;
inline constexpr int64_t kTileRowBytes = 128;
inline constexpr int64_t kTileBytes = kTileRows * kTileRowBytes;

inline constexpr int64_t tileCount(int64_t rows) { return (rows + kTileRows - 1) / kTileRows; }

/// Bytes of one matrix. REQUIRES: rowBytes is a multiple of kTileRowBytes.
inline constexpr int64_t tiledBytes(int64_t rows, int64_t rowBytes) { return tileCount(rows) * kTileRows * rowBytes; }

} // namespace v4

#endif // V4_DIALECTS_KERNEL_TILELAYOUT_H

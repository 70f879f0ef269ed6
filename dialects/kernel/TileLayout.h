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
// Codes of f4E2M1FN, two to a byte, and their scales of 32 columns lie in two weights of
// one shape of tiles, 64 rows and 128 columns, matrices one behind the other. Tile b of
// row tile t is at (t * columns / 128 + b) * 4096 and * 256:
//
//   codes  (wide) [2 halves][128 threads][2 steps of 32 columns][2 words of 4 bytes]:
//          thread t has rows r = t / 32 * 16 + t % 32 / 4 and r + 8, of every step columns
//          c = t % 4 * 4 .. c + 3, then c + 16 .. c + 19. Of a word, column i of row r is
//          bits 4i .. 4i + 2 with its sign in bit 8i + 7, column i of row r + 8 is bits
//          16 + 4i .. 16 + 4i + 2 with its sign in bit 8i + 3
//   scales (rows) [64 rows][4 bytes]. Rows from N on have 127, which is 1
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

/// Columns of a tile of f4E2M1FN, and its bytes of a row: codes, and scales.
inline constexpr int64_t kFp4TileColumns = 128;
inline constexpr int64_t kFp4TileRowBytes = kFp4TileColumns / 2;
inline constexpr int64_t kFp4ScaleRowBytes = kFp4TileColumns / 32;

inline constexpr int64_t tileCount(int64_t rows) { return (rows + kTileRows - 1) / kTileRows; }

/// Bytes of one matrix in tiles of any kind. REQUIRES: rowBytes is a multiple of those of a tile.
inline constexpr int64_t tiledBytes(int64_t rows, int64_t rowBytes) { return tileCount(rows) * kTileRows * rowBytes; }

} // namespace v4

#endif // V4_DIALECTS_KERNEL_TILELAYOUT_H

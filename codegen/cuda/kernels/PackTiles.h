//===- PackTiles.h - Weights as the kernels read them -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From matrices as a checkpoint has them, on the host. `to` has room for all tiles of 64
// rows; rows past the end of the matrix are filled up.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_PACKTILES_H
#define V4_CODEGEN_CUDA_KERNELS_PACKTILES_H

#include "codegen/cuda/kernels/ExpertShape.h"

namespace v4::cuda {

constexpr long long packedTiles(int rows, int columns, int tileColumns) {
  return (long long)((rows + kTileRows - 1) / kTileRows) * (columns / tileColumns);
}

/// Rows of `rowBytes` bytes, a multiple of 128, into tiles of 64 x 128 bytes: e4m3 codes, or bf16 of 64 columns.
inline void packTiles(unsigned char *to, const unsigned char *from, int rows, int rowBytes) {
  int blocks = rowBytes / kBlockK, padded = (rows + kTileRows - 1) / kTileRows * kTileRows;
  for (int r = 0; r < padded; ++r)
    for (int c = 0; c < rowBytes; ++c)
      to[((long long)(r / kTileRows) * blocks + c / kBlockK) * kTileBytes +
         swizzledOffset(r % kTileRows, c % kBlockK)] = r < rows ? from[(long long)r * rowBytes + c] : 0;
}

/// e4m3 codes [rows, columns] for WideLinear.h; columns is a multiple of 128.
inline void packWideTiles(unsigned char *to, const unsigned char *from, int rows, int columns) {
  for (int firstRow = 0; firstRow < rows; firstRow += kTileRows)
    for (int firstColumn = 0; firstColumn < columns; firstColumn += kBlockK)
      for (int place = 0; place < kTileBytes; ++place) {
        int thread = place / 16 % 128, step = place / 2048 * 2 + place / 8 % 2;
        int row = firstRow + thread / 32 * 16 + thread % 32 / 4 + place / 2 % 2 * 8;
        int column = firstColumn + step * 16 + thread % 4 * 2 + place / 4 % 2 * 8 + place % 2;
        *to++ = row < rows ? from[(long long)row * columns + column] : 0;
      }
}

/// The e2m1 code of (row, column): byte j of a row holds columns 2j, in its low half, and 2j + 1.
inline unsigned fp4At(const unsigned char *codes, int row, int column, int columns) {
  return codes[((long long)row * columns + column) / 2] >> column % 2 * 4 & 15;
}

/// The bits of element i of a word that a code sets; `upper` for row r + 8 (ExpertShape.h).
constexpr unsigned fp4Bits(unsigned code, int i, bool upper) {
  return (code & 7) << (4 * i + (upper ? 16 : 0)) | (code >> 3) << (8 * i + (upper ? 3 : 7));
}

/// Codes of one tile, rows from `firstRow` and columns from `firstColumn` on.
inline void packFp4Codes(unsigned char *to, const unsigned char *codes, int firstRow, int firstColumn, int rows,
                         int columns) {
  for (int place = 0; place < kFp4CodeBytes / 4; ++place) {
    int word = place % 2, step = place / 512 * 2 + place / 2 % 2, thread = place / 4 % 128;
    unsigned bits = 0;
    for (int i = 0; i < 8; ++i) {
      int row = firstRow + thread / 32 * 16 + thread % 32 / 4 + i / 4 * 8;
      int column = firstColumn + step * 32 + word * 16 + thread % 4 * 4 + i % 4;
      if (row < rows)
        bits |= fp4Bits(fp4At(codes, row, column, columns), i % 4, i / 4);
    }
    for (int byte = 0; byte < 4; ++byte)
      to[place * 4 + byte] = bits >> 8 * byte & 255;
  }
}

/// Scales of one tile.
inline void packFp4Scales(unsigned char *to, const unsigned char *scales, int firstRow, int firstColumn, int rows,
                          int columns) {
  for (int r = 0; r < kTileRows; ++r)
    for (int s = 0; s < 4; ++s)
      *to++ = firstRow + r < rows ? scales[(long long)(firstRow + r) * (columns / 32) + firstColumn / 32 + s] : 127;
}

/// codes: e2m1 pairs [rows, columns / 2]. scales: e8m0 [rows, columns / 32]. columns is a multiple of 128.
inline void packFp4Tiles(unsigned char *to, unsigned char *toScales, const unsigned char *codes,
                         const unsigned char *scales, int rows, int columns) {
  for (int r = 0; r < rows; r += kTileRows)
    for (int c = 0; c < columns; c += kBlockK, to += kFp4CodeBytes, toScales += kFp4ScaleBytes) {
      packFp4Codes(to, codes, r, c, rows, columns);
      packFp4Scales(toScales, scales, r, c, rows, columns);
    }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_PACKTILES_H

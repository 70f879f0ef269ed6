//===- Fp4Tile.h - e2m1 weights in the registers of wgmma -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step of 32 columns is widened to e4m3 codes: e2m1 times 2^(6 - below), where `below` is
// how far its scale lies below the largest of the row and 128 columns. Exact for 0 .. 14.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_FP4TILE_H
#define V4_CODEGEN_CUDA_KERNELS_FP4TILE_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/ExpertShape.h"

namespace v4::cuda {

/// e4m3 codes of 0, 0.5, 1, 1.5 (first) and 2, 3, 4, 6 times 2^(6 - below).
struct Fp4Codes {
  unsigned first, second;
};

/// Without branches: threads of a warp have different rows.
V4_DEVICE Fp4Codes fp4Codes(int below) {
  unsigned up = 6 - below;
  unsigned first = 0x3c383000u + up * 0x08080800u, second = 0x4c484440u + up * 0x08080808u;
  first = below == 12 ? 0x0c080400u : below == 13 ? 0x06040200u : below == 14 ? 0x03020100u : first;
  second = below == 12 ? 0x1c181410u : below == 13 ? 0x14100c08u : below == 14 ? 0x0c080604u : second;
  return {first, second};
}

/// Operand a of one step, of rows with these codes.
V4_DEVICE void widenFp4(unsigned (&a)[4], unsigned word0, unsigned word1, Fp4Codes low, Fp4Codes high) {
  a[0] = pickBytes(low.first, low.second, word0 & 0x7777) | (word0 & 0x80808080);
  a[1] = pickBytes(high.first, high.second, word0 >> 16 & 0x7777) | (word0 << 4 & 0x80808080);
  a[2] = pickBytes(low.first, low.second, word1 & 0x7777) | (word1 & 0x80808080);
  a[3] = pickBytes(high.first, high.second, word1 >> 16 & 0x7777) | (word1 << 4 & 0x80808080);
}

/// The e8m0 codes of a row of a tile.
struct Fp4Scales {
  unsigned four;

  V4_DEVICE int at(int step) const { return four >> 8 * step & 255; }
  V4_DEVICE int most() const {
    int a = at(0) < at(1) ? at(1) : at(0), b = at(2) < at(3) ? at(3) : at(2);
    return a < b ? b : a;
  }
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_FP4TILE_H

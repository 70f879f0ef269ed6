//===- QuantizeRows.h - Activations as e4m3 codes ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Q8 over 128 columns: s is the least power of two that is not below max(1e-4, |x|) / 448,
// codes are x / s to the nearest even. A warp takes one block of one row.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_QUANTIZEROWS_H
#define V4_CODEGEN_CUDA_KERNELS_QUANTIZEROWS_H

#include "codegen/cuda/kernels/Device.h"

namespace v4::cuda {

constexpr int quantizeThreads(int warps) { return 32 * warps; }

/// Of `amax` >= 1e-4 / 448; the scale's e8m0 code. Of infinity the largest one: infinite values become NaN.
V4_DEVICE unsigned scaleCode(float amax) {
  unsigned bits = bitsOf(amax * (1.0f / 448.0f)), code = (bits >> 23) + ((bits & 0x7fffff) != 0);
  return code < 254 ? code : 254;
}

/// Of the scales of `rows` rows: whole tiles of rows, whatever a product cuts them into.
V4_DEVICE int scaleStride(int rows) { return (rows + 127) / 128 * 128; }

/// x: bf16 [.., columns]; row r of the result is row order[r] / active of x, row r with `active` = 0, when `order` is
/// not read. codes: e4m3 [rows, columns]. scales: f32 [columns / 128, scaleStride(rows)]. columns is a multiple of 128.
/// Any grid.
template <int WARPS>
V4_DEVICE void quantizeRows(const unsigned short *x, const int *order, int active, unsigned char *codes, float *scales,
                            int rows, int columns) {
  int lane = threadInBlock() % 32, blocks = columns / 128, stride = scaleStride(rows);
  for (int item = blockIndex() * WARPS + threadInBlock() / 32; item < rows * blocks; item += gridBlocks() * WARPS) {
    int row = item / blocks, block = item % blocks, from = active ? order[row] / active : row;
    unsigned long long four = globalWord64(x + (long long)from * columns + block * 128 + lane * 4);
    float value[4], amax = 1e-4f;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      value[i] = bf16Value((unsigned short)(four >> 16 * i));
      amax = max32(amax, max32(value[i], -value[i]));
    }
    for (int mask = 16; mask; mask /= 2)
      amax = max32(amax, shuffleXor(amax, mask));
    unsigned code = scaleCode(amax);
    float inverse = floatOf((254 - code) << 23);
    unsigned low = e4m3Codes(value[0] * inverse, value[1] * inverse);
    unsigned high = e4m3Codes(value[2] * inverse, value[3] * inverse);
    *reinterpret_cast<unsigned *>(codes + (long long)row * columns + block * 128 + lane * 4) = low | high << 16;
    if (lane == 0)
      scales[(long long)block * stride + row] = floatOf(code << 23);
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_QUANTIZEROWS_H

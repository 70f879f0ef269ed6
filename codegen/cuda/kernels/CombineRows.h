//===- CombineRows.h - Sum of a token's experts -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// out[t, c] = bf16(((y[t, 0, c] + y[t, 1, c]) + ..) + shared[t, c]), sums in f32 in this order.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_COMBINEROWS_H
#define V4_CODEGEN_CUDA_KERNELS_COMBINEROWS_H

#include "codegen/cuda/kernels/Device.h"

namespace v4::cuda {

constexpr int combineThreads(int threads) { return threads; }

/// y: bf16 [tokens, active, columns]; shared, out: bf16 [tokens, columns]; `shared` may be null. columns is a multiple
/// of 4, addresses of 8. Any grid.
template <int THREADS>
V4_DEVICE void combineRows(const unsigned short *y, const unsigned short *shared, unsigned short *out, int tokens,
                           int active, int columns) {
  int quads = columns / 4;
  for (int item = blockIndex() * THREADS + threadInBlock(); item < tokens * quads; item += gridBlocks() * THREADS) {
    long long token = item / quads;
    int column = item % quads * 4;
    float sums[4] = {-0.0f, -0.0f, -0.0f, -0.0f}; // what adds nothing to any first term
    auto add = [&](const unsigned short *from) {
      unsigned long long four = globalWord64(from);
#pragma unroll
      for (int i = 0; i < 4; ++i)
        sums[i] += bf16Value((unsigned short)(four >> 16 * i));
    };
    for (int k = 0; k < active; ++k)
      add(y + (token * active + k) * columns + column);
    if (shared)
      add(shared + token * columns + column);
#pragma unroll
    for (int i = 0; i < 4; ++i)
      out[token * columns + column + i] = bf16Bits(sums[i]);
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_COMBINEROWS_H

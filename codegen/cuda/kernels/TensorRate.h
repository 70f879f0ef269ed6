//===- TensorRate.h - As many products as tensor cores can do ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What dense products on tensor cores are compared with: the widest instruction over operands
// that lie in shared memory from the beginning, without a copy, a scale or a store between.
// Two groups of 128 threads are enough: one waits while the other's products run. Operands
// are pseudo-random, since a GPU is clocked by the power that it takes, and zeros take none.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_TENSORRATE_H
#define V4_CODEGEN_CUDA_KERNELS_TENSORRATE_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/TensorRateShape.h"

namespace v4::cuda {

/// Four bytes at this place of the operands: as e4m3 and as bf16 numbers below 2.
V4_DEVICE unsigned rateWord(unsigned place) {
  unsigned word = (place + 1) * 2654435761u;
  word = (word ^ word >> 15) * 2246822519u;
  return (word ^ word >> 13) & 0xbfbfbfbfu;
}

/// A group's products of one round. `first`: nothing was summed yet.
template <int BF16>
V4_DEVICE void addRateProducts(unsigned left, unsigned right, bool first, float (&sums)[kRateColumns / 2]) {
  wgmmaBegin();
#pragma unroll
  for (int i = 0; i < kRateProducts; ++i) {
    unsigned k = i * 32 % kRateRowBytes;
    if (BF16)
      wgmmaBf16<kRateColumns>(sums, tileDescriptor(left + k), tileDescriptor(right + k), !first || i != 0);
    else
      wgmmaE4m3<kRateColumns>(sums, tileDescriptor(left + k), tileDescriptor(right + k), !first || i != 0);
  }
  wgmmaWait(sums);
}

/// out: f32 [blocks, threads], what the sums of a thread come to. Any grid: every block does `rounds` times
/// tensorRateFlops(BF16, GROUPS) operations.
template <int BF16, int GROUPS>
V4_DEVICE void tensorRate(float *out, int rounds) {
  constexpr int kThreads = TensorRateShape<GROUPS>::kThreads, kWords = TensorRateShape<GROUPS>::kSharedBytes / 4;
  unsigned base = sharedBase(), right = base + GROUPS * kRateRows * kRateRowBytes;
  for (int i = threadInBlock(); i < kWords; i += kThreads)
    storeShared(base + i * 4, rateWord(i));
  productFence();
  blockSync();
  float sums[kRateColumns / 2];
  for (int round = 0; round < rounds; ++round)
    addRateProducts<BF16>(base + threadInBlock() / 128 * kRateRows * kRateRowBytes, right, round == 0, sums);
  float total = 0;
  for (int i = 0; i < kRateColumns / 2 && rounds > 0; ++i)
    total += sums[i];
  out[blockIndex() * kThreads + threadInBlock()] = total;
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_TENSORRATE_H

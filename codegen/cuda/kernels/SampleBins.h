//===- SampleBins.h - Sums by bin, and where they reach a goal --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums of 64 bits in 256 bins. Each lane has its own copy of all bins, in a bank of its own: a
// warp never waits for itself, however alike its values are. Integers, so in any order.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_SAMPLEBINS_H
#define V4_CODEGEN_CUDA_KERNELS_SAMPLEBINS_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/SampleShape.h"

namespace v4::cuda {

/// In shared memory, used by all THREADS threads of a block.
template <int THREADS>
struct SampleBins {
  unsigned base;

  V4_DEVICE void clear() const {
    for (int i = threadInBlock(); i < kSampleSums / 8; i += THREADS)
      storeShared64(base + i * 8, 0);
    blockSync();
  }

  /// Two sums of words, the second with what the first carries.
  V4_DEVICE void add(int bin, unsigned long long value) const {
    unsigned place = base + (bin * 32 + threadInBlock() % 32) * 4, low = unsigned(value);
    unsigned before = unsigned(sharedAdd(place, int(low)));
    unsigned high = unsigned(value >> 32) + (before + low < low);
    if (high)
      sharedAdd(place + kSampleHigh, int(high));
  }

  /// Sums of all bins, when nobody adds any more. Returns the sum of all.
  V4_DEVICE unsigned long long settle() const {
    blockSync();
    for (int bin = threadInBlock(); bin < kSampleBins; bin += THREADS) {
      unsigned long long sum = 0;
      for (int i = 0; i < 32; ++i) {
        unsigned place = base + (bin * 32 + (bin + i) % 32) * 4;
        sum += sharedWord(place) + ((unsigned long long)sharedWord(place + kSampleHigh) << 32);
      }
      storeShared64(sumOf(bin), sum);
    }
    blockSync();
    for (int group = threadInBlock(); group < kSampleBins / kSampleGroup; group += THREADS) {
      unsigned long long sum = 0;
      for (int i = 0; i < kSampleGroup; ++i)
        sum += sharedWord64(sumOf(group * kSampleGroup + i));
      storeShared64(groupOf(group), sum);
    }
    blockSync();
    unsigned long long total = 0;
    for (int group = 0; group < kSampleBins / kSampleGroup; ++group)
      total += sharedWord64(groupOf(group));
    return total;
  }

  /// The bin with which the sum reaches `goal`, from bin 0 on, or where `falling` from the last one down. Takes what is
  /// in front of it off the goal. REQUIRES: settled; 1 <= goal <= the sum of all.
  V4_DEVICE int find(unsigned long long &goal, bool falling) const {
    if (threadInBlock() == 0) {
      unsigned long long left = goal;
      int flip = falling ? kSampleBins - 1 : 0, groupFlip = flip / kSampleGroup, group = 0;
      for (unsigned long long sum; left > (sum = sharedWord64(groupOf(group ^ groupFlip))); ++group)
        left -= sum;
      int bin = group * kSampleGroup;
      for (unsigned long long sum; left > (sum = sharedWord64(sumOf(bin ^ flip))); ++bin)
        left -= sum;
      storeShared64(base + kSampleFound, left);
      storeShared(base + kSampleFound + 8, bin ^ flip);
    }
    blockSync();
    goal = sharedWord64(base + kSampleFound);
    return int(sharedWord(base + kSampleFound + 8));
  }

  V4_DEVICE unsigned long long sum(int bin) const { return sharedWord64(sumOf(bin)); }

private:
  V4_DEVICE unsigned sumOf(int bin) const { return base + kSampleSums + bin * 8; }
  V4_DEVICE unsigned groupOf(int group) const { return base + kSampleGroups + group * 8; }
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_SAMPLEBINS_H

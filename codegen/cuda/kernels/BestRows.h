//===- BestRows.h - The best of a stream of scored rows ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An entry is 64 bits: the score, so that unsigned order is that of floats, then the row,
// counted down: of entries of one score the lower row is the greater. No two are equal, so
// the best are the same in whatever order they come.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_BESTROWS_H
#define V4_CODEGEN_CUDA_KERNELS_BESTROWS_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/IndexShape.h"

namespace v4::cuda {

V4_DEVICE unsigned long long bestEntry(float score, int row) {
  unsigned bits = bitsOf(score);
  bits = bits >> 31 ? ~bits : bits | 0x80000000u;
  return (unsigned long long)bits << 32 | (0xffffffffu - unsigned(row));
}
V4_DEVICE int bestRow(unsigned long long entry) { return int(0xffffffffu - unsigned(entry)); }
V4_DEVICE float bestScore(unsigned long long entry) {
  unsigned bits = unsigned(entry >> 32);
  return floatOf(bits >> 31 ? bits & 0x7fffffffu : ~bits);
}

/// In shared memory, used by all kBestThreads threads of a block.
template <int KEEP>
struct BestRows {
  unsigned base;

  V4_DEVICE unsigned entry(int i) const { return base + i * 8; }
  V4_DEVICE unsigned least() const { return base + 2 * KEEP * 8; } ///< What does not pass it is not among the best.
  V4_DEVICE unsigned count() const { return least() + 8; }

  V4_DEVICE void begin() const {
    if (threadInBlock() == 0) {
      storeShared64(least(), 0);
      storeShared(count(), 0);
    }
    blockSync();
  }

  /// REQUIRES: at most 64 calls in a block between two of makeRoom().
  V4_DEVICE void offer(unsigned long long candidate) const {
    if (candidate > sharedWord64(least()))
      storeShared64(entry(sharedAdd(count(), 1)), candidate);
  }

  /// Falling.
  V4_DEVICE void sort() const {
    for (int size = 2; size <= 2 * KEEP; size *= 2)
      for (int apart = size / 2; apart; apart /= 2) {
        for (int i = threadInBlock(); i < KEEP; i += kBestThreads) {
          int low = i / apart * 2 * apart + i % apart;
          unsigned long long a = sharedWord64(entry(low)), b = sharedWord64(entry(low + apart));
          if ((a < b) == ((low & size) == 0)) {
            storeShared64(entry(low), b);
            storeShared64(entry(low + apart), a);
          }
        }
        blockSync();
      }
  }

  /// Sorts, and keeps the best `most`. Returns how many there are.
  V4_DEVICE int settle(int most) const {
    blockSync();
    int have = int(sharedWord(count()));
    for (int i = threadInBlock(); i < 2 * KEEP; i += kBestThreads)
      if (i >= have)
        storeShared64(entry(i), 0);
    blockSync();
    sort();
    have = have < most ? have : most;
    if (threadInBlock() == 0) {
      storeShared(count(), have);
      storeShared64(least(), have == most ? sharedWord64(entry(most - 1)) : 0);
    }
    blockSync();
    return have;
  }

  /// Room for 64 more.
  V4_DEVICE void makeRoom(int most) const {
    blockSync();
    bool full = int(sharedWord(count())) > 2 * KEEP - 64;
    blockSync();
    if (full)
      settle(most);
  }
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_BESTROWS_H

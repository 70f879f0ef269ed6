//===- DispatchRows.h - Assignments in the order of experts -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sort by counting that keeps the order of equals: warp w has the w-th part of the
// assignments, and of an expert's places those behind the ones of the warps in front.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_DISPATCHROWS_H
#define V4_CODEGEN_CUDA_KERNELS_DISPATCHROWS_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/DispatchShape.h"

namespace v4::cuda {

template <int MOST>
struct DispatchBlock {
  static constexpr int kEach = MOST / kDispatchThreads; ///< Experts of a thread, neighbours.
  static constexpr int kSums = dispatchSumsPlace(MOST), kRounds = dispatchRoundsPlace(MOST);
  unsigned base;

  V4_DEVICE unsigned counter(int warp, int expert) const { return base + (warp * MOST + expert) * 4; }
  V4_DEVICE unsigned sum(int half, int thread) const { return base + kSums + (half * kDispatchThreads + thread) * 8; }
  V4_DEVICE unsigned round() const { return base + kRounds + threadInBlock() / 32 * 32 * 4; }

  /// How often each expert is in each warp's part [begin, end).
  V4_DEVICE void count(const int *experts, int begin, int end) const {
    for (int i = threadInBlock(); i < kDispatchWarps * MOST; i += kDispatchThreads)
      storeShared(base + i * 4, 0);
    blockSync();
    for (int i = begin + threadInBlock() % 32; i < end; i += 32)
      sharedAdd(counter(threadInBlock() / 32, experts[i]), 1);
    blockSync();
  }

  /// Of this thread's experts and all of the threads in front: assignments, and above 32 bits experts that have some.
  V4_DEVICE unsigned long long total() const {
    int thread = threadInBlock();
    unsigned long long mine = 0;
    for (int e = thread * kEach; e < (thread + 1) * kEach; ++e) {
      unsigned have = 0;
      for (int w = 0; w < kDispatchWarps; ++w)
        have += sharedWord(counter(w, e));
      mine += have + (have ? 1ull << 32 : 0);
    }
    int half = 0;
    storeShared64(sum(0, thread), mine);
    for (int apart = 1; apart < kDispatchThreads; apart *= 2, half ^= 1) {
      blockSync();
      if (thread >= apart)
        mine += sharedWord64(sum(half, thread - apart));
      storeShared64(sum(half ^ 1, thread), mine);
    }
    return mine;
  }

  /// Counters become first places.
  V4_DEVICE void place(int *offsets, int *hits, int expertCount) const {
    int thread = threadInBlock();
    unsigned long long all = total();
    // From the last one back: the sum is that behind them.
    int behind = int(unsigned(all)), hit = int(all >> 32);
    if (thread == kDispatchThreads - 1) {
      offsets[expertCount] = behind;
      hits[0] = hit;
    }
    for (int e = (thread + 1) * kEach - 1; e >= thread * kEach; --e) {
      int end = behind;
      for (int w = kDispatchWarps - 1; w >= 0; --w) {
        behind -= int(sharedWord(counter(w, e)));
        storeShared(counter(w, e), unsigned(behind));
      }
      if (e < expertCount)
        offsets[e] = behind;
      if (end > behind)
        hits[hit--] = e;
    }
    blockSync();
  }

  /// 32 assignments at a time: of equals each one comes behind those of lower lanes.
  V4_DEVICE void sort(const int *experts, int *order, int begin, int end) const {
    int lane = threadInBlock() % 32, warp = threadInBlock() / 32;
    for (int first = begin; first < end; first += 32) {
      int i = first + lane, expert = i < end ? experts[i] : -1, before = 0, equals = 0;
      storeShared(round() + lane * 4, unsigned(expert));
      warpSync();
#pragma unroll
      for (int j = 0; j < 32; j += 4) {
        unsigned words[4];
        sharedWords(words, round() + j * 4);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
          equals += int(words[k]) == expert;
          before += int(words[k]) == expert && j + k < lane;
        }
      }
      int place = i < end ? int(sharedWord(counter(warp, expert))) : 0;
      warpSync();
      if (i < end)
        order[place + before] = i;
      if (i < end && before == equals - 1)
        storeShared(counter(warp, expert), unsigned(place + equals));
      warpSync();
    }
  }
};

/// experts: i32 [tokens, active], below expertCount. order: assignments by expert, of one in their order; offsets: the
/// first place of each expert, and the end; hits: how many have an assignment, and which. REQUIRES: expertCount is at
/// most MOST. Any grid of kDispatchThreads: block 0 does it.
template <int MOST>
V4_DEVICE void dispatchRows(const long long *counts, const int *experts, int *order, int *offsets, int *hits,
                            int active, int expertCount) {
  static_assert(MOST % kDispatchThreads == 0, "each thread has as many experts");
  if (blockIndex() != 0)
    return;
  DispatchBlock<MOST> block{sharedBase()};
  int assignments = int(counts[kStepTokens]) * active;
  int part = (assignments + kDispatchThreads - 1) / kDispatchThreads * 32, begin = threadInBlock() / 32 * part;
  begin = begin < assignments ? begin : assignments;
  int end = begin + part < assignments ? begin + part : assignments;
  block.count(experts, begin, end);
  block.place(offsets, hits, expertCount);
  block.sort(experts, order, begin, end);
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_DISPATCHROWS_H

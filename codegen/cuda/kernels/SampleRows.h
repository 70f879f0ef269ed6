//===- SampleRows.h - A token of each row of logits -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What runtime/plan/SampleRows.h describes; the host's sampler gives the same tokens. A block
// takes a row. It reads it once for the largest logit, and where that does not decide, once
// for every eight bits of each border: the least logit that is kept, the last token of equal
// ones, the token drawn. Each is the place where a sum of counts or weights reaches a goal.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_SAMPLEROWS_H
#define V4_CODEGEN_CUDA_KERNELS_SAMPLEROWS_H

#include "codegen/cuda/kernels/SampleBins.h"
#include "runtime/plan/SampleRows.h"

namespace v4::cuda {

using SampleWord = plan::SampleWord;

V4_DEVICE bool isCandidate(unsigned bits) { return bits == 0x7f800000u || (bits & 0x7f800000u) != 0x7f800000u; }

/// What all threads of a block know of its row.
template <int THREADS>
struct SampledRow {
  /// Logits that a thread has asked for before it looks at the first: one alone would wait for memory.
  static constexpr int kAhead = 8;

  const float *logits;
  int vocabulary;
  SampleBins<THREADS> bins;
  SampleWord best = 0;              ///< Entry; 0: there is none.
  unsigned notFinite = 0xffffffffu; ///< Lowest token.
  SampleWord least = 0;             ///< Candidates have at least this entry
  SampleWord leastWeight = 0;       ///< and this weight.
  double scale = 0;
  int unit = 0;

  /// Of tokens from `first` on, each of them once in some thread: f(bits of the logit, token).
  template <typename Function>
  V4_DEVICE void forEach(int first, int end, Function f) const {
    for (int from = first + threadInBlock(); from < end; from += kAhead * THREADS) {
      unsigned ahead[kAhead];
#pragma unroll
      for (int k = 0; k < kAhead; ++k) // what lies behind the end is no candidate
        ahead[k] = from + k * THREADS < end ? bitsOf(logits[from + k * THREADS]) : 0xffffffffu;
#pragma unroll
      for (int k = 0; k < kAhead; ++k)
        if (from + k * THREADS < end)
          f(ahead[k], from + k * THREADS);
    }
  }

  /// The greatest over all threads, in all threads.
  V4_DEVICE SampleWord greatest(SampleWord mine) const {
    auto place = [&](int i) { return bins.base + i * 8; };
    storeShared64(place(threadInBlock()), mine);
    blockSync();
    if (threadInBlock() < 32) {
      for (int i = threadInBlock() + 32; i < THREADS; i += 32)
        mine = sharedWord64(place(i)) > mine ? sharedWord64(place(i)) : mine;
      storeShared64(place(threadInBlock()), mine);
    }
    blockSync();
    for (int i = 0; i < 32; ++i)
      mine = sharedWord64(place(i)) > mine ? sharedWord64(place(i)) : mine;
    blockSync();
    return mine;
  }

  V4_DEVICE void findBest() {
    SampleWord mine = 0;
    unsigned wrong = 0xffffffffu;
    forEach(0, vocabulary, [&](unsigned bits, int token) {
      SampleWord entry = isCandidate(bits) ? plan::sampleEntry(bits, token) : 0;
      mine = entry > mine ? entry : mine;
      if ((bits & 0x7f800000u) == 0x7f800000u && unsigned(token) < wrong)
        wrong = token;
    });
    best = greatest(mine);
    notFinite = ~unsigned(greatest(~wrong));
  }

  V4_DEVICE SampleWord weightOf(unsigned bits) const {
    return plan::sampleWeight(floatOf(plan::sampleBitsOfKey(best >> 32)), floatOf(bits), scale, unit);
  }

  V4_DEVICE bool isKept(unsigned bits, int token) const {
    return isCandidate(bits) && plan::sampleEntry(bits, token) >= least;
  }

  /// The token with which the sum of `measure` over kept ones reaches goalOf(all of it), from token 0 on.
  template <typename Measure, typename Goal>
  V4_DEVICE int findToken(Measure measure, Goal goalOf) const {
    int shift = 63 - unit > 8 ? 63 - unit - 8 : 0, first = 0;
    SampleWord goal = 0;
    for (bool top = true;; top = false) {
      int end = ((vocabulary - first) >> shift) < kSampleBins ? vocabulary : first + (kSampleBins << shift);
      bins.clear();
      forEach(first, end, [&](unsigned bits, int token) {
        if (isKept(bits, token))
          if (SampleWord value = measure(bits))
            bins.add((token - first) >> shift, value);
      });
      SampleWord all = bins.settle();
      goal = top ? goalOf(all) : goal;
      first += bins.find(goal, /*falling=*/false) << shift;
      if (shift == 0)
        return first;
      shift = shift > 8 ? shift - 8 : 0;
    }
  }

  /// Drops all kept ones behind that with which the sum of `measure` over the best ones reaches goalOf(all of it).
  template <typename Measure, typename Goal>
  V4_DEVICE void cut(Measure measure, Goal goalOf) {
    unsigned key = 0;
    SampleWord goal = 0, equals = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
      bins.clear();
      forEach(0, vocabulary, [&](unsigned bits, int token) {
        unsigned mine = plan::sampleKey(bits);
        if (isKept(bits, token) && (shift == 24 || mine >> (shift + 8) == key))
          if (SampleWord value = measure(bits))
            bins.add(mine >> shift & 255, value);
      });
      SampleWord all = bins.settle();
      goal = shift == 24 ? goalOf(all) : goal;
      int digit = bins.find(goal, /*falling=*/true);
      key = key << 8 | digit;
      equals = bins.sum(digit);
    }
    // Of equal logits the first tokens, unless all are needed.
    SampleWord one = measure(plan::sampleBitsOfKey(key));
    int last = -1;
    if (goal + one <= equals)
      last = findToken([&](unsigned bits) { return plan::sampleKey(bits) == key ? one : 0; },
                       [&](SampleWord) { return goal; });
    SampleWord border = SampleWord(key) << 32 | (0xffffffffu - unsigned(last));
    least = border > least ? border : least;
  }

  V4_DEVICE int pick(const plan::SampleRow &asked) {
    if (asked.topK == 1 || best >> 32 == plan::sampleKey(0x7f800000u))
      return plan::sampleToken(best);
    scale = asked.scale;
    auto weigh = [&](unsigned bits) { return weightOf(bits); };
    if (asked.topK)
      cut([](unsigned) { return SampleWord(1); }, [&](SampleWord all) { return all < asked.topK ? all : asked.topK; });
    if (asked.topP)
      cut(weigh, [&](SampleWord all) { return plan::sampleShare(all, asked.topP); });
    return findToken(
        [&](unsigned bits) {
          SampleWord weight = weightOf(bits);
          return weight < asked.minWeight ? 0 : weight;
        },
        [&](SampleWord all) { return plan::sampleHigh64(all, asked.random) + 1; });
  }
};

/// logits: f32 [.., vocabulary]; rows: [count], with the answers when it is over. Any grid of THREADS, a multiple
/// of 32.
template <int THREADS>
V4_DEVICE void sampleRows(const float *logits, plan::SampleRow *rows, int count, int vocabulary) {
  for (int item = blockIndex(); item < count; item += gridBlocks()) {
    plan::SampleRow asked = rows[item];
    SampledRow<THREADS> row{logits + (long long)asked.row * vocabulary, vocabulary, {sharedBase()}};
    row.unit = plan::sampleBits(vocabulary);
    row.findBest();
    int token = row.best ? row.pick(asked) : -1;
    if (threadInBlock() == 0) {
      rows[item].token = token;
      rows[item].notFinite = int(row.notFinite);
    }
    blockSync();
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_SAMPLEROWS_H

//===- Attend.h - Attention over cache rows ---------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// o[t, h] = sum over rows i of the list of t of e^(s_i - m) k_i / (sum e^(s_i - m) + e^(sink_h - m)), s_i = q[t, h] .
// k_i / sqrt(DIM).
//
// The list is cut at fixed places, `splitRows` apart. attendRows leaves the unfinished sums
// of each split, attendMerge adds them in order. Within a split 64 rows at a time, the sums
// scaled to the running maximum; probabilities are rounded to bf16 before they meet the
// rows, their sum takes them unrounded. Neither HEAD_TILES nor the grid nor other tokens
// change bits; `splitRows` does.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_ATTEND_H
#define V4_CODEGEN_CUDA_KERNELS_ATTEND_H

#include "codegen/cuda/kernels/AttendShape.h"
#include "codegen/cuda/kernels/AttendSources.h"

namespace v4::cuda {

/// Four values from column `c` on of a row, as bf16.
template <int DIM, int ROPE>
V4_DEVICE unsigned long long attendValues(unsigned long long source, int c) {
  constexpr int kCodes = DIM - ROPE;
  if (source == 0)
    return 0;
  if (source & 1)
    return globalWord64(reinterpret_cast<const unsigned short *>(source - 1) + c);
  const unsigned char *row = reinterpret_cast<const unsigned char *>(source);
  if (c >= kCodes)
    return globalWord64(row + kCodes + (c - kCodes) * 2);
  unsigned codes = *reinterpret_cast<const unsigned *>(row + c);
  float scale = e8m0Value(row[kCodes + 2 * ROPE + c / 64]), v[4];
  e4m3Values((unsigned short)(codes & 0xffff), v[0], v[1]);
  e4m3Values((unsigned short)(codes >> 16), v[2], v[3]);
  unsigned low = bf16Bits(v[0] * scale) | unsigned(bf16Bits(v[1] * scale)) << 16;
  unsigned high = bf16Bits(v[2] * scale) | unsigned(bf16Bits(v[3] * scale)) << 16;
  return low | (unsigned long long)high << 32;
}

/// One block of a token's list: what its threads share.
template <int DIM, int ROPE, int HEAD_TILES>
struct AttendBlock {
  using Shape = AttendShape<DIM, ROPE, HEAD_TILES>;
  unsigned base;

  V4_DEVICE unsigned number(int head, int which) const { return base + Shape::kHeadNumbers + head * 16 + which * 4; }
  V4_DEVICE unsigned score(int head, int row) const {
    return base + Shape::kScores + head * kAttendScoreBytes + row * 4;
  }

  V4_DEVICE void begin(const unsigned short *q, int heads) const {
    for (int i = threadInBlock(); i < Shape::kHeads * DIM / 4; i += kAttendThreads) {
      int head = i / (DIM / 4), c = i % (DIM / 4) * 4;
      storeShared64(base + Shape::kQueries + head * Shape::kLine + c * 2,
                    head < heads ? globalWord64(q + (long long)head * DIM + c) : 0);
    }
    if (threadInBlock() < Shape::kHeads) {
      storeShared(number(threadInBlock(), 0), bitsOf(-INFINITY));
      storeShared(number(threadInBlock(), 1), 0);
    }
  }

  V4_DEVICE void fetch(const AttendStep &step, const AttendList &list, int token, int first, int end) const {
    if (threadInBlock() < kAttendRows) {
      int place = first + threadInBlock();
      storeShared64(base + Shape::kSources + threadInBlock() * 8,
                    place < end ? attendSource(step, list, token, place, DIM, Shape::kRowBytes) : 0);
    }
    blockSync();
#pragma unroll 4
    for (int i = threadInBlock(); i < kAttendRows * DIM / 4; i += kAttendThreads) {
      int row = i / (DIM / 4), c = i % (DIM / 4) * 4;
      storeShared64(base + row * Shape::kLine + c * 2,
                    attendValues<DIM, ROPE>(sharedWord64(base + Shape::kSources + row * 8), c));
    }
    blockSync();
  }

  /// A warp takes eight rows.
  V4_DEVICE void scores(int rows) const {
    int lane = threadInBlock() % 32, first = threadInBlock() / 32 * 8;
    float sums[HEAD_TILES][4] = {};
    unsigned keys = base + (first + lane % 8) * Shape::kLine + lane / 8 * 16;
    unsigned queries = base + Shape::kQueries + (lane / 8 % 2 * 8 + lane % 8) * Shape::kLine + lane / 16 * 16;
    for (int c = 0; c < DIM; c += 32) {
      unsigned b[4];
      loadMatrices(b, keys + c * 2);
#pragma unroll
      for (int t = 0; t < HEAD_TILES; ++t) {
        unsigned a[4];
        loadMatrices(a, queries + t * 16 * Shape::kLine + c * 2);
        mmaBf16(sums[t], a, b[0], b[1]);
        loadMatrices(a, queries + t * 16 * Shape::kLine + c * 2 + 32);
        mmaBf16(sums[t], a, b[2], b[3]);
      }
    }
    float scale = 1.0f / sqrt32(float(DIM));
#pragma unroll
    for (int i = 0; i < 4 * HEAD_TILES; ++i) {
      int row = first + lane % 4 * 2 + i % 2, head = i / 4 * 16 + lane / 4 + i / 2 % 2 * 8;
      storeShared(score(head, row), bitsOf(row < rows ? sums[i / 4][i % 4] * scale : -INFINITY));
    }
    blockSync();
  }

  /// A warp takes every eighth head.
  V4_DEVICE void shares() const {
    int lane = threadInBlock() % 32;
    for (int head = threadInBlock() / 32; head < Shape::kHeads; head += kAttendWarps) {
      float a = sharedFloat(score(head, lane * 2)), b = sharedFloat(score(head, lane * 2 + 1));
      float before = sharedFloat(number(head, 0)), most = max32(before, max32(a, b));
      for (int mask = 16; mask; mask /= 2)
        most = max32(most, shuffleXor(most, mask));
      a = exp32(a - most);
      b = exp32(b - most);
      storeShared(base + Shape::kShares + head * kAttendShareBytes + lane * 4, bf16Bits(a) | unsigned(bf16Bits(b))
                                                                                                 << 16);
      float sum = a + b;
      for (int mask = 16; mask; mask /= 2)
        sum += shuffleXor(sum, mask);
      if (lane == 0) {
        float factor = exp32(before - most);
        storeShared(number(head, 0), bitsOf(most));
        storeShared(number(head, 1), bitsOf(fma32(sharedFloat(number(head, 1)), factor, sum)));
        storeShared(number(head, 2), bitsOf(factor));
      }
    }
    blockSync();
  }

  /// A warp takes an eighth of the columns: sums[head tile][8 columns][..]. Nobody waits: fetch() does before it writes
  /// keys, begin() follows store().
  V4_DEVICE void add(float (&sums)[HEAD_TILES][DIM / 64][4]) const {
    int lane = threadInBlock() % 32, column = threadInBlock() / 32 * (DIM / 8);
#pragma unroll
    for (int i = 0; i < HEAD_TILES * DIM / 16; ++i) {
      int t = i / (DIM / 16), j = i / 4 % (DIM / 64);
      sums[t][j][i % 4] *= sharedFloat(number(t * 16 + lane / 4 + i / 2 % 2 * 8, 2));
    }
    unsigned values = base + (lane / 8 % 2 * 8 + lane % 8) * Shape::kLine + (column + lane / 16 * 8) * 2;
    unsigned shares = base + Shape::kShares + (lane / 8 % 2 * 8 + lane % 8) * kAttendShareBytes + lane / 16 * 16;
    for (int row = 0; row < kAttendRows; row += 16) {
      unsigned a[HEAD_TILES][4];
#pragma unroll
      for (int t = 0; t < HEAD_TILES; ++t)
        loadMatrices(a[t], shares + t * 16 * kAttendShareBytes + row * 2);
#pragma unroll
      for (int j = 0; j < DIM / 64; j += 2) {
        unsigned b[4];
        loadMatricesTransposed(b, values + row * Shape::kLine + j * 16);
#pragma unroll
        for (int t = 0; t < HEAD_TILES; ++t) {
          mmaBf16(sums[t][j], a[t], b[0], b[1]);
          mmaBf16(sums[t][j + 1], a[t], b[2], b[3]);
        }
      }
    }
  }

  /// sums: f32 [heads, DIM]; numbers: f32 [heads, 2].
  V4_DEVICE void store(const float (&sums)[HEAD_TILES][DIM / 64][4], int heads, float *to, float *numbers) const {
    int lane = threadInBlock() % 32, column = threadInBlock() / 32 * (DIM / 8);
#pragma unroll
    for (int i = 0; i < HEAD_TILES * DIM / 16; ++i) {
      int t = i / (DIM / 16), j = i / 4 % (DIM / 64), head = t * 16 + lane / 4 + i / 2 % 2 * 8;
      if (head < heads)
        to[(long long)head * DIM + column + j * 8 + lane % 4 * 2 + i % 2] = sums[t][j][i % 4];
    }
    for (int i = threadInBlock(); i < 2 * heads && i < 2 * Shape::kHeads; i += kAttendThreads)
      numbers[i] = sharedFloat(number(i / 2, i % 2));
    blockSync();
  }
};

/// Fields of the step, counts among them, and caches as kernel.attend has them (AttendSources.h). q: bf16
/// [tokens, heads, DIM]. sums: f32 [tokens, splits, heads, DIM]; numbers: f32 [tokens, splits, heads, 2]; splits behind
/// the list of a token are not written. splitRows is a multiple of 64. Any grid.
template <int DIM, int ROPE, int HEAD_TILES>
V4_DEVICE void attendRows(const int *positions, const int *tokenSlots, const int *slotRows, const int *slotStarts,
                          const long long *states, const unsigned short *q, const unsigned short *kv,
                          const unsigned char *ring, const unsigned char *rows, const long long *pages,
                          const long long *counts, const int *selected, float *sums, float *numbers, int tokens,
                          int heads, int window, int offset, int ringRows, int ratio, int topK, int splits,
                          int splitRows) {
  AttendStep step{positions, tokenSlots, slotRows,           slotStarts, states, kv,       ring,  rows,
                  pages,     selected,   counts[kStepPages], window,     offset, ringRows, ratio, topK};
  AttendBlock<DIM, ROPE, HEAD_TILES> block{sharedBase()};
  int groups = (heads + 16 * HEAD_TILES - 1) / (16 * HEAD_TILES);
  for (int item = blockIndex(); item < tokens * splits * groups; item += gridBlocks()) {
    int token = item / (splits * groups), split = item / groups % splits, firstHead = item % groups * 16 * HEAD_TILES;
    AttendList list = attendList(step, token);
    int first = split * splitRows, end = list.count() < first + splitRows ? list.count() : first + splitRows;
    if (first >= end)
      continue;
    block.begin(q + ((long long)token * heads + firstHead) * DIM, heads - firstHead);
    float total[HEAD_TILES][DIM / 64][4] = {};
    for (int place = first; place < end; place += kAttendRows) {
      block.fetch(step, list, token, place, end);
      block.scores(end - place);
      block.shares();
      block.add(total);
    }
    long long at = ((long long)token * splits + split) * heads + firstHead;
    block.store(total, heads - firstHead, sums + at * DIM, numbers + at * 2);
  }
}

/// sink: f32 [heads] or null. table: f32 [tokens, ROPE], cosines then sines, or null: outputs are not turned back. out:
/// bf16 [tokens, heads, DIM]. A warp takes one head of one token. Any grid.
template <int DIM, int ROPE, int WARPS>
V4_DEVICE void attendMerge(const int *positions, const float *sums, const float *numbers, const float *sink,
                           const float *table, unsigned short *out, int tokens, int heads, int window, int offset,
                           int ratio, int topK, int splits, int splitRows) {
  int lane = threadInBlock() % 32;
  for (int item = blockIndex() * WARPS + threadInBlock() / 32; item < tokens * heads; item += gridBlocks() * WARPS) {
    int token = item / heads, head = item % heads, end = positions[token] + offset + 1;
    int chunks = ratio && end > 0 ? end / ratio : 0;
    int count = (end < 0 ? 0 : end < window ? end : window) + (topK && chunks > topK ? topK : chunks);
    int used = (count + splitRows - 1) / splitRows;
    long long at = (long long)token * splits * heads + head;
    float most = sink ? sink[head] : -INFINITY;
    for (int s = 0; s < used; ++s)
      most = max32(most, numbers[(at + (long long)s * heads) * 2]);
    float below = sink ? exp32(sink[head] - most) : 0.0f, value[DIM / 32] = {};
    for (int s = 0; s < used; ++s) {
      long long split = at + (long long)s * heads;
      float factor = exp32(numbers[split * 2] - most);
      below = fma32(numbers[split * 2 + 1], factor, below);
#pragma unroll
      for (int i = 0; i < DIM / 32; ++i)
        value[i] = fma32(sums[split * DIM + i / 2 * 64 + lane * 2 + i % 2], factor, value[i]);
    }
#pragma unroll
    for (int i = 0; i < DIM / 32; i += 2) {
      int column = i / 2 * 64 + lane * 2, angle = (column - (DIM - ROPE)) / 2;
      // Nothing was seen, or a NaN, which is passed on.
      float a = below == 0 ? 0.0f : value[i] / below, b = below == 0 ? 0.0f : value[i + 1] / below;
      if (table && column >= DIM - ROPE) {
        float cosine = table[(long long)token * ROPE + angle], sine = table[(long long)token * ROPE + ROPE / 2 + angle];
        float x = bf16Value(bf16Bits(a)), y = bf16Value(bf16Bits(b));
        a = fma32(y, sine, x * cosine);
        b = fma32(y, cosine, -(x * sine));
      }
      out[(long long)item * DIM + column] = bf16Bits(a);
      out[(long long)item * DIM + column + 1] = bf16Bits(b);
    }
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_ATTEND_H

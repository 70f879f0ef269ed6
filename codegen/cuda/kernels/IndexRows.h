//===- IndexRows.h - Scores of the indexer and the best rows ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// score(t, c) = bf16(sum over h of bf16(relu(bf16(q[t, h] . key_c)) * w[t, h])), the sum in f32: of a lane's heads in
// order, then of lanes 4, 8 and 16 apart. A token sees n = floor((t + 1) / 4) keys. Each strip of keys leaves its best
// topK, of which selectCandidates takes the best; ties to the lower row. A token that sees at most topK keys takes all.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_INDEXROWS_H
#define V4_CODEGEN_CUDA_KERNELS_INDEXROWS_H

#include "codegen/cuda/kernels/BestRows.h"

namespace v4::cuda {

/// Bits of the bf16 of an e2m1 code times the scale.
V4_DEVICE unsigned fp4Bf16(unsigned code, float scale) {
  unsigned size = code & 7;
  float value = size < 2 ? 0.5f * float(size) : floatOf((126 + size / 2) << 23 | (size & 1) << 22);
  return bf16Bits(code & 8 ? -value * scale : value * scale);
}

template <int DIM, int HEAD_TILES>
struct IndexBlock {
  using Shape = IndexShape<DIM, HEAD_TILES>;
  unsigned base;

  V4_DEVICE void begin(const unsigned short *q, const unsigned short *weights, int heads) const {
    for (int i = threadInBlock(); i < Shape::kHeads * DIM / 4; i += kBestThreads) {
      int head = i / (DIM / 4), c = i % (DIM / 4) * 4;
      storeShared64(base + Shape::kQueries + head * Shape::kLine + c * 2,
                    head < heads ? globalWord64(q + (long long)head * DIM + c) : 0);
    }
    for (int h = threadInBlock(); h < Shape::kHeads; h += kBestThreads)
      storeShared(base + Shape::kWeights + h * 4, h < heads ? bitsOf(bf16Value(weights[h])) : 0);
  }

  /// Keys first .. of the pages that belong to a slot; `count` and more are zero. Eight values of a key at a time.
  V4_DEVICE void fetch(const unsigned char *keys, const long long *pages, int first, int count) const {
#pragma unroll 2
    for (int i = threadInBlock(); i < kIndexKeys * DIM / 8; i += kBestThreads) {
      int key = i / (DIM / 8), c = i % (DIM / 8) * 8, chunk = first + key;
      unsigned long long low = 0, high = 0;
      if (chunk < count) {
        const unsigned char *row = keys + pages[chunk / 32] + chunk % 32 * Shape::kRowBytes;
        unsigned codes = *reinterpret_cast<const unsigned *>(row + c / 2);
        float scale = e8m0Value(row[DIM / 2 + c / 32]);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
          low |= (unsigned long long)fp4Bf16(codes >> 4 * k & 15, scale) << 16 * k;
          high |= (unsigned long long)fp4Bf16(codes >> (16 + 4 * k) & 15, scale) << 16 * k;
        }
      }
      storeShared64(base + key * Shape::kLine + c * 2, low);
      storeShared64(base + key * Shape::kLine + c * 2 + 8, high);
    }
    blockSync();
  }

  /// Of keys 2 * (lane % 4) and the next of the warp's eight, in every lane.
  V4_DEVICE void scores(float (&score)[2]) const {
    int lane = threadInBlock() % 32;
    float dots[HEAD_TILES][4] = {};
    unsigned keys = base + (threadInBlock() / 32 * 8 + lane % 8) * Shape::kLine + lane / 8 * 16;
    unsigned queries = base + Shape::kQueries + (lane / 8 % 2 * 8 + lane % 8) * Shape::kLine + lane / 16 * 16;
#pragma unroll
    for (int c = 0; c < DIM; c += 32) {
      unsigned b[4];
      loadMatrices(b, keys + c * 2);
#pragma unroll
      for (int t = 0; t < HEAD_TILES; ++t) {
        unsigned a[4];
        loadMatrices(a, queries + t * 16 * Shape::kLine + c * 2);
        mmaBf16(dots[t], a, b[0], b[1]);
        loadMatrices(a, queries + t * 16 * Shape::kLine + c * 2 + 32);
        mmaBf16(dots[t], a, b[2], b[3]);
      }
    }
    score[0] = score[1] = 0;
#pragma unroll
    for (int i = 0; i < 4 * HEAD_TILES; ++i) {
      float weight = sharedFloat(base + Shape::kWeights + (i / 4 * 16 + lane / 4 + i / 2 % 2 * 8) * 4);
      float dot = max32(bf16Value(bf16Bits(dots[i / 4][i % 4])), 0.0f);
      score[i % 2] += bf16Value(bf16Bits(dot * weight));
    }
#pragma unroll
    for (int i = 0; i < 6; ++i)
      score[i % 2] += shuffleXor(score[i % 2], 4 << i / 2);
  }
};

/// Best rows of a block, falling, from `count` on -1 where topK is more.
template <int KEEP>
V4_DEVICE void storeCandidates(const BestRows<KEEP> &best, int count, float *scores, int *rows, int topK) {
  for (int i = threadInBlock(); i < topK && i <= count; i += kBestThreads) {
    unsigned long long entry = sharedWord64(best.entry(i));
    rows[i] = i < count ? bestRow(entry) : -1;
    if (i < count)
      scores[i] = bestScore(entry);
  }
  blockSync();
}

/// Fields of the step block, counts among them; q: bf16 [tokens, heads, DIM]; weights: bf16 [tokens, heads]; keys:
/// pages of index_fp4 rows, 32 a page. scores: f32, rows: i32 [tokens, strips, topK], by falling score; a strip that is
/// not full ends with a row of -1. stripRows is a multiple of 64. REQUIRES: topK <= KEEP, heads <= 16 * HEAD_TILES. Any
/// grid of kBestThreads.
template <int DIM, int HEAD_TILES, int KEEP>
V4_DEVICE void indexCandidates(const int *positions, const int *tokenSlots, const long long *pages,
                               const long long *counts, const unsigned short *q, const unsigned short *weights,
                               const unsigned char *keys, float *scores, int *rows, int tokens, int heads, int topK,
                               int strips, int stripRows) {
  IndexBlock<DIM, HEAD_TILES> block{sharedBase()};
  BestRows<KEEP> best{sharedBase() + IndexShape<DIM, HEAD_TILES>::kBest};
  int lane = threadInBlock() % 32;
  long long pageStride = counts[kStepPages];
  for (int item = blockIndex(); item < tokens * strips; item += gridBlocks()) {
    int token = item / strips, strip = item % strips, count = (positions[token] + 1) / 4;
    if (count <= topK)
      continue;
    int first = strip * stripRows, end = first + stripRows < count ? first + stripRows : count;
    block.begin(q + (long long)token * heads * DIM, weights + (long long)token * heads, heads);
    best.begin();
    for (int chunk = first; chunk < end; chunk += kIndexKeys) {
      block.fetch(keys, pages + tokenSlots[token] * pageStride, chunk, end);
      float score[2];
      block.scores(score);
      int mine = chunk + threadInBlock() / 32 * 8 + lane % 4 * 2;
      if (lane < 8 && mine + lane / 4 < end)
        best.offer(bestEntry(bf16Value(bf16Bits(score[lane / 4])), mine + lane / 4));
      best.makeRoom(topK);
    }
    storeCandidates(best, best.settle(topK), scores + (long long)item * topK, rows + (long long)item * topK, topK);
  }
}

/// selected: i32 [tokens, topK], rising, then -1. Any grid of kBestThreads.
template <int KEEP>
V4_DEVICE void selectCandidates(const int *positions, const float *scores, const int *rows, int *selected, int tokens,
                                int topK, int strips, int stripRows) {
  BestRows<KEEP> best{sharedBase()};
  for (int token = blockIndex(); token < tokens; token += gridBlocks()) {
    int count = (positions[token] + 1) / 4;
    if (count <= topK) {
      for (int i = threadInBlock(); i < topK; i += kBestThreads)
        selected[(long long)token * topK + i] = i < count ? i : -1;
      continue;
    }
    best.begin();
    for (int strip = 0; strip < strips && strip * stripRows < count; ++strip) {
      long long at = ((long long)token * strips + strip) * topK;
      int have = count - strip * stripRows < stripRows ? count - strip * stripRows : stripRows;
      have = have < topK ? have : topK;
      for (int i = 0; i < have; i += 64) {
        if (int mine = i + threadInBlock(); threadInBlock() < 64 && mine < have)
          best.offer(bestEntry(scores[at + mine], rows[at + mine]));
        best.makeRoom(topK);
      }
    }
    best.settle(topK);
    // The same rows once more, now by row alone.
    for (int i = threadInBlock(); i < 2 * KEEP; i += kBestThreads)
      storeShared64(best.entry(i), i < topK ? sharedWord64(best.entry(i)) & 0xffffffffu : 0);
    blockSync();
    best.sort();
    for (int i = threadInBlock(); i < topK; i += kBestThreads)
      selected[(long long)token * topK + i] = bestRow(sharedWord64(best.entry(i)));
    blockSync();
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_INDEXROWS_H

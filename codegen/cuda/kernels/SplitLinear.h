//===- SplitLinear.h - Products whose sums have several blocks --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As fp8Linear and bf16Linear, for weights of few rows: a tile of the result has a cluster of
// SPLITS blocks. Block r sums the K blocks from r * all / SPLITS to (r + 1) * all / SPLITS, in the
// order of the whole product; then the parts are added, from first to last:
//
//   block 0          block 1          ...  block SPLITS - 1
//   K blocks 0, 1    K blocks 2, 3
//   sums in its      sums in its           each block adds some tokens' sums of all
//   shared memory    shared memory         blocks and stores them
//
// So bits depend on SPLITS and the weight alone; neither TOKENS nor GROUPS nor the grid changes them.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_SPLITLINEAR_H
#define V4_CODEGEN_CUDA_KERNELS_SPLITLINEAR_H

#include "codegen/cuda/kernels/Bf16Linear.h"
#include "codegen/cuda/kernels/SplitLinearShape.h"

namespace v4::cuda {

/// Those of the running block.
template <int SPLITS>
V4_DEVICE KPart partOfBlock(int blocks) {
  int rank = blockIndex() % SPLITS;
  return {blocks * rank / SPLITS, blocks * (rank + 1) / SPLITS, blocks};
}

/// A block's sums: f32 [TOKENS][64 * GROUPS rows, and a gap].
template <int TOKENS, int GROUPS, int SPLITS>
struct ClusterSums {
  static constexpr int kRows = GROUPS * kTileRows, kStride = splitStride(GROUPS);
  unsigned base;

  /// By the threads of `group`, with what wgmma leaves to them.
  V4_DEVICE void give(int group, const float (&total)[TOKENS / 2]) const {
    int lane = threadInBlock() % 32, warp = threadInBlock() / 32 % 4;
#pragma unroll
    for (int i = 0; i < TOKENS / 2; ++i) {
      int row = group * kTileRows + warp * 16 + lane / 4 + i / 2 % 2 * 8;
      int token = i / 4 * 8 + lane % 4 * 2 + i % 2;
      storeShared(base + (token * kStride + row) * 4, bitsOf(total[i]));
    }
  }

  /// Of all blocks, in their order.
  V4_DEVICE float sum(int token, int row) const {
    float parts[SPLITS];
#pragma unroll
    for (int s = 0; s < SPLITS; ++s)
      parts[s] = clusterFloat(base + (token * kStride + row) * 4, s);
    float total = parts[0];
#pragma unroll
    for (int s = 1; s < SPLITS; ++s)
      total += parts[s];
    return total;
  }

  /// By the 2 * kRows threads of all groups: two tokens at a time, those that are the block's.
  template <int OUT32>
  V4_DEVICE void store(void *out, int rows, int tokens, int firstRow, int firstToken) const {
    int row = threadInBlock() % kRows, odd = threadInBlock() / kRows;
    for (int pair = blockIndex() % SPLITS; pair < TOKENS / 2; pair += SPLITS) {
      int token = pair * 2 + odd;
      if (firstRow + row >= rows || firstToken + token >= tokens)
        continue;
      long long at = (long long)(firstToken + token) * rows + firstRow + row;
      if (OUT32)
        static_cast<float *>(out)[at] = sum(token, row);
      else
        static_cast<unsigned short *>(out)[at] = bf16Bits(sum(token, row));
    }
  }
};

/// As fp8Linear, on a grid of whole clusters of SPLITS blocks; SplitLinearShape has the shared bytes of a block.
template <int TOKENS, int GROUPS, int STAGES, int SPLITS>
V4_DEVICE void splitFp8Linear(const TensorMap *x, const float *xs, const unsigned char *weight, const unsigned char *ws,
                              unsigned short *out, int tokens, int rows, int columns) {
  Fp8Ring<TOKENS, GROUPS, STAGES> ring{sharedBase()};
  ClusterSums<TOKENS, GROUPS, SPLITS> sums{sharedBase() + SplitLinearShape<TOKENS, GROUPS, STAGES>::kRingBytes};
  int group = threadInBlock() / 128, stride = scaleStride(tokens), step = 0;
  int rowTiles = (rows + kTileRows - 1) / kTileRows, tileRows = (rowTiles + GROUPS - 1) / GROUPS;
  int tiles = tileRows * ((tokens + TOKENS - 1) / TOKENS);
  KPart part = partOfBlock<SPLITS>(columns / kBlockK);
  beginFp8Ring(ring);
  for (int tile = blockIndex() / SPLITS; tile < tiles; tile += gridBlocks() / SPLITS) {
    int rowTile = tile % tileRows * GROUPS, token = tile / tileRows * TOKENS;
    if (group < GROUPS) {
      float total[TOKENS / 2] = {};
      addFp8Part(ring, group, ws, (rowTile + group) * kTileRows, rows, part, step, total);
      sums.give(group, total);
    } else if (threadInBlock() % 32 == 0) {
      fetchFp8Tile(ring, x, xs, stride, weight, rowTile, rowTiles, token, part, step);
    }
    clusterSync();
    if (group < GROUPS)
      sums.template store<0>(out, rows, tokens, rowTile * kTileRows, token);
    clusterSync(); // others read this block's sums until here
  }
}

/// As bf16Linear, on a grid of whole clusters of SPLITS blocks; SplitLinearShape has the shared bytes of a block.
template <int TOKENS, int GROUPS, int STAGES, int OUT32, int SPLITS>
V4_DEVICE void splitBf16Linear(const TensorMap *x, const unsigned char *weight, void *out, int tokens, int rows,
                               int columns, int groupRows) {
  Fp8Ring<TOKENS, GROUPS, STAGES> ring{sharedBase()};
  ClusterSums<TOKENS, GROUPS, SPLITS> sums{sharedBase() + SplitLinearShape<TOKENS, GROUPS, STAGES>::kRingBytes};
  int group = threadInBlock() / 128, step = 0;
  int rowTiles = (rows + kTileRows - 1) / kTileRows, tileRows = (rowTiles + GROUPS - 1) / GROUPS;
  int tiles = tileRows * ((tokens + TOKENS - 1) / TOKENS);
  KPart part = partOfBlock<SPLITS>(columns / kBf16BlockK);
  beginFp8Ring(ring);
  for (int tile = blockIndex() / SPLITS; tile < tiles; tile += gridBlocks() / SPLITS) {
    int rowTile = tile % tileRows * GROUPS, token = tile / tileRows * TOKENS;
    if (group < GROUPS) {
      float total[TOKENS / 2] = {};
      // Else the products of a rest behind the unrolled ones would wait for each other.
#pragma unroll 1
      for (int b = part.first; b < part.end; ++b, ++step)
        addBf16Block(ring, group, step, b == part.first, total);
      sums.give(group, total);
    } else if (threadInBlock() % 32 == 0) {
      fetchBf16Tile(ring, x, rowTile * kTileRows / groupRows * columns, weight, rowTile, rowTiles, token, part, step);
    }
    clusterSync();
    if (group < GROUPS)
      sums.template store<OUT32>(out, rows, tokens, rowTile * kTileRows, token);
    clusterSync(); // others read this block's sums until here
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_SPLITLINEAR_H

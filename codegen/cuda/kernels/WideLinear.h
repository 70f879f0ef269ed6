//===- WideLinear.h - bf16 activations, FP8 weight --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// out[t, n] = bf16(sum over blocks b of (sum over k in b of x[t, g * columns + k] w[n, k]) * ws[n / 128, b]), g = n /
// groupRows.
//
// The codes of the weight become bf16, which holds them, in registers. An output's sum: eight
// instructions of 16 columns from zero for each block of 128, in order; one fma adds the
// block to the total. Neither TOKENS nor GROUPS nor the grid changes it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_WIDELINEAR_H
#define V4_CODEGEN_CUDA_KERNELS_WIDELINEAR_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/WideLinearShape.h"

namespace v4::cuda {

template <int TOKENS, int GROUPS, int STAGES>
struct WideRing {
  using Shape = WideLinearShape<TOKENS, GROUPS, STAGES>;
  unsigned base;

  /// Two tiles of 64 columns.
  V4_DEVICE unsigned activations(int stage) const { return base + stage * Shape::kStageBytes; }
  V4_DEVICE unsigned weights(int stage) const { return activations(stage) + 2 * Shape::kHalfBytes; }
  V4_DEVICE unsigned full(int stage) const { return base + STAGES * Shape::kStageBytes + stage * 16; }
  V4_DEVICE unsigned empty(int stage) const { return full(stage) + 8; }
};

/// `step` counts the blocks that this thread block has fetched or used so far.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void fetchWideTile(const WideRing<TOKENS, GROUPS, STAGES> &ring, const TensorMap *x, int firstColumn,
                             const unsigned char *weight, int rowTile, int rowTiles, int token, int blocks, int &step) {
  using Shape = WideLinearShape<TOKENS, GROUPS, STAGES>;
  int groups = rowTiles - rowTile < GROUPS ? rowTiles - rowTile : GROUPS;
  for (int b = 0; b < blocks; ++b, ++step) {
    int stage = step % STAGES;
    mbarrierWait(ring.empty(stage), (step / STAGES + 1) & 1);
    mbarrierExpect(ring.full(stage), groups * kTileBytes + 2 * Shape::kHalfBytes);
    for (int g = 0; g < groups; ++g)
      bulkCopy(ring.weights(stage) + g * kTileBytes, weight + ((long long)(rowTile + g) * blocks + b) * kTileBytes,
               kTileBytes, ring.full(stage));
    for (int half = 0; half < 2; ++half)
      tensorCopy(ring.activations(stage) + half * Shape::kHalfBytes, x, firstColumn + b * kBlockK + half * 64, token,
                 ring.full(stage));
  }
}

/// Adds one block to `total`, then gives its stage back.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void addWideBlock(const WideRing<TOKENS, GROUPS, STAGES> &ring, int group, int step, float weightScale,
                            float (&total)[TOKENS / 2]) {
  using Shape = WideLinearShape<TOKENS, GROUPS, STAGES>;
  int stage = step % STAGES;
  mbarrierWait(ring.full(stage), (step / STAGES) & 1);
  unsigned a[8][4];
#pragma unroll
  for (int quarter = 0; quarter < 4; ++quarter) {
    unsigned words[4];
    sharedWords(words, ring.weights(stage) + group * kTileBytes + quarter * 2048 + threadInBlock() % 128 * 16);
#pragma unroll
    for (int i = 0; i < 8; ++i)
      a[quarter * 2 + i / 4][i % 4] = e4m3ToBf16((unsigned short)(words[i / 2] >> i % 2 * 16));
  }
  float part[TOKENS / 2];
  wgmmaBegin(a);
#pragma unroll
  for (int s = 0; s < 8; ++s)
    wgmmaBf16<TOKENS>(part, a[s], tileDescriptor(ring.activations(stage) + s / 4 * Shape::kHalfBytes + s % 4 * 32),
                      s != 0);
  wgmmaWait(part);
#pragma unroll
  for (int i = 0; i < TOKENS / 2; ++i)
    total[i] = fma32(part[i], weightScale, total[i]);
  warpSync();
  if (threadInBlock() % 32 == 0)
    mbarrierArrive(ring.empty(stage));
}

template <int TOKENS>
V4_DEVICE void storeWideTile(unsigned short *out, int rows, int tokens, int firstRow, int firstToken,
                             const float (&total)[TOKENS / 2]) {
  int lane = threadInBlock() % 32, warp = threadInBlock() / 32 % 4;
#pragma unroll
  for (int i = 0; i < TOKENS / 2; ++i) {
    int row = firstRow + warp * 16 + lane / 4 + i / 2 % 2 * 8;
    int token = firstToken + i / 4 * 8 + lane % 4 * 2 + i % 2;
    if (row < rows && token < tokens)
      out[(long long)token * rows + row] = bf16Bits(total[i]);
  }
}

/// x: bf16 [tokens, rows / groupRows * columns], box 64 x TOKENS, 128-byte swizzle. weight: packed (WideLinearShape.h).
/// ws: e8m0 [ceil(rows / 128), columns / 128]. groupRows: rows, or a multiple of 64 * GROUPS that divides it. out: bf16
/// [tokens, rows]. Any grid; WideLinearShape has the threads and the shared bytes of a block.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void wideLinear(const TensorMap *x, const unsigned char *weight, const unsigned char *ws, unsigned short *out,
                          int tokens, int rows, int columns, int groupRows) {
  WideRing<TOKENS, GROUPS, STAGES> ring{sharedBase()};
  int group = threadInBlock() / 128, blocks = columns / kBlockK;
  int rowTiles = (rows + kTileRows - 1) / kTileRows, tileRows = (rowTiles + GROUPS - 1) / GROUPS;
  int tiles = tileRows * ((tokens + TOKENS - 1) / TOKENS);
  if (threadInBlock() == 0)
    for (int s = 0; s < STAGES; ++s) {
      mbarrierInit(ring.full(s), 1);
      mbarrierInit(ring.empty(s), 4 * GROUPS);
    }
  mbarrierInitFence();
  blockSync();
  int step = 0;
  for (int tile = blockIndex(); tile < tiles; tile += gridBlocks()) {
    int rowTile = tile % tileRows * GROUPS, token = tile / tileRows * TOKENS;
    if (group == GROUPS) {
      if (threadInBlock() % 32 == 0)
        fetchWideTile(ring, x, rowTile * kTileRows / groupRows * columns, weight, rowTile, rowTiles, token, blocks,
                      step);
      continue;
    }
    float total[TOKENS / 2] = {};
    int row = (rowTile + group) * kTileRows;
    const unsigned char *scales = ws + (long long)((row < rows ? row : 0) / 128) * blocks;
    for (int b = 0; b < blocks; ++b, ++step)
      addWideBlock(ring, group, step, e8m0Value(scales[b]), total);
    storeWideTile<TOKENS>(out, rows, tokens, row, token, total);
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_WIDELINEAR_H

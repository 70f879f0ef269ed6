//===- Fp8Linear.h - Product with an FP8 weight -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// out[t, n] = bf16(sum over blocks b of (sum over k in b of x[t, k] w[n, k]) * xs[b, t] * ws[n / 128, b]).
//
// The weight is the wide operand of wgmma at every number of tokens. An output's sum:
// four instructions of 32 columns from zero for each block, in order; one fma adds the
// block to the total. Neither TOKENS nor GROUPS nor the grid changes it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_FP8LINEAR_H
#define V4_CODEGEN_CUDA_KERNELS_FP8LINEAR_H

#include "codegen/cuda/kernels/Device.h"
#include "codegen/cuda/kernels/Fp8LinearShape.h"
#include "codegen/cuda/kernels/QuantizeRows.h"

namespace v4::cuda {

/// What one stage of the ring holds, and its barriers behind the last stage.
template <int TOKENS, int GROUPS, int STAGES>
struct Fp8Ring {
  using Shape = Fp8LinearShape<TOKENS, GROUPS, STAGES>;
  unsigned base;

  V4_DEVICE unsigned weights(int stage) const { return base + stage * Shape::kStageBytes; }
  V4_DEVICE unsigned activations(int stage) const { return weights(stage) + Shape::kWeightBytes; }
  V4_DEVICE unsigned scales(int stage) const { return activations(stage) + Shape::kActivationBytes; }
  V4_DEVICE unsigned full(int stage) const { return base + STAGES * Shape::kStageBytes + stage * 16; }
  V4_DEVICE unsigned empty(int stage) const { return full(stage) + 8; }
};

/// By all threads of the block.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void beginFp8Ring(const Fp8Ring<TOKENS, GROUPS, STAGES> &ring) {
  if (threadInBlock() == 0)
    for (int s = 0; s < STAGES; ++s) {
      mbarrierInit(ring.full(s), 1);
      mbarrierInit(ring.empty(s), 4 * GROUPS);
    }
  mbarrierInitFence();
  blockSync();
}

/// The blocks of K that a thread block sums: first .. end - 1 of `all`.
struct KPart {
  int first, end, all;
};

/// `step` counts the blocks that this thread block has fetched or used so far.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void fetchFp8Tile(const Fp8Ring<TOKENS, GROUPS, STAGES> &ring, const TensorMap *x, const float *xs,
                            int stride, const unsigned char *weight, int rowTile, int rowTiles, int token, KPart part,
                            int &step) {
  using Shape = Fp8LinearShape<TOKENS, GROUPS, STAGES>;
  int groups = rowTiles - rowTile < GROUPS ? rowTiles - rowTile : GROUPS;
  for (int b = part.first; b < part.end; ++b, ++step) {
    int stage = step % STAGES;
    mbarrierWait(ring.empty(stage), (step / STAGES + 1) & 1);
    mbarrierExpect(ring.full(stage), groups * kTileBytes + Shape::kActivationBytes + Shape::kScaleBytes);
    for (int g = 0; g < groups; ++g)
      bulkCopy(ring.weights(stage) + g * kTileBytes, weight + ((long long)(rowTile + g) * part.all + b) * kTileBytes,
               kTileBytes, ring.full(stage));
    tensorCopy(ring.activations(stage), x, b * kBlockK, token, ring.full(stage));
    bulkCopy(ring.scales(stage), xs + (long long)b * stride + token, Shape::kScaleBytes, ring.full(stage));
  }
}

/// Adds one block to `total`, then gives its stage back.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void addFp8Block(const Fp8Ring<TOKENS, GROUPS, STAGES> &ring, int group, int step, float weightScale,
                           float (&total)[TOKENS / 2]) {
  int stage = step % STAGES;
  mbarrierWait(ring.full(stage), (step / STAGES) & 1);
  float part[TOKENS / 2];
  wgmmaBegin();
  for (int k = 0; k < kBlockK; k += 32)
    wgmmaE4m3<TOKENS>(part, tileDescriptor(ring.weights(stage) + group * kTileBytes + k),
                      tileDescriptor(ring.activations(stage) + k), k != 0);
  wgmmaWait(part);
  int pair = threadInBlock() % 4 * 2;
#pragma unroll
  for (int i = 0; i < TOKENS / 2; ++i) {
    float scale = sharedFloat(ring.scales(stage) + (i / 4 * 8 + pair + i % 2) * 4) * weightScale;
    total[i] = fma32(part[i], scale, total[i]);
  }
  warpSync();
  if (threadInBlock() % 32 == 0)
    mbarrierArrive(ring.empty(stage));
}

/// Adds the part's blocks of row tile `row` / 64 to `total`.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void addFp8Part(const Fp8Ring<TOKENS, GROUPS, STAGES> &ring, int group, const unsigned char *ws, int row,
                          int rows, KPart part, int &step, float (&total)[TOKENS / 2]) {
  const unsigned char *scales = ws + (long long)((row < rows ? row : 0) / 128) * part.all;
  for (int b = part.first; b < part.end; ++b, ++step)
    addFp8Block(ring, group, step, e8m0Value(scales[b]), total);
}

template <int TOKENS>
V4_DEVICE void storeFp8Tile(unsigned short *out, int rows, int tokens, int firstRow, int firstToken,
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

/// x: e4m3 codes [tokens, columns], box 128 x TOKENS, 128-byte swizzle. xs: f32 [columns / 128,
/// scaleStride(tokens)]. weight: packed (Fp8LinearShape.h). ws: e8m0 [ceil(rows / 128), columns / 128].
/// out: bf16 [tokens, rows]. Any grid; Fp8LinearShape has the threads and the shared bytes of a block.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void fp8Linear(const TensorMap *x, const float *xs, const unsigned char *weight, const unsigned char *ws,
                         unsigned short *out, int tokens, int rows, int columns) {
  Fp8Ring<TOKENS, GROUPS, STAGES> ring{sharedBase()};
  int warp = threadInBlock() / 32, group = warp / 4;
  KPart whole{0, columns / kBlockK, columns / kBlockK};
  int rowTiles = (rows + kTileRows - 1) / kTileRows, tileRows = (rowTiles + GROUPS - 1) / GROUPS;
  int tiles = tileRows * ((tokens + TOKENS - 1) / TOKENS);
  int stride = scaleStride(tokens);
  beginFp8Ring(ring);
  int step = 0;
  for (int tile = blockIndex(); tile < tiles; tile += gridBlocks()) {
    int rowTile = tile % tileRows * GROUPS, token = tile / tileRows * TOKENS;
    if (group == GROUPS) {
      if (threadInBlock() % 32 == 0)
        fetchFp8Tile(ring, x, xs, stride, weight, rowTile, rowTiles, token, whole, step);
      continue;
    }
    float total[TOKENS / 2] = {};
    int row = (rowTile + group) * kTileRows;
    addFp8Part(ring, group, ws, row, rows, whole, step, total);
    storeFp8Tile<TOKENS>(out, rows, tokens, row, token, total);
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_FP8LINEAR_H

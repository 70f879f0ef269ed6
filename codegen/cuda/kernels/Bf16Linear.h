//===- Bf16Linear.h - Product with a bf16 weight ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// out[t, n] = sum over k of x[t, g * columns + k] w[n, k], g = n / groupRows; f32, or rounded to bf16.
//
// The weight is the wide operand of wgmma at every number of tokens; an output's sum is one
// chain of instructions of 16 columns. Neither TOKENS nor GROUPS nor the grid changes it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_BF16LINEAR_H
#define V4_CODEGEN_CUDA_KERNELS_BF16LINEAR_H

#include "codegen/cuda/kernels/Fp8Linear.h"

namespace v4::cuda {

inline constexpr int kBf16BlockK = kBlockK / 2; ///< Columns of a tile.

/// `step` counts the blocks that this thread block has fetched or used so far.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void fetchBf16Tile(const Fp8Ring<TOKENS, GROUPS, STAGES> &ring, const TensorMap *x, int firstColumn,
                             const unsigned char *weight, int rowTile, int rowTiles, int token, KPart part, int &step) {
  using Shape = Fp8LinearShape<TOKENS, GROUPS, STAGES>;
  int groups = rowTiles - rowTile < GROUPS ? rowTiles - rowTile : GROUPS;
  for (int b = part.first; b < part.end; ++b, ++step) {
    int stage = step % STAGES;
    mbarrierWait(ring.empty(stage), (step / STAGES + 1) & 1);
    mbarrierExpect(ring.full(stage), groups * kTileBytes + Shape::kActivationBytes);
    for (int g = 0; g < groups; ++g)
      bulkCopy(ring.weights(stage) + g * kTileBytes, weight + ((long long)(rowTile + g) * part.all + b) * kTileBytes,
               kTileBytes, ring.full(stage));
    tensorCopy(ring.activations(stage), x, firstColumn + b * kBf16BlockK, token, ring.full(stage));
  }
}

/// Adds one block to `total`, then gives its stage back.
template <int TOKENS, int GROUPS, int STAGES>
V4_DEVICE void addBf16Block(const Fp8Ring<TOKENS, GROUPS, STAGES> &ring, int group, int step, bool first,
                            float (&total)[TOKENS / 2]) {
  int stage = step % STAGES;
  mbarrierWait(ring.full(stage), (step / STAGES) & 1);
  wgmmaBegin();
#pragma unroll
  for (int k = 0; k < kBlockK; k += 32)
    wgmmaBf16<TOKENS>(total, tileDescriptor(ring.weights(stage) + group * kTileBytes + k),
                      tileDescriptor(ring.activations(stage) + k), !first || k != 0);
  wgmmaWait(total);
  warpSync();
  if (threadInBlock() % 32 == 0)
    mbarrierArrive(ring.empty(stage));
}

/// out: f32 with OUT32, else bf16.
template <int TOKENS, int OUT32>
V4_DEVICE void storeBf16Tile(void *out, int rows, int tokens, int firstRow, int firstToken,
                             const float (&total)[TOKENS / 2]) {
  int lane = threadInBlock() % 32, warp = threadInBlock() / 32 % 4;
#pragma unroll
  for (int i = 0; i < TOKENS / 2; ++i) {
    int row = firstRow + warp * 16 + lane / 4 + i / 2 % 2 * 8;
    int token = firstToken + i / 4 * 8 + lane % 4 * 2 + i % 2;
    if (row >= rows || token >= tokens)
      continue;
    if (OUT32)
      static_cast<float *>(out)[(long long)token * rows + row] = total[i];
    else
      static_cast<unsigned short *>(out)[(long long)token * rows + row] = bf16Bits(total[i]);
  }
}

/// x: bf16 [tokens, rows / groupRows * columns], box 64 x TOKENS, 128-byte swizzle. weight: packed, [row tile of 64][K
/// block of 64][64 x 128 bytes] (packTiles of PackTiles.h). groupRows: rows, or a multiple of 64 * GROUPS that divides
/// it. columns is a multiple of 64. out: f32 with OUT32, else bf16 [tokens, rows]. Any grid; Fp8LinearShape has the
/// threads and the shared bytes of a block.
template <int TOKENS, int GROUPS, int STAGES, int OUT32>
V4_DEVICE void bf16Linear(const TensorMap *x, const unsigned char *weight, void *out, int tokens, int rows, int columns,
                          int groupRows) {
  Fp8Ring<TOKENS, GROUPS, STAGES> ring{sharedBase()};
  int group = threadInBlock() / 128, blocks = columns / kBf16BlockK;
  int rowTiles = (rows + kTileRows - 1) / kTileRows, tileRows = (rowTiles + GROUPS - 1) / GROUPS;
  int tiles = tileRows * ((tokens + TOKENS - 1) / TOKENS);
  beginFp8Ring(ring);
  int step = 0;
  for (int tile = blockIndex(); tile < tiles; tile += gridBlocks()) {
    int rowTile = tile % tileRows * GROUPS, token = tile / tileRows * TOKENS;
    if (group == GROUPS) {
      if (threadInBlock() % 32 == 0)
        fetchBf16Tile(ring, x, rowTile * kTileRows / groupRows * columns, weight, rowTile, rowTiles, token,
                      {0, blocks, blocks}, step);
      continue;
    }
    float total[TOKENS / 2];
    for (int b = 0; b < blocks; ++b, ++step)
      addBf16Block(ring, group, step, b == 0, total);
    storeBf16Tile<TOKENS, OUT32>(out, rows, tokens, (rowTile + group) * kTileRows, token, total);
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_BF16LINEAR_H

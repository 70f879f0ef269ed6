//===- ExpertProduct.h - Products of the experts ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For row p of the assignments in order of experts, with e the expert of p:
// gate and up:  out[a, n] = bf16(weights[a] * (silu(min(bf16(gate), limit)) * clamp(bf16(up), limit)))
// down:         out[a, n] = bf16(sum)
// where a = order[p], and gate, up and sum are those of x[p, :] with row n of a matrix of expert e.
//
// The weight is the wide operand of wgmma at every number of rows. With PER32 = 0 (every
// 128 columns of the weight are e4m3 codes under one scale) an output's sum is: four steps
// of 32 columns from zero for each block of 128, in order; one fma adds the block, times the
// product of both scales, to the total. With PER32 = 1 one fma adds each step. Neither
// TOKENS nor the grid nor the other rows change it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_EXPERTPRODUCT_H
#define V4_CODEGEN_CUDA_KERNELS_EXPERTPRODUCT_H

#include "codegen/cuda/kernels/Fp4Tile.h"
#include "codegen/cuda/kernels/QuantizeRows.h"

namespace v4::cuda {

/// What a thread block works on: rows first .. end - 1 of the assignments and row tiles from rowTile on.
struct ExpertTile {
  int expert, first, end, rowTile;
};

/// The tiles of all experts that are hit, in order; at() wants rising numbers.
template <int TOKENS>
struct ExpertTiles {
  const int *offsets, *hits;
  int across;            ///< Tiles beside each other along the rows of the weight.
  int hit = 0, past = 0; ///< Tiles of the experts before `hit`.

  V4_DEVICE int tilesOf(int expert) const {
    return (offsets[expert + 1] - offsets[expert] + TOKENS - 1) / TOKENS * across;
  }
  V4_DEVICE bool at(int number, int tileRows, ExpertTile &tile) {
    for (; hit < hits[0]; ++hit) {
      int expert = hits[1 + hit], count = tilesOf(expert), mine = number - past;
      if (mine < count) {
        tile = {expert, offsets[expert] + mine / across * TOKENS, offsets[expert + 1], mine % across * tileRows};
        return true;
      }
      past += count;
    }
    return false;
  }
};

template <int TOKENS, int STAGES, int GATE_UP>
struct ExpertRing {
  using Shape = ExpertShape<TOKENS, STAGES, GATE_UP>;
  unsigned base;

  V4_DEVICE unsigned activations(int stage) const { return base + stage * Shape::kStageBytes; }
  V4_DEVICE unsigned weights(int stage, int group) const {
    return activations(stage) + Shape::kWeights + group * kFp4TileBytes;
  }
  V4_DEVICE unsigned scales(int stage) const { return activations(stage) + Shape::kScales; }
  V4_DEVICE unsigned full(int stage) const { return base + Shape::kBarriers + stage * 16; }
  V4_DEVICE unsigned empty(int stage) const { return full(stage) + 8; }
};

/// Codes and scales of a stack of matrices.
struct ExpertMatrices {
  const unsigned char *codes, *scales;
};

/// `step` counts the blocks that this thread block has fetched so far. `second` is of warpgroup 1.
template <int TOKENS, int STAGES, int GATE_UP>
V4_DEVICE void fetchExpertTile(const ExpertRing<TOKENS, STAGES, GATE_UP> &ring, const TensorMap *x, const float *xs,
                               int stride, const ExpertMatrices &first, const ExpertMatrices &second,
                               const ExpertTile &tile, int rowTiles, int blocks, int &step) {
  constexpr int kScaleBytes = ExpertShape<TOKENS, STAGES, GATE_UP>::kScaleBytes;
  int groups = GATE_UP || tile.rowTile + 1 < rowTiles ? 2 : 1;
  for (int b = 0; b < blocks; ++b, ++step) {
    int stage = step % STAGES;
    mbarrierWait(ring.empty(stage), (step / STAGES + 1) & 1);
    mbarrierExpect(ring.full(stage), groups * kFp4TileBytes + TOKENS * kBlockK + kScaleBytes);
    for (int g = 0; g < groups; ++g) {
      long long row = (long long)tile.expert * rowTiles + tile.rowTile + (GATE_UP ? 0 : g), from = row * blocks + b;
      const ExpertMatrices &matrices = g ? second : first;
      bulkCopy(ring.weights(stage, g), matrices.codes + from * kFp4CodeBytes, kFp4CodeBytes, ring.full(stage));
      bulkCopy(ring.weights(stage, g) + kFp4CodeBytes, matrices.scales + from * kFp4ScaleBytes, kFp4ScaleBytes,
               ring.full(stage));
    }
    tensorCopy(ring.activations(stage), x, b * kBlockK, tile.first, ring.full(stage));
    bulkCopy(ring.scales(stage), xs + (long long)b * stride + tile.first / kScaleLead * kScaleLead, kScaleBytes,
             ring.full(stage));
  }
}

/// Operand a of the four steps of a tile.
template <int PER32>
V4_DEVICE void widenFp4Tile(unsigned (&a)[4][4], unsigned tile, Fp4Scales low, Fp4Scales high) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    unsigned words[4];
    sharedWords(words, tile + half * (kFp4CodeBytes / 2) + threadInBlock() % 128 * 16);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int s = half * 2 + i;
      widenFp4(a[s], words[2 * i], words[2 * i + 1], fp4Codes(PER32 ? 6 : low.most() - low.at(s)),
               fp4Codes(PER32 ? 6 : high.most() - high.at(s)));
    }
  }
}

/// total += part * scale of its token * scale of its row, which is `low` or, eight rows on, `high`.
template <int TOKENS>
V4_DEVICE void addScaled(float (&total)[TOKENS / 2], const float (&part)[TOKENS / 2], unsigned scales, float low,
                         float high) {
#pragma unroll
  for (int i = 0; i < TOKENS / 2; ++i) {
    float scale = sharedFloat(scales + (i / 4 * 8 + threadInBlock() % 4 * 2 + i % 2) * 4);
    total[i] = fma32(part[i], scale * (i / 2 % 2 ? high : low), total[i]);
  }
}

/// Adds one block of a tile with rows from `first` on to `total`, then gives its stage back.
template <int TOKENS, int STAGES, int GATE_UP, int PER32>
V4_DEVICE void addExpertBlock(const ExpertRing<TOKENS, STAGES, GATE_UP> &ring, int group, int step, int first,
                              float (&total)[TOKENS / 2]) {
  int stage = step % STAGES, row = threadInBlock() / 32 % 4 * 16 + threadInBlock() % 32 / 4;
  mbarrierWait(ring.full(stage), (step / STAGES) & 1);
  unsigned tile = ring.weights(stage, group), scales = ring.scales(stage) + first % kScaleLead * 4, a[4][4];
  Fp4Scales low{sharedWord(tile + kFp4CodeBytes + row * 4)}, high{sharedWord(tile + kFp4CodeBytes + row * 4 + 32)};
  widenFp4Tile<PER32>(a, tile, low, high);
  float part[TOKENS / 2];
#pragma unroll
  for (int s = 0; s < 4; ++s) {
    if (PER32 || s == 0)
      wgmmaBegin(a);
    wgmmaE4m3<TOKENS>(part, a[s], tileDescriptor(ring.activations(stage) + s * 32), !PER32 && s != 0);
    if (PER32) {
      wgmmaWait(part);
      addScaled<TOKENS>(total, part, scales, e8m0Value(low.at(s)), e8m0Value(high.at(s)));
    }
  }
  if (!PER32) {
    wgmmaWait(part);
    addScaled<TOKENS>(total, part, scales, e8m0Value(low.most() - 6), e8m0Value(high.most() - 6));
  }
  warpSync();
  if (threadInBlock() % 32 == 0)
    mbarrierArrive(ring.empty(stage));
}

/// Where value i of a thread's share of a tile belongs.
struct ExpertPlace {
  int row, column;

  V4_DEVICE ExpertPlace(const ExpertTile &tile, int rowTile, int i)
      : row(tile.first + i / 4 * 8 + threadInBlock() % 4 * 2 + i % 2),
        column(rowTile * kTileRows + threadInBlock() / 32 % 4 * 16 + threadInBlock() % 32 / 4 + i / 2 % 2 * 8) {}
};

/// Warpgroup 1 hands its values, those of `up`, to warpgroup 0.
template <int TOKENS>
V4_DEVICE void storeGateUp(unsigned handed, int group, const ExpertTile &tile, const float (&total)[TOKENS / 2],
                           const float *weights, const int *order, unsigned short *out, int rows, float limit) {
  unsigned mine = handed + threadInBlock() % 128 * 4;
  if (group == 1)
#pragma unroll
    for (int i = 0; i < TOKENS / 2; ++i)
      storeShared(mine + i * 512, bf16Bits(total[i]));
  groupSync(1, 256);
  if (group == 0)
#pragma unroll
    for (int i = 0; i < TOKENS / 2; ++i) {
      ExpertPlace place(tile, tile.rowTile, i);
      if (place.row >= tile.end || place.column >= rows)
        continue;
      float gate = min32(bf16Value(bf16Bits(total[i])), limit);
      float up = max32(min32(bf16Value((unsigned short)sharedWord(mine + i * 512)), limit), -limit);
      float silu = gate / (1.0f + exp32(-gate));
      int a = order[place.row];
      out[(long long)a * rows + place.column] = bf16Bits(weights[a] * (silu * up));
    }
  groupSync(1, 256);
}

template <int TOKENS>
V4_DEVICE void storeDown(int group, const ExpertTile &tile, const float (&total)[TOKENS / 2], const int *order,
                         unsigned short *out, int rows) {
#pragma unroll
  for (int i = 0; i < TOKENS / 2; ++i) {
    ExpertPlace place(tile, tile.rowTile + group, i);
    if (place.row < tile.end && place.column < rows)
      out[(long long)order[place.row] * rows + place.column] = bf16Bits(total[i]);
  }
}

/// x: e4m3 codes [assignments, columns] in order of experts, box 128 x TOKENS, 128-byte swizzle. xs: f32 [columns /
/// 128, scaleStride(assignments)] and room for TOKENS + 4 behind them. first, second: packed matrices (ExpertShape.h)
/// and their scales, gate and up; of down the second is not read. order, offsets, hits: of v4.dispatch. weights: f32
/// [assignments], by order[p]; not read for down. out: bf16 [assignments, rows], by order[p]. Any grid; ExpertShape
/// has the threads and the shared bytes of a block.
template <int TOKENS, int STAGES, int GATE_UP, int PER32>
V4_DEVICE void expertProduct(const TensorMap *x, const float *xs, const unsigned char *first,
                             const unsigned char *firstScales, const unsigned char *second,
                             const unsigned char *secondScales, const float *weights, const int *order,
                             const int *offsets, const int *hits, unsigned short *out, int assignments, int rows,
                             int columns, float limit) {
  using Shape = ExpertShape<TOKENS, STAGES, GATE_UP>;
  ExpertRing<TOKENS, STAGES, GATE_UP> ring{sharedBase()};
  constexpr int kTileWidth = GATE_UP ? 1 : 2;
  int group = threadInBlock() / 128, blocks = columns / kBlockK, rowTiles = (rows + kTileRows - 1) / kTileRows;
  if (threadInBlock() == 0)
    for (int s = 0; s < STAGES; ++s) {
      mbarrierInit(ring.full(s), 1);
      mbarrierInit(ring.empty(s), 8);
    }
  mbarrierInitFence();
  blockSync();
  ExpertMatrices matrices[2] = {{first, firstScales}, {second, secondScales}};
  ExpertTiles<TOKENS> tiles{offsets, hits, (rowTiles + kTileWidth - 1) / kTileWidth};
  ExpertTile tile;
  int step = 0;
  for (int number = blockIndex(); tiles.at(number, kTileWidth, tile); number += gridBlocks()) {
    if (group == 2) {
      if (threadInBlock() % 32 == 0)
        fetchExpertTile(ring, x, xs, scaleStride(assignments), matrices[0], matrices[GATE_UP], tile, rowTiles, blocks,
                        step);
      continue;
    }
    float total[TOKENS / 2] = {};
    for (int b = 0; b < blocks; ++b, ++step)
      addExpertBlock<TOKENS, STAGES, GATE_UP, PER32>(ring, group, step, tile.first, total);
    if (GATE_UP)
      storeGateUp<TOKENS>(ring.base + Shape::kHanded, group, tile, total, weights, order, out, rows, limit);
    else
      storeDown<TOKENS>(group, tile, total, order, out, rows);
  }
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_EXPERTPRODUCT_H

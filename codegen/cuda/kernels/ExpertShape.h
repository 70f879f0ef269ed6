//===- ExpertShape.h - Sizes of the products of the experts -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed e2m1 weight: [expert][row tile of 64][K block of 128], of codes 4096 bytes as the
// threads of a warpgroup read them into registers, [2 halves][128 threads][2 steps of 32
// columns][2 words], and beside them 256 bytes of e8m0 scales, [64 rows][4 steps]. Both lie
// one behind the other in a stage.
//
// Thread t has rows r = t / 32 * 16 + t % 32 / 4 and r + 8, of every step columns
// c = t % 4 * 4 .. c + 3 in word 0 and c + 16 .. c + 19 in word 1. Of a word, element i of
// row r is bits 4i .. 4i + 2 with its sign in bit 8i + 7, element i of row r + 8 is bits
// 16 + 4i .. 16 + 4i + 2 with its sign in bit 8i + 3.
//
// Rows past the end of the matrix have codes 0 and scales 127.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_EXPERTSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_EXPERTSHAPE_H

#include "codegen/cuda/kernels/Fp8LinearShape.h"

namespace v4::cuda {

inline constexpr int kFp4CodeBytes = kTileBytes / 2;
inline constexpr int kFp4ScaleBytes = kTileRows * 4;
inline constexpr int kFp4TileBytes = kFp4CodeBytes + kFp4ScaleBytes;
/// Rows of an expert begin anywhere, copies of their scales at a multiple of four.
inline constexpr int kScaleLead = 4;

constexpr long long expertScaleBytes(long long tokens) { return (tokens + kScaleLead) * 4; }
constexpr long long expertStageBytes(long long tokens) {
  return (tokens * kBlockK + expertScaleBytes(tokens) + 2 * kFp4TileBytes + 1023) / 1024 * 1024;
}
constexpr int expertThreads() { return 2 * 128 + 32; } ///< The last warp fetches.
/// Stages, the values that one warpgroup hands to the other, barriers.
constexpr long long expertSharedBytes(long long tokens, long long stages, int gateUp) {
  return stages * (expertStageBytes(tokens) + 16) + (gateUp ? tokens * 256 : 0);
}

/// TOKENS: 8, 16, 32, 64 or 128 rows of a tile.
template <int TOKENS, int STAGES, int GATE_UP>
struct ExpertShape {
  static constexpr int kWeights = TOKENS * kBlockK;            ///< Place in a stage, behind the activations.
  static constexpr int kScales = kWeights + 2 * kFp4TileBytes; ///< Of the activations.
  static constexpr int kScaleBytes = expertScaleBytes(TOKENS);
  static constexpr int kStageBytes = expertStageBytes(TOKENS);
  static constexpr int kHanded = STAGES * kStageBytes;
  static constexpr int kBarriers = kHanded + (GATE_UP ? TOKENS * 256 : 0);
  static constexpr int kThreads = expertThreads();
  static constexpr int kSharedBytes = expertSharedBytes(TOKENS, STAGES, GATE_UP);
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_EXPERTSHAPE_H

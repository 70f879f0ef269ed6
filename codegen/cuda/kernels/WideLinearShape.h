//===- WideLinearShape.h - Sizes of the product of bf16 and FP8 -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed e4m3 weight: [row tile of 64][K block of 128][8192 bytes], a tile as the threads of
// a warpgroup read it: [4 quarters][128 threads][2 steps of 16 columns][8 bytes]. Thread t has
// rows r = t / 32 * 16 + t % 32 / 4 and r + 8, of every step columns c = t % 4 * 2 and c + 1,
// then c + 8 and c + 9: two bytes of row r, two of row r + 8, and so once more. Rows past
// the end of the matrix are zero.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_WIDELINEARSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_WIDELINEARSHAPE_H

#include "codegen/cuda/kernels/Fp8LinearShape.h"

namespace v4::cuda {

constexpr long long wideStageBytes(long long tokens, long long groups) {
  return groups * kTileBytes + tokens * kBlockK * 2;
}
constexpr long long wideLinearSharedBytes(long long tokens, long long groups, long long stages) {
  return stages * (wideStageBytes(tokens, groups) + 16);
}

/// TOKENS: 8, 16, 32 or 64 tokens of a tile. GROUPS: warpgroups with 64 weight rows each.
template <int TOKENS, int GROUPS, int STAGES>
struct WideLinearShape {
  static constexpr int kHalfBytes = TOKENS * kBlockK; ///< 64 columns of the activations.
  static constexpr int kStageBytes = wideStageBytes(TOKENS, GROUPS);
  static constexpr int kSharedBytes = wideLinearSharedBytes(TOKENS, GROUPS, STAGES);
  static constexpr int kThreads = fp8LinearThreads(GROUPS);
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_WIDELINEARSHAPE_H

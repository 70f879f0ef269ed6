//===- Fp8LinearShape.h - Sizes of the FP8 product --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed weight: [row tile of 64][K block of 128][64 x 128 bytes], each tile as the
// tensor cores read it from shared memory: 16-byte pieces of a row swapped by row % 8.
// Rows past the end of the matrix are zero.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_FP8LINEARSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_FP8LINEARSHAPE_H

namespace v4::cuda {

inline constexpr int kBlockK = 128; ///< Columns that share scales, and bytes of a row of a tile.
inline constexpr int kTileRows = 64;
inline constexpr int kTileBytes = kTileRows * kBlockK;

/// Where byte `column` of row `row` of a tile lies in it.
constexpr int swizzledOffset(int row, int column) { return row * kBlockK + (column ^ (row % 8 * 16)); }

constexpr long long fp8StageBytes(long long tokens, long long groups) {
  return (groups * kTileBytes + tokens * (kBlockK + 4) + 1023) / 1024 * 1024;
}
constexpr long long fp8LinearSharedBytes(long long tokens, long long groups, long long stages) {
  return stages * (fp8StageBytes(tokens, groups) + 16);
}
constexpr int fp8LinearThreads(int groups) { return 128 * groups + 32; } ///< The last warp fetches.

/// TOKENS: 8, 16, 32, 64 or 128 tokens of a tile. GROUPS: warpgroups with 64 weight rows each.
template <int TOKENS, int GROUPS, int STAGES>
struct Fp8LinearShape {
  static constexpr int kActivationBytes = TOKENS * kBlockK;
  static constexpr int kWeightBytes = GROUPS * kTileBytes;
  static constexpr int kScaleBytes = TOKENS * 4;
  static constexpr int kStageBytes = fp8StageBytes(TOKENS, GROUPS);
  static constexpr int kSharedBytes = fp8LinearSharedBytes(TOKENS, GROUPS, STAGES);
  static constexpr int kThreads = fp8LinearThreads(GROUPS);
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_FP8LINEARSHAPE_H

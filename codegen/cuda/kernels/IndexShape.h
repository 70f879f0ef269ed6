//===- IndexShape.h - Sizes of the indexer ----------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared memory of a block: 64 keys and the queries as bf16 with eight values behind each
// row, weights of heads, scores of the keys' heads summed, the best rows.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_INDEXSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_INDEXSHAPE_H

namespace v4::cuda {

inline constexpr int kIndexKeys = 64;
inline constexpr int kBestThreads = 256;

/// For `keep` entries, a power of two, at least 64.
constexpr long long bestRowsBytes(long long keep) { return 2 * keep * 8 + 16; }

constexpr long long indexLineBytes(long long dim) { return (dim + 8) * 2; }
constexpr long long indexBestPlace(long long dim, long long headTiles) {
  return (kIndexKeys + 16 * headTiles) * indexLineBytes(dim) + 16 * headTiles * 4;
}
constexpr long long indexSharedBytes(long long dim, long long headTiles, long long keep) {
  return indexBestPlace(dim, headTiles) + bestRowsBytes(keep);
}

/// As indexFp4RowBytes of the plan.
constexpr int indexRowBytes(int dim) { return (dim / 2 + dim / 32 + 3) / 4 * 4; }

template <int DIM, int HEAD_TILES>
struct IndexShape {
  static constexpr int kHeads = 16 * HEAD_TILES;
  static constexpr int kLine = indexLineBytes(DIM);
  static constexpr int kQueries = kIndexKeys * kLine; ///< Place in shared memory, keys are first.
  static constexpr int kWeights = kQueries + kHeads * kLine;
  static constexpr int kBest = indexBestPlace(DIM, HEAD_TILES);
  static constexpr int kRowBytes = indexRowBytes(DIM);
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_INDEXSHAPE_H

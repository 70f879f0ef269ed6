//===- AttendShape.h - Sizes of attention over cache rows -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared memory of a block: keys and queries as bf16 with eight values behind each row, so
// that eight rows lie in different banks; scores; probabilities; three numbers a head;
// where the rows of the block of keys come from.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_ATTENDSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_ATTENDSHAPE_H

namespace v4::cuda {

inline constexpr int kAttendRows = 64; ///< Keys of a block.
inline constexpr int kAttendWarps = 8;

inline constexpr int kAttendThreads = kAttendWarps * 32;

/// As kvCompactRowBytes of the plan.
constexpr int attendRowBytes(int dim, int rope) { return (dim - rope + 2 * rope + (dim - rope) / 64 + 7) / 8 * 8; }
constexpr long long attendLineBytes(long long dim) { return (dim + 8) * 2; }
inline constexpr int kAttendScoreBytes = (kAttendRows + 4) * 4;
inline constexpr int kAttendShareBytes = (kAttendRows + 8) * 2; ///< Probabilities of a head.

constexpr long long attendSharedBytes(long long dim, long long headTiles) {
  long long heads = 16 * headTiles;
  return (kAttendRows + heads) * attendLineBytes(dim) + heads * (kAttendScoreBytes + kAttendShareBytes + 16) +
         kAttendRows * 8;
}

/// DIM: values of a row, a multiple of 128 (a warp takes columns in pairs of eights), of which the last ROPE are rotary
/// and the others whole runs of 64. HEAD_TILES: 16 heads each.
template <int DIM, int ROPE, int HEAD_TILES>
struct AttendShape {
  static_assert(DIM % 128 == 0 && ROPE % 2 == 0 && (DIM - ROPE) % 64 == 0, "see above");
  static constexpr int kHeads = 16 * HEAD_TILES;
  static constexpr int kLine = attendLineBytes(DIM);
  static constexpr int kQueries = kAttendRows * kLine; ///< Place in shared memory, keys are first.
  static constexpr int kScores = kQueries + kHeads * kLine;
  static constexpr int kShares = kScores + kHeads * kAttendScoreBytes;
  static constexpr int kHeadNumbers = kShares + kHeads * kAttendShareBytes; ///< Maximum, sum, factor of the last block.
  static constexpr int kSources = kHeadNumbers + kHeads * 16;
  static constexpr int kRowBytes = attendRowBytes(DIM, ROPE);
  static constexpr int kSharedBytes = attendSharedBytes(DIM, HEAD_TILES);
  static constexpr int kCodes = DIM - ROPE;
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_ATTENDSHAPE_H

//===- PanelLayout.h - Bytes of a weight in panels --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight [N, K] (or each matrix of a stack) is cut into panels of 32 rows and a
// panel into blocks of 64 columns: block b of panel p is at (p * K/64 + b) *
// blockBytes. A panel is thus one sequential stream, and a vector lane is an output
// row: no sums across lanes. In a block, with row = 32p + 16h + r (h = 0, 1;
// r = 0..15) and column = 64b + k:
//
//   bf16      [k/2][h][r][k%2]              a vdpbf16ps operand per (k/2, h)
//   f8E4M3FN  [k/2][r/4][h][r%4][k%2]       unpacking the bytes of a 128-bit lane gives
//                                           the bf16 order for h = 0 (low) and 1 (high)
//   f4E2M1FN  [k/8][h][r] dwords            nibble j is column 8(k/8) + 2j, nibble 4 + j
//                                           column 8(k/8) + 2j + 1, j = 0..3
//   f8E8M0FNU [k/32][h][r]                  scales of an f4E2M1FN weight
//
// Rows from N up to a multiple of 32 are zero.
//
// An f32 weight has few rows (stream mixes: up to 24) and very many columns, so its
// lanes are columns and nothing is padded: one panel of all rows, whose blocks of 64
// columns follow each other; a block is [g][k/16][r][k%16] with groups g of 6 rows,
// the last one of what is left.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_PANELLAYOUT_H
#define V4_DIALECTS_KERNEL_PANELLAYOUT_H

#include <cstdint>

namespace v4 {

enum class PanelFormat { Bf16, F32, E4M3, E2M1, E2M1Scales };

/// Geometry of a panel and of its blocks.
inline constexpr int64_t kPanelRows = 32;
inline constexpr int64_t kPanelColumns = 64;
inline constexpr int64_t kF32GroupRows = 6;

/// Most inputs that a workgroup multiplies at a time: a block of a panel is decoded once for all of them. Their totals
/// and, with an epilogue, their products are on the stack.
inline constexpr int64_t kPanelInputs = 192;

/// Bytes of one block.
inline constexpr int64_t panelBlockBytes(PanelFormat format) {
  switch (format) {
  case PanelFormat::Bf16:
    return kPanelRows * kPanelColumns * 2;
  case PanelFormat::F32:
    return kPanelColumns * 4; // to a row
  case PanelFormat::E4M3:
    return kPanelRows * kPanelColumns;
  case PanelFormat::E2M1:
    return kPanelRows * kPanelColumns / 2;
  case PanelFormat::E2M1Scales:
    return kPanelRows * kPanelColumns / 32;
  }
  return 0;
}

/// Workgroups that share the experts of one tile of columns.
inline constexpr int64_t kExpertShares = 8;

inline constexpr int64_t panelCount(int64_t rows) { return (rows + kPanelRows - 1) / kPanelRows; }

/// Bytes of one matrix. REQUIRES: columns (in values) is a multiple of kPanelColumns.
inline constexpr int64_t panelBytes(PanelFormat format, int64_t rows, int64_t columns) {
  return (format == PanelFormat::F32 ? rows : panelCount(rows)) * (columns / kPanelColumns) * panelBlockBytes(format);
}

} // namespace v4

#endif // V4_DIALECTS_KERNEL_PANELLAYOUT_H

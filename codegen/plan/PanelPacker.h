//===- PanelPacker.h - Checkpoint matrices to panels ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_PANELPACKER_H
#define V4_CODEGEN_PLAN_PANELPACKER_H

#include "dialects/kernel/PanelLayout.h"

#include "llvm/ADT/ArrayRef.h"

namespace v4::codegen {

/// One matrix [rows, columns] of a weight in panels; columns in values.
struct PanelMatrix {
  PanelFormat format;
  int64_t rows;
  int64_t columns;

  uint64_t bytes() const { return static_cast<uint64_t>(panelBytes(format, rows, columns)); }
  /// Bytes of the matrix in the checkpoint, row by row.
  uint64_t sourceBytes() const;
  /// Packed bytes [begin, begin + out.size()) of the row-major `source`. Any range: pieces of a
  /// weight are written by several threads.
  void pack(llvm::ArrayRef<uint8_t> source, uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;

private:
  int64_t blockBytes() const { return panelBlockBytes(format) * (format == PanelFormat::F32 ? rows : 1); }
  void packBlock(const uint8_t *source, int64_t panel, int64_t block, uint8_t *out) const;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_PANELPACKER_H

//===- IndexPages.h - Index scores of a page of keys ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the definitions of v4.index_scores and v4.index_candidates share.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_INDEXPAGES_H
#define V4_PASSES_LOWER_INDEXPAGES_H

#include "passes/lower/CacheRows.h"

namespace v4 {

/// Compressed rows that the token of a step row may use: floor((position + 1) / 4).
mlir::Value visibleIndexRows(KernelEmitter &k, mlir::Value row);

class IndexPages {
public:
  using Value = mlir::Value;

  /// REQUIRES: at the kernel's start. q, weights and keys are operands of the op.
  IndexPages(KernelEmitter &k, Value q, Value weights, Value keys);

  int64_t getRows() const { return pageRows; }
  /// f32 scores of the page that was scored last.
  Value getScores() const { return scores; }
  /// Takes the queries of a token.
  void begin(Value row);
  /// Scores all keys of the page that starts with row `first`. REQUIRES: begin(row).
  void score(Value row, Value slot, Value first);

private:
  void emitDots();
  void emitHeadSums(Value row);

  KernelEmitter &k;
  int64_t heads, dim, paddedHeads;
  CacheRows keys;
  Value q, weights;
  int64_t pageRows;
  Value queries, keyRows, dots, scores;
};

} // namespace v4

#endif // V4_PASSES_LOWER_INDEXPAGES_H

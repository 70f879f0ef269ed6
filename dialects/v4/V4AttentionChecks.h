//===- V4AttentionChecks.h - Constraints of attention ops -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constraints (C1) to (C6), which v4.attention and v4.attend share. Private to dialects/v4.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_V4_V4ATTENTIONCHECKS_H
#define V4_DIALECTS_V4_V4ATTENTIONCHECKS_H

#include "dialects/v4/V4Shapes.h"

namespace v4 {

template <typename Op>
llvm::LogicalResult checkQueries(Op op) {
  RowSpace rows = rowsOf(op.getQ().getType());
  if (mlir::failed(checkRank(op, "q", op.getQ(), 3, "[T, heads, values]")) ||
      mlir::failed(checkRows(op, "q", op.getQ(), RowSpace::Tokens, "one query per token")) ||
      mlir::failed(
          checkShape(op, "kv", op.getKv(), {kRows, widthOf(op.getQ())}, "one row of the width of q per token")) ||
      mlir::failed(checkRows(op, "kv", op.getKv(), rows, "the rows of q")) ||
      mlir::failed(checkShape(op, "result", op.getResult(), op.getQ().getType().getShape(), "the shape of q")))
    return mlir::failure();
  return checkRows(op, "result", op.getResult(), rows, "the rows of q");
}

template <typename Op>
llvm::LogicalResult checkSelection(Op op) {
  bool sparse = op.getRows() && op.getRows().getType().getRatio() == 4;
  if (sparse && !op.getSelected())
    return op.emitOpError() << "rows of ratio 4 come without selected, expected the rows of the indexer";
  if (!sparse && op.getSelected()) {
    if (!op.getRows())
      return op.emitOpError() << "selected comes without rows, expected rows of ratio 4 to select from";
    return op.emitOpError() << "selected comes with rows of ratio " << op.getRows().getType().getRatio()
                            << ", expected rows of ratio 4";
  }
  if (!sparse)
    return mlir::success();
  if (mlir::failed(checkRank(op, "selected", op.getSelected(), 2, "[T, k]")))
    return mlir::failure();
  return checkRows(op, "selected", op.getSelected(), RowSpace::Tokens, "the rows of q");
}

template <typename Op>
llvm::LogicalResult checkAttention(Op op) {
  // attention_c1
  // attend_c1
  if (mlir::failed(checkQueries(op)))
    return mlir::failure();
  int64_t width = widthOf(op.getQ()), window = op.getWindow();
  // attention_c2
  // attend_c2
  if (op.getSink() && mlir::failed(checkShape(op, "sink", op.getSink(), {dimOf(op.getQ(), 1)}, "one per head of q")))
    return mlir::failure();
  // attention_c6
  // attend_c6
  if (window < 1)
    return op.emitOpError() << "window = " << window << ", expected at least 1";
  // attention_c3
  // attend_c3
  CacheType ring = op.getRing().getType();
  if (mlir::failed(checkPool(op, "ring", ring, PoolKind::State, RowEncoding::KvCompact)) ||
      mlir::failed(checkCount(op, "ring", "values per row", ring.getValues(), width, "the width of q")))
    return mlir::failure();
  if (ring.getRows() < window)
    return op.emitOpError() << "ring has " << ring.getRows() << " rows, expected at least " << window << ", the window";
  // attention_c4
  // attend_c4
  if (op.getRows() &&
      (mlir::failed(checkPool(op, "rows", op.getRows().getType(), PoolKind::Page, RowEncoding::KvCompact)) ||
       mlir::failed(
           checkCount(op, "rows", "values per row", op.getRows().getType().getValues(), width, "the width of q"))))
    return mlir::failure();
  // attention_c5
  // attend_c5
  return checkSelection(op);
}

} // namespace v4

#endif // V4_DIALECTS_V4_V4ATTENTIONCHECKS_H

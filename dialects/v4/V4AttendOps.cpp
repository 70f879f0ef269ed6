//===- V4AttendOps.cpp - Verifiers of fused attention and indexer -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in V4AttendOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4AttentionChecks.h"

using namespace mlir;
using namespace v4;

LogicalResult AttendOp::verify() {
  // (C1) to (C6) are tagged there.
  if (failed(checkAttention(*this)))
    return failure();
  // attend_c7
  int64_t rope = getRing().getType().getRope();
  if (failed(checkShape(*this, "table", getTable(), {kRows, 2, rope / 2}, "cosines and sines of the rotary values")))
    return failure();
  return checkRows(*this, "table", getTable(), RowSpace::Tokens, "the rows of q");
}

LogicalResult IndexCandidatesOp::verify() {
  // index_candidates_c1
  RowSpace tokens = RowSpace::Tokens;
  if (failed(checkRank(*this, "q", getQ(), 3, "[T, heads, values]")) ||
      failed(checkRows(*this, "q", getQ(), tokens, "one query per token")) ||
      failed(checkShape(*this, "weights", getWeights(), {kRows, dimOf(getQ(), 1)}, "one per head of q")) ||
      failed(checkRows(*this, "weights", getWeights(), tokens, "the rows of q")))
    return failure();
  // index_candidates_c2
  CacheType keys = getKeys().getType();
  if (failed(checkPool(*this, "keys", keys, PoolKind::Page, RowEncoding::IndexFp4)) ||
      failed(checkCount(*this, "keys", "values per row", keys.getValues(), widthOf(getQ()), "the width of q")))
    return failure();
  if (keys.getRatio() != 4)
    return emitOpError() << "keys has ratio " << keys.getRatio() << ", expected 4";
  // index_candidates_c3
  if (failed(checkRank(*this, "scores", getScores(), 3, "[T, strips, k]")) ||
      failed(checkRows(*this, "scores", getScores(), tokens, "the rows of q")) ||
      failed(checkShape(*this, "rows", getRows(), tensorOf(getScores()).getShape(), "the shape of scores")))
    return failure();
  return checkRows(*this, "rows", getRows(), tokens, "the rows of q");
}

LogicalResult SelectCandidatesOp::verify() {
  // select_candidates_c1
  RowSpace tokens = RowSpace::Tokens;
  if (failed(checkRank(*this, "scores", getScores(), 3, "[T, strips, k]")) ||
      failed(checkRows(*this, "scores", getScores(), tokens, "a candidate belongs to a token")) ||
      failed(checkShape(*this, "rows", getRows(), tensorOf(getScores()).getShape(), "the shape of scores")) ||
      failed(checkRows(*this, "rows", getRows(), tokens, "the rows of scores")) ||
      failed(checkShape(*this, "result", getResult(), {kRows, widthOf(getScores())}, "the k of scores")))
    return failure();
  return checkRows(*this, "result", getResult(), tokens, "the rows of scores");
}

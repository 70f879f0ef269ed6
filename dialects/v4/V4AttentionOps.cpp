//===- V4AttentionOps.cpp - Verifiers of compressor, indexer, attention -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in V4AttentionOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4AttentionChecks.h"

using namespace mlir;
using namespace v4;

namespace {
/// The ring of a compressor: f32 state rows of values, then gates. REQUIRES: values has rank 2.
LogicalResult checkCompressorState(Operation *op, Value values, CacheType state) {
  if (failed(checkPool(op, "state", state, PoolKind::State, RowEncoding::F32)))
    return failure();
  return checkCount(op, "state", "values per row", state.getValues(), timesOf(2, widthOf(values)),
                    "the width of values and gates");
}

LogicalResult checkTokenMatrix(Operation *op, StringRef name, Value value) {
  if (failed(checkRank(op, name, value, 2, "[T, values]")))
    return failure();
  return checkRows(op, name, value, RowSpace::Tokens, "one row per token");
}

/// The ratio of the chunks that rows count, 0 for other rows.
int64_t ratioOf(RowSpace rows) { return rows == RowSpace::Chunks4 ? 4 : rows == RowSpace::Chunks128 ? 128 : 0; }
} // namespace

//===----------------------------------------------------------------------===//
// Compressor
//===----------------------------------------------------------------------===//

LogicalResult CompressOp::verify() {
  // compress_c1
  if (failed(checkTokenMatrix(*this, "values", getValues())))
    return failure();
  // compress_c2
  int64_t ratio = getRatio(), width = widthOf(getValues());
  if (ratio != 4 && ratio != 128)
    return emitOpError() << "ratio = " << ratio << ", expected 4 or 128";
  if (failed(checkRows(*this, "result", getResult(), ratio == 4 ? RowSpace::Chunks4 : RowSpace::Chunks128,
                       "one row per chunk of ratio " + Twine(ratio))))
    return failure();
  // compress_c3
  int64_t dim = ratio == 4 ? width / 2 : width;
  if (failed(checkShape(*this, "ape", getApe(), {ratio, width}, "one row per token of a chunk")) ||
      failed(checkShape(*this, "result", getResult(), {kRows, dim},
                        ratio == 4 ? "half the width of values" : "the width of values")))
    return failure();
  if (ratio == 4 && width % 2 != 0)
    return emitOpError() << "values has " << width << " values, expected an even number: two halves overlap at ratio 4";
  // compress_c4
  if (failed(checkCompressorState(*this, getValues(), getState().getType())))
    return failure();
  return checkPartialRows(*this, getState().getType(), ratio);
}

LogicalResult SavePartialOp::verify() {
  // save_partial_c1
  CacheType state = getState().getType();
  if (failed(checkTokenMatrix(*this, "values", getValues())) || failed(checkCompressorState(*this, getValues(), state)))
    return failure();
  if (state.getRows() < 8)
    return emitOpError() << "state has " << state.getRows()
                         << " rows, expected at least 8 for ratio 4 or 128 for ratio 128";
  return success();
}

LogicalResult AppendRowsOp::verify() {
  CacheType cache = getCache().getType();
  // append_rows_c1
  int64_t ratio = ratioOf(rowsOf(getX().getType()));
  if (failed(checkRank(*this, "x", getX(), 2, "[chunks, values]")))
    return failure();
  if (ratio == 0)
    return emitOpError() << "x has rows " << stringifyRowSpace(rowsOf(getX().getType()))
                         << ", expected chunks4 or chunks128";
  if (cache.getKind() != PoolKind::Page || cache.getRatio() != ratio)
    return emitOpError() << "cache is a " << stringifyPoolKind(cache.getKind()) << " pool of ratio " << cache.getRatio()
                         << ", expected a page pool of ratio " << ratio << ", the rows of x";
  if (failed(checkCount(*this, "cache", "values per row", cache.getValues(), widthOf(getX()), "the width of x")))
    return failure();
  // append_rows_c2
  if (cache.getEncoding() != RowEncoding::KvCompact && cache.getEncoding() != RowEncoding::IndexFp4)
    return emitOpError() << "cache has " << stringifyRowEncoding(cache.getEncoding())
                         << " rows, expected kv_compact or index_fp4";
  return success();
}

LogicalResult AppendWindowOp::verify() {
  CacheType cache = getCache().getType();
  // append_window_c1
  if (failed(checkRank(*this, "x", getX(), 2, "[T, values]")) ||
      failed(checkPool(*this, "cache", cache, PoolKind::State, RowEncoding::KvCompact)) ||
      failed(checkCount(*this, "cache", "values per row", cache.getValues(), widthOf(getX()), "the width of x")))
    return failure();
  if (cache.getRatio() != 1)
    return emitOpError() << "cache has ratio " << cache.getRatio() << ", expected 1: a window row is one token";
  // append_window_c2
  return checkRows(*this, "x", getX(), RowSpace::Tokens, "a window row is one token");
}

//===----------------------------------------------------------------------===//
// Indexer
//===----------------------------------------------------------------------===//

LogicalResult IndexScoresOp::verify() {
  // index_scores_c1
  RowSpace tokens = RowSpace::Tokens;
  if (failed(checkRank(*this, "q", getQ(), 3, "[T, heads, values]")) ||
      failed(checkRows(*this, "q", getQ(), tokens, "one query per token")) ||
      failed(checkShape(*this, "weights", getWeights(), {kRows, dimOf(getQ(), 1)}, "one per head of q")) ||
      failed(checkRows(*this, "weights", getWeights(), tokens, "the rows of q")))
    return failure();
  // index_scores_c2
  CacheType keys = getKeys().getType();
  bool withoutFp4 = keys.getEncoding() == RowEncoding::KvCompact && (*this)->hasAttr("v4.planted"); // test-only mistake
  RowEncoding encoding = withoutFp4 ? RowEncoding::KvCompact : RowEncoding::IndexFp4;
  if (failed(checkPool(*this, "keys", keys, PoolKind::Page, encoding)) ||
      failed(checkCount(*this, "keys", "values per row", keys.getValues(), widthOf(getQ()), "the width of q")))
    return failure();
  if (keys.getRatio() != 4)
    return emitOpError() << "keys has ratio " << keys.getRatio() << ", expected 4";
  // index_scores_c3
  if (failed(checkShape(*this, "result", getResult(), {kRows, ShapedType::kDynamic},
                        "the index rows of the session's context")))
    return failure();
  return checkRows(*this, "result", getResult(), tokens, "the rows of q");
}

LogicalResult TopKOp::verify() {
  // top_k_c1
  if (failed(checkShape(*this, "scores", getScores(), {kRows, ShapedType::kDynamic},
                        "the index rows of the session's context")) ||
      failed(checkRank(*this, "result", getResult(), 2, "[T, k]")) ||
      failed(checkRows(*this, "result", getResult(), rowsOf(getScores().getType()), "the rows of scores")))
    return failure();
  if (widthOf(getResult()) < 1)
    return emitOpError() << "k = " << widthOf(getResult()) << ", the width of result, expected at least 1";
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() { return checkAttention(*this); }

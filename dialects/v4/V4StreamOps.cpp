//===- V4StreamOps.cpp - Verifiers of hyper-connections, heads, MTP -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops of V4CoreOps.td that work on residual streams [T, C, d].
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

using namespace mlir;
using namespace v4;

namespace {
LogicalResult checkStreams(Operation *op, StringRef name, Value streams) {
  return checkRank(op, name, streams, 3, "[rows, streams, d]");
}

/// The values of all streams of a row; REQUIRES rank 3.
int64_t streamValuesOf(Value streams) { return timesOf(dimOf(streams, 1), dimOf(streams, 2)); }

/// What v4.previous_streams reads and v4.save_streams writes.
LogicalResult checkStreamPool(Operation *op, Value streams, CacheType pool) {
  if (failed(checkStreams(op, "x", streams)) ||
      failed(checkRows(op, "x", streams, RowSpace::Tokens, "tokens follow each other in a sequence")) ||
      failed(checkPool(op, "cache", pool, PoolKind::State, RowEncoding::Bf16)) ||
      failed(checkCount(op, "cache", "source tokens per row", pool.getRatio(), 1, "a row is one token's")))
    return failure();
  return checkCount(op, "cache", "values per row", pool.getValues(), streamValuesOf(streams),
                    "the values of all streams of x");
}
} // namespace

//===----------------------------------------------------------------------===//
// Hyper-connections
//===----------------------------------------------------------------------===//

LogicalResult HcPreOp::verify() {
  // hc_pre_c3
  if (failed(checkStreams(*this, "streams", getStreams())))
    return failure();
  int64_t count = dimOf(getStreams(), 1), iterations = getIterations();
  if (count < 2 || count > 4)
    return emitOpError() << "streams has " << count << " streams, expected 2 to 4";
  if (iterations < 1)
    return emitOpError() << "iterations = " << iterations << ", expected at least 1";
  // hc_pre_c1
  int64_t mixes = (2 + count) * count;
  if (failed(checkShape(*this, "fn", getFn(), {mixes, streamValuesOf(getStreams())},
                        "one row per pre, post and comb value of the streams")) ||
      failed(checkShape(*this, "base", getBase(), {mixes}, "one per row of fn")) ||
      failed(checkShape(*this, "scale", getScale(), {3}, "one for pre, post and comb each")))
    return failure();
  // hc_pre_c2
  RowSpace rows = rowsOf(getStreams().getType());
  if (failed(checkShape(*this, "x", getX(), {kRows, widthOf(getStreams())}, "the width of a stream")) ||
      failed(checkShape(*this, "post", getPost(), {kRows, count}, "one per stream")) ||
      failed(checkShape(*this, "comb", getComb(), {kRows, count, count}, "one per pair of streams")))
    return failure();
  if (failed(checkRows(*this, "x", getX(), rows, "the rows of streams")) ||
      failed(checkRows(*this, "post", getPost(), rows, "the rows of streams")))
    return failure();
  return checkRows(*this, "comb", getComb(), rows, "the rows of streams");
}

LogicalResult HcPostOp::verify() {
  // hc_post_c1
  if (failed(checkStreams(*this, "streams", getStreams())))
    return failure();
  int64_t count = dimOf(getStreams(), 1);
  if (failed(checkShape(*this, "y", getY(), {kRows, widthOf(getStreams())}, "the width of a stream")) ||
      failed(checkShape(*this, "post", getPost(), {kRows, count}, "one per stream")) ||
      failed(checkShape(*this, "comb", getComb(), {kRows, count, count}, "one per pair of streams")))
    return failure();
  RowSpace rows = rowsOf(getStreams().getType());
  if (failed(checkRows(*this, "y", getY(), rows, "the rows of streams")) ||
      failed(checkRows(*this, "post", getPost(), rows, "the rows of streams")))
    return failure();
  return checkRows(*this, "comb", getComb(), rows, "the rows of streams");
}

LogicalResult HcHeadOp::verify() {
  // hc_head_c1
  if (failed(checkStreams(*this, "streams", getStreams())))
    return failure();
  int64_t count = dimOf(getStreams(), 1);
  if (failed(checkShape(*this, "fn", getFn(), {count, streamValuesOf(getStreams())}, "one row per stream")) ||
      failed(checkShape(*this, "base", getBase(), {count}, "one per stream")) ||
      failed(checkShape(*this, "scale", getScale(), {1}, "one for all streams")))
    return failure();
  // hc_head_c2
  if (failed(checkShape(*this, "x", getX(), {kRows, widthOf(getStreams())}, "the width of a stream")))
    return failure();
  return checkRows(*this, "x", getX(), rowsOf(getStreams().getType()), "the rows of streams");
}

//===----------------------------------------------------------------------===//
// Heads and MTP
//===----------------------------------------------------------------------===//

LogicalResult SelectLogitsRowsOp::verify() {
  // select_logits_rows_c1
  if (failed(checkRows(*this, "x", getX(), RowSpace::Tokens, "the rows that are selected from")) ||
      failed(checkRows(*this, "result", getResult(), RowSpace::Logits, "the rows that are selected")))
    return failure();
  return checkShape(*this, "result", getResult(), getX().getType().getShape(), "the shape of x");
}

LogicalResult PreviousStreamsOp::verify() {
  // previous_streams_c1
  return checkStreamPool(*this, getX(), getCache().getType());
}

LogicalResult SaveStreamsOp::verify() {
  // save_streams_c1
  return checkStreamPool(*this, getX(), getCache().getType());
}

LogicalResult MtpMixOp::verify() {
  // mtp_mix_c1
  if (failed(checkStreams(*this, "streams", getStreams())) ||
      failed(checkShape(*this, "e", getE(), {kRows, widthOf(getStreams())}, "the width of a stream")))
    return failure();
  return checkRows(*this, "e", getE(), rowsOf(getStreams().getType()), "the rows of streams");
}

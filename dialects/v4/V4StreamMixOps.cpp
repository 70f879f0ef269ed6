//===- V4StreamMixOps.cpp - Verifiers of fused hyper-connections -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

using namespace mlir;
using namespace v4;

namespace {
LogicalResult checkStreams(Operation *op, Value streams) {
  if (failed(checkRank(op, "streams", streams, 3, "[rows, streams, d]")))
    return failure();
  int64_t count = dimOf(streams, 1);
  if (count < 2 || count > 4)
    return op->emitOpError() << "streams has " << count << " streams, expected 2 to 4";
  return success();
}

LogicalResult checkMix(Operation *op, Value mix, Value streams, int64_t outputs) {
  if (failed(checkRank(op, "mix", mix, 3, "[rows, parts, sums]")))
    return failure();
  int64_t width = HcMixOp::mixWidth(outputs);
  if (widthOf(mix) != width)
    return op->emitOpError() << "mix has " << widthOf(mix) << " sums to a part, expected " << width
                             << ": the smallest multiple of 16 above " << outputs << " rows of fn";
  if (dimOf(mix, 1) < 1 || widthOf(streams) % dimOf(mix, 1) != 0)
    return op->emitOpError() << "mix has " << dimOf(mix, 1) << " parts, expected a divisor of the width "
                             << widthOf(streams);
  return checkRows(op, "mix", mix, rowsOf(streams.getType()), "the rows of streams");
}

LogicalResult checkShaped(Operation *op, StringRef name, Value value, ArrayRef<int64_t> shape, Value streams,
                          StringRef why) {
  if (failed(checkShape(op, name, value, shape, why)))
    return failure();
  return checkRows(op, name, value, rowsOf(streams.getType()), "the rows of streams");
}
} // namespace

LogicalResult HcMixOp::verify() {
  // hc_mix_c1
  if (failed(checkStreams(*this, getStreams())))
    return failure();
  // hc_mix_c2
  int64_t count = dimOf(getStreams(), 1), d = widthOf(getStreams());
  if (failed(checkRank(*this, "fn", getFn(), 2, "[outputs, values of all streams]")) ||
      failed(checkShape(*this, "fn", getFn(), {dimOf(getFn(), 0), timesOf(count, d)}, "one column per stream value")))
    return failure();
  // hc_mix_c3
  if (failed(checkMix(*this, getMix(), getStreams(), dimOf(getFn(), 0))))
    return failure();
  // hc_mix_c4
  if (bool(getY()) != bool(getNext()))
    return emitOpError() << (getY() ? "has y but no result for the new streams" : "has new streams but no y")
                         << ", expected both or none";
  if (!getY())
    return success();
  if (getNext().getType() != getStreams().getType())
    return emitOpError() << "new streams are " << getNext().getType() << ", expected the type of streams, "
                         << getStreams().getType();
  if (failed(checkShaped(*this, "y", getY(), {kRows, d}, getStreams(), "the width of a stream")) ||
      failed(checkShaped(*this, "post", getPost(), {kRows, count}, getStreams(), "one per stream")))
    return failure();
  return checkShaped(*this, "comb", getComb(), {kRows, count, count}, getStreams(), "one per pair of streams");
}

LogicalResult HcNormOp::verify() {
  // hc_norm_c1
  if (failed(checkStreams(*this, getStreams())))
    return failure();
  // hc_norm_c2
  int64_t count = dimOf(getStreams(), 1), d = widthOf(getStreams()), outputs = (2 + count) * count;
  if (failed(checkMix(*this, getMix(), getStreams(), outputs)))
    return failure();
  // hc_norm_c3
  if (failed(checkShape(*this, "base", getBase(), {outputs}, "one per pre, post and comb value")) ||
      failed(checkShape(*this, "scale", getScale(), {3}, "one for pre, post and comb each")) ||
      failed(checkShape(*this, "weight", getWeight(), {d}, "the width of a stream")))
    return failure();
  if (int64_t iterations = getIterations(); iterations < 1)
    return emitOpError() << "iterations = " << iterations << ", expected at least 1";
  // hc_norm_c4
  if (failed(checkShaped(*this, "normed", getNormed(), {kRows, d}, getStreams(), "the width of a stream")) ||
      failed(checkShaped(*this, "post", getPost(), {kRows, count}, getStreams(), "one per stream")) ||
      failed(checkShaped(*this, "comb", getComb(), {kRows, count, count}, getStreams(), "one per pair of streams")))
    return failure();
  if (!getQuantized())
    return success();
  if (d % 128 != 0)
    return emitOpError() << "quantizes rows of " << d << " values, expected a multiple of 128: the block of fp8";
  return checkShaped(*this, "quantized", getQuantized(), {kRows, d}, getStreams(), "the width of a stream");
}

//===- V4RowOps.cpp - Verifiers of fused steps on rows ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4;

static LogicalResult checkTable(Operation *op, Value table, RowSpace rows, int64_t width) {
  if (failed(checkRank(op, "table", table, 3, "[rows of x, 2, R/2]")) ||
      failed(checkCount(op, "table", "parts", dimOf(table, 1), 2, "cosines and sines")) ||
      failed(checkRows(op, "table", table, rows, "the rows of x")))
    return failure();
  int64_t rotary = timesOf(2, widthOf(table));
  if (rotary > width)
    return op->emitOpError() << "table rotates " << rotary << " values, expected at most " << width
                             << ", the width of x";
  return success();
}

static LogicalResult checkQuantization(RowChainOp op) {
  if (bool(op.getFormat()) != bool(op.getBlock()) || bool(op.getFormat()) != bool(op.getPrefix()))
    return op.emitOpError() << "has a part of its quantization, expected format, block and prefix";
  if (!op.getFormat())
    return success();
  int64_t prefix = *op.getPrefix(), block = *op.getBlock(), width = widthOf(op.getX());
  if (prefix < 0 || prefix > width)
    return op.emitOpError() << "prefix = " << prefix << ", expected 0 to " << width << ", the width of x";
  if (block < 1 || prefix % block != 0)
    return op.emitOpError() << "prefix = " << prefix << " is no multiple of block = " << block
                            << ", expected whole blocks";
  return success();
}

LogicalResult RowChainOp::verify() {
  // row_chain_c1
  int steps = bool(getEps()) + bool(getTable()) + getHadamard() + bool(getFormat());
  if (steps < 2)
    return emitOpError() << "has " << steps << " steps, expected at least 2";
  // row_chain_c2
  int64_t width = widthOf(getX());
  if (getWeight() && !getEps())
    return emitOpError() << "has the weight of a norm but no eps";
  if (getWeight() && failed(checkShape(*this, "weight", getWeight(), {width}, "the width of x")))
    return failure();
  // row_chain_c3
  if (getInverse() && !getTable())
    return emitOpError() << "is inverse but has no rope table";
  if (getTable() && failed(checkTable(*this, getTable(), rowsOf(getX().getType()), width)))
    return failure();
  // row_chain_c4
  if (getHadamard() && !llvm::isPowerOf2_64(width))
    return emitOpError() << "x has width " << width << ", expected a power of two";
  // row_chain_c5
  if (failed(checkQuantization(*this)))
    return failure();
  // row_chain_c6
  if (getKeep() && !getEps())
    return emitOpError() << "keeps the values behind a norm but has none";
  if (getKeep() && getKeep().getType() != getX().getType())
    return emitOpError() << "keeps " << getKeep().getType() << ", expected the type of x, " << getX().getType();
  return success();
}

LogicalResult SwigluQuantizeOp::verify() {
  // swiglu_quantize_c1
  if (getWeights()) {
    if (failed(checkRank(*this, "gate", getGate(), 3, "[T, active experts, values]")) ||
        failed(
            checkShape(*this, "weights", getWeights(), {kRows, dimOf(getGate(), 1)}, "one per assignment of gate")) ||
        failed(checkRows(*this, "weights", getWeights(), rowsOf(getGate().getType()), "the rows of gate")))
      return failure();
  }
  // swiglu_quantize_c2
  if (int64_t width = widthOf(getGate()); width % 128 != 0)
    return emitOpError() << "gate has width " << width << ", expected a multiple of 128: the block of fp8";
  return success();
}

//===----------------------------------------------------------------------===//
// Compressor
//===----------------------------------------------------------------------===//

static LogicalResult checkRowCache(CompressAppendOp op, int64_t dim, int64_t ratio) {
  CacheType cache = op.getCache().getType();
  if (cache.getKind() != PoolKind::Page || cache.getRatio() != ratio)
    return op.emitOpError() << "cache is a " << stringifyPoolKind(cache.getKind()) << " pool of ratio "
                            << cache.getRatio() << ", expected a page pool of ratio " << ratio;
  if (failed(checkCount(op, "cache", "values per row", cache.getValues(), dim, "the width of a compressed row")))
    return failure();
  if (cache.getEncoding() != RowEncoding::KvCompact && cache.getEncoding() != RowEncoding::IndexFp4)
    return op.emitOpError() << "cache has " << stringifyRowEncoding(cache.getEncoding())
                            << " rows, expected kv_compact or index_fp4";
  if (op.getHadamard() && !llvm::isPowerOf2_64(dim))
    return op.emitOpError() << "transforms rows of " << dim << " values, expected a power of two";
  return success();
}

LogicalResult CompressAppendOp::verify() {
  // compress_append_c1
  if (failed(checkRank(*this, "values", getValues(), 2, "[T, values]")) ||
      failed(checkRows(*this, "values", getValues(), RowSpace::Tokens, "the tokens of the step")))
    return failure();
  int64_t ratio = getRatio(), width = widthOf(getValues());
  if (ratio != 4 && ratio != 128)
    return emitOpError() << "ratio = " << ratio << ", expected 4 or 128";
  if (ratio == 4 && width % 2 != 0)
    return emitOpError() << "values has " << width << " values, expected an even number: two halves overlap at ratio 4";
  // compress_append_c2
  int64_t dim = ratio == 4 ? width / 2 : width;
  if (failed(checkShape(*this, "weight", getWeight(), {dim}, "the width of a compressed row")) ||
      failed(checkShape(*this, "ape", getApe(), {ratio, width}, "one row per token of a chunk")))
    return failure();
  // compress_append_c3
  CacheType state = getState().getType();
  if (failed(checkPool(*this, "state", state, PoolKind::State, RowEncoding::F32)) ||
      failed(checkCount(*this, "state", "values per row", state.getValues(), timesOf(2, width), "values and gates")) ||
      failed(checkPartialRows(*this, state, ratio)))
    return failure();
  // compress_append_c4
  if (failed(checkTable(*this, getTable(), ratio == 4 ? RowSpace::Chunks4 : RowSpace::Chunks128, dim)))
    return failure();
  // compress_append_c5
  return checkRowCache(*this, dim, ratio);
}

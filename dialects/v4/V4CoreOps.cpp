//===- V4CoreOps.cpp - Verifiers of embedding, norms, linear, rope -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in V4CoreOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4;

//===----------------------------------------------------------------------===//
// Embedding and norms
//===----------------------------------------------------------------------===//

LogicalResult EmbedOp::verify() {
  if (failed(checkRank(*this, "table", getTable(), 2, "[vocabulary, d]")))
    return failure();
  // embed_c1
  if (failed(checkCount(*this, "result", "values per row", widthOf(getResult()), widthOf(getTable()),
                        "the width of table")))
    return failure();
  // embed_c2
  if (rankOf(getResult()) != 2 && rankOf(getResult()) != 3)
    return emitOpError() << "result has rank " << rankOf(getResult()) << ", expected 2, or 3 with streams";
  return checkRows(*this, "result", getResult(), RowSpace::Tokens, "one row per token id");
}

LogicalResult RmsNormOp::verify() {
  // rms_norm_c1
  return checkShape(*this, "weight", getWeight(), {widthOf(getX())}, "the width of x");
}

LogicalResult QuantizeOp::verify() {
  // quantize_c1
  int64_t prefix = getPrefix(), block = getBlock();
  if (prefix < 0 || prefix > widthOf(getX()))
    return emitOpError() << "prefix = " << prefix << ", expected 0 to " << widthOf(getX()) << ", the width of x";
  // quantize_c2
  if (block < 1)
    return emitOpError() << "block = " << block << ", expected at least 1";
  if (prefix % block != 0)
    return emitOpError() << "prefix = " << prefix << " is no multiple of block = " << block
                         << ", expected whole blocks";
  return success();
}

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

/// Whether `shape` is `flat` with the last dimension split into several, as in [T, H, D] for [T, H * D].
static bool isViewOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> flat) {
  size_t leading = flat.size() - 1;
  if (shape.size() <= flat.size() || shape.take_front(leading) != flat.drop_back())
    return false;
  int64_t product = 1;
  for (int64_t dim : shape.drop_front(leading))
    product = dim < 0 ? -1 : timesOf(product, dim);
  return product == flat.back();
}

LogicalResult LinearOp::verify() {
  RankedTensorType weight = getWeight().getType();
  if (failed(checkRank(*this, "weight", getWeight(), 2, "[out, in]")))
    return failure();
  // linear_c1
  if (failed(checkCount(*this, "weight", "input columns", inputWidthOf(weight), widthOf(getX()), "the width of x")))
    return failure();
  // linear_c2
  SmallVector<int64_t> expected(getX().getType().getShape());
  expected.back() = weight.getDimSize(0);
  if ((!isViewOf(getResult().getType().getShape(), expected) &&
       failed(checkShape(*this, "result", getResult(), expected, "x with the outputs of weight"))) ||
      failed(checkRows(*this, "result", getResult(), rowsOf(getX().getType()), "the rows of x")))
    return failure();
  // linear_c3
  return checkScales(*this, weight, getScales());
}

LogicalResult GroupedLinearOp::verify() {
  RankedTensorType weight = getWeight().getType();
  if (failed(checkRank(*this, "x", getX(), 3, "[T, heads, values]")) ||
      failed(checkRank(*this, "weight", getWeight(), 2, "[out, in]")))
    return failure();
  int64_t groups = getGroups(), heads = dimOf(getX(), 1), outputs = weight.getDimSize(0);
  // grouped_linear_c1
  if (groups < 1 || heads % groups != 0 || outputs % groups != 0)
    return emitOpError() << "groups = " << groups << ", expected a divisor of " << heads << " heads of x and of "
                         << outputs << " rows of weight";
  // grouped_linear_c2
  if (failed(checkCount(*this, "weight", "input columns", inputWidthOf(weight),
                        timesOf(heads / groups, widthOf(getX())), "the values of the heads of one group")))
    return failure();
  // grouped_linear_c3
  if (failed(checkShape(*this, "result", getResult(), {kRows, outputs}, "the outputs of all groups")) ||
      failed(checkRows(*this, "result", getResult(), rowsOf(getX().getType()), "the rows of x")))
    return failure();
  // grouped_linear_c4
  return checkScales(*this, weight, getScales());
}

//===----------------------------------------------------------------------===//
// Rotary embedding and Hadamard
//===----------------------------------------------------------------------===//

LogicalResult RopeTableOp::verify() {
  // rope_table_c1
  if (failed(checkShape(*this, "result", getResult(), {kRows, 2, static_cast<int64_t>(getFreqs().size())},
                        "a cosine and a sine for each of freqs")))
    return failure();
  // rope_table_c2
  RowSpace rows = rowsOf(getResult().getType());
  if (rows != RowSpace::Tokens && rows != RowSpace::Chunks4 && rows != RowSpace::Chunks128)
    return emitOpError() << "result has rows " << stringifyRowSpace(rows)
                         << ", expected tokens, chunks4 or chunks128: other rows have no position";
  return success();
}

LogicalResult RopeOp::verify() {
  // rope_c1
  if (failed(checkRank(*this, "table", getTable(), 3, "[rows of x, 2, R/2]")) ||
      failed(checkCount(*this, "table", "parts", dimOf(getTable(), 1), 2, "cosines and sines")) ||
      failed(checkRows(*this, "table", getTable(), rowsOf(getX().getType()), "the rows of x")))
    return failure();
  // rope_c2
  int64_t rotary = timesOf(2, widthOf(getTable()));
  if (rotary > widthOf(getX()))
    return emitOpError() << "table rotates " << rotary << " values, expected at most " << widthOf(getX())
                         << ", the width of x";
  return success();
}

LogicalResult HadamardOp::verify() {
  // hadamard_c1
  if (!llvm::isPowerOf2_64(widthOf(getX())))
    return emitOpError() << "x has width " << widthOf(getX()) << ", expected a power of two";
  return success();
}

//===- V4Shapes.cpp - Comparisons of shapes, rows and pools -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace {
/// Dimensions as they are written in a type: "?x4x256".
std::string shapeText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "of rank 0";
  return llvm::join(
      llvm::map_range(shape,
                      [](int64_t dim) { return ShapedType::isDynamic(dim) ? std::string("?") : std::to_string(dim); }),
      "x");
}
} // namespace

int64_t v4::timesOf(int64_t a, int64_t b) {
  int64_t product = 0;
  return llvm::MulOverflow(a, b, product) ? INT64_MAX : product;
}

LogicalResult v4::checkShape(Operation *op, StringRef name, Value value, ArrayRef<int64_t> expected,
                             const Twine &reason) {
  ArrayRef<int64_t> shape = tensorOf(value).getShape();
  if (shape == expected)
    return success();
  // A vector of numbers reads better as a count.
  if (shape.size() == 1 && expected.size() == 1)
    return checkCount(op, name, "values", shape.front(), expected.front(), reason);
  return op->emitOpError() << name << " has shape " << shapeText(shape) << ", expected " << shapeText(expected) << ", "
                           << reason;
}

LogicalResult v4::checkRank(Operation *op, StringRef name, Value value, int64_t expected, const Twine &reason) {
  if (rankOf(value) == expected)
    return success();
  return op->emitOpError() << name << " has rank " << rankOf(value) << ", expected " << expected << ", " << reason;
}

LogicalResult v4::checkRows(Operation *op, StringRef name, Value value, RowSpace expected, const Twine &reason) {
  RowSpace rows = rowsOf(value.getType());
  if (rows == expected)
    return success();
  return op->emitOpError() << name << " has rows " << stringifyRowSpace(rows) << ", expected "
                           << stringifyRowSpace(expected) << ", " << reason;
}

LogicalResult v4::checkCount(Operation *op, StringRef name, StringRef unit, int64_t count, int64_t expected,
                             const Twine &reason) {
  if (count == expected)
    return success();
  return op->emitOpError() << name << " has " << count << " " << unit << ", expected " << expected << ", " << reason;
}

LogicalResult v4::checkPartialRows(Operation *op, CacheType state, int64_t ratio) {
  int64_t least = ratio == 4 ? 8 : 128;
  if (state.getRows() >= least)
    return success();
  return op->emitOpError() << "state has " << state.getRows() << " rows, expected at least " << least
                           << ", the tokens that a chunk of ratio " << ratio << " reaches back";
}

LogicalResult v4::checkPool(Operation *op, StringRef name, CacheType pool, PoolKind kind, RowEncoding encoding) {
  if (pool.getKind() == kind && pool.getEncoding() == encoding)
    return success();
  return op->emitOpError() << name << " is a " << stringifyPoolKind(pool.getKind()) << " pool of "
                           << stringifyRowEncoding(pool.getEncoding()) << " rows, expected a "
                           << stringifyPoolKind(kind) << " pool of " << stringifyRowEncoding(encoding) << " rows";
}

int64_t v4::inputWidthOf(RankedTensorType weight) {
  return isPacked(weight) ? timesOf(2, weight.getShape().back()) : weight.getShape().back();
}

LogicalResult v4::checkScales(Operation *op, RankedTensorType weight, Value scales) {
  bool packed = isPacked(weight);
  if (!packed && !isa<Float8E4M3FNType>(weight.getElementType())) {
    if (scales)
      return op->emitOpError() << "weight of " << weight.getElementType()
                               << " has scales, expected none: only f8E4M3FN and packed f4E2M1FN have them";
    return success();
  }
  SmallVector<int64_t> grid(weight.getShape());
  if (!packed)
    grid[grid.size() - 2] = llvm::divideCeil(grid[grid.size() - 2], 128);
  grid.back() = llvm::divideCeil(inputWidthOf(weight), packed ? 32 : 128);
  StringRef blocks = packed ? "one per row and 32 columns" : "one per 128 x 128 block";
  if (!scales)
    return op->emitOpError() << "weight of " << (packed ? "packed f4E2M1FN" : "f8E4M3FN")
                             << " has no scales, expected scales of shape " << shapeText(grid) << ", " << blocks;
  return checkShape(op, "scales", scales, grid, blocks);
}

//===- MatrixRows.cpp - Products of input rows with weight rows -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/MatrixRows.h"

using namespace mlir;
using namespace v4;

MatrixRows::MatrixRows(KernelEmitter &k, Value weight, Value scales)
    : k(k), weight(k.operandOf(weight)), scales(scales ? k.operandOf(scales) : Value()) {
  auto type = cast<RankedTensorType>(weight.getType());
  format = type.getElementType();
  rows = type.getDimSize(type.getRank() - 2);
  columns = type.getShape().back();
  if (format.isInteger(8)) {
    format = k.e2m1();
    columns *= 2;
  }
}

Value MatrixRows::scaleAt(Value row, Value column) {
  if (!scales)
    return {};
  bool blocks = isa<Float8E4M3FNType>(format);
  int64_t width = blocks ? (columns + 127) / 128 : columns / 32, height = blocks ? (rows + 127) / 128 : rows;
  Value at = blocks ? k.div(row, 128) : row;
  if (matrix)
    at = k.add(at, k.mul(matrix, height));
  at = k.add(k.mul(at, width), k.div(column, blocks ? 128 : 32));
  return k.decode(k.load(scales, at), k.e8m0());
}

Value MatrixRows::weights(Value row, Value column, int64_t width, Value scale) {
  Value line = matrix ? k.add(row, k.mul(matrix, rows)) : row;
  Value at = k.add(k.mul(line, columns), column);
  if (format.isF32() || format.isBF16())
    return k.load(weight, at, width);
  Value codes;
  if (isa<Float4E2M1FNType>(format)) {
    Value bytes = k.load(weight, k.div(at, 2), width / 2);
    codes = kernel::UnpackOp::create(k.b, k.loc, VectorType::get({width}, k.i8()), bytes);
    if (swapNibbles) {
      SmallVector<int64_t> swapped;
      for (int64_t i = 0; i < width; ++i)
        swapped.push_back(i ^ 1);
      codes = vector::ShuffleOp::create(k.b, k.loc, codes, codes, swapped);
    }
  } else {
    codes = k.load(weight, at, width);
  }
  // The scale is a power of two: the product is exact.
  return k.mul(k.decode(codes, format), k.splat(scale, width));
}

void MatrixRows::block(ArrayRef<Value> weightRows, Value x, Value first, int64_t inputs, Offset offset, Store store) {
  KernelEmitter::Values offsets;
  for (int64_t i = 0; i < inputs; ++i)
    offsets.push_back(offset(k.add(first, i)));
  auto step = [&](Value column, int64_t width, Value sub, ArrayRef<Value> scale, ValueRange carried) {
    KernelEmitter::Values next(carried.begin(), carried.end()), wide;
    for (auto [row, s] : llvm::zip(weightRows, scale))
      wide.push_back(weights(row, sub, width, s));
    for (int64_t i = 0; i < inputs; ++i) {
      Value input = k.load(x, k.add(offsets[i], sub), width);
      for (size_t r = 0; r < weightRows.size(); ++r)
        next[i * weightRows.size() + r] = k.fma(wide[r], input, next[i * weightRows.size() + r]);
    }
    return next;
  };
  auto scalesAt = [&](Value column) {
    KernelEmitter::Values values;
    for (Value row : weightRows)
      values.push_back(scaleAt(row, column));
    return values;
  };
  // One scale serves 64 (FP8) or 32 (FP4) columns; vectors in a body are in ascending address order.
  int64_t unit = columns % 64 == 0 && isa<Float8E4M3FNType>(format) ? 64 : columns % 32 == 0 ? 32 : kLanes;
  int64_t whole = columns / unit * unit;
  KernelEmitter::Values totals(inputs * weightRows.size(), k.real(0, kLanes));
  totals = k.loop(k.index(0), k.index(whole), unit, totals, [&](Value column, ValueRange carried) {
    KernelEmitter::Values scale = scalesAt(column), next(carried.begin(), carried.end());
    for (int64_t i = 0; i < unit; i += kLanes)
      next = step(column, kLanes, k.add(column, i), scale, next);
    return next;
  });
  for (Value &total : totals)
    total = k.horizontalSum(total);
  if (whole != columns)
    totals = k.loop(k.index(whole), k.index(columns), 1, totals, [&](Value column, ValueRange carried) {
      return step(column, 1, column, scalesAt(column), carried);
    });
  for (int64_t i = 0; i < inputs; ++i)
    for (size_t r = 0; r < weightRows.size(); ++r)
      store(k.add(first, i), weightRows[r], totals[i * weightRows.size() + r]);
}

void MatrixRows::dots(Value rowBegin, int64_t count, Value x, Value inputBegin, Value inputEnd, Offset offset,
                      Store store, int64_t pass) {
  Value rowEnd = k.minIndex(k.add(rowBegin, count), k.index(rows));
  k.loop(rowBegin, rowEnd, pass, [&](Value row) {
    // The last pass may hang over: it computes the last row twice and stores equal values.
    KernelEmitter::Values weightRows;
    for (int64_t r = 0; r < pass; ++r)
      weightRows.push_back(k.minIndex(k.add(row, r), k.index(rows - 1)));
    Value inputs = k.sub(inputEnd, inputBegin);
    Value eights = k.add(inputBegin, k.mul(k.div(inputs, 8), 8));
    Value fours = k.add(inputBegin, k.mul(k.div(inputs, 4), 4));
    k.loop(inputBegin, eights, 8, [&](Value i) { block(weightRows, x, i, 8, offset, store); });
    k.loop(eights, fours, 4, [&](Value i) { block(weightRows, x, i, 4, offset, store); });
    k.loop(fours, inputEnd, 1, [&](Value i) { block(weightRows, x, i, 1, offset, store); });
  });
}

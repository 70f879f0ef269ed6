//===- BodyBuilder.cpp - Control flow and sums of kernel bodies -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/BodyBuilder.h"

using namespace mlir;
using namespace v4;

BodyBuilder::Values BodyBuilder::loop(Value lo, Value hi, int64_t step, ValueRange init,
                                          function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, lo, hi, index(step), init,
                                 [&](OpBuilder &, Location, Value i, ValueRange carried) {
                                   OpBuilder::InsertionGuard guard(b);
                                   b.setInsertionPointToEnd(i.getParentBlock());
                                   Values next = body(i, carried);
                                   scf::YieldOp::create(b, loc, next);
                                 });
  return Values(loop.getResults());
}

void BodyBuilder::loop(Value lo, Value hi, int64_t step, function_ref<void(Value)> body) {
  loop(lo, hi, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

void BodyBuilder::ifThen(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

BodyBuilder::Values BodyBuilder::ifElse(Value condition, function_ref<Values()> then,
                                            function_ref<Values()> otherwise) {
  auto emit = [&](function_ref<Values()> body) {
    return [&, body](OpBuilder &nested, Location) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(nested.getInsertionBlock());
      Values values = body();
      scf::YieldOp::create(b, loc, values);
    };
  };
  auto branch = scf::IfOp::create(b, loc, condition, emit(then), emit(otherwise));
  return Values(branch.getResults());
}

void BodyBuilder::lanes(int64_t n, function_ref<void(Value, int64_t)> body) {
  int64_t whole = n / kLanes * kLanes;
  if (whole == kLanes)
    body(index(0), kLanes);
  else if (whole)
    loop(index(0), index(whole), kLanes, [&](Value i) { body(i, kLanes); });
  if (whole != n)
    loop(index(whole), index(n), 1, [&](Value i) { body(i, 1); });
}

Value BodyBuilder::sum(int64_t n, function_ref<Value(Value, int64_t, Value)> accumulate) {
  int64_t whole = n / kLanes * kLanes;
  Value total = real(0);
  if (whole) {
    Values wide = loop(index(0), index(whole), kLanes, ValueRange{real(0, kLanes)}, [&](Value i, ValueRange carried) {
      return Values{accumulate(i, kLanes, carried[0])};
    });
    total = horizontalSum(wide[0]);
  }
  if (whole == n)
    return total;
  return loop(index(whole), index(n), 1, ValueRange{total}, [&](Value i, ValueRange carried) {
    return Values{accumulate(i, 1, carried[0])};
  })[0];
}

Value BodyBuilder::absMax(Value memory, Value at, int64_t n) {
  // Maxima of bit patterns: exact, and integer reductions have no order.
  int64_t width = n % kLanes == 0 ? kLanes : 1;
  Type narrow = vec(b.getI16Type(), width);
  auto constant = [&](int64_t value, Type type) -> Value {
    TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, Attribute(attr));
    return arith::ConstantOp::create(b, loc, attr);
  };
  Value most = loop(index(0), index(n), width, ValueRange{constant(0, narrow)}, [&](Value i, ValueRange carried) {
    Value offset = add(at, i);
    Value raw = width == 1 ? Value(memref::LoadOp::create(b, loc, memory, offset))
                           : Value(vector::LoadOp::create(b, loc, cast<VectorType>(vec(b.getBF16Type(), width)), memory, offset));
    Value bits = arith::BitcastOp::create(b, loc, narrow, raw);
    bits = arith::AndIOp::create(b, loc, bits, constant(0x7FFF, narrow));
    return Values{arith::MaxUIOp::create(b, loc, carried[0], bits)};
  })[0];
  if (width != 1)
    most = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXUI, most);
  Value bits = arith::ExtUIOp::create(b, loc, b.getI32Type(), most);
  bits = arith::ShLIOp::create(b, loc, bits, integer(16));
  return arith::BitcastOp::create(b, loc, f32(), bits);
}

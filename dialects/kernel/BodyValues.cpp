//===- BodyValues.cpp - Scalars, vectors and memory of kernel bodies -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/BodyBuilder.h"

using namespace mlir;
using namespace v4;

static bool isReal(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

Value BodyBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value BodyBuilder::integer(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(int32_t(value)));
}

Value BodyBuilder::real(float value, int64_t lanes) {
  TypedAttr attr = b.getF32FloatAttr(value);
  if (lanes != 1)
    attr = DenseElementsAttr::get(VectorType::get({lanes}, f32()), value);
  return arith::ConstantOp::create(b, loc, attr);
}

Value BodyBuilder::add(Value a, Value v) {
  return isReal(a) ? Value(arith::AddFOp::create(b, loc, a, v)) : Value(arith::AddIOp::create(b, loc, a, v));
}

Value BodyBuilder::sub(Value a, Value v) {
  return isReal(a) ? Value(arith::SubFOp::create(b, loc, a, v)) : Value(arith::SubIOp::create(b, loc, a, v));
}

Value BodyBuilder::mul(Value a, Value v) {
  return isReal(a) ? Value(arith::MulFOp::create(b, loc, a, v)) : Value(arith::MulIOp::create(b, loc, a, v));
}

Value BodyBuilder::div(Value a, Value v) {
  return isReal(a) ? Value(arith::DivFOp::create(b, loc, a, v)) : Value(arith::DivUIOp::create(b, loc, a, v));
}

Value BodyBuilder::mod(Value a, int64_t v) {
  return v == 1 ? index(0) : Value(arith::RemUIOp::create(b, loc, a, index(v)));
}

Value BodyBuilder::minIndex(Value a, Value v) { return arith::MinSIOp::create(b, loc, a, v); }
Value BodyBuilder::maxIndex(Value a, Value v) { return arith::MaxSIOp::create(b, loc, a, v); }
Value BodyBuilder::fma(Value a, Value v, Value c) { return math::FmaOp::create(b, loc, a, v, c); }

// Compare and select, not arith.maximumf: one instruction, and NaN behaves the same on every level.
Value BodyBuilder::maximum(Value a, Value v) {
  Value larger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, a, v);
  return arith::SelectOp::create(b, loc, larger, a, v);
}

Value BodyBuilder::minimum(Value a, Value v) {
  Value smaller = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, a, v);
  return arith::SelectOp::create(b, loc, smaller, a, v);
}

Value BodyBuilder::exp(Value a) { return math::ExpOp::create(b, loc, a); }
Value BodyBuilder::sqrt(Value a) { return math::SqrtOp::create(b, loc, a); }

Value BodyBuilder::sigmoid(Value a) {
  Value one = real(1, lanesOf(a));
  return div(one, add(one, exp(arith::NegFOp::create(b, loc, a))));
}

Value BodyBuilder::less(Value a, Value v) {
  if (isReal(a))
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, a, v);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, v);
}

Value BodyBuilder::select(Value condition, Value a, Value v) {
  return arith::SelectOp::create(b, loc, condition, a, v);
}

Value BodyBuilder::toIndex(Value integer) { return arith::IndexCastOp::create(b, loc, b.getIndexType(), integer); }
Value BodyBuilder::toInteger(Value index) { return arith::IndexCastOp::create(b, loc, b.getI32Type(), index); }

Value BodyBuilder::roundBf16(Value real) {
  int64_t lanes = lanesOf(real);
  Value narrow = arith::TruncFOp::create(b, loc, vec(b.getBF16Type(), lanes), real);
  return arith::ExtFOp::create(b, loc, vec(f32(), lanes), narrow);
}

Value BodyBuilder::splat(Value scalar, int64_t lanes) {
  return lanes == 1 ? scalar : Value(vector::BroadcastOp::create(b, loc, vec(scalar.getType(), lanes), scalar));
}

Value BodyBuilder::horizontalSum(Value vector) {
  for (int64_t half = lanesOf(vector) / 2; half >= 1; half /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(b, loc, vector, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
    Value high = vector::ExtractStridedSliceOp::create(b, loc, vector, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
    vector = add(low, high);
  }
  return vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{0});
}

int64_t BodyBuilder::lanesOf(Value value) {
  auto vector = dyn_cast<VectorType>(value.getType());
  return vector ? vector.getNumElements() : 1;
}

Value BodyBuilder::load(Value memory, Value at, int64_t lanes) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  Value raw = lanes == 1 ? Value(memref::LoadOp::create(b, loc, memory, at))
                         : Value(vector::LoadOp::create(b, loc, cast<VectorType>(vec(element, lanes)), memory, at));
  return element.isBF16() ? Value(arith::ExtFOp::create(b, loc, vec(f32(), lanes), raw)) : raw;
}

Value BodyBuilder::loadIndex(Value memory, Value at) { return toIndex(memref::LoadOp::create(b, loc, memory, at)); }

void BodyBuilder::store(Value value, Value memory, Value at) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  int64_t lanes = lanesOf(value);
  if (element.isBF16() && getElementTypeOrSelf(value.getType()).isF32())
    value = arith::TruncFOp::create(b, loc, vec(element, lanes), value);
  if (lanes == 1 && !isa<VectorType>(value.getType()))
    memref::StoreOp::create(b, loc, value, memory, at);
  else
    vector::StoreOp::create(b, loc, value, memory, at);
}

Value BodyBuilder::scratch(int64_t elements, Type element) {
  auto type = MemRefType::get({elements}, element);
  return memref::AllocaOp::create(b, loc, type, b.getI64IntegerAttr(64));
}

Value BodyBuilder::cacheLoad(Value pool, Value byteOffset, Type type) {
  return kernel::CacheLoadOp::create(b, loc, type, pool, byteOffset);
}

void BodyBuilder::cacheStore(Value value, Value pool, Value byteOffset) {
  kernel::CacheStoreOp::create(b, loc, value, pool, byteOffset);
}

Value BodyBuilder::decode(Value codes, Type format) {
  return kernel::DecodeOp::create(b, loc, vec(f32(), lanesOf(codes)), codes, TypeAttr::get(format));
}

Value BodyBuilder::encode(Value reals, Type format) {
  return kernel::EncodeOp::create(b, loc, vec(i8(), lanesOf(reals)), reals, TypeAttr::get(format));
}

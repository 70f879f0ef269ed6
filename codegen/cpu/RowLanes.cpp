//===- RowLanes.cpp - Sums, norms, quantization of rows in lanes -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

Value v4::sumsOfVectors(CpuBody &k, ArrayRef<Value> vectors) {
  SmallVector<Value> level(vectors);
  level.resize(kLanes, k.real(0, kLanes));
  // A pair of vectors becomes one whose halves are the pair's: sums stay in the order of the vectors.
  for (int64_t distance = kLanes / 2; distance >= 1; distance /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < 2 * kLanes; ++i)
      (i % (2 * distance) < distance ? low : high).push_back(i);
    SmallVector<Value> next;
    for (size_t i = 0; i < level.size(); i += 2)
      next.push_back(k.add(k.shuffle(level[i], level[i + 1], low), k.shuffle(level[i], level[i + 1], high)));
    level = next;
  }
  return level[0];
}

Value v4::sumOfLanes(CpuBody &k, int64_t n, function_ref<Value(Value, Value)> term) {
  constexpr int64_t kChains = 4;
  int64_t whole = n / (kChains * kLanes) * (kChains * kLanes);
  BodyBuilder::Values chains(kChains, k.real(0, kLanes));
  if (whole)
    chains = k.loop(k.index(0), k.index(whole), kChains * kLanes, chains, [&](Value i, ValueRange carried) {
      BodyBuilder::Values next;
      for (int64_t c = 0; c < kChains; ++c)
        next.push_back(term(k.add(i, c * kLanes), carried[c]));
      return next;
    });
  for (int64_t rest = whole; rest < n; rest += kLanes)
    chains[rest / kLanes % kChains] = term(k.index(rest), chains[rest / kLanes % kChains]);
  return k.horizontalSum(k.add(k.add(chains[0], chains[1]), k.add(chains[2], chains[3])));
}

void v4::storeExact(CpuBody &k, Value vector, Value memory, Value at) {
  int64_t lanes = k.lanesOf(vector);
  Value bits = k.shiftRight(k.bitcast(vector, k.b.getI32Type(), lanes), 16);
  Value narrow = arith::TruncIOp::create(k.b, k.loc, VectorType::get({lanes}, k.b.getI16Type()), bits);
  k.storeRaw(k.bitcast(narrow, k.b.getBF16Type(), lanes), memory, at);
}

/// Largest magnitude of all values: a maximum of bit patterns.
Value RunQuantizer::largest(ArrayRef<Value> values) {
  Value most;
  for (Value value : values) {
    Value bits = k.bitAnd(k.bitcast(value, k.b.getI32Type(), kLanes), 0x7FFFFFFF);
    most = most ? Value(arith::MaxUIOp::create(k.b, k.loc, most, bits)) : bits;
  }
  most = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MAXUI, most);
  return arith::BitcastOp::create(k.b, k.loc, k.f32(), most);
}

/// Nearest value of the format, ties to even, for |x| up to its largest: adding the power of two whose last place
/// is the step of x's binade leaves the rounding to the adder. Below the smallest normal the step stays.
Value RunQuantizer::rounded(Value x) {
  Type i32 = k.b.getI32Type();
  Value bits = k.bitcast(x, i32, kLanes);
  Value magnitude = k.bitcast(k.bitAnd(bits, 0x7FFFFFFF), k.f32(), kLanes);
  Value smallest = k.lanesOfInteger(i32, fp8 ? 0x3C800000 : 0x3F800000, kLanes);
  Value binade = arith::MaxUIOp::create(k.b, k.loc, k.bitAnd(bits, 0x7F800000), smallest);
  Value magic = k.bitcast(k.add(binade, k.lanesOfInteger(i32, (fp8 ? 20 : 22) << 23, kLanes)), k.f32(), kLanes);
  Value value = k.sub(k.add(magnitude, magic), magic);
  Value sign = k.bitAnd(bits, 0x80000000);
  return k.bitcast(k.bitOr(k.bitcast(value, i32, kLanes), sign), k.f32(), kLanes);
}

BodyBuilder::Values RunQuantizer::run(ArrayRef<Value> values) {
  Value most = k.maximum(largest(values), k.real(fp8 ? 1e-4f : 6.0f * 0x1p-126f));
  Value ratio = k.mul(most, k.real(fp8 ? float(1.0 / 448) : float(1.0 / 6)));
  Value bits = arith::BitcastOp::create(k.b, k.loc, k.b.getI32Type(), ratio);
  // Smallest power of two not below the ratio, and its exact reciprocal.
  Value exponent = arith::ShRUIOp::create(k.b, k.loc, k.add(bits, k.integer(0x7FFFFF)), k.integer(23));
  auto power = [&](Value biased) {
    Value word = arith::ShLIOp::create(k.b, k.loc, biased, k.integer(23));
    return k.splat(arith::BitcastOp::create(k.b, k.loc, k.f32(), word), kLanes);
  };
  Value scale = power(exponent), inverse = power(k.sub(k.integer(254), exponent));
  BodyBuilder::Values out;
  for (Value value : values)
    out.push_back(k.mul(rounded(k.mul(value, inverse)), scale));
  return out;
}

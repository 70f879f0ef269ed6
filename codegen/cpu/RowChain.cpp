//===- RowChain.cpp - Norm, rope, Hadamard, quantization of a row -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/RowChain.h"

#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

using Values = BodyBuilder::Values;

RowChain::RowChain(CpuBody &k, const RowChainSteps &steps) : k(k), c(steps) {
  if (c.hadamard)
    transformed = k.scratch(c.width, k.f32());
}

void RowChain::emit(Value row, Value at) {
  this->row = row;
  this->at = at;
  inverse = c.eps ? (c.weight ? inverseRms() : inverseHead()) : Value();
  if (c.hadamard)
    return transform();
  // Regions of equal treatment: [0, plain), [plain, width), cut at the prefix.
  int64_t plain = c.width - c.rotary, prefix = c.block ? c.prefix : 0;
  region(0, std::min(plain, prefix));
  region(std::min(plain, prefix), std::max(plain, prefix));
  region(std::max(plain, prefix), c.width);
}

//===--------------------------------------------------------------------===//
// Norms
//===--------------------------------------------------------------------===//

Value RowChain::input(Value i) { return k.load(c.x, k.add(at, i), kLanes); }

Value RowChain::inverseRms() {
  Value squares = sumOfLanes(k, c.width, [&](Value i, Value total) {
    Value x = input(i);
    return k.fma(x, x, total);
  });
  Value mean = k.div(squares, k.real(float(c.width)));
  return k.splat(k.div(k.real(1), k.sqrt(k.add(mean, k.real(c.eps->convertToFloat())))), kLanes);
}

/// The reference's bf16 steps.
Value RowChain::inverseHead() {
  Value squares = sumOfLanes(k, c.width, [&](Value i, Value total) {
    Value x = input(i);
    return k.add(total, k.roundBf16(k.mul(x, x)));
  });
  Value mean = k.roundBf16(k.div(squares, k.real(float(c.width))));
  Value shifted = k.roundBf16(k.add(mean, k.real(c.eps->convertToFloat())));
  return k.splat(k.roundBf16(k.div(k.real(1), k.sqrt(shifted))), kLanes);
}

/// Values [i, i + 16) behind the norm; kept if asked for.
Value RowChain::normed(Value i) {
  Value x = input(i);
  if (!inverse)
    return x;
  x = k.mul(x, inverse);
  if (c.weight)
    x = k.mul(k.load(c.weight, i, kLanes), x);
  x = k.roundBf16(x);
  if (c.keep)
    storeExact(k, x, c.keep, k.add(at, i));
  return x;
}

//===--------------------------------------------------------------------===//
// Rotation and Hadamard transform
//===--------------------------------------------------------------------===//

/// Eight cosines or sines, each twice.
Value RowChain::twice(Value from) {
  Value eight = k.load(c.table, from, 8);
  return k.shuffle(eight, eight, {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7});
}

/// Pairs of values [i, i + 16) turned; i is behind the values that do not rotate.
Value RowChain::rotated(Value x, Value i) {
  int64_t pairs = c.rotary / 2;
  Value pair = k.div(k.sub(i, k.index(c.width - c.rotary)), 2);
  Value cosines = k.add(k.mul(row, 2 * pairs), pair);
  Value cosine = twice(cosines), sine = twice(k.add(cosines, pairs));
  // Even lanes: a cos - b sin, odd lanes: a sin + b cos, as one product and one fma from the even value.
  SmallVector<int64_t> negative;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    negative.push_back(lane % 2 == (c.inverse ? 1 : 0) ? 0x80000000 : 0);
  Value signs = k.constants(k.b.getI32Type(), negative);
  Value flipped = arith::XOrIOp::create(k.b, k.loc, k.bitcast(sine, k.b.getI32Type(), kLanes), signs);
  Value turn = k.bitcast(flipped, k.f32(), kLanes);
  SmallVector<int64_t> even, odd, evenFirst, oddFirst;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    even.push_back(lane & ~1);
    odd.push_back(lane | 1);
    evenFirst.push_back(lane % 2 ? lane + kLanes : lane);
    oddFirst.push_back(lane % 2 ? lane : lane + kLanes);
  }
  Value a = k.shuffle(x, x, even), b = k.shuffle(x, x, odd);
  Value fromA = k.shuffle(cosine, turn, evenFirst), fromB = k.shuffle(cosine, turn, oddFirst);
  return k.roundBf16(k.fma(a, fromA, k.mul(b, fromB)));
}

Value RowChain::refined(Value i, bool rotates) {
  Value x = normed(i);
  return rotates ? rotated(x, i) : x;
}

void RowChain::transform() {
  int64_t plain = c.width - c.rotary;
  Values parts;
  for (int64_t i = 0; i < c.width; i += kLanes)
    parts.push_back(withinLanes(refined(k.index(i), i >= plain)));
  for (size_t span = 1; span < parts.size(); span *= 2)
    for (size_t i = 0; i < parts.size(); ++i)
      if (!(i & span)) {
        Value low = parts[i], high = parts[i | span];
        parts[i] = k.add(low, high);
        parts[i | span] = k.sub(low, high);
      }
  Value norm = k.real(float(1.0 / std::sqrt(double(c.width))), kLanes);
  for (auto [i, part] : llvm::enumerate(parts))
    k.store(k.roundBf16(k.mul(part, norm)), transformed, k.index(int64_t(i) * kLanes));
  int64_t prefix = c.block ? c.prefix : 0;
  finish(0, prefix, c.block, [&](Value i) { return k.load(transformed, i, kLanes); });
  finish(prefix, c.width, 0, [&](Value i) { return k.load(transformed, i, kLanes); });
}

/// Butterflies of spans 1, 2, 4, 8.
Value RowChain::withinLanes(Value x) {
  for (int64_t span = 1; span < kLanes; span *= 2) {
    SmallVector<int64_t> partner, sign;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      partner.push_back(lane ^ span);
      sign.push_back(lane & span ? 0x80000000 : 0);
    }
    Value bits = k.bitcast(x, k.b.getI32Type(), kLanes);
    Value flipped = arith::XOrIOp::create(k.b, k.loc, bits, k.constants(k.b.getI32Type(), sign));
    x = k.add(k.shuffle(x, x, partner), k.bitcast(flipped, k.f32(), kLanes));
  }
  return x;
}

//===--------------------------------------------------------------------===//
// Quantization
//===--------------------------------------------------------------------===//

void RowChain::region(int64_t begin, int64_t end) {
  bool rotates = begin >= c.width - c.rotary;
  bool quantizes = c.block && end <= (c.prefix);
  finish(begin, end, quantizes ? c.block : 0, [&](Value i) { return refined(i, rotates); });
}

/// Stores values [begin, end), in blocks of the quantization unless `block` is 0.
void RowChain::finish(int64_t begin, int64_t end, int64_t block, function_ref<Value(Value)> values) {
  if (begin >= end)
    return;
  k.loop(k.index(begin), k.index(end), block ? block : kLanes, [&](Value first) {
    Values run;
    for (int64_t i = 0; i < std::max(block, kLanes); i += kLanes)
      run.push_back(values(k.add(first, i)));
    if (block)
      run = RunQuantizer{k, c.fp8}.run(run);
    for (auto [i, value] : llvm::enumerate(run))
      storeExact(k, value, c.out, k.add(k.add(at, first), int64_t(i) * kLanes));
  });
}

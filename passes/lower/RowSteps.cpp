//===- RowSteps.cpp - Norm and quantization of one row ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/RowSteps.h"

#include <cmath>

using namespace mlir;
using namespace v4;

void v4::copyRow(KernelEmitter &k, RowPlace from, RowPlace to, int64_t n) {
  k.lanes(n, [&](Value i, int64_t width) {
    // Through f32: widening a bf16 and rounding it back is the identity.
    k.store(k.load(from.memory, k.add(from.at, i), width), to.memory, k.add(to.at, i));
  });
}

/// 1 / sqrt(mean of squares + eps) of n values.
static Value inverseRms(KernelEmitter &k, RowPlace from, int64_t n, float eps) {
  Value squares = k.sum(n, [&](Value i, int64_t width, Value total) {
    Value x = k.load(from.memory, k.add(from.at, i), width);
    return k.fma(x, x, total);
  });
  Value mean = k.div(squares, k.real(float(n)));
  return k.div(k.real(1), k.sqrt(k.add(mean, k.real(eps))));
}

void v4::normalizeRow(KernelEmitter &k, RowPlace from, Value weight, float eps, RowPlace to, int64_t n) {
  Value inverse = inverseRms(k, from, n, eps);
  k.lanes(n, [&](Value i, int64_t width) {
    Value scaled = k.mul(k.load(from.memory, k.add(from.at, i), width), k.splat(inverse, width));
    k.store(k.mul(k.load(weight, i, width), scaled), to.memory, k.add(to.at, i));
  });
}

void v4::normalizeHead(KernelEmitter &k, RowPlace from, float eps, RowPlace to, int64_t n) {
  Value squares = k.sum(n, [&](Value i, int64_t width, Value total) {
    Value x = k.load(from.memory, k.add(from.at, i), width);
    return k.add(total, k.roundBf16(k.mul(x, x)));
  });
  Value mean = k.roundBf16(k.div(squares, k.real(float(n))));
  Value shifted = k.roundBf16(k.add(mean, k.real(eps)));
  Value inverse = k.roundBf16(k.div(k.real(1), k.sqrt(shifted)));
  k.lanes(n, [&](Value i, int64_t width) {
    Value x = k.load(from.memory, k.add(from.at, i), width);
    k.store(k.mul(x, k.splat(inverse, width)), to.memory, k.add(to.at, i));
  });
}

/// One run of `block` values: q * s for both formats of v4.quantize.
static void quantizeRun(KernelEmitter &k, RowPlace from, RowPlace to, int64_t block, QuantFormat format) {
  bool fp8 = format == QuantFormat::Fp8;
  Value floor = k.real(fp8 ? 1e-4f : 6.0f * 0x1p-126f);
  Value most = k.maximum(k.absMax(from.memory, from.at, block), floor);
  Value ratio = k.mul(most, k.real(fp8 ? float(1.0 / 448) : float(1.0 / 6)));
  // Smallest power of two >= ratio, from the bits; and its exact reciprocal.
  auto bits = [&](Value real) -> Value { return arith::BitcastOp::create(k.b, k.loc, k.b.getI32Type(), real); };
  auto shift = [&](Value v, bool right) -> Value {
    return right ? Value(arith::ShRUIOp::create(k.b, k.loc, v, k.integer(23)))
                 : Value(arith::ShLIOp::create(k.b, k.loc, v, k.integer(23)));
  };
  Value exponent = shift(k.add(bits(ratio), k.integer(0x7FFFFF)), true);
  Value scale = arith::BitcastOp::create(k.b, k.loc, k.f32(), shift(exponent, false));
  Value inverse = arith::BitcastOp::create(k.b, k.loc, k.f32(), shift(k.sub(k.integer(254), exponent), false));
  Type type = fp8 ? k.e4m3() : k.e2m1();
  k.lanes(block, [&](Value i, int64_t width) {
    Value x = k.mul(k.load(from.memory, k.add(from.at, i), width), k.splat(inverse, width));
    k.store(k.mul(k.decode(k.encode(x, type), type), k.splat(scale, width)), to.memory, k.add(to.at, i));
  });
}

void v4::quantizeRow(KernelEmitter &k, RowPlace from, QuantFormat format, int64_t block, int64_t prefix, RowPlace to,
                     int64_t n) {
  k.loop(k.index(0), k.index(prefix), block, [&](Value run) {
    quantizeRun(k, {from.memory, k.add(from.at, run)}, {to.memory, k.add(to.at, run)}, block, format);
  });
  if (prefix != n)
    copyRow(k, {from.memory, k.add(from.at, prefix)}, {to.memory, k.add(to.at, prefix)}, n - prefix);
}

//===----------------------------------------------------------------------===//
// Rotation and Hadamard transform
//===----------------------------------------------------------------------===//

static Value shuffled(KernelEmitter &k, Value a, Value b, ArrayRef<int64_t> mask) {
  return vector::ShuffleOp::create(k.b, k.loc, a, b, mask);
}

/// Rotates pairs j .. j + n - 1, n = 8 (vectors of 16 interleaved values) or 1.
static void rotate(KernelEmitter &k, RowPlace from, const RowTurns &turns, RowPlace to, Value j, int64_t n) {
  Value first = k.add(from.at, k.mul(j, 2)), last = k.add(to.at, k.mul(j, 2));
  Value both = n == 1 ? Value() : k.load(from.memory, first, 16);
  Value even = n == 1 ? k.load(from.memory, first) : shuffled(k, both, both, {0, 2, 4, 6, 8, 10, 12, 14});
  Value odd = n == 1 ? k.load(from.memory, k.add(first, 1)) : shuffled(k, both, both, {1, 3, 5, 7, 9, 11, 13, 15});
  Value cosine = k.load(turns.memory, k.add(turns.at, j), n);
  Value sine = k.load(turns.memory, k.add(k.add(turns.at, turns.pairs), j), n);
  Value minus = arith::NegFOp::create(k.b, k.loc, sine);
  if (turns.inverse)
    std::swap(sine, minus);
  Value a = k.fma(even, cosine, k.mul(odd, minus)), c = k.fma(even, sine, k.mul(odd, cosine));
  if (n == 1) {
    k.store(a, to.memory, last);
    return k.store(c, to.memory, k.add(last, 1));
  }
  k.store(shuffled(k, a, c, {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15}), to.memory, last);
}

void v4::rotateRow(KernelEmitter &k, RowPlace from, const RowTurns &turns, RowPlace to, int64_t n) {
  int64_t plain = n - 2 * turns.pairs, whole = turns.pairs / 8 * 8;
  copyRow(k, from, to, plain);
  RowPlace rotary{from.memory, k.add(from.at, plain)}, out{to.memory, k.add(to.at, plain)};
  k.loop(k.index(0), k.index(whole), 8, [&](Value j) { rotate(k, rotary, turns, out, j, 8); });
  if (whole != turns.pairs)
    k.loop(k.index(whole), k.index(turns.pairs), 1, [&](Value j) { rotate(k, rotary, turns, out, j, 1); });
}

/// Butterflies of spans below the vector's width.
static Value transformLanes(KernelEmitter &k, Value x) {
  int64_t width = k.lanesOf(x);
  for (int64_t span = 1; span < width; span *= 2) {
    SmallVector<int64_t> partner;
    SmallVector<float> sign;
    for (int64_t i = 0; i < width; ++i) {
      partner.push_back(i ^ span);
      sign.push_back(i & span ? -1.0f : 1.0f);
    }
    auto type = cast<VectorType>(x.getType());
    Value signs = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef<float>(sign)));
    // Multiplying by +-1 is exact: the high lanes get partner - x.
    x = k.add(shuffled(k, x, x, partner), k.mul(x, signs));
  }
  return x;
}

void v4::transformRow(KernelEmitter &k, RowPlace from, RowPlace to, int64_t n) {
  int64_t width = std::min<int64_t>(n, kLanes);
  KernelEmitter::Values parts;
  for (int64_t i = 0; i < n; i += width)
    parts.push_back(transformLanes(k, k.load(from.memory, k.add(from.at, i), width)));
  for (size_t span = 1; span < parts.size(); span *= 2)
    for (size_t i = 0; i < parts.size(); ++i)
      if (!(i & span)) {
        Value low = parts[i], high = parts[i | span];
        parts[i] = k.add(low, high);
        parts[i | span] = k.sub(low, high);
      }
  Value norm = k.real(float(1.0 / std::sqrt(double(n))), width);
  for (auto [i, part] : llvm::enumerate(parts))
    k.store(k.mul(part, norm), to.memory, k.add(to.at, int64_t(i) * width));
}

void v4::gateRow(KernelEmitter &k, RowPlace gates, RowPlace ups, Value weight, float limit, RowPlace to, int64_t n) {
  k.lanes(n, [&](Value i, int64_t width) {
    Value gate = k.load(gates.memory, k.add(gates.at, i), width), up = k.load(ups.memory, k.add(ups.at, i), width);
    if (limit > 0) {
      Value bound = k.real(limit, width);
      gate = k.minimum(gate, bound);
      up = k.maximum(k.minimum(up, bound), k.real(-limit, width));
    }
    Value one = k.real(1, width);
    Value hidden = k.div(gate, k.add(one, k.exp(arith::NegFOp::create(k.b, k.loc, gate))));
    hidden = k.mul(hidden, up);
    if (weight)
      hidden = k.mul(k.splat(weight, width), hidden);
    k.store(hidden, to.memory, k.add(to.at, i));
  });
}

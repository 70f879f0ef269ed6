//===- ExpandMath.cpp - Elementary functions as fused multiply-adds ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// exp stays in f32: attention needs millions of them. log1p, sin and cos compute
// in f64 and round once; a model needs them a few times per token.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuPasses.h"
#include "codegen/cpu/LaneBuilder.h"

#include <limits>

using namespace mlir;

namespace v4 {

#define GEN_PASS_DEF_EXPANDMATHPASS
#include "codegen/cpu/CpuPasses.h.inc"

namespace {

using RealCmp = arith::CmpFPredicate;

/// Sum of coefficients[i] * x^i.
Value polynomial(LaneBuilder &b, Value x, ArrayRef<double> coefficients) {
  Type type = x.getType();
  Value sum = b.real(type, coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = b.fma(sum, x, b.real(type, coefficient));
  return sum;
}

//===----------------------------------------------------------------------===//
// exp
//===----------------------------------------------------------------------===//

/// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2: a weighted least squares fit whose
/// coefficients are f32. Relative error of e^r: 4.2e-9, 0.07 ulp.
constexpr double kExpTail[] = {0x1.fffffcp-2, 0x1.55549p-3, 0x1.5558f8p-5, 0x1.123b04p-7, 0x1.6a2258p-10};

/// 2^(n/2 rounded down) * 2^(the rest), for -150 <= n <= 128: two factors that are
/// normal floats even where 2^n is none, so a subnormal result is rounded once.
Value scaleByPowerOfTwo(LaneBuilder &b, Value y, Value n) {
  Value first = b.shrSigned(n, 1);
  for (Value exponent : {first, b.sub(n, first)}) {
    Value power = b.shl(b.add(exponent, b.bits(32, 127)), 23);
    y = b.mulF(y, b.cast(power, b.f32()));
  }
  return y;
}

Value expandExp(LaneBuilder &b, Value x) {
  Type f32 = b.f32();
  // Results below are 0, above infinite. NaN fails both comparisons and stays.
  Value low = b.real(f32, -104.0), high = b.real(f32, 89.0);
  x = b.select(b.cmp(RealCmp::OLT, x, low), low, x);
  x = b.select(b.cmp(RealCmp::OGT, x, high), high, x);
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
  Value magic = b.real(f32, 0x1.8p23);
  Value shifted = b.fma(x, b.real(f32, 0x1.715476p0 /* 1 / ln 2 */), magic);
  Value n = b.subF(shifted, magic);
  // ln 2 in two parts: x - n * ln 2 = exact + rest. The sum loses digits, so it
  // serves the small terms only.
  Value exact = b.fma(n, b.real(f32, -0x1.62e43p-1), x);
  Value rest = b.mulF(n, b.real(f32, 0x1.05c61p-29));
  Value r = b.addF(exact, rest);
  Value tail = b.fma(b.mulF(r, r), polynomial(b, r, kExpTail), rest);
  Value y = b.addF(b.addF(exact, tail), b.real(f32, 1.0));
  Value exponent = b.sub(b.cast(shifted, b.integer(32)), b.bits(32, 0x4B400000));
  return scaleByPowerOfTwo(b, y, exponent);
}

//===----------------------------------------------------------------------===//
// log1p
//===----------------------------------------------------------------------===//

/// 2 * atanh(s) / s in powers of s^2; with |s| <= 0.172 what is left out is below
/// 2e-12.
constexpr double kAtanh[] = {2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13};

/// 1 + x = m * 2^e with m in [sqrt(1/2), sqrt(2)).
struct Mantissa {
  Value minusOne;  ///< m - 1, and x itself where e is 0: no digit is lost.
  Value exponent;  ///< e as f64.
  Value isOne;     ///< e == 0.
};

Mantissa splitOnePlus(LaneBuilder &b, Value x) {
  constexpr uint64_t kBias = uint64_t(1023) << 52;
  constexpr uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
  Value word = b.cast(b.addF(x, b.real(b.f64(), 1.0)), b.integer(64));
  Value biased = b.shr(b.add(word, b.bits(64, kBias - kSqrtHalf)), 52);
  Value shift = b.shl(b.sub(biased, b.bits(64, 1023)), 52);
  Value m = b.cast(b.sub(word, shift), b.f64());
  // An integer below 2^52 in the mantissa of 2^52.
  Value asReal = b.cast(b.bitOr(biased, b.bits(64, 0x4330000000000000)), b.f64());
  Mantissa result;
  result.isOne = b.cmp(arith::CmpIPredicate::eq, biased, b.bits(64, 1023));
  result.minusOne = b.select(result.isOne, x, b.subF(m, b.real(b.f64(), 1.0)));
  result.exponent = b.subF(asReal, b.real(b.f64(), 0x1p52 + 1023));
  return result;
}

Value expandLog1p(LaneBuilder &b, Value x) {
  Type f64 = b.f64();
  Mantissa split = splitOnePlus(b, b.extF(x, f64));
  Value s = b.divF(split.minusOne, b.addF(split.minusOne, b.real(f64, 2.0)));
  Value log = b.mulF(s, polynomial(b, b.mulF(s, s), kAtanh));
  Value sum = b.fma(split.exponent, b.real(f64, 0x1.62e42fefa39efp-1 /* ln 2 */), log);
  Value y = b.truncF(b.select(split.isOne, log, sum), b.f32());

  Value minusOne = b.real(b.f32(), -1.0);
  double infinity = std::numeric_limits<double>::infinity();
  y = b.select(b.cmp(RealCmp::OEQ, x, minusOne), b.real(b.f32(), -infinity), y);
  y = b.select(b.cmp(RealCmp::OLT, x, minusOne), b.real(b.f32(), std::numeric_limits<double>::quiet_NaN()), y);
  // Infinity and NaN are their own results.
  Value isLarge = b.cmp(RealCmp::UEQ, x, b.real(b.f32(), infinity));
  return b.select(isLarge, x, y);
}

//===----------------------------------------------------------------------===//
// sin, cos
//===----------------------------------------------------------------------===//

/// Taylor coefficients of sin(r) / r and cos(r) in powers of r^2; for |r| <= pi/4
/// what is left out is below half a unit in the last place of f64.
constexpr double kSin[] = {1.0,           -1.0 / 6,         1.0 / 120,          -1.0 / 5040,
                           1.0 / 362880,  -1.0 / 39916800,  1.0 / 6227020800.0, -1.0 / 1307674368000.0};
constexpr double kCos[] = {1.0,          -1.0 / 2,          1.0 / 24,            -1.0 / 720,              1.0 / 40320,
                           -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200.0, 1.0 / 20922789888000.0};

/// sin of x + quarterTurns * pi / 2.
Value expandSine(LaneBuilder &b, Value x, unsigned quarterTurns) {
  Type f64 = b.f64(), result = x.getType();
  if (result != f64)
    x = b.extF(x, f64);
  // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
  Value magic = b.real(f64, 0x1.8p52);
  Value shifted = b.fma(x, b.real(f64, 0x1.45f306dc9c883p-1 /* 2 / pi */), magic);
  Value k = b.negF(b.subF(shifted, magic));
  // pi / 2 in two parts, 106 bits: good for |x| <= 2^30.
  Value r = b.fma(k, b.real(f64, 0x1.921fb54442d18p0), x);
  r = b.fma(k, b.real(f64, 0x1.1a62633145c07p-54), r);

  Value z = b.mulF(r, r);
  // As a product, so that sin(-0) is -0.
  Value sine = b.mulF(r, polynomial(b, z, kSin));
  Value cosine = polynomial(b, z, kCos);
  Value quadrant = b.add(b.cast(shifted, b.integer(64)), b.bits(64, quarterTurns));
  Value isEven = b.cmp(arith::CmpIPredicate::eq, b.bitAnd(quadrant, b.bits(64, 1)), b.bits(64, 0));
  Value y = b.select(isEven, sine, cosine);
  // Bit 1 of the quadrant is the sign.
  Value sign = b.shl(b.shr(quadrant, 1), 63);
  y = b.cast(b.bitXor(b.cast(y, b.integer(64)), sign), f64);
  return result == f64 ? y : b.truncF(y, result);
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

Value expand(LaneBuilder &b, Operation *op) {
  Value x = op->getOperand(0);
  Type element = getElementTypeOrSelf(x);
  if (isa<math::ExpOp>(op) && element.isF32())
    return expandExp(b, x);
  if (isa<math::Log1pOp>(op) && element.isF32())
    return expandLog1p(b, x);
  if (isa<math::SinOp>(op) && (element.isF32() || element.isF64()))
    return expandSine(b, x, 0);
  if (isa<math::CosOp>(op) && (element.isF32() || element.isF64()))
    return expandSine(b, x, 1);
  return {};
}

class ExpandMath : public impl::ExpandMathPassBase<ExpandMath> {
public:
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<math::ExpOp, math::Log1pOp, math::SinOp, math::CosOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder builder(op);
      LaneBuilder b(builder, op->getLoc(), op->getResult(0).getType());
      Value value = expand(b, op);
      if (!value)
        continue;
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
    }
  }
};

} // namespace
} // namespace v4

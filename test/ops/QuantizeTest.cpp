//===- QuantizeTest.cpp - Q8, Q4, KV rows and Hadamard, bit for bit -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle knows no rounding trick: it searches all codes of the format for the
// nearest value, an even code on a tie. Results must be equal in every bit, since
// the specification leaves no freedom here.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

using namespace v4::test;

namespace {

constexpr int64_t kRows = 96;

/// Nearest value of a format to x, which is inside its range; on a tie the even code.
double nearest(double x, int codes, const std::function<double(int)> &value) {
  int best = 0;
  for (int code = 1; code < codes; ++code) {
    double distance = std::fabs(value(code) - x), least = std::fabs(value(best) - x);
    if (distance < least || (distance == least && code % 2 == 0))
      best = code;
  }
  return value(best);
}

double signedNearest(double x, int codes, const std::function<double(int)> &value) {
  return std::copysign(nearest(std::fabs(x), codes, value), x);
}

/// Smallest power of two >= s.
double powerCeil(float s) {
  int exponent;
  double mantissa = std::frexp(double(s), &exponent);
  return std::ldexp(1.0, mantissa == 0.5 ? exponent - 1 : exponent);
}

void quantizeRun(const Bf16 *x, Bf16 *y, int64_t block, bool fp8) {
  float most = fp8 ? 1e-4f : float(6.0 * std::ldexp(1.0, -126));
  for (int64_t i = 0; i < block; ++i)
    most = std::max(most, std::fabs(fromBf16(x[i])));
  double limit = fp8 ? 448 : 6, scale = powerCeil(most * float(1.0 / limit));
  for (int64_t i = 0; i < block; ++i) {
    double t = std::min(std::max(fromBf16(x[i]) / scale, -limit), limit);
    double q = fp8 ? signedNearest(t, 127, [](int c) { return double(fromE4m3(uint8_t(c))); })
                   : signedNearest(t, 8, [](int c) { return double(fromE2m1(uint8_t(c))); });
    y[i] = toBf16(float(q * scale));
  }
}

/// Rows of every kind: all exponents, one scale, ties of both formats, bf16 subnormals, zeros, the largest values.
Bf16 input(int64_t row, int64_t i) {
  uint64_t bits = randomBits(1, row, i);
  switch (row % 8) {
  case 0: { // any finite bf16
    Bf16 value = Bf16(bits);
    return (value & 0x7F80) == 0x7F80 ? Bf16(value & 0x807F) : value;
  }
  case 1: return toBf16(randomReal(2, row, i));
  case 2: return toBf16(float(int(bits % 897) - 448)); // integers up to the limit: many ties
  case 3: return toBf16(float(int(bits % 49) - 24) * 0.25f);
  case 4: return Bf16((bits & 0x807F)); // subnormals
  case 5: return Bf16((bits & 1) << 15); // signed zeros
  case 6: return Bf16((bits & 0x8000) | 0x7F7F); // largest finite
  default: return toBf16(std::ldexp(randomReal(3, row, i), int(row % 60) - 30));
  }
}

struct Case {
  int64_t width, block, prefix;
  bool fp8;
};

class Quantize : public testing::TestWithParam<Case> {};

TEST_P(Quantize, EqualsNearestCode) {
  const Case &c = GetParam();
  std::string type = "tensor<?x" + std::to_string(c.width) + "xbf16, #v4.rows<tokens>>";
  auto program = OpProgram::compile("func.func @f(%x: " + type + ") -> " + type + " { %y = v4.quantize %x " +
                                    (c.fp8 ? "fp8" : "fp4") + " block " + std::to_string(c.block) + " prefix " +
                                    std::to_string(c.prefix) + " : " + type + " return %y : " + type + " }");
  ASSERT_TRUE(program);
  std::vector<Bf16> x(kRows * c.width), y(x.size()), expected(x);
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t i = 0; i < c.width; ++i)
      x[row * c.width + i] = expected[row * c.width + i] = input(row, i);
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t run = 0; run < c.prefix; run += c.block)
      quantizeRun(&x[row * c.width + run], &expected[row * c.width + run], c.block, c.fp8);
  Sequences sequences(1, kRows, 64, 64);
  program->run(Step(sequences, {{0, 0, kRows}}), {x.data()}, {y.data()}, 3);
  for (size_t i = 0; i < y.size(); ++i)
    ASSERT_EQ(y[i], expected[i]) << "row " << i / c.width << ", column " << i % c.width << ", input " << fromBf16(x[i]);
}

INSTANTIATE_TEST_SUITE_P(Formats, Quantize,
                         testing::Values(Case{256, 128, 256, true}, Case{512, 64, 448, true}, Case{130, 64, 128, true},
                                         Case{128, 32, 128, false}, Case{64, 32, 64, false}));

TEST(Hadamard, EqualsButterfliesInF32) {
  for (int64_t n : {2, 8, 32, 128, 256}) {
    std::string type = "tensor<?x2x" + std::to_string(n) + "xbf16, #v4.rows<tokens>>";
    auto program = OpProgram::compile("func.func @f(%x: " + type + ") -> " + type + " { %y = v4.hadamard %x : " + type +
                                      " return %y : " + type + " }");
    ASSERT_TRUE(program);
    int64_t rows = 40;
    std::vector<Bf16> x(rows * 2 * n), y(x.size());
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = toBf16(std::ldexp(randomReal(4, i), int(i / n) % 40 - 20));
    Sequences sequences(1, rows, 64, 64);
    program->run(Step(sequences, {{0, 0, rows}}), {x.data()}, {y.data()}, 2);
    for (int64_t row = 0; row < rows * 2; ++row) {
      std::vector<float> a(n), next(n);
      for (int64_t i = 0; i < n; ++i)
        a[i] = fromBf16(x[row * n + i]);
      for (int64_t span = 1; span < n; span *= 2, a = next)
        for (int64_t i = 0; i < n; ++i)
          next[i] = i & span ? a[i ^ span] - a[i] : a[i] + a[i ^ span];
      for (int64_t i = 0; i < n; ++i)
        ASSERT_EQ(y[row * n + i], toBf16(a[i] * float(1 / std::sqrt(double(n))))) << n << ": row " << row << ", " << i;
    }
  }
}

} // namespace

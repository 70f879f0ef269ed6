//===- MathTest.cpp - Elementary functions against long double ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace v4test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float asFloat(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

/// Distance of `got` from `exact` in units of the last place of `exact`.
double ulpError(float got, long double exact) {
  if (std::isnan(got) || std::isinf(got))
    return 1e9;
  int exponent;
  std::frexp(exact, &exponent);
  long double ulp = std::ldexp(1.0L, std::max(exponent - 24, -149));
  return double(std::fabs(got - exact) / ulp);
}

/// Every `stride`-th float of [first, last), as bit patterns.
std::vector<float> everyFloat(uint64_t first, uint64_t last, uint32_t stride) {
  std::vector<float> values;
  for (uint64_t bits = first; bits < last; bits += stride)
    values.push_back(asFloat(uint32_t(bits)));
  while (values.size() % 16)
    values.push_back(0.5f);
  return values;
}

/// Every 4099th float of both signs, with what is special to exp and log1p.
std::vector<float> sampledFloats() {
  std::vector<float> values = everyFloat(0, uint64_t(1) << 32, 4099);
  for (float special : {0.0f, -0.0f, kInfinity, -kInfinity, std::nanf(""), 1.0f, -1.0f, 88.7228317f, 88.7228394f,
                        -87.33655f, -103.972076f, -103.97208f, 1e-45f, -1e-45f, std::nextafterf(-1.0f, 0.0f)})
    values.push_back(special);
  values.push_back(0x1.2e3aa8p5f);
  return values;
}

/// Worst error of `op` over `inputs`, where `reference` is neither NaN nor
/// beyond f32; there the result must be NaN or infinite as well.
double worstError(const std::string &op, const std::vector<float> &inputs, long double (*reference)(long double)) {
  auto got = mapOnAllLevels<float>(unaryKernel("f", op, "f32", 16), "f", 16, inputs);
  double worst = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    long double exact = reference(inputs[i]);
    float rounded = float(exact);
    if (std::isnan(rounded)) {
      EXPECT_TRUE(std::isnan(got[i])) << op << " " << inputs[i];
    } else if (std::isinf(rounded)) {
      EXPECT_EQ(got[i], rounded) << op << " " << inputs[i];
    } else {
      worst = std::max(worst, ulpError(got[i], exact));
    }
  }
  return worst;
}

long double expReference(long double x) { return expl(x); }
long double log1pReference(long double x) { return log1pl(x); }

/// The same over every 67th float, 2^26 bit patterns at a time.
double worstErrorOfAll(const std::string &op, long double (*reference)(long double)) {
  double worst = 0;
  for (uint64_t first = 0; first < uint64_t(1) << 32; first += 1 << 26)
    worst = std::max(worst, worstError(op, everyFloat(first, first + (1 << 26), 67), reference));
  return worst;
}

TEST(Math, ExpIsWithinOneUlp) { EXPECT_LE(worstError("math.exp", sampledFloats(), expReference), 0.88); }
TEST(Math, ExpIsWithinOneUlpExhaustive) { EXPECT_LE(worstErrorOfAll("math.exp", expReference), 0.88); }
TEST(Math, Log1pIsWithinOneUlp) { EXPECT_LE(worstError("math.log1p", sampledFloats(), log1pReference), 0.51); }
TEST(Math, Log1pIsWithinOneUlpExhaustive) { EXPECT_LE(worstErrorOfAll("math.log1p", log1pReference), 0.51); }

TEST(Math, SpecialValues) {
  std::vector<float> inputs(16, -0.0f);
  inputs[0] = -kInfinity;
  inputs[1] = kInfinity;
  auto exp = mapOnAllLevels<float>(unaryKernel("f", "math.exp", "f32", 16), "f", 16, inputs);
  EXPECT_EQ(exp[0], 0.0f);
  EXPECT_EQ(exp[1], kInfinity);
  EXPECT_EQ(exp[2], 1.0f);
  auto log1p = mapOnAllLevels<float>(unaryKernel("f", "math.log1p", "f32", 16), "f", 16, inputs);
  EXPECT_TRUE(std::isnan(log1p[0]));
  EXPECT_EQ(log1p[1], kInfinity);
  EXPECT_TRUE(log1p[2] == 0.0f && std::signbit(log1p[2]));
  auto sin = mapOnAllLevels<float>(unaryKernel("f", "math.sin", "f32", 16), "f", 16, inputs);
  EXPECT_TRUE(std::isnan(sin[0]) && std::isnan(sin[1]));
  EXPECT_TRUE(sin[2] == 0.0f && std::signbit(sin[2]));
  auto cos = mapOnAllLevels<float>(unaryKernel("f", "math.cos", "f32", 16), "f", 16, inputs);
  EXPECT_EQ(cos[2], 1.0f);
}

TEST(Math, ScalarsAndOtherWidthsGiveTheSameBits) {
  std::vector<float> inputs;
  for (int i = 0; i < 512; ++i)
    inputs.push_back((i - 256) * 0.37f);
  for (const char *op : {"math.exp", "math.log1p", "math.sin", "math.cos"}) {
    auto wide = mapOnAllLevels<uint32_t>(unaryKernel("f", op, "f32", 16), "f", 16, inputs);
    for (unsigned lanes : {1u, 8u, 32u})
      EXPECT_EQ(wide, mapOnAllLevels<uint32_t>(unaryKernel("f", op, "f32", lanes), "f", lanes, inputs)) << op << lanes;
  }
}

TEST(Math, SineOfDoubleIsWithinTwoUlp) {
  std::vector<double> inputs;
  for (int i = 0; i < 65536; ++i)
    inputs.push_back((i - 32768) * 31.9173);
  auto sin = mapOnAllLevels<double>(unaryKernel("f", "math.sin", "f64", 8), "f", 8, inputs);
  auto cos = mapOnAllLevels<double>(unaryKernel("f", "math.cos", "f64", 8), "f", 8, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_NEAR(sin[i], sinl(inputs[i]), 3e-16);
    EXPECT_NEAR(cos[i], cosl(inputs[i]), 3e-16);
  }
}

//===----------------------------------------------------------------------===//
// RoPE angles
//===----------------------------------------------------------------------===//

/// Checks sin and cos of position * frequency, rounded to f32, for every
/// `stride`-th position below 2^20.
void checkAngles(float base, unsigned pairs, unsigned stride) {
  for (unsigned j = 0; j < pairs; ++j) {
    float frequency = std::pow(base, -2.0f * j / (2.0f * pairs));
    std::vector<float> angles;
    for (unsigned position = 0; position < (1u << 20); position += stride)
      angles.push_back(float(position) * frequency);
    while (angles.size() % 16)
      angles.push_back(0.0f);
    auto sin = mapOnAllLevels<float>(unaryKernel("f", "math.sin", "f32", 16), "f", 16, angles);
    auto cos = mapOnAllLevels<float>(unaryKernel("f", "math.cos", "f32", 16), "f", 16, angles);
    for (size_t i = 0; i < angles.size(); ++i) {
      ASSERT_EQ(sin[i], float(sinl(angles[i]))) << "sin " << angles[i];
      ASSERT_EQ(cos[i], float(cosl(angles[i]))) << "cos " << angles[i];
    }
  }
}

TEST(Math, AnglesAreCorrectlyRounded) { checkAngles(10000.0f, 8, 61); }
TEST(Math, AnglesOfBase10000AreCorrectlyRoundedExhaustive) { checkAngles(10000.0f, 32, 1); }
TEST(Math, AnglesOfBase160000AreCorrectlyRoundedExhaustive) { checkAngles(160000.0f, 32, 1); }

} // namespace

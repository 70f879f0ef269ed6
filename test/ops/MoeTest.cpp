//===- MoeTest.cpp - Routing, SwiGLU and combine against double -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Logits are multiples of 1/4: equal ones tie exactly and different ones are far
// apart, so the chosen experts are a fact, not a matter of rounding. Weights
// and activations may miss the double result by a few units of f32, outputs
// by half a bf16 unit more.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

using namespace v4::test;

namespace {

double score(double logit) { return std::sqrt(logit > 20 ? logit : std::log1p(std::exp(logit))); }

struct Case {
  int64_t experts, active;
  bool normalize;
};

class Route : public testing::TestWithParam<Case> {};

TEST_P(Route, LearnedTakesTheBestAndTheLowerOfEquals) {
  const Case &c = GetParam();
  constexpr int64_t kTokens = 70;
  std::string e = std::to_string(c.experts), rows = ", #v4.rows<tokens>>", a = std::to_string(c.active);
  std::string logits = "tensor<?x" + e + "xf32" + rows, bias = "tensor<" + e + "xf32>";
  std::string ids = "tensor<?x" + a + "xi32" + rows, weights = "tensor<?x" + a + "xf32" + rows;
  auto program = OpProgram::compile("func.func @f(%l: " + logits + ", %b: " + bias + ") -> (" + ids + ", " + weights +
                                    ") { %e, %w = v4.route %l, %b factor 1.5 " + (c.normalize ? "normalize" : "") + " : " +
                                    logits + ", " + bias + " -> " + ids + ", " + weights + " return %e, %w : " + ids + ", " +
                                    weights + " }");
  ASSERT_TRUE(program);
  std::vector<float> l(kTokens * c.experts), b(c.experts), w(kTokens * c.active);
  std::vector<int32_t> chosen(kTokens * c.active);
  for (size_t i = 0; i < l.size(); ++i)
    l[i] = float(int(randomBits(1, i) % 201) - 100) * 0.25f; // -25 to 25: both branches of softplus
  for (int64_t i = 0; i < c.experts; ++i)
    b[i] = i % 3 == 0 ? 64.0f : 0.0f; // a bias that decides, exact in every sum
  b[1] = -INFINITY;                   // an expert that is kept out while others are left
  Sequences sequences(1, kTokens, 64, 64);
  program->run(Step(sequences, {{0, 0, kTokens}}), {l.data(), b.data()}, {chosen.data(), w.data()}, 3);
  for (int64_t t = 0; t < kTokens; ++t) {
    const float *row = &l[t * c.experts];
    std::vector<int32_t> order(c.experts);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t x, int32_t y) {
      return float(score(row[x])) + b[x] > float(score(row[y])) + b[y];
    });
    order.resize(c.active);
    std::sort(order.begin(), order.end());
    double total = 0;
    for (int32_t expert : order)
      total += score(row[expert]);
    for (int64_t i = 0; i < c.active; ++i) {
      ASSERT_EQ(chosen[t * c.active + i], order[i]) << "token " << t;
      double expected = score(row[order[i]]) / (c.normalize ? total : 1) * 1.5;
      ASSERT_NEAR(w[t * c.active + i], expected, 1e-6 * std::fabs(expected) + 1e-9) << "token " << t;
    }
  }
}

// Where too few have a score that is a number the lowest others fill up: NaN and -inf are no better than each other.
TEST(RouteScores, WithoutScoresTheLowest) {
  constexpr int64_t kExperts = 20, kActive = 7;
  std::string logits = "tensor<?x20xf32, #v4.rows<tokens>>", ids = "tensor<?x7xi32, #v4.rows<tokens>>";
  std::string weights = "tensor<?x7xf32, #v4.rows<tokens>>", bias = "tensor<20xf32>";
  auto program = OpProgram::compile("func.func @f(%l: " + logits + ", %b: " + bias + ") -> (" + ids + ", " + weights +
                                    ") { %e, %w = v4.route %l, %b factor 1.5 : " + logits + ", " + bias + " -> " + ids +
                                    ", " + weights + " return %e, %w : " + ids + ", " + weights + " }");
  ASSERT_TRUE(program);
  std::vector<float> l(kExperts, 1.0f), b(kExperts, -INFINITY), w(kActive);
  std::vector<int32_t> chosen(kActive);
  b[2] = b[17] = NAN;
  b[4] = b[9] = b[18] = 0.0f;
  Sequences sequences(1, 1, 64, 64);
  program->run(Step(sequences, {{0, 0, 1}}), {l.data(), b.data()}, {chosen.data(), w.data()}, 1);
  EXPECT_EQ(chosen, (std::vector<int32_t>{0, 1, 2, 3, 4, 9, 18}));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Route,
                         testing::Values(Case{16, 4, true}, Case{9, 1, false}, Case{48, 8, true}, Case{5, 5, true},
                                         Case{256, 6, true}));

TEST(HashRoute, SortsTheTableRowOfTheToken) {
  constexpr int64_t kTokens = 33;
  std::string logits = "tensor<?x13xf32, #v4.rows<tokens>>", ids = "tensor<?x4xi32, #v4.rows<tokens>>";
  std::string weights = "tensor<?x4xf32, #v4.rows<tokens>>";
  auto program = OpProgram::compile("func.func @f(%l: " + logits + ", %t: tensor<512x4xi32>) -> (" + ids + ", " + weights +
                                    ") { %e, %w = v4.hash_route %l, %t factor 2.0 normalize : " + logits +
                                    ", tensor<512x4xi32> -> " + ids + ", " + weights + " return %e, %w : " + ids + ", " + weights + " }");
  ASSERT_TRUE(program);
  std::vector<int32_t> table(512 * 4), chosen(kTokens * 4);
  for (int64_t i = 0; i < 512; ++i)
    for (int64_t a = 0; a < 4; ++a) // distinct, in no order
      table[i * 4 + a] = int32_t((randomBits(2, i) + 5 * a) % 13);
  std::vector<float> l(kTokens * 13), w(kTokens * 4);
  for (size_t i = 0; i < l.size(); ++i)
    l[i] = randomReal(3, i) * 8;
  Sequences sequences(1, kTokens, 64, 64);
  Step step(sequences, {{0, 0, kTokens}});
  program->run(step, {l.data(), table.data()}, {chosen.data(), w.data()}, 2);
  for (int64_t t = 0; t < kTokens; ++t) {
    const int32_t *row = &table[step.tokenIds[t] * 4];
    std::vector<int32_t> expected(row, row + 4);
    std::sort(expected.begin(), expected.end());
    double total = 0;
    for (int32_t expert : expected)
      total += score(l[t * 13 + expert]);
    for (int64_t a = 0; a < 4; ++a) {
      ASSERT_EQ(chosen[t * 4 + a], expected[a]) << "token " << t;
      ASSERT_NEAR(w[t * 4 + a], score(l[t * 13 + expected[a]]) / total * 2, 2e-6) << "token " << t;
    }
  }
}

void checkSwiglu(bool weighted, double limit) {
  constexpr int64_t kTokens = 19, kSlots = 3, kWidth = 70;
  std::string dims = weighted ? "3x70" : "70", rows = ", #v4.rows<tokens>>";
  std::string x = "tensor<?x" + dims + "xbf16" + rows, w = "tensor<?x3xf32" + rows;
  int64_t lines = weighted ? kTokens * kSlots : kTokens;
  std::string bound = limit > 0 ? " limit " + std::to_string(limit) : "";
  auto program = OpProgram::compile("func.func @f(%a: " + x + ", %b: " + x + (weighted ? ", %w: " + w : "") + ") -> " + x +
                                    " { %y = v4.swiglu %a, %b" + (weighted ? " weights %w" : "") + bound + " : " + x +
                                    (weighted ? ", " + w : "") + " return %y : " + x + " }");
  ASSERT_TRUE(program);
  std::vector<Bf16> a(lines * kWidth), b(a.size()), y(a.size());
  std::vector<float> weights(lines);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = toBf16(randomReal(4, i) * 30);
    b[i] = toBf16(randomReal(5, i) * 30);
  }
  for (int64_t i = 0; i < lines; ++i)
    weights[i] = randomReal(6, i);
  Sequences sequences(1, kTokens, 64, 64);
  std::vector<const void *> arguments{a.data(), b.data()};
  if (weighted)
    arguments.push_back(weights.data());
  program->run(Step(sequences, {{0, 0, kTokens}}), arguments, {y.data()}, 2);
  for (size_t i = 0; i < y.size(); ++i) {
    double gate = fromBf16(a[i]), up = fromBf16(b[i]);
    if (limit > 0) {
      gate = std::min(gate, limit);
      up = std::min(std::max(up, -limit), limit);
    }
    double expected = gate / (1 + std::exp(-gate)) * up * (weighted ? weights[i / kWidth] : 1);
    ASSERT_NEAR(fromBf16(y[i]), expected, std::fabs(expected) * (1.0 / 256 + 1e-6) + 1e-30) << i;
  }
}

TEST(Swiglu, EqualsDouble) {
  checkSwiglu(true, 10);
  checkSwiglu(false, 10);
  checkSwiglu(true, 0);
}

TEST(Combine, AddsSlotsInOrder) {
  constexpr int64_t kTokens = 11, kSlots = 5, kWidth = 90;
  std::string e = "tensor<?x5x90xbf16, #v4.rows<tokens>>", s = "tensor<?x90xbf16, #v4.rows<tokens>>";
  auto program = OpProgram::compile("func.func @f(%e: " + e + ", %s: " + s + ") -> " + s + " { %y = v4.combine %e, %s : " + e + ", " + s +
                                    " return %y : " + s + " }");
  ASSERT_TRUE(program);
  std::vector<Bf16> experts(kTokens * kSlots * kWidth), shared(kTokens * kWidth), y(shared.size());
  for (size_t i = 0; i < experts.size(); ++i)
    experts[i] = toBf16(randomReal(7, i));
  for (size_t i = 0; i < shared.size(); ++i)
    shared[i] = toBf16(randomReal(8, i));
  Sequences sequences(1, kTokens, 64, 64);
  program->run(Step(sequences, {{0, 0, kTokens}}), {experts.data(), shared.data()}, {y.data()}, 2);
  for (int64_t i = 0; i < kTokens * kWidth; ++i) {
    float total = 0;
    for (int64_t slot = 0; slot < kSlots; ++slot)
      total += fromBf16(experts[(i / kWidth * kSlots + slot) * kWidth + i % kWidth]);
    ASSERT_EQ(y[i], toBf16(total + fromBf16(shared[i]))) << i;
  }
}

} // namespace

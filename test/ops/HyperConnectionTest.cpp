//===- HyperConnectionTest.cpp - Stream mixes against double ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two to four streams, one to twenty Sinkhorn rounds, widths with a tail. The mixes
// are f32: 1e-5 is some hundred units of f32, what twenty rounds of divisions can add up.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

using namespace v4::test;

namespace {

constexpr int64_t kTokens = 9;
constexpr double kEps = 1e-6;

struct Case {
  int64_t streams, width, iterations;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// What hc_pre and hc_head compute of one token, in double.
struct Mix {
  Mix(const Case &c, int64_t outputs, const Bf16 *z, const std::vector<float> &fn) {
    int64_t n = c.streams * c.width;
    double squares = 0;
    for (int64_t i = 0; i < n; ++i)
      squares += std::pow(fromBf16(z[i]), 2);
    for (int64_t r = 0; r < outputs; ++r) {
      double dot = 0;
      for (int64_t i = 0; i < n; ++i)
        dot += double(fn[r * n + i]) * fromBf16(z[i]);
      values.push_back(dot / std::sqrt(squares / n + kEps));
    }
  }
  std::vector<double> values;
};

void divide(std::vector<double> &t, int64_t c, bool rows) {
  for (int64_t a = 0; a < c; ++a) {
    double total = kEps;
    for (int64_t other = 0; other < c; ++other)
      total += t[rows ? a * c + other : other * c + a];
    for (int64_t other = 0; other < c; ++other)
      t[rows ? a * c + other : other * c + a] /= total;
  }
}

std::vector<double> sinkhorn(std::vector<double> t, int64_t c, int64_t iterations) {
  for (int64_t i = 0; i < c; ++i) {
    double total = 0;
    for (int64_t j = 0; j < c; ++j)
      total += t[i * c + j] = std::exp(t[i * c + j]);
    for (int64_t j = 0; j < c; ++j)
      t[i * c + j] = t[i * c + j] / total + kEps;
  }
  divide(t, c, false);
  for (int64_t round = 1; round < iterations; ++round) {
    divide(t, c, true);
    divide(t, c, false);
  }
  return t;
}

class HyperConnections : public testing::TestWithParam<Case> {};

TEST_P(HyperConnections, PreAndPostEqualDouble) {
  const Case &c = GetParam();
  int64_t outputs = (2 + c.streams) * c.streams, n = c.streams * c.width;
  auto dims = [](std::initializer_list<int64_t> sizes) {
    std::string text;
    for (int64_t size : sizes)
      text += std::to_string(size) + "x";
    return text;
  };
  std::string rows = ", #v4.rows<tokens>>", s = "tensor<?x" + dims({c.streams, c.width}) + "bf16" + rows;
  std::string x = "tensor<?x" + dims({c.width}) + "bf16" + rows, post = "tensor<?x" + dims({c.streams}) + "f32" + rows;
  std::string comb = "tensor<?x" + dims({c.streams, c.streams}) + "f32" + rows;
  std::string fn = "tensor<" + dims({outputs, n}) + "f32>", base = "tensor<" + dims({outputs}) + "f32>";
  auto program = OpProgram::compile(
      "func.func @f(%s: " + s + ", %f: " + fn + ", %b: " + base + ", %c: tensor<3xf32>) -> (" + x + ", " + post + ", " + comb + ", " + s +
      ") { %x, %p, %t = v4.hc_pre %s, %f, %b, %c iterations " + std::to_string(c.iterations) + " eps 1.0e-06 hc_eps 1.0e-06 : " + s + ", " +
      fn + ", " + base + ", tensor<3xf32> -> " + x + ", " + post + ", " + comb + " %n = v4.hc_post %x, %s, %p, %t : " + x + ", " + s +
      ", " + post + ", " + comb + " return %x, %p, %t, %n : " + x + ", " + post + ", " + comb + ", " + s + " }");
  ASSERT_TRUE(program);
  std::vector<Bf16> streams(kTokens * n), gotX(kTokens * c.width), next(streams.size());
  std::vector<float> weights(outputs * n), bases(outputs), scales{0.9f, 1.1f, 0.8f};
  std::vector<float> gotPost(kTokens * c.streams), gotComb(kTokens * c.streams * c.streams);
  for (size_t i = 0; i < streams.size(); ++i)
    streams[i] = toBf16(randomReal(1, i) * 3);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = randomReal(2, i) / std::sqrt(float(n));
  for (size_t i = 0; i < bases.size(); ++i)
    bases[i] = randomReal(3, i);
  Sequences sequences(1, kTokens, 64, 64);
  program->run(Step(sequences, {{0, 0, kTokens}}), {streams.data(), weights.data(), bases.data(), scales.data()},
               {gotX.data(), gotPost.data(), gotComb.data(), next.data()}, 2);
  for (int64_t t = 0; t < kTokens; ++t) {
    Mix mix(c, outputs, &streams[t * n], weights);
    std::vector<double> square;
    for (int64_t j = 0; j < c.streams; ++j)
      ASSERT_NEAR(gotPost[t * c.streams + j], 2 * sigmoid(mix.values[c.streams + j] * scales[1] + bases[c.streams + j]), 1e-5);
    for (int64_t i = 0; i < c.streams * c.streams; ++i)
      square.push_back(mix.values[2 * c.streams + i] * scales[2] + bases[2 * c.streams + i]);
    square = sinkhorn(square, c.streams, c.iterations);
    for (int64_t i = 0; i < c.streams * c.streams; ++i)
      ASSERT_NEAR(gotComb[t * c.streams * c.streams + i], square[i], 1e-5) << "token " << t;
    for (int64_t k = 0; k < c.width; ++k) {
      double expected = 0;
      for (int64_t j = 0; j < c.streams; ++j)
        expected += (sigmoid(mix.values[j] * scales[0] + bases[j]) + kEps) * fromBf16(streams[t * n + j * c.width + k]);
      ASSERT_NEAR(fromBf16(gotX[t * c.width + k]), expected, std::fabs(expected) / 256 + 2e-5);
      // The source stream is the row of comb.
      for (int64_t j = 0; j < c.streams; ++j) {
        double mixed = double(gotPost[t * c.streams + j]) * fromBf16(gotX[t * c.width + k]);
        for (int64_t i = 0; i < c.streams; ++i)
          mixed += square[i * c.streams + j] * fromBf16(streams[t * n + i * c.width + k]);
        ASSERT_NEAR(fromBf16(next[t * n + j * c.width + k]), mixed, std::fabs(mixed) / 256 + 1e-4);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, HyperConnections, testing::Values(Case{4, 128, 20}, Case{2, 130, 1}, Case{3, 70, 5}));

} // namespace

//===- LinearTest.cpp - Matrix products against double precision -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every weight format, odd numbers of tokens and rows, experts that nobody chose.
// A result may differ from the double sum by the rounding of f32 accumulation,
// K * 2^-24 of the sum of magnitudes at worst, and half a bf16 unit. Rows
// computed alone must have the bits of rows computed beside others.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

using namespace v4::test;

namespace {

enum class Format { Bf16, F32, Fp8, Fp4 };

/// A random matrix [stack, rows, columns] in checkpoint layout, with its values in double.
struct Matrix {
  Matrix(Format format, int64_t stack, int64_t rows, int64_t columns, uint64_t seed);
  std::string weightType(bool stacked) const;
  std::string scaleType(bool stacked) const;

  Format format;
  int64_t stack, rows, columns;
  std::vector<uint8_t> weight, scales;
  std::vector<double> values;
};

Matrix::Matrix(Format format, int64_t stack, int64_t rows, int64_t columns, uint64_t seed)
    : format(format), stack(stack), rows(rows), columns(columns), values(stack * rows * columns) {
  int64_t n = values.size(), down = (rows + 127) / 128, across = (columns + 127) / 128;
  weight.resize(format == Format::F32 ? 4 * n : format == Format::Bf16 ? 2 * n : format == Format::Fp8 ? n : n / 2);
  scales.resize(format == Format::Fp8 ? stack * down * across : format == Format::Fp4 ? n / 32 : 0);
  for (size_t i = 0; i < scales.size(); ++i)
    scales[i] = uint8_t(117 + randomBits(seed + 1, i) % 5);
  for (int64_t i = 0; i < n; ++i) {
    int64_t matrix = i / (rows * columns), row = i / columns % rows, column = i % columns;
    if (format == Format::F32 || format == Format::Bf16) {
      float value = roundBf16(randomReal(seed, i));
      values[i] = value;
      uint32_t bits = toBits(value);
      if (format == Format::F32)
        std::memcpy(&weight[4 * i], &bits, 4);
      else
        std::memcpy(&weight[2 * i], reinterpret_cast<char *>(&bits) + 2, 2);
    } else if (format == Format::Fp8) {
      uint8_t code = uint8_t(randomBits(seed, i));
      code = (code & 0x7F) == 0x7F ? 0x3C : code;
      weight[i] = code;
      values[i] = std::ldexp(double(fromE4m3(code)), scales[(matrix * down + row / 128) * across + column / 128] - 127);
    } else {
      uint8_t code = randomBits(seed, i) & 15;
      weight[i / 2] |= uint8_t(code << (i % 2 * 4));
      values[i] = std::ldexp(double(fromE2m1(code)), scales[i / 32] - 127);
    }
  }
}

std::string Matrix::weightType(bool stacked) const {
  std::string dims = (stacked ? std::to_string(stack) + "x" : "") + std::to_string(rows) + "x";
  switch (format) {
  case Format::Bf16: return "tensor<" + dims + std::to_string(columns) + "xbf16>";
  case Format::F32: return "tensor<" + dims + std::to_string(columns) + "xf32>";
  case Format::Fp8: return "tensor<" + dims + std::to_string(columns) + "xf8E4M3FN>";
  case Format::Fp4: return "tensor<" + dims + std::to_string(columns / 2) + "xi8, #v4.packed<f4E2M1FN>>";
  }
  return "";
}

std::string Matrix::scaleType(bool stacked) const {
  std::string dims = stacked ? std::to_string(stack) + "x" : "";
  if (format == Format::Fp8)
    return "tensor<" + dims + std::to_string((rows + 127) / 128) + "x" + std::to_string((columns + 127) / 128) + "xf8E8M0FNU>";
  return "tensor<" + dims + std::to_string(rows) + "x" + std::to_string(columns / 32) + "xf8E8M0FNU>";
}

std::vector<Bf16> randomRows(int64_t n, uint64_t seed) {
  std::vector<Bf16> x(n);
  for (int64_t i = 0; i < n; ++i)
    x[i] = toBf16(randomReal(seed, i));
  return x;
}

/// The double dot product and what an f32 result may miss it by.
void expectDot(float got, const Bf16 *x, const double *w, int64_t n, bool bf16, const std::string &where) {
  double dot = 0, magnitude = 0;
  for (int64_t k = 0; k < n; ++k) {
    dot += double(fromBf16(x[k])) * w[k];
    magnitude += std::fabs(double(fromBf16(x[k])) * w[k]);
  }
  double allowed = n * std::ldexp(magnitude, -24) + (bf16 ? std::ldexp(std::fabs(dot), -8) : 0);
  ASSERT_NEAR(got, dot, allowed) << where;
}

struct Case {
  Format format;
  int64_t rows, columns, inner, tokens;
  bool bf16;
};

class Linear : public testing::TestWithParam<Case> {};

TEST_P(Linear, EqualsDoubleAndKeepsBitsAlone) {
  const Case &c = GetParam();
  Matrix w(c.format, 1, c.rows, c.columns, 11);
  std::string inner = c.inner > 1 ? std::to_string(c.inner) + "x" : "";
  std::string in = "tensor<?x" + inner + std::to_string(c.columns) + "xbf16, #v4.rows<tokens>>";
  std::string out = "tensor<?x" + inner + std::to_string(c.rows) + (c.bf16 ? "xbf16" : "xf32") + ", #v4.rows<tokens>>";
  bool narrow = !w.scales.empty();
  auto program = OpProgram::compile(
      "func.func @f(%x: " + in + ", %w: " + w.weightType(false) + (narrow ? ", %s: " + w.scaleType(false) : "") + ") -> " + out +
      " { %y = v4.linear %x, %w" + (narrow ? " scales %s" : "") + " : " + in + ", " + w.weightType(false) +
      (narrow ? ", " + w.scaleType(false) : "") + " -> " + out + " return %y : " + out + " }");
  ASSERT_TRUE(program);
  std::vector<Bf16> x = randomRows(c.tokens * c.inner * c.columns, 12);
  std::vector<const void *> arguments{x.data(), w.weight.data()};
  if (narrow)
    arguments.push_back(w.scales.data());
  size_t bytes = c.bf16 ? 2 : 4, outputs = c.tokens * c.inner * c.rows;
  std::vector<uint8_t> y(outputs * bytes), alone(c.inner * c.rows * bytes);
  Sequences sequences(1, c.tokens, 64, 64);
  program->run(Step(sequences, {{0, 0, c.tokens}}), arguments, {y.data()}, 3);
  for (size_t i = 0; i < outputs; ++i) {
    float got = c.bf16 ? fromBf16(reinterpret_cast<Bf16 *>(y.data())[i]) : reinterpret_cast<float *>(y.data())[i];
    expectDot(got, &x[i / c.rows * c.columns], &w.values[i % c.rows * c.columns], c.columns, c.bf16, std::to_string(i));
  }
  for (int64_t token = 0; token < c.tokens; ++token) {
    arguments[0] = &x[token * c.inner * c.columns];
    program->run(Step(sequences, {{0, token, 1}}), arguments, {alone.data()}, 2);
    ASSERT_EQ(std::memcmp(alone.data(), &y[token * alone.size()], alone.size()), 0) << "token " << token;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Linear,
                         testing::Values(Case{Format::Fp8, 129, 384, 1, 17, true}, Case{Format::Fp8, 128, 128, 4, 3, true},
                                         Case{Format::Fp4, 33, 256, 1, 45, true}, Case{Format::Bf16, 7, 128, 1, 1, true},
                                         Case{Format::Bf16, 47, 640, 1, 70, false}, Case{Format::F32, 5, 200, 1, 13, false},
                                         Case{Format::Fp8, 16, 200, 1, 12, true}));

TEST(GroupedLinear, EqualsDouble) {
  for (Format format : {Format::Fp8, Format::Bf16}) {
    // 6 heads of 102 values in 2 groups: K = 306 has a tail, 3 rows a group are an odd pass.
    Matrix w(format, 1, 6, 306, 21);
    bool narrow = !w.scales.empty();
    std::string in = "tensor<?x6x102xbf16, #v4.rows<tokens>>", out = "tensor<?x6xbf16, #v4.rows<tokens>>";
    auto program = OpProgram::compile(
        "func.func @f(%x: " + in + ", %w: " + w.weightType(false) + (narrow ? ", %s: " + w.scaleType(false) : "") + ") -> " + out +
        " { %y = v4.grouped_linear %x, %w" + (narrow ? " scales %s" : "") + " groups 2 : " + in + ", " + w.weightType(false) +
        (narrow ? ", " + w.scaleType(false) : "") + " -> " + out + " return %y : " + out + " }");
    ASSERT_TRUE(program);
    int64_t tokens = 37;
    std::vector<Bf16> x = randomRows(tokens * 612, 22), y(tokens * 6);
    std::vector<const void *> arguments{x.data(), w.weight.data()};
    if (narrow)
      arguments.push_back(w.scales.data());
    Sequences sequences(1, tokens, 64, 64);
    program->run(Step(sequences, {{0, 0, tokens}}), arguments, {y.data()}, 2);
    for (int64_t i = 0; i < tokens * 6; ++i)
      expectDot(fromBf16(y[i]), &x[i / 6 * 612 + i % 6 / 3 * 306], &w.values[i % 6 * 306], 306, true, std::to_string(i));
  }
}

/// Dispatch and both forms of expert_linear, for 11 experts of which some are never chosen.
void checkExperts(Format format, bool shared, int64_t tokens) {
  constexpr int64_t kExperts = 11, kActive = 3, kRows = 21, kColumns = 160;
  Matrix w(format, kExperts, kRows, kColumns, 31);
  bool narrow = !w.scales.empty();
  std::string in = std::string("tensor<?x") + (shared ? "" : "3x") + "160xbf16, #v4.rows<tokens>>";
  std::string out = "tensor<?x3x21xbf16, #v4.rows<tokens>>", ids = "tensor<?x3xi32, #v4.rows<tokens>>";
  std::string runs = "tensor<?x12xi32, #v4.rows<one>>";
  auto program = OpProgram::compile(
      "func.func @f(%x: " + in + ", %e: " + ids + ", %w: " + w.weightType(true) + (narrow ? ", %s: " + w.scaleType(true) : "") + ") -> " +
      out + " { %o, %p, %h = v4.dispatch %e : " + ids + " -> " + ids + ", " + runs + ", " + runs + " %y = v4.expert_linear %x, %w" +
      (narrow ? " scales %s" : "") + " order %o, %p, %h : " + in + ", " + w.weightType(true) +
      (narrow ? " scales " + w.scaleType(true) : "") + " order " + ids + ", " + runs + " -> " + out + " return %y : " + out + " }");
  ASSERT_TRUE(program);
  std::vector<int32_t> experts(tokens * kActive);
  for (int64_t i = 0; i < tokens * kActive; ++i) // distinct per token, expert 10 never, low ones often
    experts[i] = int32_t(i % kActive + (randomBits(32, i / kActive) % 3) * (i % kActive == 2 ? 3 : 0));
  std::vector<Bf16> x = randomRows(tokens * (shared ? 1 : kActive) * kColumns, 33), y(tokens * kActive * kRows);
  std::vector<const void *> arguments{x.data(), experts.data(), w.weight.data()};
  if (narrow)
    arguments.push_back(w.scales.data());
  Sequences sequences(1, tokens, 64, 64);
  program->run(Step(sequences, {{0, 0, tokens}}), arguments, {y.data()}, 2);
  for (size_t i = 0; i < y.size(); ++i) {
    int64_t assignment = i / kRows, input = shared ? assignment / kActive : assignment;
    expectDot(fromBf16(y[i]), &x[input * kColumns], &w.values[(experts[assignment] * kRows + i % kRows) * kColumns], kColumns,
              true, std::to_string(i));
  }
}

TEST(ExpertLinear, EqualsDouble) {
  for (Format format : {Format::Fp4, Format::Bf16, Format::Fp8})
    for (int64_t tokens : {1, 3, 17, 129}) {
      checkExperts(format, true, tokens);
      checkExperts(format, false, tokens);
    }
}

} // namespace

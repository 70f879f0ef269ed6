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
#include "codegen/cpu/CpuTarget.h"

#include <gtest/gtest.h>

using namespace v4::test;

namespace {

enum class Format { Bf16, F32, Fp8, Fp4 };

/// A random matrix [stack, rows, columns] in checkpoint layout, with its values in double.
struct Matrix {
  Matrix(Format format, int64_t stack, int64_t rows, int64_t columns, uint64_t seed);
  std::string weightType(bool stacked) const;
  std::string scaleType(bool stacked) const;

  Kernels kernels = Kernels::Decomposed; ///< Tuned: types are those of panels.
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
  bool panels = kernels == Kernels::Tuned;
  auto type = [&](int64_t width, const char *element, const char *value, const char *plain) {
    return "tensor<" + dims + std::to_string(width) + element + (panels ? std::string(", #v4.panels<") + value + ">>" : plain);
  };
  switch (format) {
  case Format::Bf16: return type(columns, "xbf16", "bf16", ">");
  case Format::F32: return type(columns, "xf32", "f32", ">");
  case Format::Fp8: return type(columns, "xf8E4M3FN", "f8E4M3FN", ">");
  case Format::Fp4: return type(columns / 2, "xi8", "f4E2M1FN", ", #v4.packed<f4E2M1FN>>");
  }
  return "";
}

std::string Matrix::scaleType(bool stacked) const {
  std::string dims = stacked ? std::to_string(stack) + "x" : "";
  if (format == Format::Fp8)
    return "tensor<" + dims + std::to_string((rows + 127) / 128) + "x" + std::to_string((columns + 127) / 128) + "xf8E8M0FNU>";
  return "tensor<" + dims + std::to_string(rows) + "x" + std::to_string(columns / 32) +
         (kernels == Kernels::Tuned ? "xf8E8M0FNU, #v4.panels<f8E8M0FNU>>" : "xf8E8M0FNU>");
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
  Kernels kernels = Kernels::Decomposed;
  std::string level = "";
};

bool runsHere(const std::string &level) {
  const v4::CpuLevel *host = v4::hostCpuLevel();
  return level.empty() || (host && v4::findCpuLevel(level) <= host);
}

class Linear : public testing::TestWithParam<Case> {};

TEST_P(Linear, EqualsDoubleAndKeepsBitsAlone) {
  const Case &c = GetParam();
  if (!runsHere(c.level))
    GTEST_SKIP() << "this machine is below " << c.level;
  Matrix w(c.format, 1, c.rows, c.columns, 11);
  w.kernels = c.kernels;
  std::string inner = c.inner > 1 ? std::to_string(c.inner) + "x" : "";
  std::string in = "tensor<?x" + inner + std::to_string(c.columns) + "xbf16, #v4.rows<tokens>>";
  std::string out = "tensor<?x" + inner + std::to_string(c.rows) + (c.bf16 ? "xbf16" : "xf32") + ", #v4.rows<tokens>>";
  bool narrow = !w.scales.empty();
  auto program = OpProgram::compile(
      "func.func @f(%x: " + in + ", %w: " + w.weightType(false) + (narrow ? ", %s: " + w.scaleType(false) : "") + ") -> " + out +
      " { %y = v4.linear %x, %w" + (narrow ? " scales %s" : "") + " : " + in + ", " + w.weightType(false) +
      (narrow ? ", " + w.scaleType(false) : "") + " -> " + out + " return %y : " + out + " }",
      c.level, c.kernels);
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

/// Every format and level; rows that leave a panel partly empty, columns that leave a chain short, and all forms of a
/// kernel: 1 to 4 rows decode in registers, with 512 bits also 5 to 8, more through a buffer in passes of 8, 4, 2 and 1.
std::vector<Case> tunedCases() {
  std::vector<Case> cases;
  for (std::string level : {"cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:x86-64-v4-bf16", "cpu:x86-64-v4-amx"})
    for (Format format : {Format::Fp8, Format::Fp4, Format::Bf16}) {
      cases.push_back({format, 129, 384, 1, 17, true, Kernels::Tuned, level});
      cases.push_back({format, 64, 576, 1, 4, false, Kernels::Tuned, level});
      cases.push_back({format, 33, 64, 4, 3, true, Kernels::Tuned, level});
      cases.push_back({format, 16, 320, 1, 129, false, Kernels::Tuned, level});
      for (int64_t tokens : {5, 8, 16})
        cases.push_back({format, 96, 256, 1, tokens, true, Kernels::Tuned, level});
    }
  cases.push_back({Format::Fp8, 96, 256, 1, 700, true, Kernels::Tuned, ""});
  cases.push_back({Format::Fp4, 96, 256, 1, 700, true, Kernels::Tuned, ""});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Tuned, Linear, testing::ValuesIn(tunedCases()));

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

TEST(GroupedLinear, TunedEqualsDouble) {
  for (Format format : {Format::Fp8, Format::Bf16})
    for (int64_t tokens : {1, 3, 37}) {
      // 6 heads of 128 values in 2 groups of 64 rows: two panels a group.
      Matrix w(format, 1, 128, 384, 21);
      w.kernels = Kernels::Tuned;
      bool narrow = !w.scales.empty();
      std::string in = "tensor<?x6x128xbf16, #v4.rows<tokens>>", out = "tensor<?x128xbf16, #v4.rows<tokens>>";
      auto program = OpProgram::compile(
          "func.func @f(%x: " + in + ", %w: " + w.weightType(false) + (narrow ? ", %s: " + w.scaleType(false) : "") +
              ") -> " + out + " { %y = v4.grouped_linear %x, %w" + (narrow ? " scales %s" : "") + " groups 2 : " + in +
              ", " + w.weightType(false) + (narrow ? ", " + w.scaleType(false) : "") + " -> " + out +
              " return %y : " + out + " }",
          "", Kernels::Tuned);
      ASSERT_TRUE(program);
      std::vector<Bf16> x = randomRows(tokens * 768, 22), y(tokens * 128);
      std::vector<const void *> arguments{x.data(), w.weight.data()};
      if (narrow)
        arguments.push_back(w.scales.data());
      Sequences sequences(1, tokens, 64, 64);
      program->run(Step(sequences, {{0, 0, tokens}}), arguments, {y.data()}, 2);
      for (int64_t i = 0; i < tokens * 128; ++i)
        expectDot(fromBf16(y[i]), &x[i / 128 * 768 + i % 128 / 64 * 384], &w.values[i % 128 * 384], 384, true,
                  std::to_string(i));
    }
}

/// The bits of every code that a panel can hold come through: e4m3 with its subnormals, e2m1, and e8m0 from 2^-127 up.
TEST(Linear, TunedDecodesEveryCode) {
  for (std::string level : {"cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:x86-64-v4-bf16", "cpu:x86-64-v4-amx"})
    for (Format format : {Format::Fp8, Format::Fp4}) {
      if (!runsHere(level))
        continue;
      // Row r of the weight holds code r at column r % 64 alone; x is one there.
      Matrix w(format, 1, 256, 64, 41);
      w.kernels = Kernels::Tuned;
      std::fill(w.weight.begin(), w.weight.end(), 0);
      for (int64_t row = 0; row < 256; ++row) {
        if (format == Format::Fp8)
          w.weight[row * 64 + row % 64] = uint8_t(row);
        else
          w.weight[(row * 64 + row % 64) / 2] = uint8_t((row / 16 + row) % 16 << (row % 2 * 4));
      }
      std::fill(w.scales.begin(), w.scales.end(), 127);
      std::string in = "tensor<?x64xbf16, #v4.rows<tokens>>", out = "tensor<?x256xf32, #v4.rows<tokens>>";
      auto program = OpProgram::compile("func.func @f(%x: " + in + ", %w: " + w.weightType(false) + ", %s: " +
                                            w.scaleType(false) + ") -> " + out + " { %y = v4.linear %x, %w scales %s : " +
                                            in + ", " + w.weightType(false) + ", " + w.scaleType(false) + " -> " + out +
                                            " return %y : " + out + " }",
                                        level, Kernels::Tuned);
      ASSERT_TRUE(program);
      std::vector<Bf16> x(64, toBf16(1));
      std::vector<float> y(256);
      Sequences sequences(1, 1, 64, 64);
      program->run(Step(sequences, {{0, 0, 1}}), {x.data(), w.weight.data(), w.scales.data()}, {y.data()});
      for (int64_t row = 0; row < 256; ++row) {
        float expected = format == Format::Fp8 ? fromE4m3(uint8_t(row)) : fromE2m1((row / 16 + row) % 16);
        if (std::isnan(expected))
          EXPECT_TRUE(std::isnan(y[row])) << level << " row " << row;
        else
          EXPECT_EQ(y[row], expected) << level << " row " << row;
      }
      if (format != Format::Fp4)
        continue;
      // Row r holds a one with scale r: tiles take scales into the weights where they fit.
      for (int64_t row = 0; row < 256; ++row) {
        w.weight[(row * 64 + row % 64) / 2] = uint8_t(2 << (row % 2 * 4));
        w.scales[2 * row] = w.scales[2 * row + 1] = uint8_t(row);
      }
      program->run(Step(sequences, {{0, 0, 1}}), {x.data(), w.weight.data(), w.scales.data()}, {y.data()});
      for (int64_t row = 0; row < 255; ++row)
        EXPECT_EQ(y[row], std::ldexp(1.0f, int(row) - 127)) << level << " scale " << row;
      EXPECT_TRUE(std::isnan(y[255])) << level;
    }
}

/// Dispatch and both forms of expert_linear, for 11 experts of which some are never chosen.
void checkExperts(Format format, bool shared, int64_t tokens, Kernels kernels = Kernels::Decomposed, int64_t rows = 21) {
  constexpr int64_t kExperts = 11, kActive = 3;
  const int64_t kRows = rows, kColumns = kernels == Kernels::Tuned ? 192 : 160;
  Matrix w(format, kExperts, kRows, kColumns, 31);
  w.kernels = kernels;
  bool narrow = !w.scales.empty();
  std::string in = std::string("tensor<?x") + (shared ? "" : "3x") + std::to_string(kColumns) + "xbf16, #v4.rows<tokens>>";
  std::string out = "tensor<?x3x" + std::to_string(rows) + "xbf16, #v4.rows<tokens>>", ids = "tensor<?x3xi32, #v4.rows<tokens>>";
  std::string runs = "tensor<?x12xi32, #v4.rows<one>>";
  auto program = OpProgram::compile(
      "func.func @f(%x: " + in + ", %e: " + ids + ", %w: " + w.weightType(true) + (narrow ? ", %s: " + w.scaleType(true) : "") + ") -> " +
      out + " { %o, %p, %h = v4.dispatch %e : " + ids + " -> " + ids + ", " + runs + ", " + runs + " %y = v4.expert_linear %x, %w" +
      (narrow ? " scales %s" : "") + " order %o, %p, %h : " + in + ", " + w.weightType(true) +
      (narrow ? " scales " + w.scaleType(true) : "") + " order " + ids + ", " + runs + " -> " + out + " return %y : " + out + " }",
      "", kernels);
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

TEST(ExpertLinear, TunedEqualsDouble) {
  for (Format format : {Format::Fp4, Format::Bf16, Format::Fp8})
    for (int64_t tokens : {1, 3, 17, 129, 400}) {
      // Two whole panels and a part of one.
      checkExperts(format, true, tokens, Kernels::Tuned, 85);
      checkExperts(format, false, tokens, Kernels::Tuned, 85);
    }
}

} // namespace

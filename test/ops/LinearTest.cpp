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

#include "MatrixData.h"

using namespace v4::test;

namespace {

struct Case {
  Format format;
  int64_t rows, columns, inner, tokens;
  bool bf16;
  Kernels kernels = Kernels::Decomposed;
  std::string level = "";
};

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
      cases.push_back({format, 129, 384, 1, 17, false, Kernels::Tuned, level});
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

} // namespace

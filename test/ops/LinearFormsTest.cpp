//===- LinearFormsTest.cpp - What tuned products must get right -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bits of every code that a panel can hold come through: e4m3 with its subnormals, e2m1, and e8m0 from 2^-127 up.
// All forms of a kernel have one reduction tree for each panel, whatever is computed beside it.
//
//===----------------------------------------------------------------------===//

#include "MatrixData.h"

using namespace v4::test;

namespace {

/// y = x W^T with f32 results, tuned for `level`.
std::unique_ptr<OpProgram> compileLinear(const Matrix &w, const std::string &level) {
  std::string in = "tensor<?x" + std::to_string(w.columns) + "xbf16, #v4.rows<tokens>>";
  std::string out = "tensor<?x" + std::to_string(w.rows) + "xf32, #v4.rows<tokens>>";
  return OpProgram::compile("func.func @f(%x: " + in + ", %w: " + w.weightType(false) + ", %s: " + w.scaleType(false) +
                                ") -> " + out + " { %y = v4.linear %x, %w scales %s : " + in + ", " +
                                w.weightType(false) + ", " + w.scaleType(false) + " -> " + out + " return %y : " + out +
                                " }",
                            level, Kernels::Tuned);
}

class TunedForms : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    if (!runsHere(GetParam()))
      GTEST_SKIP() << "this machine is below " << GetParam();
  }
};

INSTANTIATE_TEST_SUITE_P(Tuned, TunedForms,
                         testing::Values("cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:x86-64-v4-bf16", "cpu:x86-64-v4-amx"));

/// Row r of the weight holds `code(r)` at column r % 64 alone, its scale is `scale(r)`; x is one everywhere. The result
/// for the last of `tokens` tokens.
template <typename Code, typename Scale>
std::vector<float> decodedRows(Format format, const char *level, Code code, Scale scale, int64_t tokens = 1) {
  Matrix w(format, 1, 256, 64, 41);
  w.kernels = Kernels::Tuned;
  std::fill(w.weight.begin(), w.weight.end(), 0);
  std::fill(w.scales.begin(), w.scales.end(), 127);
  for (int row = 0; row < 256; ++row) {
    if (format == Format::Fp8)
      w.weight[row * 64 + row % 64] = code(row);
    else
      w.weight[(row * 64 + row % 64) / 2] = uint8_t(code(row) << (row % 2 * 4));
    if (format == Format::Fp4)
      w.scales[2 * row] = w.scales[2 * row + 1] = scale(row);
  }
  auto program = compileLinear(w, level);
  std::vector<Bf16> x(tokens * 64, toBf16(1));
  std::vector<float> y(tokens * 256);
  Sequences sequences(1, tokens, 64, 64);
  if (program)
    program->run(Step(sequences, {{0, 0, tokens}}), {x.data(), w.weight.data(), w.scales.data()}, {y.data()});
  EXPECT_TRUE(program);
  return {y.end() - 256, y.end()};
}

uint8_t one(int) { return 127; }

/// In registers as they stream by, and through the buffer.
TEST_P(TunedForms, DecodeEveryE4m3) {
  for (int64_t tokens : {1, 17}) {
    std::vector<float> y = decodedRows(
        Format::Fp8, GetParam(), [](int row) { return uint8_t(row); }, one, tokens);
    for (int row = 0; row < 256; ++row) {
      float expected = fromE4m3(uint8_t(row));
      if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(y[row])) << "row " << row << " of " << tokens << " tokens";
      else
        EXPECT_EQ(y[row], expected) << "row " << row << " of " << tokens << " tokens";
    }
  }
}

/// A code lies beside others in its word: none of their bits reach its value.
TEST_P(TunedForms, NeighboursOfE4m3LeaveNoTrace) {
  Matrix w(Format::Fp8, 1, 256, 64, 41);
  w.kernels = Kernels::Tuned;
  for (int row = 0; row < 256; ++row)
    for (int column = 0; column < 64; ++column)
      w.weight[row * 64 + column] = column % 2 ? uint8_t(row % 127) : uint8_t(column * 2);
  std::fill(w.scales.begin(), w.scales.end(), 127);
  auto program = compileLinear(w, GetParam());
  ASSERT_TRUE(program);
  for (int64_t tokens : {1, 17})
    for (int part = 0; part < 2; ++part) {
      std::vector<Bf16> x(tokens * 64);
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = toBf16(int(i % 64) == 2 + part ? 1 : 0);
      std::vector<float> y(tokens * 256);
      Sequences sequences(1, tokens, 64, 64);
      program->run(Step(sequences, {{0, 0, tokens}}), {x.data(), w.weight.data(), w.scales.data()}, {y.data()});
      for (size_t i = 0; i < y.size(); ++i)
        EXPECT_EQ(y[i], fromE4m3(part ? uint8_t(i % 256 % 127) : 4)) << "row " << i % 256 << ", part " << part;
    }
}

/// The largest scale, with values small enough to be finite: no factor of a product is infinite on the way.
TEST_P(TunedForms, LargestScaleOfE4m3) {
  for (int64_t tokens : {1, 17}) {
    Matrix w(Format::Fp8, 1, 32, 64, 41);
    w.kernels = Kernels::Tuned;
    std::fill(w.weight.begin(), w.weight.end(), 0);
    std::fill(w.scales.begin(), w.scales.end(), 254);
    for (int row = 0; row < 32; ++row)
      w.weight[row * 64 + row] = uint8_t(1 + row);
    auto program = compileLinear(w, GetParam());
    ASSERT_TRUE(program);
    std::vector<Bf16> x(tokens * 64, toBf16(1));
    std::vector<float> y(tokens * 32);
    Sequences sequences(1, tokens, 64, 64);
    program->run(Step(sequences, {{0, 0, tokens}}), {x.data(), w.weight.data(), w.scales.data()}, {y.data()});
    for (size_t i = 0; i < y.size(); ++i)
      EXPECT_EQ(y[i], std::ldexp(fromE4m3(uint8_t(1 + i % 32)), 127)) << "row " << i % 32;
  }
}

TEST_P(TunedForms, DecodeEveryE2m1) {
  auto code = [](int row) { return uint8_t((row / 16 + row) % 16); };
  std::vector<float> y = decodedRows(Format::Fp4, GetParam(), code, one);
  for (int row = 0; row < 256; ++row)
    EXPECT_EQ(y[row], fromE2m1(code(row))) << "row " << row;
}

/// Tiles take scales into the weights where they fit.
TEST_P(TunedForms, ApplyEveryScale) {
  auto scale = [](int row) { return uint8_t(row); };
  std::vector<float> y = decodedRows(
      Format::Fp4, GetParam(), [](int) { return uint8_t(2); }, scale);
  for (int row = 0; row < 255; ++row)
    EXPECT_EQ(y[row], std::ldexp(1.0f, row - 127)) << "scale " << row;
  EXPECT_TRUE(std::isnan(y[255]));
}

/// Panels with scales that do not fit lie beside others that do. Which panels are computed together depends on the
/// number of rows and of threads; the bits must not.
TEST_P(TunedForms, PanelsDoNotDependOnNeighbours) {
  constexpr int64_t kRows = 289, kColumns = 2048, kTokens = 40;
  Matrix w(Format::Fp4, 1, kRows, kColumns, 51);
  w.kernels = Kernels::Tuned;
  for (int64_t row : {70, 71, 255})
    w.scales[row * kColumns / 32 + row % 64] = uint8_t(row % 2);
  auto program = compileLinear(w, GetParam());
  ASSERT_TRUE(program);
  std::vector<Bf16> x = randomRows(kTokens * kColumns, 52);
  std::vector<float> alone(kTokens * kRows), y(kTokens * kRows);
  Sequences sequences(1, kTokens, 64, 64);
  for (int64_t token = 0; token < kTokens; ++token)
    program->run(Step(sequences, {{0, token, 1}}), {&x[token * kColumns], w.weight.data(), w.scales.data()},
                 {&alone[token * kRows]}, 1);
  for (int64_t tokens : {1, 4, 16, 17, 40})
    for (unsigned threads : {1, 2, 3}) {
      program->run(Step(sequences, {{0, 0, tokens}}), {x.data(), w.weight.data(), w.scales.data()}, {y.data()},
                   threads);
      EXPECT_EQ(std::memcmp(y.data(), alone.data(), tokens * kRows * sizeof(float)), 0)
          << tokens << " tokens, " << threads << " threads";
    }
}

} // namespace

//===- StreamMixTest.cpp - Fused hyper-connections, tuned and not -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// v4.hc_mix and v4.hc_norm: the tuned kernels of every level against the decomposition
// and against double, at 1 to 700 rows, whose bits must not depend on how many there are.
//
//===----------------------------------------------------------------------===//

#include "OpHarness.h"

#include <gtest/gtest.h>

using namespace v4::test;

namespace {

struct Case {
  int64_t streams, width, parts, iterations;
  std::string level;
};

std::string tensor(std::vector<int64_t> dims, const std::string &element, const std::string &encoding) {
  std::string text = "tensor<";
  for (int64_t dim : dims)
    text += (dim < 0 ? "?" : std::to_string(dim)) + "x";
  return text + element + (encoding.empty() ? "" : ", " + encoding) + ">";
}

/// What the function returns for some rows.
struct Outputs {
  Outputs(const Case &c, int64_t rows, int64_t sums)
      : mix(rows * c.parts * sums), post(rows * c.streams), comb(rows * c.streams * c.streams),
        next(rows * c.streams * c.width), normed(rows * c.width), quantized(rows * c.width) {}
  std::vector<void *> pointers() {
    return {mix.data(), next.data(), normed.data(), post.data(), comb.data(), quantized.data()};
  }
  std::vector<float> mix, post, comb;
  std::vector<Bf16> next, normed, quantized;
};

template <typename T> void expectPrefix(const std::vector<T> &part, const std::vector<T> &whole, const char *name) {
  EXPECT_EQ(std::memcmp(part.data(), whole.data(), part.size() * sizeof(T)), 0) << name;
}

class StreamMix : public testing::TestWithParam<Case> {
protected:
  static constexpr int64_t kRows = 700;

  StreamMix()
      : c(GetParam()), outputs((2 + c.streams) * c.streams), sums(outputs / 16 * 16 + 16), n(c.streams * c.width),
        y(kRows * c.width), streams(kRows * n), weight(c.width), fn(outputs * n), base(outputs), scale{0.9f, 1.1f, 0.8f},
        post(kRows * c.streams), comb(kRows * c.streams * c.streams) {
    fill(y, 1, 1);
    fill(streams, 2, 3);
    fill(weight, 3, 2);
    for (size_t i = 0; i < fn.size(); ++i)
      fn[i] = randomReal(4, i) / std::sqrt(float(n));
    for (auto *values : {&base, &post, &comb})
      for (size_t i = 0; i < values->size(); ++i)
        (*values)[i] = randomReal(5, i);
  }

  static void fill(std::vector<Bf16> &values, uint64_t seed, float factor) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = toBf16(randomReal(seed, i) * factor);
  }

  std::unique_ptr<OpProgram> compile(bool tuned) {
    std::string rows = "#v4.rows<tokens>", f = tensor({outputs, n}, "f32", tuned ? "#v4.panels<f32>" : "");
    std::string s = tensor({-1, c.streams, c.width}, "bf16", rows), x = tensor({-1, c.width}, "bf16", rows);
    std::string p = tensor({-1, c.streams}, "f32", rows), t = tensor({-1, c.streams, c.streams}, "f32", rows);
    std::string m = tensor({-1, c.parts, sums}, "f32", rows), b = tensor({outputs}, "f32", "");
    std::string w = tensor({c.width}, "bf16", ""), results = m + ", " + s + ", " + x + ", " + p + ", " + t + ", " + x;
    return OpProgram::compile(
        "func.func @f(%y: " + x + ", %s: " + s + ", %p: " + p + ", %t: " + t + ", %f: " + f + ", %b: " + b +
            ", %c: tensor<3xf32>, %w: " + w + ") -> (" + results + ") { %m, %n = v4.hc_mix %s, %f after %y, %p, %t : " + s +
            ", " + f + " after " + x + ", " + p + ", " + t + " -> " + m + ", " + s +
            " %x, %q, %u, %z = v4.hc_norm %m, %n, %b, %c, %w iterations " + std::to_string(c.iterations) +
            " eps 1.0e-06 hc_eps 1.0e-06 norm_eps 1.0e-06 : " + m + ", " + s + ", " + b + ", tensor<3xf32>, " + w + " -> " +
            x + ", " + p + ", " + t + ", " + x + " return %m, %n, %x, %q, %u, %z : " + results + " }",
        c.level, tuned ? Kernels::Tuned : Kernels::Decomposed);
  }

  Outputs run(const OpProgram &program, int64_t rows, int64_t parts) {
    Outputs out(c, rows, sums);
    Sequences sequences(1, rows, 64, 64);
    program.run(Step(sequences, {{0, 0, rows}}),
                {y.data(), streams.data(), post.data(), comb.data(), fn.data(), base.data(), scale.data(), weight.data()},
                out.pointers(), parts);
    return out;
  }

  void expectMixIsDouble(const Outputs &got, int64_t row) {
    int64_t columns = c.width / c.parts;
    for (int64_t part = 0; part < c.parts; ++part)
      for (int64_t r = 0; r < sums; ++r) {
        double sum = 0, magnitude = 0;
        for (int64_t i = 0; r <= outputs && i < c.streams * columns; ++i) {
          int64_t element = i / columns * c.width + part * columns + i % columns;
          double x = fromBf16(got.next[row * n + element]), term = x * (r < outputs ? fn[r * n + element] : x);
          sum += term;
          magnitude += std::fabs(term);
        }
        ASSERT_NEAR(got.mix[(row * c.parts + part) * sums + r], sum, 4e-6 * magnitude) << "row " << row << " sum " << r;
      }
  }

  Case c;
  int64_t outputs, sums, n;
  std::vector<Bf16> y, streams, weight;
  std::vector<float> fn, base, scale, post, comb;
};

TEST_P(StreamMix, TunedAgreesWithDecompositionAndDouble) {
  auto tuned = compile(true), plain = compile(false);
  ASSERT_TRUE(tuned && plain);
  Outputs got = run(*tuned, kRows, 3), expected = run(*plain, kRows, 1);
  EXPECT_EQ(got.next, expected.next);
  for (int64_t row : {int64_t(0), int64_t(1), int64_t(130), kRows - 1})
    expectMixIsDouble(got, row);
  for (size_t i = 0; i < got.post.size(); ++i)
    ASSERT_NEAR(got.post[i], expected.post[i], 1e-5);
  for (size_t i = 0; i < got.comb.size(); ++i)
    ASSERT_NEAR(got.comb[i], expected.comb[i], 2e-5);
  size_t moved = 0;
  for (size_t i = 0; i < got.normed.size(); ++i) {
    float a = fromBf16(got.normed[i]), b = fromBf16(expected.normed[i]);
    ASSERT_NEAR(a, b, std::fabs(b) / 64 + 1e-4);
    moved += a != b;
  }
  // Another order of sums moves a few roundings, not most of them.
  EXPECT_LT(moved, got.normed.size() / 50);
}

TEST_P(StreamMix, BitsDoNotDependOnRows) {
  auto tuned = compile(true);
  ASSERT_TRUE(tuned);
  Outputs all = run(*tuned, kRows, 1);
  for (int64_t rows : {1, 2, 3, 17, 129}) {
    Outputs some = run(*tuned, rows, 2);
    expectPrefix(some.mix, all.mix, "mix");
    expectPrefix(some.next, all.next, "next");
    expectPrefix(some.normed, all.normed, "normed");
    expectPrefix(some.post, all.post, "post");
    expectPrefix(some.comb, all.comb, "comb");
    expectPrefix(some.quantized, all.quantized, "quantized");
  }
}

TEST_P(StreamMix, QuantizedIsTheQuantizationOfNormed) {
  auto tuned = compile(true);
  std::string x = tensor({-1, c.width}, "bf16", "#v4.rows<tokens>");
  auto quantize = OpProgram::compile("func.func @f(%x: " + x + ") -> " + x + " { %q = v4.quantize %x fp8 block 128 prefix " +
                                         std::to_string(c.width) + " : " + x + " return %q : " + x + " }",
                                     c.level);
  ASSERT_TRUE(tuned && quantize);
  Outputs got = run(*tuned, 33, 1);
  std::vector<Bf16> expected(got.normed.size());
  Sequences sequences(1, 33, 64, 64);
  quantize->run(Step(sequences, {{0, 0, 33}}), {got.normed.data()}, {expected.data()});
  EXPECT_EQ(got.quantized, expected);
}

INSTANTIATE_TEST_SUITE_P(Shapes, StreamMix,
                         testing::Values(Case{4, 512, 2, 20, ""}, Case{4, 128, 1, 20, "cpu:x86-64-v3"},
                                         Case{3, 384, 3, 5, ""}, Case{2, 256, 1, 1, "cpu:x86-64-v4"},
                                         Case{3, 256, 4, 2, "cpu:x86-64-v3"}));

TEST(HcPost, TunedHasTheBitsOfTheDecomposition) {
  std::string rows = "#v4.rows<tokens>", x = tensor({-1, 1024}, "bf16", rows), s = tensor({-1, 4, 1024}, "bf16", rows);
  std::string p = tensor({-1, 4}, "f32", rows), t = tensor({-1, 4, 4}, "f32", rows);
  std::string text = "func.func @f(%y: " + x + ", %s: " + s + ", %p: " + p + ", %t: " + t + ") -> " + s +
                     " { %n = v4.hc_post %y, %s, %p, %t : " + x + ", " + s + ", " + p + ", " + t + " return %n : " + s + " }";
  auto tuned = OpProgram::compile(text, "", Kernels::Tuned), plain = OpProgram::compile(text);
  ASSERT_TRUE(tuned && plain);
  int64_t tokens = 17;
  std::vector<Bf16> y(tokens * 1024), streams(tokens * 4096), got(streams.size()), expected(streams.size());
  std::vector<float> post(tokens * 4), comb(tokens * 16);
  for (size_t i = 0; i < streams.size(); ++i)
    streams[i] = toBf16(randomReal(1, i) * 3);
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = toBf16(randomReal(2, i));
  for (size_t i = 0; i < comb.size(); ++i)
    comb[i] = randomReal(3, i), post[i / 4] = randomReal(4, i / 4);
  Sequences sequences(1, tokens, 64, 64);
  Step step(sequences, {{0, 0, tokens}});
  tuned->run(step, {y.data(), streams.data(), post.data(), comb.data()}, {got.data()}, 3);
  plain->run(step, {y.data(), streams.data(), post.data(), comb.data()}, {expected.data()});
  EXPECT_EQ(got, expected);
}

} // namespace

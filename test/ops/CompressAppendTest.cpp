//===- CompressAppendTest.cpp - The fused compressor, byte for byte -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/ops/OpHarness.h"

#include "gtest/gtest.h"

using namespace v4;
using namespace v4::test;

namespace {

struct Shape {
  const char *name;
  int64_t ratio, dim, pairs;
  bool index; ///< Hadamard transform, index_fp4 rows.
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) { return os << shape.name; }

std::string s(int64_t n) { return std::to_string(n); }

class CompressAppend : public testing::TestWithParam<Shape> {
protected:
  const Shape &c = GetParam();
  int64_t width = c.ratio == 4 ? 2 * c.dim : c.dim, ring = c.ratio == 4 ? 8 : 128, rope = c.index ? 0 : 2 * c.pairs;
  int64_t rowBytes = 2 * c.dim + 64; ///< More than any encoding needs.

  std::string x() const { return "tensor<?x" + s(width) + "xf32, #v4.rows<tokens>>"; }
  std::string ape() const { return "tensor<" + s(c.ratio) + "x" + s(width) + "xf32>"; }
  std::string state() const {
    return "!v4.cache<state, ratio = 1, f32, rows = " + s(ring) + ", values = " + s(2 * width) + ", rope = 0>";
  }
  std::string row() const { return "tensor<?x" + s(c.dim) + "xbf16, #v4.rows<chunks" + s(c.ratio) + ">>"; }
  std::string table() const { return "tensor<?x2x" + s(c.pairs) + "xf32, #v4.rows<chunks" + s(c.ratio) + ">>"; }
  std::string weight() const { return "tensor<" + s(c.dim) + "xbf16>"; }
  std::string cache() const {
    return "!v4.cache<page, ratio = " + s(c.ratio) + ", " + (c.index ? "index_fp4" : "kv_compact") +
           ", rows = " + s(128 / c.ratio) + ", values = " + s(c.dim) + ", rope = " + s(rope) + ">";
  }

  std::string wrapped(const std::string &body) const {
    return "func.func @f(%a: " + x() + ", %g: " + x() + ", %p: " + ape() + ", %s: " + state() + ", %w: " + weight() +
           ", %t: " + table() + ", %k: " + cache() + ") {\n" + body + "v4.save_partial %a, %g, %s : " + x() + ", " +
           state() + "\nreturn\n}\n";
  }
  std::string fused() const {
    return wrapped("v4.compress_append %a, %g, %p, %s norm %w eps 1.0e-06 rope %t" +
                   std::string(c.index ? " hadamard" : "") + " into %k ratio " + s(c.ratio) + " : " + x() + ", " +
                   ape() + ", " + state() + ", " + weight() + ", " + table() + ", " + cache() + "\n");
  }
  std::string singles() const {
    std::string quantize = c.index ? "fp4 block 32 prefix " : "fp8 block 64 prefix ";
    return wrapped("%r = v4.compress %a, %g, %p, %s ratio " + s(c.ratio) + " : " + x() + ", " + ape() + ", " + state() +
                   " -> " + row() + "\n%n = v4.rms_norm %r, %w eps 1.0e-06 : " + row() + ", " + weight() +
                   "\n%o = v4.rope %n, %t : " + row() + ", " + table() + "\n" +
                   (c.index ? "%h = v4.hadamard %o : " + row() + "\n" : "") + "%q = v4.quantize " +
                   (c.index ? "%h " : "%o ") + quantize + s(c.dim - rope) + " : " + row() +
                   "\nv4.append_rows %q, %k : " + row() + ", " + cache() + "\n");
  }

  /// Bytes of all pages behind some ragged steps.
  std::vector<uint8_t> run(const OpProgram &program, const std::vector<std::vector<Span>> &steps, int64_t parts) const {
    Sequences sequences(3, 420, 128 / c.ratio * rowBytes, ring * 8 * width);
    std::vector<uint8_t> states(sequences.stateArea(), 0xFF), pages(sequences.pageArea(), 0xEE);
    std::vector<float> apes;
    for (int64_t i = 0; i < c.ratio * width; ++i)
      apes.push_back(2 * randomReal(23, uint64_t(i)));
    std::vector<Bf16> weights;
    for (int64_t i = 0; i < c.dim; ++i)
      weights.push_back(toBf16(1 + randomReal(24, uint64_t(i))));
    for (const auto &spans : steps) {
      Step step(sequences, spans);
      std::vector<float> values, gates, turns;
      for (const Span &span : spans)
        for (int64_t i = 0; i < span.count * width; ++i) {
          auto key = uint64_t(span.start + i / width), channel = uint64_t(i % width);
          values.push_back(3 * randomReal(21, uint64_t(span.sequence), key, channel));
          gates.push_back(6 * randomReal(22, uint64_t(span.sequence), key, channel));
        }
      for (int32_t chunk : c.ratio == 4 ? step.chunks4Indices : step.chunks128Indices)
        for (int64_t j = 0; j < 2 * c.pairs; ++j)
          turns.push_back(randomReal(25, uint64_t(chunk), uint64_t(j)));
      turns.push_back(0); // never empty
      program.run(step,
                  {values.data(), gates.data(), apes.data(), states.data(), weights.data(), turns.data(), pages.data()},
                  {}, parts);
    }
    return pages;
  }
};

TEST_P(CompressAppend, HasTheBytesOfTheSingleOpsHoweverStepsAreCut) {
  auto one = OpProgram::compile(fused()), many = OpProgram::compile(singles());
  ASSERT_TRUE(one && many);
  const std::vector<std::vector<Span>> whole = {{{2, 0, 300}, {0, 0, 7}, {1, 0, 133}}};
  const std::vector<std::vector<Span>> cut = {{{0, 0, 1}, {1, 0, 3}},
                                              {{2, 0, 127}, {0, 1, 2}},
                                              {{1, 3, 1}, {2, 127, 1}, {0, 3, 4}},
                                              {{2, 128, 63}, {1, 4, 60}},
                                              {{1, 64, 64}, {2, 191, 1}},
                                              {{1, 128, 5}},
                                              {{2, 192, 65}},
                                              {{2, 257, 43}}};
  std::vector<uint8_t> expected = run(*many, whole, 1);
  EXPECT_EQ(expected, run(*one, whole, 3));
  EXPECT_EQ(expected, run(*one, cut, 2));
}

TEST_P(CompressAppend, TunedKernelsAgreeOnEveryLevel) {
  const std::vector<std::vector<Span>> whole = {{{2, 0, 300}, {0, 0, 7}, {1, 0, 133}}};
  const std::vector<std::vector<Span>> cut = {
      {{2, 0, 127}, {0, 0, 2}, {1, 0, 4}}, {{1, 4, 124}, {2, 127, 1}, {0, 2, 5}}, {{2, 128, 172}, {1, 128, 5}}};
  for (const char *level : {"cpu:x86-64-v4-bf16", "cpu:x86-64-v4", "cpu:x86-64-v3"}) {
    if (!runsHere(level))
      continue;
    auto plain = OpProgram::compile(fused(), level), tuned = OpProgram::compile(fused(), level, Kernels::Tuned);
    auto many = OpProgram::compile(singles(), level, Kernels::Tuned);
    ASSERT_TRUE(plain && tuned && many);
    std::vector<uint8_t> expected = run(*plain, whole, 1), got = run(*tuned, whole, 2);
    EXPECT_EQ(got, run(*tuned, cut, 3)) << level;
    EXPECT_EQ(got, run(*many, whole, 1)) << level;
    // The norm's sum has another tree: now and then a value rounds to its neighbour.
    size_t different = 0, written = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      different += got[i] != expected[i];
      written += expected[i] != 0xEE;
    }
    EXPECT_LE(different, written / 50) << level;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, CompressAppend,
                         testing::Values(Shape{"csa", 4, 256, 32, false}, Shape{"index", 4, 128, 32, true},
                                         Shape{"csa_small", 4, 96, 16, false}, Shape{"hca", 128, 192, 32, false}),
                         [](const testing::TestParamInfo<Shape> &info) { return std::string(info.param.name); });

} // namespace

//===- CompressorTest.cpp - Pooling and its ring ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/ops/CacheData.h"

#include "gtest/gtest.h"

#include <map>

using namespace v4;
using namespace v4::test;

namespace {

struct Shape {
  const char *name;
  int64_t ratio, dim;
  int64_t halves() const { return ratio == 4 ? 2 : 1; }
  int64_t width() const { return halves() * dim; }
  int64_t ringRows() const { return ratio == 4 ? 8 : 128; }
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) { return os << shape.name; }

using Rows = std::map<std::pair<int64_t, int64_t>, std::vector<Bf16>>;

std::string s(int64_t n) { return std::to_string(n); }

class CompressorTest : public testing::TestWithParam<Shape> {
protected:
  const Shape &shape = GetParam();

  std::string text(const std::string &attributes) const {
    std::string x = "tensor<?x" + s(shape.width()) + "xf32, #v4.rows<tokens>>";
    std::string ape = "tensor<" + s(shape.ratio) + "x" + s(shape.width()) + "xf32>";
    std::string ring = "!v4.cache<state, ratio = 1, f32, rows = " + s(shape.ringRows()) + ", values = " +
                       s(2 * shape.width()) + ", rope = 0>";
    std::string result = "tensor<?x" + s(shape.dim) + "xbf16, #v4.rows<chunks" + s(shape.ratio) + ">>";
    return "func.func @f(%a: " + x + ", %g: " + x + ", %p: " + ape + ", %ring: " + ring + ") -> " + result +
           " {\n%r = v4.compress %a, %g, %p, %ring ratio " + s(shape.ratio) + " " + attributes + " : " + x + ", " +
           ape + ", " + ring + " -> " + result + "\nv4.save_partial %a, %g, %ring : " + x + ", " + ring +
           "\nreturn %r : " + result + "\n}\n";
  }

  float value(int64_t q, int64_t t, int64_t k) const { return 3 * randomReal(21, uint64_t(q), uint64_t(t), uint64_t(k)); }
  float gate(int64_t q, int64_t t, int64_t k) const { return 6 * randomReal(22, uint64_t(q), uint64_t(t), uint64_t(k)); }
  float ape(int64_t phase, int64_t k) const { return 2 * randomReal(23, uint64_t(phase), uint64_t(k)); }

  Rows run(const OpProgram &program, const std::vector<std::vector<Span>> &steps, int64_t parts) const {
    Sequences sequences(3, 420, 1, shape.ringRows() * 8 * shape.width() + 4);
    std::vector<uint8_t> ring(sequences.stateArea(), 0xFF);
    std::vector<float> apes;
    for (int64_t i = 0; i < shape.ratio * shape.width(); ++i)
      apes.push_back(ape(i / shape.width(), i % shape.width()));
    Rows rows;
    for (const auto &spans : steps) {
      Step step(sequences, spans);
      std::vector<float> values, gates;
      for (const Span &span : spans)
        for (int64_t i = 0; i < span.count * shape.width(); ++i) {
          values.push_back(value(span.sequence, span.start + i / shape.width(), i % shape.width()));
          gates.push_back(gate(span.sequence, span.start + i / shape.width(), i % shape.width()));
        }
      const auto &slots = shape.ratio == 4 ? step.chunks4Slots : step.chunks128Slots;
      const auto &indices = shape.ratio == 4 ? step.chunks4Indices : step.chunks128Indices;
      std::vector<Bf16> result(slots.size() * size_t(shape.dim), 0x7FC0);
      program.run(step, {values.data(), gates.data(), apes.data(), ring.data()}, {result.data()}, parts);
      for (size_t i = 0; i < slots.size(); ++i)
        rows[{spans[size_t(slots[i])].sequence, indices[i]}] = {result.begin() + int64_t(i) * shape.dim,
                                                                result.begin() + int64_t(i + 1) * shape.dim};
    }
    return rows;
  }

  double expected(int64_t q, int64_t c, int64_t k) const {
    double total = 0, sum = 0;
    for (int64_t j = 0; j < shape.halves() * shape.ratio; ++j) {
      int64_t t = (c - shape.halves() + 1) * shape.ratio + j, channel = j / shape.ratio * shape.dim + k;
      if (t < 0)
        continue;
      double p = std::exp(double(gate(q, t, channel)) + ape(t % shape.ratio, channel));
      total += p;
      sum += p * value(q, t, channel);
    }
    return sum / total;
  }
};

const std::vector<std::vector<Span>> kWhole = {{{2, 0, 300}, {0, 0, 7}, {1, 0, 133}}};
const std::vector<std::vector<Span>> kCut = {
    {{0, 0, 1}, {1, 0, 3}},     {{2, 0, 127}, {0, 1, 2}}, {{1, 3, 1}, {2, 127, 1}, {0, 3, 4}},
    {{2, 128, 63}, {1, 4, 60}}, {{1, 64, 64}, {2, 191, 1}}, {{1, 128, 5}}, {{2, 192, 65}}, {{2, 257, 43}}};

TEST_P(CompressorTest, MatchesDoublePrecisionAndAnyCut) {
  auto program = OpProgram::compile(text(""));
  ASSERT_TRUE(program);
  Rows whole = run(*program, kWhole, 1);
  EXPECT_EQ(whole.size(), size_t(300 / shape.ratio + 7 / shape.ratio + 133 / shape.ratio));
  EXPECT_EQ(whole, run(*program, kCut, 1));
  EXPECT_EQ(whole, run(*program, kCut, 4));
  for (auto &[place, row] : whole)
    for (int64_t k = 0; k < shape.dim; ++k) {
      double want = expected(place.first, place.second, k);
      ASSERT_NEAR(fromBf16(row[size_t(k)]), want, std::abs(want) / 250 + 2e-6)
          << "sequence " << place.first << ", chunk " << place.second << ", channel " << k;
    }
}

/// Chunks of four tokens see those in front of them.
class OverlapTest : public CompressorTest {};

TEST_P(OverlapTest, PlantedLackOfOverlapIsVisible) {
  auto right = OpProgram::compile(text("")), wrong = OpProgram::compile(text("{v4.planted = \"no_overlap\"}"));
  ASSERT_TRUE(right && wrong);
  Rows rightRows = run(*right, kWhole, 1), wrongRows = run(*wrong, kWhole, 1);
  for (auto &[place, row] : rightRows)
    EXPECT_EQ(row == wrongRows[place], place.second == 0) << "chunk " << place.second;
}

static std::string nameOf(const testing::TestParamInfo<Shape> &info) { return info.param.name; }

static const Shape kOverlapping[] = {{"csa", 4, 256}, {"index", 4, 32}, {"csa_odd", 4, 134}};

INSTANTIATE_TEST_SUITE_P(Overlapping, CompressorTest, testing::ValuesIn(kOverlapping), nameOf);
INSTANTIATE_TEST_SUITE_P(Shapes, CompressorTest, testing::Values(Shape{"hca", 128, 192}, Shape{"hca_odd", 128, 70}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Shapes, OverlapTest, testing::ValuesIn(kOverlapping), nameOf);

} // namespace

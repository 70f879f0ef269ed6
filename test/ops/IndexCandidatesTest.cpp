//===- IndexCandidatesTest.cpp - Selection while rows are scored -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// v4.index_candidates and v4.select_candidates against v4.index_scores and v4.top_k on
// contexts long enough that strips overflow. The definitions select the same rows; the
// tuned kernel adds products in another order, so that rows whose scores are a bf16
// unit apart may change places, and no others.
//
//===----------------------------------------------------------------------===//

#include "test/ops/CacheData.h"

#include "gtest/gtest.h"

#include <algorithm>

using namespace v4;
using namespace v4::test;

namespace {

struct Shape {
  const char *name;
  int64_t heads, dim, topK, context;
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) { return os << shape.name; }

std::string s(int64_t n) { return std::to_string(n); }

class IndexCandidatesTest : public testing::TestWithParam<Shape> {
protected:
  const Shape &shape = GetParam();
  int64_t rowBytes = int64_t(plan::indexFp4RowBytes(uint64_t(shape.dim)));
  Sequences sequences{2, shape.context, 32 * rowBytes + 3, 64};
  std::vector<uint8_t> keys = std::vector<uint8_t>(sequences.pageArea());

  void SetUp() override {
    for (size_t i = 0; i < keys.size(); ++i)
      keys[i] = uint8_t(randomBits(1, i));
    for (int64_t q = 0; q < 2; ++q)
      for (int64_t c = 0; c < shape.context / 4; ++c)
        for (int64_t i = 0; i < shape.dim / 32; ++i)
          keys[size_t(sequences.pageOffset(q, c / 32) + c % 32 * rowBytes + shape.dim / 2 + i)] =
              uint8_t(120 + randomBits(2, uint64_t(q), uint64_t(c), uint64_t(i)) % 6);
  }

  std::string text(bool fused) const {
    std::string tokens = ", #v4.rows<tokens>>", q = "tensor<?x" + s(shape.heads) + "x" + s(shape.dim) + "xbf16" + tokens;
    std::string w = "tensor<?x" + s(shape.heads) + "xbf16" + tokens, out = "tensor<?x" + s(shape.topK) + "xi32" + tokens;
    std::string cache = "!v4.cache<page, ratio = 4, index_fp4, rows = 32, values = " + s(shape.dim) + ", rope = 0>";
    std::string scores = "tensor<?x?xf32" + tokens, strips = "tensor<?x8x" + s(shape.topK);
    std::string types = q + ", " + w + ", " + cache;
    std::string head = "func.func @f(%q: " + q + ", %w: " + w + ", %k: " + cache + ") -> ";
    if (fused)
      return head + out + " { %s, %r = v4.index_candidates %q, %w, %k : " + types + " -> " + strips + "xf32" + tokens + ", " +
             strips + "xi32" + tokens + " %i = v4.select_candidates %s, %r : " + strips + "xf32" + tokens + ", " + strips +
             "xi32" + tokens + " -> " + out + " return %i : " + out + " }";
    return head + "(" + out + ", " + scores + ") { %s = v4.index_scores %q, %w, %k : " + types + " -> " + scores +
           " %i = v4.top_k %s : " + scores + " -> " + out + " return %i, %s : " + out + ", " + scores + " }";
  }

  std::vector<int32_t> run(const OpProgram &program, const std::vector<Span> &spans, int64_t parts,
                           std::vector<float> *scores = nullptr) const {
    Step step(sequences, spans);
    std::vector<Bf16> q, w;
    for (const Span &span : spans)
      for (int64_t t = span.start; t < span.start + span.count; ++t) {
        append(q, bf16Row(3, uint64_t(span.sequence), uint64_t(t), shape.heads * shape.dim));
        append(w, bf16Row(4, uint64_t(span.sequence), uint64_t(t), shape.heads));
      }
    std::vector<int32_t> selected(size_t(step.tokens() * shape.topK), -7);
    std::vector<void *> results{selected.data()};
    if (scores) {
      scores->assign(size_t(step.tokens() * step.counts[plan::kCountIndexRows]), 0);
      results.push_back(scores->data());
    }
    program.run(step, {q.data(), w.data(), keys.data()}, results, parts);
    return selected;
  }

  /// Tokens that see few rows, as many as they select, and all that there are.
  std::vector<Span> spans() const {
    return {{1, 4 * shape.topK - 3, 9}, {0, shape.context - 6, 6}, {1, shape.context - 1, 1}, {0, 0, 3}};
  }
};

TEST_P(IndexCandidatesTest, DefinitionsSelectTheSameRows) {
  auto parts = OpProgram::compile(text(false)), fused = OpProgram::compile(text(true));
  ASSERT_TRUE(parts && fused);
  std::vector<float> scores;
  EXPECT_EQ(run(*parts, spans(), 1, &scores), run(*fused, spans(), 3));
}

TEST_P(IndexCandidatesTest, TunedSelectsTheBest) {
  auto definition = OpProgram::compile(text(false));
  ASSERT_TRUE(definition);
  std::vector<float> scores;
  std::vector<int32_t> expected = run(*definition, spans(), 1, &scores);
  size_t stride = scores.size() / (expected.size() / size_t(shape.topK));
  for (const char *level : {"", "cpu:x86-64-v4", "cpu:x86-64-v3"}) {
    SCOPED_TRACE(level);
    auto tuned = OpProgram::compile(text(true), level, Kernels::Tuned);
    ASSERT_TRUE(tuned);
    std::vector<int32_t> selected = run(*tuned, spans(), 3);
    for (size_t at = 0; at < selected.size(); at += size_t(shape.topK)) {
      std::vector<int32_t> mine(selected.begin() + long(at), selected.begin() + long(at) + shape.topK);
      std::vector<int32_t> theirs(expected.begin() + long(at), expected.begin() + long(at) + shape.topK), lost;
      auto count = std::find(theirs.begin(), theirs.end(), -1) - theirs.begin();
      ASSERT_EQ(std::find(mine.begin(), mine.end(), -1) - mine.begin(), count);
      ASSERT_TRUE(std::is_sorted(mine.begin(), mine.begin() + count));
      const float *row = &scores[at / size_t(shape.topK) * stride];
      float worst = INFINITY, span = 0;
      for (long i = 0; i < count; ++i) {
        worst = std::min(worst, row[theirs[size_t(i)]]);
        span = std::max(span, std::fabs(row[theirs[size_t(i)]]));
      }
      for (long i = 0; i < count; ++i)
        EXPECT_GE(row[mine[size_t(i)]], worst - span / 64) << "entry " << at << ", row " << mine[size_t(i)];
      std::set_difference(theirs.begin(), theirs.begin() + count, mine.begin(), mine.begin() + count,
                          std::back_inserter(lost));
      EXPECT_LE(lost.size(), size_t(2 + shape.topK / 32)) << "entry " << at;
    }
    // Alone, and cut in another way, every token selects the same.
    std::vector<int32_t> cut;
    for (const Span &span : spans())
      for (int64_t t = 0; t < span.count; ++t)
        append(cut, run(*tuned, {{span.sequence, span.start + t, 1}}, 2));
    EXPECT_EQ(selected, cut);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, IndexCandidatesTest,
                         testing::Values(Shape{"small", 8, 128, 16, 3000}, Shape{"odd", 5, 32, 37, 2048},
                                         Shape{"many_heads", 72, 128, 16, 2048}, Shape{"middle", 13, 64, 96, 4096},
                                         Shape{"real", 64, 128, 512, 8448}),
                         [](const testing::TestParamInfo<Shape> &info) { return std::string(info.param.name); });

} // namespace

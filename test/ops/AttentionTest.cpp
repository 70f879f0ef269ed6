//===- AttentionTest.cpp - Attention of all three kinds ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program appends, scores, selects, attends and keeps its window, as a layer
// does, on ragged batches. Results are compared with double precision over the
// whole history, and bit for bit between different ways to cut the same tokens.
//
//===----------------------------------------------------------------------===//

#include "test/ops/CacheData.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <map>

using namespace v4;
using namespace v4::test;

namespace {

struct Shape {
  const char *name;
  int64_t heads, dim, rope, window, ratio, topK;
  bool sink;
  int64_t offset;
  int64_t indexHeads = 0, indexDim = 0;
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) { return os << shape.name; }

/// Everything one token gives, by sequence and position.
struct Output {
  std::vector<Bf16> attention;
  std::vector<int32_t> selected;
  std::vector<float> scores;
  bool operator==(const Output &other) const {
    return attention == other.attention && selected == other.selected &&
           std::equal(scores.begin(), scores.end(), other.scores.begin(), other.scores.end(),
                      [](float a, float b) { return toBits(a) == toBits(b); });
  }
};
using Outputs = std::map<std::pair<int64_t, int64_t>, Output>;

std::string s(int64_t n) { return std::to_string(n); }

std::string cache(const char *kind, int64_t ratio, const char *encoding, int64_t rows, int64_t values, int64_t rope) {
  return "!v4.cache<" + std::string(kind) + ", ratio = " + s(ratio) + ", " + encoding + ", rows = " + s(rows) +
         ", values = " + s(values) + ", rope = " + s(rope) + ">";
}

class AttentionTest : public testing::TestWithParam<Shape> {
protected:
  const Shape &shape = GetParam();
  int64_t ringRows = shape.window + 1;

  /// With `fused`, v4.attend turns the result back, by the angles of a table.
  std::string text(const std::string &scoreAttributes = "", bool fused = false) const {
    std::string head = s(shape.heads) + "x" + s(shape.dim), tokens = ", #v4.rows<tokens>>";
    std::string chunks = ", #v4.rows<chunks" + s(shape.ratio) + ">>";
    std::string q = "tensor<?x" + head + "xbf16" + tokens, kv = "tensor<?x" + s(shape.dim) + "xbf16" + tokens;
    std::string crow = "tensor<?x" + s(shape.dim) + "xbf16" + chunks, sink = "tensor<" + s(shape.heads) + "xf32>";
    std::string ring = cache("state", 1, "kv_compact", ringRows, shape.dim, shape.rope);
    std::string rows = cache("page", shape.ratio, "kv_compact", shape.ratio ? 128 / shape.ratio : 1, shape.dim, shape.rope);
    std::string keys = cache("page", 4, "index_fp4", 32, shape.indexDim, 0);
    std::string sel = "tensor<?x" + s(shape.topK) + "xi32" + tokens, scores = "tensor<?x?xf32" + tokens;
    std::string iq = "tensor<?x" + s(shape.indexHeads) + "x" + s(shape.indexDim) + "xbf16" + tokens;
    std::string iw = "tensor<?x" + s(shape.indexHeads) + "xbf16" + tokens;
    std::string ik = "tensor<?x" + s(shape.indexDim) + "xbf16" + chunks;

    std::string arguments = "%q: " + q + ", %kv: " + kv + ", %ring: " + ring, body, types = q + ", " + kv + ", " + ring;
    std::string operands = "%q, %kv, %ring", results = "%o", resultTypes = q;
    std::string name = "v4.attention";
    if (fused) {
      std::string table = "tensor<?x2x" + s(shape.rope / 2) + "xf32" + tokens;
      name = "v4.attend";
      arguments += ", %t: " + table;
      operands += " back %t";
      types += " back " + table;
    }
    if (shape.sink) {
      arguments += ", %sink: " + sink;
      operands += " sink %sink";
      types += " sink " + sink;
    }
    if (shape.ratio) {
      arguments += ", %c: " + crow + ", %rows: " + rows;
      body += "v4.append_rows %c, %rows : " + crow + ", " + rows + "\n";
      operands += " rows %rows";
      types += " rows " + rows;
    }
    if (shape.ratio == 4) {
      arguments += ", %iq: " + iq + ", %iw: " + iw + ", %ik: " + ik + ", %keys: " + keys;
      body += "v4.append_rows %ik, %keys : " + ik + ", " + keys + "\n";
      body += "%s = v4.index_scores %iq, %iw, %keys " + scoreAttributes + " : " + iq + ", " + iw + ", " + keys + " -> " + scores + "\n";
      body += "%i = v4.top_k %s : " + scores + " -> " + sel + "\n";
      operands += " selected %i";
      types += " selected " + sel;
      results += ", %s, %i";
      resultTypes += ", " + scores + ", " + sel;
    }
    body += "%o = " + name + " " + operands + " window " + s(shape.window) + " offset " + s(shape.offset) + " : " +
            types + " -> " + q + "\n";
    body += "v4.append_window %kv, %ring offset " + s(shape.offset) + " : " + kv + ", " + ring + "\n";
    return "func.func @f(" + arguments + ") -> (" + resultTypes + ") {\n" + body + "return " + results + " : " +
           resultTypes + "\n}\n";
  }

  // Data by sequence and position or chunk. For MTP the row of token t is that of position t + offset.
  std::vector<Bf16> query(int64_t q, int64_t t) const { return bf16Row(1, q, t, shape.heads * shape.dim); }
  std::vector<Bf16> key(int64_t q, int64_t t) const { return kvRow(3, q, t, shape.dim, shape.rope); }
  std::vector<Bf16> row(int64_t q, int64_t c) const { return kvRow(5, q, c, shape.dim, shape.rope); }
  std::vector<Bf16> indexQuery(int64_t q, int64_t t) const { return bf16Row(11, q, t, shape.indexHeads * shape.indexDim); }
  std::vector<Bf16> indexWeight(int64_t q, int64_t t) const { return bf16Row(13, q, t, shape.indexHeads); }
  std::vector<Bf16> indexKey(int64_t q, int64_t c) const { return fp4Row(15, q, c, shape.indexDim); }
  std::vector<float> angles(int64_t q, int64_t t) const;
  std::vector<Bf16> turned(int64_t q, int64_t t, std::vector<Bf16> row) const;
  float sinkOf(int64_t head) const { return 2 * randomReal(17, head); }

  Outputs run(const OpProgram &program, const std::vector<std::vector<Span>> &steps, int64_t parts,
              bool fused = false) const;
  /// Values and, behind them, the sums of the magnitudes that make them.
  std::vector<double> expected(int64_t sequence, int64_t t, int64_t head, const std::vector<int32_t> &selected) const;
  void checkScores(int64_t sequence, int64_t t, const Output &output) const;
  void checkSums(int64_t sequence, int64_t t, const Output &output, double ofMagnitude) const;
  void checkAnyCut(const OpProgram &program, const Outputs &whole) const;
};

/// Cosines, then sines.
std::vector<float> AttentionTest::angles(int64_t q, int64_t t) const {
  std::vector<float> row;
  for (int64_t i = 0; i < shape.rope; ++i)
    row.push_back(randomReal(19, uint64_t(q), uint64_t(t), uint64_t(i)));
  return row;
}

/// Every head of a row as the inverse v4.rope turns it.
std::vector<Bf16> AttentionTest::turned(int64_t q, int64_t t, std::vector<Bf16> row) const {
  std::vector<float> table = angles(q, t);
  for (int64_t head = 0; head < shape.heads; ++head)
    for (int64_t j = 0; j < shape.rope / 2; ++j) {
      Bf16 *pair = &row[size_t((head + 1) * shape.dim - shape.rope + 2 * j)];
      float a = fromBf16(pair[0]), b = fromBf16(pair[1]);
      float cosine = table[size_t(j)], sine = table[size_t(shape.rope / 2 + j)];
      volatile float bs = b * sine, bc = b * cosine;
      pair[0] = toBf16(std::fma(a, cosine, bs));
      pair[1] = toBf16(std::fma(a, -sine, bc));
    }
  return row;
}

Outputs AttentionTest::run(const OpProgram &program, const std::vector<std::vector<Span>> &steps, int64_t parts,
                           bool fused) const {
  int64_t rowBytes = int64_t(plan::kvCompactRowBytes(shape.dim, shape.rope));
  int64_t keyBytes = shape.indexDim ? int64_t(plan::indexFp4RowBytes(shape.indexDim)) : 0;
  // Odd strides and a page much larger than its content: no alignment may be assumed, no row may be reached by chance.
  Sequences sequences(3, 420, 32 * std::max(rowBytes, keyBytes) + 1, ringRows * rowBytes + 3);
  std::vector<uint8_t> ring(sequences.stateArea(), 0xFF), rows(sequences.pageArea(), 0xFF), keys(rows);
  std::vector<float> sink;
  for (int64_t h = 0; h < shape.heads; ++h)
    sink.push_back(sinkOf(h));
  Outputs outputs;
  for (const auto &spans : steps) {
    Step step(sequences, spans);
    std::vector<Bf16> q, kv, c, iq, iw, ik;
    std::vector<float> table;
    for (const Span &span : spans)
      for (int64_t t = span.start; t < span.start + span.count; ++t) {
        append(q, query(span.sequence, t));
        append(kv, key(span.sequence, t));
        append(table, angles(span.sequence, t));
        append(iq, indexQuery(span.sequence, t));
        append(iw, indexWeight(span.sequence, t));
      }
    const auto &slots = shape.ratio == 4 ? step.chunks4Slots : step.chunks128Slots;
    const auto &indices = shape.ratio == 4 ? step.chunks4Indices : step.chunks128Indices;
    for (size_t i = 0; i < slots.size(); ++i) {
      append(c, row(spans[size_t(slots[i])].sequence, indices[i]));
      append(ik, indexKey(spans[size_t(slots[i])].sequence, indices[i]));
    }
    int64_t stride = step.counts[plan::kCountIndexRows];
    std::vector<Bf16> o(q.size(), 0x7FC0);
    std::vector<float> scores(size_t(step.tokens() * stride), 99);
    std::vector<int32_t> selected(size_t(step.tokens() * shape.topK), -7);
    std::vector<const void *> arguments{q.data(), kv.data(), ring.data()};
    std::vector<void *> results{o.data()};
    if (fused)
      arguments.push_back(table.data());
    if (shape.sink)
      arguments.push_back(sink.data());
    if (shape.ratio)
      arguments.insert(arguments.end(), {c.data(), rows.data()});
    if (shape.ratio == 4) {
      arguments.insert(arguments.end(), {iq.data(), iw.data(), ik.data(), keys.data()});
      results.insert(results.end(), {scores.data(), selected.data()});
    }
    program.run(step, arguments, results, parts);
    for (int64_t r = 0; r < step.tokens(); ++r) {
      auto slice = [&](auto &from, int64_t n) { return std::vector(from.begin() + r * n, from.begin() + (r + 1) * n); };
      Output &output = outputs[{spans[size_t(step.tokenSlots[size_t(r)])].sequence, step.positions[size_t(r)]}];
      output.attention = slice(o, shape.heads * shape.dim);
      if (shape.ratio != 4)
        continue;
      output.selected = slice(selected, shape.topK);
      output.scores = slice(scores, stride);
      for (int64_t i = (step.positions[size_t(r)] + 1) / 4; i < stride; ++i)
        EXPECT_EQ(output.scores[size_t(i)], 99) << "score " << i << " is not visible and was written";
    }
  }
  return outputs;
}

/// The definition of v4.attention over the whole history, in double.
std::vector<double> AttentionTest::expected(int64_t sequence, int64_t t, int64_t head,
                                            const std::vector<int32_t> &selected) const {
  int64_t p = t + shape.offset;
  std::vector<std::vector<Bf16>> list;
  for (int64_t i = std::max<int64_t>(0, p - shape.window + 1); i <= p; ++i)
    list.push_back(key(sequence, i - shape.offset));
  for (int64_t c = 0; shape.ratio == 128 && c < (p + 1) / 128; ++c)
    list.push_back(row(sequence, c));
  for (int32_t c : selected)
    if (c >= 0)
      list.push_back(row(sequence, c));
  std::vector<Bf16> q = query(sequence, t);
  std::vector<double> sums(size_t(2 * shape.dim), 0.0);
  double total = shape.sink && !list.empty() ? std::exp(double(sinkOf(head))) : 0;
  for (const auto &k : list) {
    double dot = 0;
    for (int64_t d = 0; d < shape.dim; ++d)
      dot += double(fromBf16(q[size_t(head * shape.dim + d)])) * fromBf16(k[size_t(d)]);
    double weight = std::exp(dot / std::sqrt(double(shape.dim)));
    total += weight;
    for (int64_t d = 0; d < shape.dim; ++d) {
      sums[size_t(d)] += weight * fromBf16(k[size_t(d)]);
      sums[size_t(shape.dim + d)] += weight * std::abs(fromBf16(k[size_t(d)]));
    }
  }
  for (double &sum : sums)
    sum = list.empty() ? 0 : sum / total;
  return sums;
}

void AttentionTest::checkScores(int64_t sequence, int64_t t, const Output &output) const {
  int64_t visible = (t + 1) / 4;
  std::vector<Bf16> q = indexQuery(sequence, t), w = indexWeight(sequence, t);
  for (int64_t c = 0; c < visible; ++c) {
    std::vector<Bf16> k = indexKey(sequence, c);
    double sum = 0, size = 0;
    for (int64_t h = 0; h < shape.indexHeads; ++h) {
      double dot = 0;
      for (int64_t d = 0; d < shape.indexDim; ++d)
        dot += double(fromBf16(q[size_t(h * shape.indexDim + d)])) * fromBf16(k[size_t(d)]);
      float term = roundBf16(std::max(roundBf16(float(dot)), 0.0f) * fromBf16(w[size_t(h)]));
      sum += term;
      size += std::abs(term);
    }
    ASSERT_NEAR(output.scores[size_t(c)], sum, size / 128 + 1e-6) << "token " << t << ", chunk " << c;
    ASSERT_EQ(toBits(output.scores[size_t(c)]) & 0xFFFF, 0u);
  }
  // Selection is exact on the scores that the kernel gave.
  std::vector<int32_t> order;
  for (int32_t c = 0; c < visible; ++c)
    order.push_back(c);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return output.scores[size_t(a)] > output.scores[size_t(b)]; });
  order.resize(size_t(std::min(visible, shape.topK)));
  std::sort(order.begin(), order.end());
  order.resize(size_t(shape.topK), -1);
  ASSERT_EQ(output.selected, order) << "token " << t;
}

/// The same tokens in one step per sequence set, and cut around the borders of chunks, pages and the window.
const std::vector<std::vector<Span>> kWhole = {{{2, 0, 300}, {0, 0, 7}, {1, 0, 133}}};
const std::vector<std::vector<Span>> kCut = {
    {{0, 0, 1}, {1, 0, 3}},    {{2, 0, 127}, {0, 1, 2}},    {{1, 3, 1}, {2, 127, 1}, {0, 3, 4}},
    {{2, 128, 63}, {1, 4, 60}}, {{1, 64, 64}, {2, 191, 1}}, {{1, 128, 5}}, {{2, 192, 65}}, {{2, 257, 43}}};

void AttentionTest::checkAnyCut(const OpProgram &program, const Outputs &whole) const {
  EXPECT_EQ(whole.size(), 440u);
  for (int64_t parts : {1, 3}) {
    Outputs cut = run(program, kCut, parts);
    ASSERT_EQ(cut.size(), whole.size());
    for (auto &[place, output] : whole)
      ASSERT_TRUE(output == cut[place]) << "sequence " << place.first << ", token " << place.second;
  }
}

/// A sample of heads, each value to bf16 and within `ofMagnitude` of the magnitudes that make it.
void AttentionTest::checkSums(int64_t sequence, int64_t t, const Output &output, double ofMagnitude) const {
  for (int64_t head = 0; head < shape.heads; head += std::max<int64_t>(1, shape.heads / 3) + t % 2) {
    std::vector<double> sums = expected(sequence, t, head, output.selected);
    for (int64_t d = 0; d < shape.dim; ++d)
      ASSERT_NEAR(fromBf16(output.attention[size_t(head * shape.dim + d)]), sums[size_t(d)],
                  std::abs(sums[size_t(d)]) / 250 + sums[size_t(shape.dim + d)] * ofMagnitude + 2e-6)
          << "sequence " << sequence << ", token " << t << ", head " << head << ", value " << d;
  }
}

TEST_P(AttentionTest, MatchesDoublePrecisionAndAnyCut) {
  auto program = OpProgram::compile(text());
  ASSERT_TRUE(program);
  Outputs whole = run(*program, kWhole, 1);
  checkAnyCut(*program, whole);
  for (auto &[place, output] : whole) {
    auto [sequence, t] = place;
    if (sequence == 2 && t > 5 && t % 11) // A sample of the long one.
      continue;
    if (shape.ratio == 4)
      checkScores(sequence, t, output);
    checkSums(sequence, t, output, 0);
  }
}

TEST_P(AttentionTest, TunedMatchesDoublePrecisionAndAnyCut) {
  for (const char *level : {"", "cpu:x86-64-v4", "cpu:x86-64-v3"}) {
    SCOPED_TRACE(level);
    auto program = OpProgram::compile(text(), level, Kernels::Tuned);
    ASSERT_TRUE(program);
    Outputs whole = run(*program, kWhole, 2);
    checkAnyCut(*program, whole);
    // Probabilities are rounded to bf16, by half a unit, where the target multiplies bf16.
    bool rounds = level[0] == 0;
    for (auto &[place, output] : whole)
      if (place.first != 2 || place.second % 7 == 0)
        checkSums(place.first, place.second, output, rounds ? 1.0 / 256 : 0);
  }
}

TEST_P(AttentionTest, TurnedBackEqualsItsParts) {
  for (Kernels kernels : {Kernels::Decomposed, Kernels::Tuned})
    for (const char *level : {"", "cpu:x86-64-v3"}) {
      SCOPED_TRACE(level);
      auto parts = OpProgram::compile(text(), level, kernels), fused = OpProgram::compile(text("", true), level, kernels);
      ASSERT_TRUE(parts && fused);
      Outputs expected = run(*parts, kCut, 1), outputs = run(*fused, kCut, 3, true);
      for (auto &[place, output] : expected)
        ASSERT_EQ(outputs[place].attention, turned(place.first, place.second, output.attention))
            << "sequence " << place.first << ", token " << place.second;
    }
}

/// Of layers with an indexer.
class IndexedAttentionTest : public AttentionTest {};

TEST_P(IndexedAttentionTest, ScoresThatNobodyReadsAreLeftOut) {
  auto full = OpProgram::compile(text()), lean = OpProgram::compile(text("{v4.top_k = " + s(shape.topK) + " : i64}"));
  ASSERT_TRUE(full && lean);
  Outputs fullOutputs = run(*full, kWhole, 1), leanOutputs = run(*lean, kWhole, 1);
  for (auto &[place, output] : fullOutputs) {
    Output &other = leanOutputs[place];
    EXPECT_EQ(output.attention, other.attention);
    EXPECT_EQ(output.selected, other.selected);
    if ((place.second + 1) / 4 <= shape.topK)
      EXPECT_EQ(other.scores, std::vector<float>(other.scores.size(), 99)) << "token " << place.second;
  }
}

TEST_P(AttentionTest, SameBitsOnTheLowestLevel) {
  auto best = OpProgram::compile(text()), lowest = OpProgram::compile(text(), "cpu:x86-64-v3");
  ASSERT_TRUE(best && lowest);
  EXPECT_TRUE(run(*best, kWhole, 1) == run(*lowest, kWhole, 2));
}

static std::string nameOf(const testing::TestParamInfo<Shape> &info) { return info.param.name; }

static const Shape kIndexedShapes[] = {{"csa", 8, 256, 64, 64, 4, 16, true, 0, 8, 128},
                                       {"csa_pairs", 64, 192, 64, 64, 4, 16, true, 0, 8, 128},
                                       {"csa_tiles", 35, 192, 64, 64, 4, 16, true, 0, 8, 128},
                                       {"csa_odd", 3, 134, 6, 33, 4, 37, true, 0, 5, 32}};

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest,
                         testing::Values(Shape{"window", 4, 128, 64, 128, 0, 1, true, 0},
                                         Shape{"window_odd_heads", 5, 146, 18, 40, 0, 1, false, 0},
                                         Shape{"mtp", 2, 128, 64, 32, 0, 1, true, -1},
                                         Shape{"mtp_no_sink", 6, 200, 8, 50, 0, 1, false, -1},
                                         Shape{"window_tiles", 40, 128, 64, 128, 0, 1, true, 0},
                                         Shape{"window_pairs", 48, 128, 64, 128, 0, 1, true, 0},
                                         Shape{"hca", 8, 192, 64, 32, 128, 1, true, 0},
                                         Shape{"hca_wide", 16, 512, 64, 128, 128, 1, true, 0}),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Indexed, AttentionTest, testing::ValuesIn(kIndexedShapes), nameOf);
INSTANTIATE_TEST_SUITE_P(Shapes, IndexedAttentionTest, testing::ValuesIn(kIndexedShapes), nameOf);

} // namespace

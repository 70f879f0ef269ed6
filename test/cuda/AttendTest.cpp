//===- AttendTest.cpp - Attention over cache rows on the host ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/Attend.h"
#include "runtime/plan/KernelAbi.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace v4::cuda;

static_assert(attendRowBytes(512, 64) == v4::plan::kvCompactRowBytes(512, 64));
static_assert(attendRowBytes(128, 64) == v4::plan::kvCompactRowBytes(128, 64));

namespace {

/// Sequences with a window in rings and in this step, and compressed rows in pages that lie in any order.
template <int DIM, int ROPE>
struct Problem {
  static constexpr int kRowBytes = attendRowBytes(DIM, ROPE), kPages = 10, kWindow = 32, kRing = 40;
  int heads, ratio, topK, tokens = 0, offset = 0;
  std::mt19937 random{11};
  std::vector<int> positions, tokenSlots, slotRows{0}, slotStarts, selected;
  std::vector<long long> states, pages;
  std::vector<unsigned short> q, kv;
  std::vector<unsigned char> ring, rows;
  std::vector<float> sink, table;

  /// Each sequence has tokens at positions first .. first + count - 1.
  Problem(int heads, int ratio, int topK, const std::vector<std::pair<int, int>> &sequences)
      : heads(heads), ratio(ratio), topK(topK) {
    for (auto [first, count] : sequences) {
      int slot = slotStarts.size();
      slotStarts.push_back(first);
      for (int i = 0; i < count; ++i) {
        positions.push_back(first + i);
        tokenSlots.push_back(slot);
      }
      slotRows.push_back(tokens += count);
      states.push_back(((slot * 5 + 3) % 8) * kRing * kRowBytes);
      for (int p = 0; p < kPages; ++p)
        pages.push_back((slot * kPages + p) * 3 % (kPages * int(sequences.size())) * pageBytes());
    }
    fill(sequences.size());
  }

  /// The same for its first tokens alone. REQUIRES: each is of a sequence of its own.
  Problem first(int count) const {
    Problem p = *this;
    p.tokens = count;
    return p;
  }

  int pageRows() const { return ratio ? 128 / ratio : 0; }
  int pageBytes() const { return pageRows() * kRowBytes; }

  void fill(int slots) {
    std::normal_distribution<float> normal;
    q.resize(tokens * heads * DIM);
    kv.resize(tokens * DIM);
    for (std::vector<unsigned short> *v : {&q, &kv})
      for (unsigned short &value : *v)
        value = bf16Bits(normal(random));
    ring = compactRows(8 * kRing);
    rows = compactRows(slots * kPages * pageRows() * 3);
    for (int h = 0; h < heads; ++h)
      sink.push_back(normal(random));
    for (int t = 0; t < tokens; ++t) {
      for (int i = 0; i < ROPE; ++i)
        table.push_back(i < ROPE / 2 ? std::cos(0.1f * t + i) : std::sin(0.1f * t + i - ROPE / 2));
      for (int chunk = 0, left = topK; topK && chunk < std::max(topK, chunks(t)); ++chunk) {
        // As many as are needed, some left out.
        bool leave = chunks(t) - chunk > left && random() % 2;
        if (left && !leave) {
          selected.push_back(chunk < chunks(t) ? chunk : -1);
          --left;
        }
      }
    }
  }

  std::vector<unsigned char> compactRows(int count) {
    std::vector<unsigned char> bytes(count * kRowBytes);
    std::normal_distribution<float> normal;
    for (int r = 0; r < count; ++r) {
      unsigned char *row = &bytes[r * kRowBytes];
      for (int c = 0; c < DIM - ROPE; ++c)
        row[c] = random() % 0x78 | (random() & 128);
      for (int c = 0; c < ROPE; ++c) {
        unsigned short value = bf16Bits(normal(random));
        std::memcpy(row + DIM - ROPE + 2 * c, &value, 2);
      }
      for (int b = 0; b < (DIM - ROPE) / 64; ++b)
        row[DIM + ROPE + b] = 118 + random() % 4;
    }
    return bytes;
  }

  static double at(const unsigned char *row, int c) {
    if (c < DIM - ROPE)
      return std::ldexp(shim::e4m3Value(row[c]), row[DIM + ROPE + c / 64] - 127);
    unsigned short value;
    std::memcpy(&value, row + DIM - ROPE + 2 * (c - (DIM - ROPE)), 2);
    return bf16Value(value);
  }

  int end(int t) const { return std::max(positions[t] + offset + 1, 0); }
  int chunks(int t) const { return ratio ? end(t) / ratio : 0; }

  /// What token t sees, as real numbers.
  std::vector<std::vector<double>> list(int t) const {
    std::vector<std::vector<double>> all;
    int slot = tokenSlots[t];
    for (int p = std::max(end(t) - kWindow, 0); p < end(t); ++p) {
      all.emplace_back(DIM);
      int row = p - offset - slotStarts[slot];
      for (int c = 0; c < DIM; ++c)
        all.back()[c] = row >= 0 ? bf16Value(kv[(slotRows[slot] + row) * DIM + c])
                                 : at(&ring[states[slot] + p % kRing * kRowBytes], c);
    }
    for (int i = 0; i < (topK ? std::min(topK, chunks(t)) : chunks(t)); ++i) {
      int chunk = topK ? selected[t * topK + i] : i;
      all.emplace_back(DIM);
      for (int c = 0; c < DIM; ++c)
        all.back()[c] = at(&rows[pages[slot * kPages + chunk / pageRows()] + chunk % pageRows() * kRowBytes], c);
    }
    return all;
  }

  template <int HEAD_TILES>
  std::vector<unsigned short> run(int grid, unsigned seed, int splitRows = 64, bool turned = true) const {
    int most = kWindow + (topK ? topK : kPages * pageRows()), splits = (most + splitRows - 1) / splitRows;
    std::vector<float> sums(size_t(tokens) * splits * heads * DIM, NAN), numbers(tokens * splits * heads * 2, NAN);
    std::vector<unsigned short> out(tokens * heads * DIM, 0xffff);
    std::vector<long long> counts(v4::plan::kCountEntries);
    counts[v4::plan::kCountPages] = kPages;
    EXPECT_TRUE(shim::launch(grid, kAttendThreads, attendSharedBytes(DIM, HEAD_TILES), seed, [&] {
      attendRows<DIM, ROPE, HEAD_TILES>(
          positions.data(), tokenSlots.data(), slotRows.data(), slotStarts.data(), states.data(), q.data(), kv.data(),
          ring.data(), ratio ? rows.data() : nullptr, pages.data(), counts.data(), topK ? selected.data() : nullptr,
          sums.data(), numbers.data(), tokens, heads, kWindow, offset, kRing, ratio, topK, splits, splitRows);
    }));
    EXPECT_TRUE(shim::launch(grid, 64, 0, seed, [&] {
      attendMerge<DIM, ROPE, 2>(positions.data(), sums.data(), numbers.data(), sink.data(),
                                turned ? table.data() : nullptr, out.data(), tokens, heads, kWindow, offset, ratio,
                                topK, splits, splitRows);
    }));
    return out;
  }

  /// The definition, in double; `sizes` are the sums of sizes.
  std::vector<double> head(int t, int h, std::vector<double> &sizes) const {
    std::vector<std::vector<double>> keys = list(t);
    std::vector<double> scores, o(DIM);
    double below = std::exp(double(sink[h]));
    for (const std::vector<double> &key : keys) {
      double dot = 0;
      for (int c = 0; c < DIM; ++c)
        dot += bf16Value(q[(t * heads + h) * DIM + c]) * key[c];
      scores.push_back(std::exp(dot / std::sqrt(double(DIM))));
      below += scores.back();
    }
    for (size_t i = 0; i < keys.size(); ++i)
      for (int c = 0; c < DIM; ++c) {
        o[c] += scores[i] / below * keys[i][c];
        sizes[c] += scores[i] / below * std::fabs(keys[i][c]);
      }
    return o;
  }

  void check(const std::vector<unsigned short> &out, bool turned = true) const {
    for (int t = 0; t < tokens; ++t)
      for (int h = 0; h < heads; ++h) {
        std::vector<double> sizes(DIM), o = head(t, h, sizes);
        for (int j = 0; turned && j < ROPE / 2; ++j) {
          double &a = o[DIM - ROPE + 2 * j], &b = o[DIM - ROPE + 2 * j + 1], x = a, y = b;
          double cosine = table[t * ROPE + j], sine = table[t * ROPE + ROPE / 2 + j];
          a = x * cosine + y * sine;
          b = y * cosine - x * sine;
          sizes[DIM - ROPE + 2 * j] = sizes[DIM - ROPE + 2 * j + 1] += sizes[DIM - ROPE + 2 * j];
        }
        for (int c = 0; c < DIM; ++c)
          ASSERT_LE(std::fabs(bf16Value(out[(t * heads + h) * DIM + c]) - o[c]), std::fabs(o[c]) / 256 + sizes[c] / 128)
              << "token " << t << " head " << h << " column " << c;
      }
  }
};

TEST(Attend, WindowOnly) {
  Problem<128, 64> p(8, 0, 0, {{0, 3}, {50, 2}});
  p.check(p.run<1>(2, 1));
  p.check(p.run<1>(2, 1, 64, false), false);
  p.offset = -1; // as the block of drafts has it: the first token sees nothing
  p.check(p.run<1>(3, 2));
}

TEST(Attend, ChosenRows) {
  Problem<128, 64> p(24, 4, 48, {{2, 1}, {190, 2}, {500, 1}});
  p.check(p.run<1>(3, 1));
}

TEST(Attend, AllRows) {
  Problem<128, 64> p(5, 128, 0, {{126, 3}, {1000, 1}});
  p.check(p.run<1>(1, 1));
}

TEST(Attend, WidthOfFlash) {
  Problem<512, 64> p(8, 4, 16, {{100, 1}});
  p.check(p.run<1>(1, 1));
}

// The tile of heads that many tokens get, against that of few.
TEST(Attend, HeadsOfFlash) {
  Problem<512, 64> p(64, 4, 16, {{100, 2}});
  EXPECT_EQ(p.run<1>(3, 1), p.run<4>(2, 2));
}

// Bits depend on neither the heads of a block, the grid, the order of events nor the other tokens.
TEST(Attend, TilesAgree) {
  Problem<128, 64> p(40, 4, 48, {{3, 2}, {300, 1}});
  std::vector<unsigned short> first = p.run<1>(4, 1);
  p.check(first);
  EXPECT_EQ(first, p.run<2>(1, 2));
  EXPECT_EQ(first, p.run<4>(3, 3));
  Problem<128, 64> alone(40, 4, 48, {{3, 1}});
  alone.q.assign(p.q.begin(), p.q.begin() + alone.q.size());
  alone.kv.assign(p.kv.begin(), p.kv.begin() + alone.kv.size());
  alone.ring = p.ring;
  alone.rows = p.rows;
  alone.pages = p.pages;
  alone.sink = p.sink;
  std::vector<unsigned short> one = alone.run<1>(1, 4);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), first.begin()));
}

// A NaN is seen in the head that has it, and in no other.
TEST(Attend, PassesNanOn) {
  Problem<128, 64> p(8, 0, 0, {{40, 1}});
  p.q[3 * 128 + 5] = 0x7fc0;
  std::vector<unsigned short> out = p.run<1>(1, 1);
  for (int h = 0; h < 8; ++h)
    for (int c = 0; c < 128; ++c)
      EXPECT_EQ(std::isnan(bf16Value(out[h * 128 + c])), h == 3) << "head " << h << " column " << c;
}

// Runs of one sequence and of many, longer than the window.
TEST(LongAttend, ManyTokens) {
  Problem<128, 64> p(16, 4, 48, {{0, 129}, {400, 17}, {777, 1}});
  std::vector<unsigned short> first = p.run<1>(8, 1);
  p.check(first);
  Problem<256, 64> all(20, 128, 0, {{1000, 3}, {5, 40}});
  all.check(all.run<2>(5, 2));
}

// A token has the same bits in steps of any number of tokens, whichever instance of the plans runs them.
TEST(LongAttend, StepsAgree) {
  std::vector<std::pair<int, int>> sequences;
  for (int i = 0; i < 129; ++i)
    sequences.emplace_back(i * 7, 1);
  Problem<128, 64> all(20, 4, 16, sequences);
  std::vector<unsigned short> expected = all.run<4>(3, 1);
  all.first(9).check(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Problem<128, 64> step = all.first(tokens);
    auto agrees = [&](const std::vector<unsigned short> &out) {
      return out.size() == size_t(tokens) * 20 * 128 && std::equal(out.begin(), out.end(), expected.begin());
    };
    EXPECT_TRUE(agrees(step.run<1>(2, 2))) << tokens;
    EXPECT_TRUE(tokens > 17 || agrees(step.run<2>(3, 3))) << tokens;
    EXPECT_TRUE(agrees(step.run<4>(1, 4))) << tokens;
  }
}

TEST(LongAttend, SplitsOfOtherSizes) {
  Problem<128, 64> p(8, 4, 200, {{800, 2}});
  for (int splitRows : {64, 128, 256})
    p.check(p.run<1>(2, 1, splitRows));
}

} // namespace

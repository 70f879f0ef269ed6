//===- IndexRowsTest.cpp - Indexer on the host ------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/IndexRows.h"
#include "runtime/plan/KernelAbi.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace v4::cuda;

static_assert(indexRowBytes(128) == v4::plan::indexFp4RowBytes(128));
static_assert(kStepPages == v4::plan::kCountPages);

namespace {

constexpr int kDim = 128, kRowBytes = indexRowBytes(kDim);

struct Problem {
  int heads, topK, pageStride = 40;
  std::vector<int> positions, slots;
  std::vector<long long> pages;
  std::vector<unsigned char> keys;
  std::vector<unsigned short> q, weights;

  Problem(int heads, int topK, std::vector<int> positions) : heads(heads), topK(topK), positions(positions) {
    std::mt19937 random(heads + topK);
    int sequences = 2;
    for (size_t t = 0; t < positions.size(); ++t)
      slots.push_back(t % sequences);
    for (int p = 0; p < sequences * pageStride; ++p)
      pages.push_back(p * 7 % (sequences * pageStride) * 32 * kRowBytes);
    keys.resize(sequences * pageStride * 32 * kRowBytes);
    for (size_t i = 0; i < keys.size(); ++i)
      keys[i] = int(i % kRowBytes) < kDim / 2 ? random() : 124 + random() % 3;
    std::normal_distribution<float> normal;
    q.resize(positions.size() * heads * kDim);
    for (unsigned short &value : q)
      value = bf16Bits(float(int(random() % 13) - 6) * 0.125f); // sums of products are exact in any order
    weights.resize(positions.size() * heads);
    for (unsigned short &value : weights)
      value = bf16Bits(normal(random));
  }

  int tokens() const { return positions.size(); }
  int visible(int t) const { return (positions[t] + 1) / 4; }

  float score(int t, int chunk) const {
    static const float kValues[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    const unsigned char *row = &keys[pages[slots[t] * pageStride + chunk / 32] + chunk % 32 * kRowBytes];
    std::vector<float> heard(heads <= 16 ? 16 : 64, 0.0f);
    for (int h = 0; h < heads; ++h) {
      double dot = 0;
      for (int c = 0; c < kDim; ++c) {
        unsigned code = row[c / 2] >> c % 2 * 4 & 15;
        double key = std::ldexp(code & 8 ? -kValues[code & 7] : kValues[code & 7], row[kDim / 2 + c / 32] - 127);
        dot += bf16Value(q[(t * heads + h) * kDim + c]) * key;
      }
      float rounded = std::max(bf16Value(bf16Bits(dot)), 0.0f);
      heard[h] = bf16Value(bf16Bits(rounded * bf16Value(weights[t * heads + h])));
    }
    // Heads of a lane in order, then lanes 4, 8 and 16 apart.
    float lanes[8] = {};
    for (size_t h = 0; h < heard.size(); ++h)
      lanes[h % 8] += heard[h];
    for (int apart = 1; apart < 8; apart *= 2)
      for (int i = 0; i < 8; i += 2 * apart)
        lanes[i] += lanes[i + apart];
    return bf16Value(bf16Bits(lanes[0]));
  }

  std::vector<int> expected(int t) const {
    std::vector<std::pair<float, int>> all;
    for (int c = 0; c < visible(t); ++c)
      all.push_back({visible(t) > topK ? -score(t, c) : 0, c});
    std::sort(all.begin(), all.end());
    std::vector<int> rows;
    for (int i = 0; i < topK && i < int(all.size()); ++i)
      rows.push_back(all[i].second);
    std::sort(rows.begin(), rows.end());
    rows.resize(topK, -1);
    return rows;
  }

  template <int HEAD_TILES, int KEEP>
  std::vector<int> run(int grid, unsigned seed, int stripRows) const {
    int strips = (pageStride * 32 + stripRows - 1) / stripRows;
    std::vector<float> scores(size_t(tokens()) * strips * topK, NAN);
    std::vector<long long> counts(v4::plan::kCountEntries);
    counts[kStepPages] = pageStride;
    std::vector<int> rows(scores.size(), -7), selected(tokens() * topK, -7);
    EXPECT_TRUE(shim::launch(grid, kBestThreads, indexSharedBytes(kDim, HEAD_TILES, KEEP), seed, [&] {
      indexCandidates<kDim, HEAD_TILES, KEEP>(positions.data(), slots.data(), pages.data(), counts.data(), q.data(),
                                              weights.data(), keys.data(), scores.data(), rows.data(), tokens(), heads,
                                              topK, strips, stripRows);
    }));
    EXPECT_TRUE(shim::launch(grid, kBestThreads, bestRowsBytes(KEEP), seed, [&] {
      selectCandidates<KEEP>(positions.data(), scores.data(), rows.data(), selected.data(), tokens(), topK, strips,
                             stripRows);
    }));
    return selected;
  }

  void check(const std::vector<int> &selected) const {
    for (int t = 0; t < tokens(); ++t)
      EXPECT_EQ(expected(t), std::vector<int>(&selected[t * topK], &selected[t * topK] + topK)) << "token " << t;
  }
};

// Nothing to see, all of it, one more than all, several strips, strips without rows.
TEST(IndexRows, AreTheBest) {
  Problem p(8, 16, {0, 62, 67, 700, 2000});
  p.check(p.run<1, 64>(2, 1, 128));
}

// One strip, many, more than the best that are kept; heads of Flash.
TEST(IndexRows, StripsAgree) {
  Problem p(64, 100, {399, 1500});
  std::vector<int> first = p.run<4, 128>(2, 1, 1280);
  p.check(first);
  EXPECT_EQ(first, (p.run<4, 128>(1, 2, 192)));
}

TEST(IndexRows, TiesToTheLowerRow) {
  Problem p(8, 16, {1000});
  for (size_t i = 0; i < p.keys.size(); ++i)
    p.keys[i] = p.keys[i % kRowBytes];
  std::vector<int> selected = p.run<1, 64>(1, 1, 64);
  for (int i = 0; i < p.topK; ++i)
    EXPECT_EQ(selected[i], i);
}

TEST(LongIndexRows, ContextOfThousands) {
  Problem p(64, 512, {5000, 5119, 2050, 100});
  std::vector<int> first = p.run<4, 512>(2, 1, 1280);
  p.check(first);
  EXPECT_EQ(first, (p.run<4, 512>(3, 2, 640)));
}

} // namespace

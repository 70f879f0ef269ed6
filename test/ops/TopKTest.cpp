//===- TopKTest.cpp - Selection of index rows -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/ops/CacheData.h"

#include "gtest/gtest.h"

#include <algorithm>

using namespace v4;
using namespace v4::test;

namespace {

constexpr int64_t kWanted = 20;

/// Scores of kind 0 spread, 1 few distinct values with both zeros, 2 all equal, 3 infinities among them.
float score(int64_t kind, int64_t row, int64_t c) {
  uint64_t bits = randomBits(41, uint64_t(row), uint64_t(c));
  switch (kind) {
  case 0:
    return std::ldexp(randomReal(42, uint64_t(row), uint64_t(c)), int(bits % 60) - 30);
  case 1:
    return bits % 5 < 2 ? (bits % 5 ? -0.0f : 0.0f) : float(bits % 5) - 3;
  case 2:
    return -1.5f;
  default:
    return bits % 9 == 0 ? -INFINITY : bits % 9 == 1 ? INFINITY : float(bits % 100);
  }
}

TEST(TopK, EqualsStableSort) {
  auto program = OpProgram::compile("func.func @f(%s: tensor<?x?xf32, #v4.rows<tokens>>) -> tensor<?x20xi32, "
                                    "#v4.rows<tokens>> {\n%i = v4.top_k %s : tensor<?x?xf32, #v4.rows<tokens>> -> "
                                    "tensor<?x20xi32, #v4.rows<tokens>>\nreturn %i : tensor<?x20xi32, "
                                    "#v4.rows<tokens>>\n}\n");
  ASSERT_TRUE(program);
  Sequences sequences(2, 1000, 1, 1);
  Step step(sequences, {{0, 0, 180}, {1, 900, 90}});
  int64_t stride = step.counts[plan::kCountIndexRows];
  for (int64_t kind = 0; kind < 4; ++kind) {
    std::vector<float> scores(size_t(step.tokens() * stride), NAN);
    for (int64_t row = 0; row < step.tokens(); ++row)
      for (int64_t c = 0; c < (step.positions[size_t(row)] + 1) / 4; ++c)
        scores[size_t(row * stride + c)] = score(kind, row, c);
    std::vector<int32_t> selected(size_t(step.tokens() * kWanted), -7);
    program->run(step, {scores.data()}, {selected.data()}, 3);
    for (int64_t row = 0; row < step.tokens(); ++row) {
      const float *of = scores.data() + row * stride;
      std::vector<int32_t> order;
      for (int32_t c = 0; c < (step.positions[size_t(row)] + 1) / 4; ++c)
        order.push_back(c);
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return of[a] > of[b]; });
      order.resize(std::min(order.size(), size_t(kWanted)));
      std::sort(order.begin(), order.end());
      order.resize(size_t(kWanted), -1);
      auto first = selected.begin() + row * kWanted;
      ASSERT_EQ(std::vector<int32_t>(first, first + kWanted), order) << "kind " << kind << ", row " << row;
    }
  }
}

} // namespace

//===- Bf16LinearTest.cpp - bf16 product on the host ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/Bf16Linear.h"
#include "codegen/cuda/kernels/PackTiles.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace v4::cuda;

namespace {

struct Problem {
  int tokens, rows, columns, groupRows, width;
  std::vector<unsigned short> x, w;
  std::vector<unsigned char> packed;

  /// `groups` of rows have columns of their own.
  Problem(int tokens, int rows, int columns, int groups = 1)
      : tokens(tokens), rows(rows), columns(columns), groupRows(rows / groups), width(groups * columns),
        x(tokens * width), w(rows * columns), packed(packedTiles(rows, columns, kBf16BlockK) * kTileBytes) {
    std::mt19937 random(rows + columns);
    std::normal_distribution<float> normal;
    for (unsigned short &value : w)
      value = bf16Bits(normal(random));
    for (unsigned short &value : x)
      value = bf16Bits(normal(random));
    packTiles(packed.data(), reinterpret_cast<const unsigned char *>(w.data()), rows, columns * 2);
  }

  /// The same for its first tokens alone.
  Problem first(int count) const {
    Problem p = *this;
    p.tokens = count;
    p.x.resize(count * width);
    return p;
  }

  template <typename T, int TOKENS, int GROUPS, int STAGES>
  std::vector<T> run(int grid, unsigned seed) const {
    using Shape = Fp8LinearShape<TOKENS, GROUPS, STAGES>;
    TensorMap map{reinterpret_cast<const unsigned char *>(x.data()), tokens, width, TOKENS, 0, 2};
    std::vector<T> out(tokens * rows, T(-1));
    EXPECT_TRUE(shim::launch(grid, Shape::kThreads, Shape::kSharedBytes, seed, [&] {
      bf16Linear<TOKENS, GROUPS, STAGES, sizeof(T) == 4>(&map, packed.data(), out.data(), tokens, rows, columns,
                                                         groupRows);
    })) << "threads wait for each other";
    return out;
  }

  static float real(float value) { return value; }
  static float real(unsigned short value) { return bf16Value(value); }

  template <typename T>
  void check(const std::vector<T> &out) const {
    for (int t = 0; t < tokens; ++t)
      for (int n = 0; n < rows; ++n) {
        double sum = 0, size = 0;
        for (int k = 0; k < columns; ++k) {
          double term = double(bf16Value(x[t * width + n / groupRows * columns + k])) * bf16Value(w[n * columns + k]);
          sum += term;
          size += std::fabs(term);
        }
        ASSERT_LE(std::fabs(real(out[t * rows + n]) - sum), (sizeof(T) == 2 ? std::fabs(sum) / 256 : 0) + size * 1e-6)
            << "token " << t << " row " << n;
      }
  }
};

// Rows that fill no tile, fewer and more K blocks than stages.
TEST(Bf16Linear, OddShapes) {
  for (int tokens : {1, 3, 17}) {
    Problem p(tokens, 200, 192);
    p.check(p.run<float, 8, 1, 2>(3, 1));
    Problem narrow(tokens, 40, 64);
    narrow.check(narrow.run<unsigned short, 16, 1, 3>(1, 2));
  }
}

TEST(Bf16Linear, GroupsOfRows) {
  Problem p(5, 384, 128, 3);
  p.check(p.run<unsigned short, 8, 2, 2>(2, 1));
}

// Bits depend on neither the tile of tokens, the warpgroups, the stages, the grid nor the order of events.
TEST(Bf16Linear, TilesAgree) {
  Problem p(70, 136, 128);
  std::vector<float> first = p.run<float, 8, 1, 2>(4, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<float, 16, 1, 3>(1, 2)));
  EXPECT_EQ(first, (p.run<float, 32, 2, 2>(2, 3)));
  EXPECT_EQ(first, (p.run<float, 64, 1, 2>(3, 4)));
  EXPECT_EQ(first, (p.run<float, 128, 2, 2>(2, 5)));
}

// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
TEST(Bf16Linear, StepsAgree) {
  Problem all(129, 136, 128);
  std::vector<float> expected = all.run<float, 128, 2, 6>(2, 1);
  all.check(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Problem step = all.first(tokens);
    auto agrees = [&](const std::vector<float> &out) {
      return out.size() == size_t(tokens) * 136 && std::equal(out.begin(), out.end(), expected.begin());
    };
    EXPECT_TRUE(agrees(step.run<float, 8, 1, 20>(3, 2))) << tokens;
    EXPECT_TRUE(agrees(step.run<float, 16, 1, 18>(2, 3))) << tokens;
    EXPECT_TRUE(agrees(step.run<float, 64, 1, 12>(3, 4))) << tokens;
    EXPECT_TRUE(agrees(step.run<float, 128, 2, 6>(2, 5))) << tokens;
  }
}

TEST(LongBf16Linear, ManyTokens) {
  Problem p(700, 136, 384);
  std::vector<float> first = p.run<float, 128, 2, 3>(5, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<float, 8, 1, 4>(7, 2)));
}

} // namespace

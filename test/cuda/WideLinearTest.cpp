//===- WideLinearTest.cpp - bf16 times FP8 on the host ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/WideLinear.h"
#include "codegen/cuda/kernels/PackTiles.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace v4::cuda;

namespace {

struct Problem {
  int tokens, rows, columns, groupRows, width;
  std::vector<unsigned short> x;
  std::vector<unsigned char> w, ws, packed;

  /// `groups` of rows have columns of their own.
  Problem(int tokens, int rows, int columns, int groups = 1)
      : tokens(tokens), rows(rows), columns(columns), groupRows(rows / groups), width(groups * columns),
        x(tokens * width), w(rows * columns), ws((rows + 127) / 128 * (columns / 128)),
        packed(packedTiles(rows, columns, kBlockK) * kTileBytes) {
    std::mt19937 random(rows + columns);
    std::normal_distribution<float> normal;
    for (unsigned char &code : w)
      code = random() % 0x7f | (random() & 128);
    for (unsigned char &scale : ws)
      scale = 115 + random() % 10;
    for (unsigned short &value : x)
      value = bf16Bits(normal(random));
    packWideTiles(packed.data(), w.data(), rows, columns);
  }

  /// The same for its first tokens alone.
  Problem first(int count) const {
    Problem p = *this;
    p.tokens = count;
    p.x.resize(count * width);
    return p;
  }

  template <int TOKENS, int GROUPS, int STAGES>
  std::vector<unsigned short> run(int grid, unsigned seed) const {
    using Shape = WideLinearShape<TOKENS, GROUPS, STAGES>;
    TensorMap map{reinterpret_cast<const unsigned char *>(x.data()), tokens, width, TOKENS, 0, 2};
    std::vector<unsigned short> out(tokens * rows, 0xffff);
    EXPECT_TRUE(shim::launch(grid, Shape::kThreads, Shape::kSharedBytes, seed, [&] {
      wideLinear<TOKENS, GROUPS, STAGES>(&map, packed.data(), ws.data(), out.data(), tokens, rows, columns, groupRows);
    })) << "threads wait for each other";
    return out;
  }

  void check(const std::vector<unsigned short> &out) const {
    for (int t = 0; t < tokens; ++t)
      for (int n = 0; n < rows; ++n) {
        double sum = 0, size = 0;
        for (int k = 0; k < columns; ++k) {
          double term = double(bf16Value(x[t * width + n / groupRows * columns + k])) *
                        std::ldexp(shim::e4m3Value(w[n * columns + k]), ws[n / 128 * (columns / 128) + k / 128] - 127);
          sum += term;
          size += std::fabs(term);
        }
        ASSERT_LE(std::fabs(bf16Value(out[t * rows + n]) - sum), std::fabs(sum) / 256 + size * 1e-6)
            << "token " << t << " row " << n;
      }
  }
};

// Rows that fill no tile, fewer and more K blocks than stages.
TEST(WideLinear, OddShapes) {
  for (int tokens : {1, 3, 17}) {
    Problem p(tokens, 200, 384);
    p.check(p.run<8, 1, 2>(3, 1));
  }
  Problem narrow(3, 40, 128);
  narrow.check(narrow.run<16, 1, 3>(1, 2));
}

TEST(WideLinear, GroupsOfRows) {
  Problem p(5, 384, 128, 3);
  p.check(p.run<8, 2, 2>(2, 1));
}

// Bits depend on neither the tile of tokens, the warpgroups, the stages, the grid nor the order of events.
TEST(WideLinear, TilesAgree) {
  Problem p(35, 136, 256);
  std::vector<unsigned short> first = p.run<8, 1, 2>(4, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<16, 2, 3>(1, 2)));
  EXPECT_EQ(first, (p.run<64, 1, 2>(3, 3)));
}

// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
TEST(WideLinear, StepsAgree) {
  Problem all(129, 136, 256);
  std::vector<unsigned short> expected = all.run<64, 2, 6>(2, 1);
  all.check(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Problem step = all.first(tokens);
    auto agrees = [&](const std::vector<unsigned short> &out) {
      return out.size() == size_t(tokens) * 136 && std::equal(out.begin(), out.end(), expected.begin());
    };
    EXPECT_TRUE(agrees(step.run<8, 1, 20>(3, 2))) << tokens;
    EXPECT_TRUE(agrees(step.run<16, 1, 18>(2, 3))) << tokens;
    EXPECT_TRUE(agrees(step.run<64, 1, 8>(3, 4))) << tokens;
    EXPECT_TRUE(agrees(step.run<64, 2, 6>(2, 5))) << tokens;
  }
}

TEST(LongWideLinear, ManyTokens) {
  Problem p(700, 136, 256);
  std::vector<unsigned short> first = p.run<64, 2, 3>(5, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<8, 1, 4>(7, 2)));
}

} // namespace

//===- Bf16LinearTest.cpp - bf16 product on the host ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/cuda/Bf16Problem.h"

using namespace v4::cuda;

namespace {

// Rows that fill no tile, fewer and more K blocks than stages.
TEST(Bf16Linear, OddShapes) {
  for (int tokens : {1, 3, 17}) {
    Bf16Problem p(tokens, 200, 192);
    p.check(p.run<float, 8, 1, 2>(3, 1));
    Bf16Problem narrow(tokens, 40, 64);
    narrow.check(narrow.run<unsigned short, 16, 1, 3>(1, 2));
  }
}

TEST(Bf16Linear, GroupsOfRows) {
  Bf16Problem p(5, 384, 128, 3);
  p.check(p.run<unsigned short, 8, 2, 2>(2, 1));
}

// Bits depend on neither the tile of tokens, the warpgroups, the stages, the grid nor the order of events.
TEST(Bf16Linear, TilesAgree) {
  Bf16Problem p(70, 136, 128);
  std::vector<float> first = p.run<float, 8, 1, 2>(4, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<float, 16, 1, 3>(1, 2)));
  EXPECT_EQ(first, (p.run<float, 32, 2, 2>(2, 3)));
  EXPECT_EQ(first, (p.run<float, 64, 1, 2>(3, 4)));
  EXPECT_EQ(first, (p.run<float, 128, 2, 2>(2, 5)));
}

// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
TEST(Bf16Linear, StepsAgree) {
  Bf16Problem all(129, 136, 128);
  std::vector<float> expected = all.run<float, 128, 2, 6>(2, 1);
  all.check(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Bf16Problem step = all.first(tokens);
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
  Bf16Problem p(700, 136, 384);
  std::vector<float> first = p.run<float, 128, 2, 3>(5, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<float, 8, 1, 4>(7, 2)));
}

} // namespace

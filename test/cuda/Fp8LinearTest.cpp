//===- Fp8LinearTest.cpp - FP8 product on the host --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/cuda/Fp8Problem.h"

using namespace v4::cuda;

namespace {

// Rows that fill no tile, a group without rows, more tiles than blocks, fewer and more K blocks than stages.
TEST(Fp8Linear, OddShapes) {
  for (int tokens : {1, 3, 17}) {
    Fp8Problem p(tokens, 200, 384);
    p.check(p.run<8, 1, 2>(3, 1));
    Fp8Problem narrow(tokens, 64, 128);
    narrow.check(narrow.run<8, 1, 4>(1, 2));
  }
}

// Bits depend on neither the tile of tokens, the warpgroups, the stages, the grid nor the order of events.
TEST(Fp8Linear, TilesAgree) {
  Fp8Problem p(129, 200, 256);
  std::vector<unsigned short> first = p.run<8, 1, 2>(4, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<16, 1, 3>(1, 2)));
  EXPECT_EQ(first, (p.run<32, 2, 2>(2, 3)));
  EXPECT_EQ(first, (p.run<64, 1, 2>(3, 4)));
  EXPECT_EQ(first, (p.run<128, 2, 2>(2, 5)));
}

// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
TEST(Fp8Linear, StepsAgree) {
  Fp8Problem all(129, 136, 256);
  std::vector<unsigned short> expected = all.run<128, 2, 6>(2, 1);
  all.check(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Fp8Problem step = all.first(tokens);
    auto agrees = [&](const std::vector<unsigned short> &out) {
      return out.size() == size_t(tokens) * 136 && std::equal(out.begin(), out.end(), expected.begin());
    };
    EXPECT_TRUE(agrees(step.run<8, 1, 20>(3, 2))) << tokens;
    EXPECT_TRUE(agrees(step.run<16, 1, 18>(2, 3))) << tokens;
    EXPECT_TRUE(agrees(step.run<64, 1, 12>(3, 4))) << tokens;
    EXPECT_TRUE(agrees(step.run<128, 2, 6>(2, 5))) << tokens;
  }
}

TEST(LongFp8Linear, ManyTokens) {
  Fp8Problem p(700, 136, 384);
  std::vector<unsigned short> first = p.run<128, 2, 3>(5, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<8, 1, 4>(7, 2)));
}

} // namespace

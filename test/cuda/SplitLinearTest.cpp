//===- SplitLinearTest.cpp - Products in parts of K on the host -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/cuda/Bf16Problem.h"
#include "test/cuda/Fp8Problem.h"

using namespace v4::cuda;

namespace {

/// The tiles of the plans, and others, on grids with more and fewer clusters than tiles.
template <int SPLITS>
void checkFp8Tiles(const Fp8Problem &p) {
  std::vector<unsigned short> first = p.runSplit<16, 1, 9, SPLITS>(2, 1);
  p.check(first);
  EXPECT_EQ(first, (p.runSplit<8, 1, 2, SPLITS>(5, 2))) << SPLITS;
  EXPECT_EQ(first, (p.runSplit<32, 2, 2, SPLITS>(1, 3))) << SPLITS;
  EXPECT_EQ(first, (p.runSplit<64, 1, 5, SPLITS>(3, 4))) << SPLITS;
  EXPECT_EQ(first, (p.runSplit<128, 2, 4, SPLITS>(1, 5))) << SPLITS;
}

template <int SPLITS>
void checkBf16Tiles(const Bf16Problem &p) {
  std::vector<float> first = p.runSplit<float, 16, 1, 9, SPLITS>(2, 1);
  p.check(first);
  EXPECT_EQ(first, (p.runSplit<float, 8, 1, 2, SPLITS>(5, 2))) << SPLITS;
  EXPECT_EQ(first, (p.runSplit<float, 32, 2, 2, SPLITS>(1, 3))) << SPLITS;
  EXPECT_EQ(first, (p.runSplit<float, 64, 1, 5, SPLITS>(3, 4))) << SPLITS;
  EXPECT_EQ(first, (p.runSplit<float, 128, 2, 4, SPLITS>(1, 5))) << SPLITS;
}

// Bits depend on neither the tile of tokens, the warpgroups, the stages, the grid nor the order of events.
TEST(SplitLinear, TilesAgree) {
  checkFp8Tiles<2>(Fp8Problem(35, 136, 512));
  checkFp8Tiles<4>(Fp8Problem(17, 136, 512));
  checkFp8Tiles<8>(Fp8Problem(17, 72, 1024));
  checkBf16Tiles<2>(Bf16Problem(35, 136, 256));
  checkBf16Tiles<4>(Bf16Problem(17, 136, 256));
  checkBf16Tiles<8>(Bf16Problem(17, 72, 512));
}

// Three blocks of K: parts that differ in size, and blocks of a cluster that have none.
TEST(SplitLinear, OddK) {
  Fp8Problem fp8(9, 72, 384);
  checkFp8Tiles<2>(fp8);
  checkFp8Tiles<4>(fp8);
  checkFp8Tiles<8>(fp8);
  Bf16Problem bf16(9, 72, 192);
  checkBf16Tiles<2>(bf16);
  checkBf16Tiles<4>(bf16);
  checkBf16Tiles<8>(bf16);
}

// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
TEST(SplitLinear, StepsAgree) {
  Fp8Problem all(129, 72, 1024);
  std::vector<unsigned short> expected = all.runSplit<128, 2, 4, 8>(1, 1);
  all.check(expected);
  for (int tokens : {1, 3, 17, 65}) {
    Fp8Problem step = all.first(tokens);
    auto agrees = [&](const std::vector<unsigned short> &out) {
      return out.size() == size_t(tokens) * 72 && std::equal(out.begin(), out.end(), expected.begin());
    };
    EXPECT_TRUE(agrees(step.runSplit<16, 1, 9, 8>(2, 2))) << tokens;
    EXPECT_TRUE(agrees(step.runSplit<64, 1, 5, 8>(1, 3))) << tokens;
    EXPECT_TRUE(agrees(step.runSplit<128, 2, 4, 8>(1, 4))) << tokens;
  }
}

/// Whether all results are within one step of bf16 and the roundings of f32, which grow with the terms.
bool areClose(const Fp8Problem &p, const std::vector<unsigned short> &left, const std::vector<unsigned short> &right) {
  for (int t = 0; t < p.tokens; ++t)
    for (int n = 0; n < p.rows; ++n) {
      float a = bf16Value(left[t * p.rows + n]), b = bf16Value(right[t * p.rows + n]);
      if (!(std::fabs(a - b) <= std::fmax(std::fabs(a), std::fabs(b)) / 128 + 1e-6 * p.sumOf(t, n).size))
        return false;
    }
  return true;
}

// The same but for the order of the sums. What is not close: a part that nobody adds, or adds twice.
TEST(SplitLinear, CloseToTheWhole) {
  constexpr int kParts = 8, kColumns = 1024;
  Fp8Problem p(5, 136, kColumns);
  std::vector<unsigned short> whole = p.run<8, 1, 4>(3, 1), parts = p.runSplit<16, 1, 9, kParts>(3, 2);
  p.check(whole);
  EXPECT_TRUE(areClose(p, whole, parts));
  for (int part = 0; part < kParts; ++part)
    for (float factor : {0.0f, 2.0f}) {
      Fp8Problem wrong = p;
      for (int block = kColumns / 128 / kParts * part; block < kColumns / 128 / kParts * (part + 1); ++block)
        for (int t = 0; t < p.tokens; ++t)
          wrong.xs[block * p.stride + t] *= factor;
      EXPECT_FALSE(areClose(p, whole, wrong.runSplit<16, 1, 9, kParts>(3, 2))) << "part " << part << " x " << factor;
    }
}

/// Columns first .. first + count - 1 of both operands.
Bf16Problem columnsOf(const Bf16Problem &p, int first, int count) {
  Bf16Problem part(p.tokens, p.rows, count);
  for (int t = 0; t < p.tokens; ++t)
    std::copy_n(&p.x[t * p.columns + first], count, &part.x[t * count]);
  for (int r = 0; r < p.rows; ++r)
    std::copy_n(&p.w[r * p.columns + first], count, &part.w[r * count]);
  packTiles(part.packed.data(), reinterpret_cast<const unsigned char *>(part.w.data()), part.rows, count * 2);
  return part;
}

// What one block sums is the product of its columns; they are added from first to last.
TEST(SplitLinear, PartsAreAddedInOrder) {
  Bf16Problem p(9, 72, 512);
  std::vector<float> expected;
  for (int part = 0; part < 4; ++part) {
    std::vector<float> sums = columnsOf(p, part * 128, 128).run<float, 8, 1, 2>(1, 1);
    for (size_t i = 0; i < sums.size(); ++i)
      part == 0 ? expected.push_back(sums[i]) : void(expected[i] += sums[i]);
  }
  EXPECT_EQ(expected, (p.runSplit<float, 16, 1, 9, 4>(1, 2)));
}

TEST(SplitLinear, GroupsOfRows) {
  Bf16Problem p(5, 384, 256, 3);
  p.check(p.runSplit<unsigned short, 8, 2, 2, 2>(2, 1));
}

// The model of clusters shows a mistake of a kernel.
TEST(Clusters, GridsAreWhole) {
  EXPECT_FALSE(shim::launch(
      3, 32, 0, 1, [] {}, 2));
}

TEST(Clusters, WhoIsDoneHasNoMemory) {
  std::vector<float> seen(2);
  auto body = [&] {
    storeShared(sharedBase(), bitsOf(1.0f + blockIndex()));
    clusterSync();
    if (blockIndex() == 1)
      return; // block 0 reads what is gone
    for (int turns = 0; turns < 1000; ++turns) {
      shim::pause();
      blockSync();
    }
    seen[0] = clusterFloat(sharedBase(), 0), seen[1] = clusterFloat(sharedBase(), 1);
  };
  EXPECT_TRUE(shim::launch(2, 1, 16, 1, body, 2));
  EXPECT_EQ(seen[0], 1.0f);
  EXPECT_TRUE(std::isnan(seen[1]));
}

TEST(Clusters, WhoIsMissedIsNoticed) {
  EXPECT_FALSE(shim::launch(
      2, 32, 16, 1,
      [] {
        if (blockIndex() == 0)
          clusterSync();
      },
      2));
}

} // namespace

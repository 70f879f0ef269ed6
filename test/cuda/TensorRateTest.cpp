//===- TensorRateTest.cpp - The measured products on the host ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/TensorRate.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <vector>

using namespace v4::cuda;

namespace {

/// The operands as they lie in shared memory, and what products of them come to.
template <int BF16, int GROUPS>
struct RateProblem {
  std::vector<unsigned char> bytes;

  RateProblem() : bytes(tensorRateSharedBytes(GROUPS)) {
    for (size_t i = 0; i < bytes.size(); i += 4) {
      unsigned word = rateWord(unsigned(i / 4));
      std::memcpy(&bytes[i], &word, 4);
    }
  }

  /// Of a row of the tile that begins at `tile`, which is swizzled.
  double value(int tile, int row, int k) const {
    int address = tile + row * kRateRowBytes + k * (BF16 ? 2 : 1);
    address ^= (address >> 7 & 7) << 4;
    return BF16 ? bf16Value((unsigned short)(bytes[address] | bytes[address + 1] << 8))
                : shim::e4m3Value(bytes[address]);
  }

  double product(int group, int row, int column) const {
    double sum = 0;
    for (int k = 0; k < kRateRowBytes / (BF16 ? 2 : 1); ++k)
      sum += value(group * kRateRows * kRateRowBytes, row, k) * value(GROUPS * kRateRows * kRateRowBytes, column, k);
    return sum;
  }

  /// The sums of a thread after `rounds`, and of their magnitudes.
  double expected(int thread, int rounds, double &size) const {
    double sum = size = 0;
    for (int i = 0; i < kRateColumns / 2; ++i) {
      int row = thread % 128 / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + thread % 4 * 2 + i % 2;
      double one = rounds * (kRateProducts / 4) * product(thread / 128, row, column);
      sum += one, size += std::abs(one);
    }
    return sum;
  }

  void check(int grid, int rounds, unsigned seed) const {
    std::vector<float> out(grid * tensorRateThreads(GROUPS) + 1, -7);
    EXPECT_TRUE(shim::launch(grid, tensorRateThreads(GROUPS), tensorRateSharedBytes(GROUPS), seed,
                             [&] { tensorRate<BF16, GROUPS>(out.data(), rounds); }));
    EXPECT_EQ(out.back(), -7);
    for (int thread = 0; thread < tensorRateThreads(GROUPS); thread += 37) {
      double size = 0, wanted = expected(thread, rounds, size);
      for (int block = 0; block < grid; ++block)
        EXPECT_NEAR(out[block * tensorRateThreads(GROUPS) + thread], wanted, 1e-5 * size) << thread << ", " << block;
    }
  }
};

TEST(TensorRate, SumsWhatItCounts) {
  RateProblem<0, 2>().check(2, 1, 1);
  RateProblem<0, 1>().check(1, 2, 2);
  RateProblem<1, 2>().check(1, 2, 3);
}

TEST(TensorRate, NoRounds) { RateProblem<0, 1>().check(1, 0, 1); }

/// A product of 64 x 256 over 32 bytes of K.
TEST(TensorRate, CountsItsOperations) {
  EXPECT_EQ(tensorRateFlops(0, 2), 2ll * 2 * kRateProducts * 64 * 256 * 32);
  EXPECT_EQ(tensorRateFlops(1, 2) * 2, tensorRateFlops(0, 2));
}

} // namespace

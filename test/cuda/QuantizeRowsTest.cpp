//===- QuantizeRowsTest.cpp - Rows as e4m3 codes on the host ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/QuantizeRows.h"
#include "codegen/cuda/kernels/CombineRows.h"
#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace v4::cuda;

namespace {

struct Rows {
  int rows, columns, stride;
  std::vector<unsigned short> x;
  std::vector<unsigned char> codes;
  std::vector<float> scales;

  Rows(int rows, int columns)
      : rows(rows), columns(columns), stride((rows + 127) / 128 * 128), x(rows * columns), codes(rows * columns),
        scales(columns / 128 * stride) {
    std::mt19937 random(rows);
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = bf16Bits(std::ldexp(normal(random), int(i / 128 % 5) * 7 - 20));
  }

  void run(const int *order, int active, int grid) {
    EXPECT_TRUE(shim::launch(grid, quantizeThreads(2), 0, 1, [&] {
      quantizeRows<2>(x.data(), order, active, codes.data(), scales.data(), rows, columns);
    }));
  }

  /// Against the definition, in double.
  void check(int row, int from) const {
    for (int b = 0; b < columns / 128; ++b) {
      const unsigned short *block = &x[size_t(from) * columns + b * 128];
      float amax = 1e-4f;
      for (int i = 0; i < 128; ++i)
        amax = std::fmax(amax, std::fabs(bf16Value(block[i])));
      double scale = std::exp2(std::ceil(std::log2(double(amax * (1.0f / 448.0f)))));
      ASSERT_EQ(scales[b * stride + row], scale);
      for (int i = 0; i < 128; ++i) {
        double want = bf16Value(block[i]) / scale, got = shim::e4m3Value(codes[row * columns + b * 128 + i]);
        for (int code = 0; code < 256; ++code)
          if ((code & 127) != 127) {
            ASSERT_LE(std::fabs(got - want), std::fabs(shim::e4m3Value(code) - want)) << row << " " << b << " " << i;
          }
      }
    }
  }
};

TEST(QuantizeRows, IsTheNearestCode) {
  for (int rows : {1, 3, 17}) {
    Rows r(rows, 384);
    r.run(nullptr, 0, 2);
    for (int row = 0; row < rows; ++row)
      r.check(row, row);
  }
}

TEST(QuantizeRows, InfinityBecomesNan) {
  for (unsigned short infinite : {0x7f80, 0xff80}) {
    Rows r(1, 128);
    r.x[17] = infinite;
    r.run(nullptr, 0, 1);
    EXPECT_TRUE(std::isfinite(r.scales[0]));
    for (int i = 0; i < 128; ++i)
      EXPECT_EQ(std::isnan(shim::e4m3Value(r.codes[i])), i == 17) << i;
  }
}

TEST(QuantizeRows, TakesRowsOfAssignments) {
  Rows r(6, 128);
  int order[] = {9, 2, 4, 0, 11, 5};
  r.run(order, 2, 1);
  for (int row = 0; row < 6; ++row)
    r.check(row, order[row] / 2);
}

TEST(CombineRows, AddsInOrder) {
  constexpr int kTokens = 17, kActive = 3, kColumns = 132;
  std::vector<unsigned short> y(kTokens * kActive * kColumns), shared(kTokens * kColumns), out(shared.size());
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (std::vector<unsigned short> *v : {&y, &shared})
    for (unsigned short &value : *v)
      value = bf16Bits(normal(random));
  EXPECT_TRUE(shim::launch(3, combineThreads(64), 0, 2,
                           [&] { combineRows<64>(y.data(), shared.data(), out.data(), kTokens, kActive, kColumns); }));
  for (int t = 0; t < kTokens; ++t)
    for (int c = 0; c < kColumns; ++c) {
      float sum = 0;
      for (int k = 0; k < kActive; ++k)
        sum += bf16Value(y[(t * kActive + k) * kColumns + c]);
      ASSERT_EQ(out[t * kColumns + c], bf16Bits(sum + bf16Value(shared[t * kColumns + c])));
    }
}

TEST(CombineRows, KeepsTheSignOfZero) {
  std::vector<unsigned short> y(8, 0x8000), shared(4, 0x8000), out(4);
  EXPECT_TRUE(shim::launch(1, combineThreads(32), 0, 1,
                           [&] { combineRows<32>(y.data(), shared.data(), out.data(), 1, 2, 4); }));
  EXPECT_EQ(out, shared);
}

} // namespace

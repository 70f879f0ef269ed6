//===- Fp8LinearTest.cpp - FP8 product on the host --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/Fp8Linear.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace v4::cuda;

namespace {

struct Problem {
  int tokens, rows, columns, stride;
  std::vector<unsigned char> x, w, packed, ws;
  std::vector<float> xs;

  Problem(int tokens, int rows, int columns)
      : tokens(tokens), rows(rows), columns(columns), stride((tokens + 127) / 128 * 128), x(tokens * columns),
        w(rows * columns), ws((rows + 127) / 128 * (columns / 128)), xs(columns / 128 * stride, NAN) {
    std::mt19937 random(tokens * 31 + rows);
    auto code = [&] {
      unsigned char c = random();
      return (c & 127) == 127 ? c - 1 : c;
    };
    for (unsigned char &c : x)
      c = code();
    for (unsigned char &c : w)
      c = code();
    for (unsigned char &c : ws)
      c = 120 + random() % 10;
    for (int b = 0; b < columns / 128; ++b)
      for (int t = 0; t < tokens; ++t)
        xs[b * stride + t] = std::ldexp(1.0f, int(random() % 12) - 8);
    pack();
  }

  void pack() {
    int blocks = columns / 128;
    packed.assign((rows + 63) / 64 * blocks * kTileBytes, 0);
    for (int r = 0; r < rows; ++r)
      for (int k = 0; k < columns; ++k)
        packed[(r / 64 * blocks + k / 128) * kTileBytes + swizzledOffset(r % 64, k % 128)] = w[r * columns + k];
  }

  /// The same for its first tokens alone.
  Problem first(int count) const {
    Problem p(count, rows, columns);
    p.x.assign(x.begin(), x.begin() + count * columns);
    p.w = w, p.ws = ws, p.packed = packed;
    for (int b = 0; b < columns / 128; ++b)
      std::copy_n(&xs[b * stride], count, &p.xs[b * p.stride]);
    return p;
  }

  template <int TOKENS, int GROUPS, int STAGES>
  std::vector<unsigned short> run(int grid, unsigned seed) const {
    using Shape = Fp8LinearShape<TOKENS, GROUPS, STAGES>;
    TensorMap map{x.data(), tokens, columns, TOKENS};
    std::vector<unsigned short> out(tokens * rows, 0xffff);
    EXPECT_TRUE(shim::launch(grid, Shape::kThreads, Shape::kSharedBytes, seed, [&] {
      fp8Linear<TOKENS, GROUPS, STAGES>(&map, xs.data(), packed.data(), ws.data(), out.data(), tokens, rows, columns);
    })) << "threads wait for each other";
    return out;
  }

  void check(const std::vector<unsigned short> &out) const {
    int blocks = columns / 128;
    for (int t = 0; t < tokens; ++t)
      for (int n = 0; n < rows; ++n) {
        double sum = 0, size = 0;
        for (int k = 0; k < columns; ++k) {
          double p = double(shim::e4m3Value(x[t * columns + k])) * shim::e4m3Value(w[n * columns + k]) *
                     xs[k / 128 * stride + t] * std::ldexp(1.0, ws[n / 128 * blocks + k / 128] - 127);
          sum += p;
          size += std::fabs(p);
        }
        uint32_t bits = uint32_t(out[t * rows + n]) << 16;
        float got;
        std::memcpy(&got, &bits, 4);
        ASSERT_LE(std::fabs(got - sum), std::fabs(sum) / 256 + size * 1e-6) << "token " << t << " row " << n;
      }
  }
};

// Rows that fill no tile, a group without rows, more tiles than blocks, fewer and more K blocks than stages.
TEST(Fp8Linear, OddShapes) {
  for (int tokens : {1, 3, 17}) {
    Problem p(tokens, 200, 384);
    p.check(p.run<8, 1, 2>(3, 1));
    Problem narrow(tokens, 64, 128);
    narrow.check(narrow.run<8, 1, 4>(1, 2));
  }
}

// Bits depend on neither the tile of tokens, the warpgroups, the stages, the grid nor the order of events.
TEST(Fp8Linear, TilesAgree) {
  Problem p(129, 200, 256);
  std::vector<unsigned short> first = p.run<8, 1, 2>(4, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<16, 1, 3>(1, 2)));
  EXPECT_EQ(first, (p.run<32, 2, 2>(2, 3)));
  EXPECT_EQ(first, (p.run<64, 1, 2>(3, 4)));
  EXPECT_EQ(first, (p.run<128, 2, 2>(2, 5)));
}

// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
TEST(Fp8Linear, StepsAgree) {
  Problem all(129, 136, 256);
  std::vector<unsigned short> expected = all.run<128, 2, 6>(2, 1);
  all.check(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Problem step = all.first(tokens);
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
  Problem p(700, 136, 384);
  std::vector<unsigned short> first = p.run<128, 2, 3>(5, 1);
  p.check(first);
  EXPECT_EQ(first, (p.run<8, 1, 4>(7, 2)));
}

} // namespace

//===- ExpertProductTest.cpp - Products of the experts on the host *- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/ExpertProduct.h"
#include "codegen/cuda/kernels/PackTiles.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace v4::cuda;

namespace {

constexpr float kLimit = 10;

struct Matrices {
  int rows, columns;
  std::vector<unsigned char> codes, scales, packed, packedScales;

  /// Scales reach from `least` to `most` in every 128 columns.
  Matrices(int experts, int rows, int columns, int least, int most, std::mt19937 &random)
      : rows(rows), columns(columns), codes(experts * rows * columns / 2), scales(experts * rows * columns / 32),
        packed(experts * packedTiles(rows, columns, kBlockK) * kFp4CodeBytes),
        packedScales(experts * packedTiles(rows, columns, kBlockK) * kFp4ScaleBytes) {
    for (unsigned char &c : codes)
      c = random();
    for (unsigned char &s : scales)
      s = least + random() % (most - least + 1);
    for (int e = 0; e < experts; ++e)
      packFp4Tiles(&packed[e * packed.size() / experts], &packedScales[e * packedScales.size() / experts],
                   &codes[e * rows * columns / 2], &scales[e * rows * columns / 32], rows, columns);
  }

  double at(int expert, int row, int k) const {
    static const double kValues[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
    unsigned code = fp4At(codes.data(), expert * rows + row, k, columns);
    double scale = std::ldexp(1.0, scales[(expert * rows + row) * (columns / 32) + k / 32] - 127);
    return (code & 8 ? -scale : scale) * kValues[code & 7];
  }
};

struct Problem {
  int tokens, experts, active, rows, columns;
  std::mt19937 random;
  Matrices gate, up;
  std::vector<int> chosen, order, offsets, hits;
  std::vector<unsigned char> token; ///< Codes of each token; x has them in order of experts.
  std::vector<unsigned char> x;
  std::vector<float> xs, weights;

  Problem(int tokens, int rows, int columns, int least = 111, int most = 125)
      : tokens(tokens), experts(7), active(2), rows(rows), columns(columns), random(rows * 3 + columns),
        gate(experts, rows, columns, least, most, random), up(experts, rows, columns, least, most, random) {
    route();
    token.resize(tokens * columns);
    for (unsigned char &c : token)
      c = random() % 0x48 | (random() & 128);
    sortRows();
    xs.resize(columns / 128 * stride() + 128 + kScaleLead, NAN);
    for (int b = 0; b < columns / 128; ++b)
      for (int p = 0; p < assignments(); ++p)
        xs[b * stride() + p] = std::ldexp(1.0f, (order[p] / active + b) % 3 - 2);
    for (int a = 0; a < assignments(); ++a)
      weights.push_back(0.25f + a % 5 * 0.375f);
  }

  void sortRows() {
    x.clear();
    for (int a : order)
      x.insert(x.end(), &token[a / active * columns], &token[a / active * columns] + columns);
  }

  /// The same for its first tokens alone, on the same matrices.
  Problem first(int count, int least = 111, int most = 125) const {
    Problem p(count, rows, columns, least, most);
    std::copy_n(token.begin(), p.token.size(), p.token.begin());
    p.sortRows();
    return p;
  }

  int assignments() const { return tokens * active; }
  int stride() const { return scaleStride(assignments()); }

  /// Experts 1 and 6 are hit by nobody.
  void route() {
    static const int kUsed[] = {0, 2, 3, 4, 5};
    for (int t = 0; t < tokens; ++t)
      for (int k = 0; k < active; ++k)
        chosen.push_back(kUsed[(t * t + k * 2) % 5]);
    hits.push_back(0);
    for (int e = 0; e < experts; ++e) {
      offsets.push_back(order.size());
      for (int a = 0; a < assignments(); ++a)
        if (chosen[a] == e)
          order.push_back(a);
      if (offsets[e] != int(order.size())) {
        ++hits[0];
        hits.push_back(e);
      }
    }
    offsets.push_back(order.size());
  }

  template <int TOKENS, int STAGES, int GATE_UP, int PER32>
  std::vector<unsigned short> run(int grid, unsigned seed) const {
    using Shape = ExpertShape<TOKENS, STAGES, GATE_UP>;
    TensorMap map{x.data(), assignments(), columns, TOKENS};
    std::vector<unsigned short> out(assignments() * rows, 0xffff);
    EXPECT_TRUE(shim::launch(grid, Shape::kThreads, Shape::kSharedBytes, seed, [&] {
      expertProduct<TOKENS, STAGES, GATE_UP, PER32>(
          &map, xs.data(), gate.packed.data(), gate.packedScales.data(), up.packed.data(), up.packedScales.data(),
          weights.data(), order.data(), offsets.data(), hits.data(), out.data(), assignments(), rows, columns, kLimit);
    })) << "threads wait for each other";
    return out;
  }

  double product(const Matrices &w, int p, int row, double &size) const {
    double sum = 0;
    for (int k = 0; k < columns; ++k) {
      double term =
          shim::e4m3Value(x[p * columns + k]) * double(xs[k / 128 * stride() + p]) * w.at(chosen[order[p]], row, k);
      sum += term;
      size += std::fabs(term);
    }
    return sum;
  }

  void checkDown(const std::vector<unsigned short> &out) const {
    for (int p = 0; p < assignments(); ++p)
      for (int n = 0; n < rows; ++n) {
        double size = 0, want = product(gate, p, n, size);
        ASSERT_LE(std::fabs(bf16Value(out[order[p] * rows + n]) - want), std::fabs(want) / 256 + size * 1e-6)
            << p << " " << n;
      }
  }

  void checkGateUp(const std::vector<unsigned short> &out) const {
    int cut = 0;
    for (int p = 0; p < assignments(); ++p)
      for (int n = 0; n < rows; ++n) {
        double size = 0, g = product(gate, p, n, size), u = product(up, p, n, size);
        cut += g > kLimit || std::fabs(u) > kLimit;
        g = std::min<double>(g, kLimit);
        u = std::clamp<double>(u, -kLimit, kLimit);
        double want = weights[order[p]] * g / (1 + std::exp(-g)) * u;
        ASSERT_LE(std::fabs(bf16Value(out[order[p] * rows + n]) - want),
                  std::fabs(want) / 32 + (std::fabs(g) + std::fabs(u)) * size * 1e-6)
            << p << " " << n;
      }
    EXPECT_GT(cut, 0) << "nothing reaches the limit";
  }
};

TEST(Fp4Tile, CodesAreExact) {
  static const double kValues[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  for (int below = 0; below <= 14; ++below) {
    Fp4Codes codes = fp4Codes(below);
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(shim::e4m3Value((i < 4 ? codes.first : codes.second) >> 8 * (i % 4) & 255),
                std::ldexp(kValues[i], 6 - below));
  }
}

// Experts without rows, row tiles that are not full or missing, fewer and more blocks than stages.
TEST(ExpertProduct, OddShapes) {
  for (int tokens : {1, 3, 17}) {
    Problem p(tokens, 72, 384);
    p.checkDown(p.run<8, 2, 0, 0>(3, 1));
    p.checkGateUp(p.run<8, 2, 1, 0>(3, 2));
    Problem narrow(tokens, 64, 128);
    narrow.checkDown(narrow.run<16, 3, 0, 0>(1, 3));
  }
  // One block runs ahead through many tiles.
  for (unsigned seed = 1; seed < 4; ++seed) {
    Problem narrow(40, 64, 128);
    narrow.checkGateUp(narrow.run<8, 4, 1, 0>(1, seed));
  }
}

// Scales that no e4m3 code bridges.
TEST(ExpertProduct, ScalesFarApart) {
  Problem p(3, 72, 256, 95, 125);
  std::vector<unsigned short> down = p.run<8, 2, 0, 1>(2, 1);
  p.checkDown(down);
  p.checkGateUp(p.run<8, 3, 1, 1>(2, 2));
  EXPECT_EQ(down, (p.run<32, 2, 0, 1>(1, 3)));
  // The tiles of plans, and rows of experts that begin anywhere.
  Problem many(17, 72, 256, 95, 125);
  std::vector<unsigned short> h = many.run<16, 3, 1, 1>(3, 4);
  many.checkGateUp(h);
  EXPECT_EQ(h, (many.run<64, 2, 1, 1>(2, 5)));
  down = many.run<16, 3, 0, 1>(3, 6);
  many.checkDown(down);
  EXPECT_EQ(down, (many.run<64, 2, 0, 1>(2, 7)));
}

// Bits depend on neither the tile, the stages, the grid, nor the order of events.
TEST(ExpertProduct, TilesAgree) {
  Problem p(17, 136, 256);
  std::vector<unsigned short> down = p.run<8, 2, 0, 0>(4, 1), h = p.run<8, 2, 1, 0>(4, 2);
  p.checkDown(down);
  p.checkGateUp(h);
  EXPECT_EQ(down, (p.run<16, 3, 0, 0>(1, 3)));
  EXPECT_EQ(down, (p.run<64, 2, 0, 0>(2, 4)));
  EXPECT_EQ(h, (p.run<32, 2, 1, 0>(3, 5)));
  EXPECT_EQ(h, (p.run<128, 2, 1, 0>(2, 6)));
}

// A token's bits are those that it has alone.
TEST(ExpertProduct, TokensAlone) {
  Problem many(17, 64, 128), one(1, 64, 128);
  std::copy_n(many.token.begin(), 128, one.token.begin());
  for (int p = 0; p < one.assignments(); ++p)
    std::copy_n(one.token.begin(), 128, one.x.begin() + p * 128);
  std::vector<unsigned short> all = many.run<32, 2, 0, 0>(2, 1), alone = one.run<8, 2, 0, 0>(2, 2);
  for (size_t i = 0; i < alone.size(); ++i)
    ASSERT_EQ(alone[i], all[i]) << i;
}

/// A row has the same bits in steps of any number of rows, whichever instance of the plans runs them.
template <int GATE_UP, int PER32>
void checkSteps(int least) {
  Problem all(129, 72, 128, least, 125);
  std::vector<unsigned short> expected = all.run<64, 10, GATE_UP, PER32>(3, 1);
  GATE_UP ? all.checkGateUp(expected) : all.checkDown(expected);
  for (int tokens : {1, 3, 8, 9, 17, 64, 65, 129}) {
    Problem step = all.first(tokens, least, 125);
    auto agrees = [&](const std::vector<unsigned short> &out) {
      return out.size() == size_t(step.assignments()) * 72 && std::equal(out.begin(), out.end(), expected.begin());
    };
    EXPECT_TRUE(agrees(step.run<8, 10, GATE_UP, PER32>(2, 2))) << tokens;
    EXPECT_TRUE(agrees(step.run<16, 8, GATE_UP, PER32>(3, 3))) << tokens;
    EXPECT_TRUE(agrees(step.run<64, 10, GATE_UP, PER32>(2, 4))) << tokens;
  }
}

TEST(ExpertProduct, StepsAgree) {
  checkSteps<0, 0>(111);
  checkSteps<1, 0>(111);
}

// With scales that no e4m3 code bridges.
TEST(ExpertProduct, StepsAgreeWithScalesFarApart) {
  checkSteps<0, 1>(95);
  checkSteps<1, 1>(95);
}

TEST(LongExpertProduct, ManyTokens) {
  for (int tokens : {129, 700}) {
    Problem p(tokens, 72, 256);
    std::vector<unsigned short> down = p.run<64, 3, 0, 0>(5, 1), h = p.run<64, 2, 1, 0>(5, 2);
    p.checkDown(down);
    p.checkGateUp(h);
    EXPECT_EQ(down, (p.run<8, 4, 0, 0>(3, 3)));
    EXPECT_EQ(h, (p.run<128, 2, 1, 0>(4, 4)));
  }
}

} // namespace

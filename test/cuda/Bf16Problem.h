//===- Bf16Problem.h - Operands of a bf16 product ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_CUDA_BF16PROBLEM_H
#define V4_TEST_CUDA_BF16PROBLEM_H

#include "codegen/cuda/kernels/PackTiles.h"
#include "codegen/cuda/kernels/SplitLinear.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

namespace v4::cuda {

/// Random operands of a product with a weight of bf16, what kernels make of them and what is right.
struct Bf16Problem {
  int tokens, rows, columns, groupRows, width;
  std::vector<unsigned short> x, w;
  std::vector<unsigned char> packed;

  /// `groups` of rows have columns of their own.
  Bf16Problem(int tokens, int rows, int columns, int groups = 1)
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
  Bf16Problem first(int count) const {
    Bf16Problem p = *this;
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

  /// In parts of K.
  template <typename T, int TOKENS, int GROUPS, int STAGES, int SPLITS>
  std::vector<T> runSplit(int clusters, unsigned seed) const {
    using Shape = SplitLinearShape<TOKENS, GROUPS, STAGES>;
    TensorMap map{reinterpret_cast<const unsigned char *>(x.data()), tokens, width, TOKENS, 0, 2};
    std::vector<T> out(tokens * rows, T(-1));
    auto body = [&] {
      splitBf16Linear<TOKENS, GROUPS, STAGES, sizeof(T) == 4, SPLITS>(&map, packed.data(), out.data(), tokens, rows,
                                                                      columns, groupRows);
    };
    EXPECT_TRUE(shim::launch(clusters * SPLITS, Shape::kThreads, Shape::kSharedBytes, seed, body, SPLITS))
        << "threads wait for each other";
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

} // namespace v4::cuda

#endif // V4_TEST_CUDA_BF16PROBLEM_H

//===- Fp8Problem.h - Operands of an FP8 product ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_CUDA_FP8PROBLEM_H
#define V4_TEST_CUDA_FP8PROBLEM_H

#include "codegen/cuda/kernels/SplitLinear.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <vector>

namespace v4::cuda {

/// Random operands of a product with a weight of FP8, what kernels make of them and what is right.
struct Fp8Problem {
  int tokens, rows, columns, stride;
  std::vector<unsigned char> x, w, packed, ws;
  std::vector<float> xs;

  Fp8Problem(int tokens, int rows, int columns)
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
  Fp8Problem first(int count) const {
    Fp8Problem p(count, rows, columns);
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

  /// In parts of K.
  template <int TOKENS, int GROUPS, int STAGES, int SPLITS>
  std::vector<unsigned short> runSplit(int clusters, unsigned seed) const {
    using Shape = SplitLinearShape<TOKENS, GROUPS, STAGES>;
    TensorMap map{x.data(), tokens, columns, TOKENS};
    std::vector<unsigned short> out(tokens * rows, 0xffff);
    auto body = [&] {
      splitFp8Linear<TOKENS, GROUPS, STAGES, SPLITS>(&map, xs.data(), packed.data(), ws.data(), out.data(), tokens,
                                                     rows, columns);
    };
    EXPECT_TRUE(shim::launch(clusters * SPLITS, Shape::kThreads, Shape::kSharedBytes, seed, body, SPLITS))
        << "threads wait for each other";
    return out;
  }

  struct Sum {
    double value = 0, size = 0; ///< Size: of the terms.
  };
  Sum sumOf(int token, int row) const {
    Sum sum;
    for (int k = 0; k < columns; ++k) {
      double p = double(shim::e4m3Value(x[token * columns + k])) * shim::e4m3Value(w[row * columns + k]) *
                 xs[k / 128 * stride + token] * std::ldexp(1.0, ws[row / 128 * (columns / 128) + k / 128] - 127);
      sum.value += p;
      sum.size += std::fabs(p);
    }
    return sum;
  }

  void check(const std::vector<unsigned short> &out) const {
    for (int t = 0; t < tokens; ++t)
      for (int n = 0; n < rows; ++n) {
        Sum sum = sumOf(t, n);
        ASSERT_LE(std::fabs(bf16Value(out[t * rows + n]) - sum.value), std::fabs(sum.value) / 256 + sum.size * 1e-6)
            << "token " << t << " row " << n;
      }
  }
};

} // namespace v4::cuda

#endif // V4_TEST_CUDA_FP8PROBLEM_H

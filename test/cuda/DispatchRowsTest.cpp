//===- DispatchRowsTest.cpp - Order of the experts on the host --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/DispatchRows.h"
#include "runtime/plan/KernelAbi.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

using namespace v4::cuda;

static_assert(kStepTokens == v4::plan::kCountTokens);

namespace {

struct Dispatched {
  std::vector<int> order, offsets, hits;
  bool operator==(const Dispatched &other) const {
    return order == other.order && offsets == other.offsets && hits == other.hits;
  }
};

/// What is behind the last hit stays.
constexpr int kUntouched = -7;

Dispatched expected(const std::vector<int> &experts, int expertCount) {
  Dispatched result{std::vector<int>(experts.size()), std::vector<int>(expertCount + 1),
                    std::vector<int>(expertCount + 1, kUntouched)};
  std::iota(result.order.begin(), result.order.end(), 0);
  std::stable_sort(result.order.begin(), result.order.end(), [&](int a, int b) { return experts[a] < experts[b]; });
  result.hits[0] = 0;
  for (int e = 0; e < expertCount; ++e) {
    int count = int(std::count(experts.begin(), experts.end(), e));
    result.offsets[e + 1] = result.offsets[e] + count;
    if (count)
      result.hits[++result.hits[0]] = e;
  }
  return result;
}

template <int MOST>
Dispatched run(const std::vector<int> &experts, int active, int expertCount, int grid, unsigned seed) {
  Dispatched result{std::vector<int>(experts.size(), kUntouched), std::vector<int>(expertCount + 1, kUntouched),
                    std::vector<int>(expertCount + 1, kUntouched)};
  std::vector<long long> counts(v4::plan::kCountEntries);
  counts[kStepTokens] = (long long)experts.size() / active;
  EXPECT_TRUE(shim::launch(grid, kDispatchThreads, dispatchSharedBytes(MOST), seed, [&] {
    dispatchRows<MOST>(counts.data(), experts.data(), result.order.data(), result.offsets.data(), result.hits.data(),
                       active, expertCount);
  }));
  return result;
}

std::vector<int> someExperts(int tokens, int active, int expertCount, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int> experts;
  for (int i = 0; i < tokens * active; ++i)
    experts.push_back(int(random() % expertCount));
  return experts;
}

// A decode step, batches, a prompt; less than a round of a warp, whole ones, and one more.
TEST(DispatchRows, KeepsTheOrderOfEquals) {
  for (int tokens : {1, 2, 5, 8, 32, 43, 85, 512}) {
    std::vector<int> experts = someExperts(tokens, 6, 256, tokens);
    EXPECT_EQ((run<256>(experts, 6, 256, 1, tokens)), expected(experts, 256)) << tokens << " tokens";
  }
}

// Few experts with many assignments each, none but the last, more than threads.
TEST(DispatchRows, AnyNumberOfExperts) {
  for (int expertCount : {1, 7, 8, 255}) {
    std::vector<int> experts = someExperts(100, 2, expertCount, expertCount);
    EXPECT_EQ((run<256>(experts, 2, expertCount, 2, 1)), expected(experts, expertCount)) << expertCount;
  }
  std::vector<int> last(70, 383), many = someExperts(90, 6, 384, 3);
  EXPECT_EQ((run<512>(last, 1, 384, 1, 1)), expected(last, 384));
  EXPECT_EQ((run<512>(many, 6, 384, 1, 2)), expected(many, 384));
}

} // namespace

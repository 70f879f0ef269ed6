//===- thread-pool.cpp - Tests of the thread pool -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/ThreadPool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

using namespace v4;

namespace {

struct Marks {
  std::vector<std::atomic<int>> *hits;
  std::atomic<int64_t> *ranges;
};

void mark(const void *context, int64_t begin, int64_t end) {
  const Marks *marks = static_cast<const Marks *>(context);
  marks->ranges->fetch_add(1);
  for (int64_t i = begin; i < end; ++i)
    (*marks->hits)[static_cast<size_t>(i)].fetch_add(1, std::memory_order_relaxed);
}

/// Runs one loop of n and returns how many indices were not visited exactly once.
int wrongVisits(ThreadPool &pool, int64_t n, int64_t *ranges = nullptr) {
  std::vector<std::atomic<int>> hits(static_cast<size_t>(n));
  std::atomic<int64_t> count{0};
  Marks marks{&hits, &count};
  pool.run(mark, &marks, n);
  if (ranges)
    *ranges = count;
  int wrong = 0;
  for (const std::atomic<int> &hit : hits)
    wrong += hit.load(std::memory_order_relaxed) != 1;
  return wrong;
}

std::unique_ptr<ThreadPool> makePool(unsigned threads) {
  std::unique_ptr<ThreadPool> pool;
  Status status = ThreadPool::create(threads, 0, pool);
  EXPECT_TRUE(status.isOk()) << status.message();
  return pool;
}

TEST(ThreadPool, VisitsEveryIndexOnce) {
  for (unsigned threads : {1u, 2u, 3u, 17u}) {
    auto pool = makePool(threads);
    for (int64_t n : {0, 1, 2, 3, 7, 8, 64, 1000, 100003})
      EXPECT_EQ(wrongVisits(*pool, n), 0) << threads << " threads, n = " << n;
  }
}

TEST(ThreadPool, CutsLongLoopsIntoFewRanges) {
  auto pool = makePool(4);
  int64_t ranges = 0;
  EXPECT_EQ(wrongVisits(*pool, 100000, &ranges), 0);
  EXPECT_LE(ranges, 4 * 16);
}

struct Lengths {
  std::atomic<int64_t> odd{0}, ranges{0};
};

void countOdd(const void *context, int64_t begin, int64_t end) {
  Lengths &lengths = *const_cast<Lengths *>(static_cast<const Lengths *>(context));
  lengths.odd += (end - begin) % 2;
  ++lengths.ranges;
}

TEST(ThreadPool, RangesAreEven) {
  for (unsigned threads : {2u, 3u})
    for (int64_t share = 1; share < 100; ++share) {
      auto pool = makePool(threads);
      Lengths lengths;
      pool->run(countOdd, &lengths, share * threads);
      EXPECT_EQ(lengths.odd, share % 2 ? threads : 0) << threads << " threads, shares of " << share;
      EXPECT_EQ(lengths.ranges, std::min<int64_t>((share + 1) / 2, 16) * threads) << threads << " threads, " << share;
    }
}

TEST(ThreadPool, SurvivesManyShortLoops) {
  auto pool = makePool(3);
  for (int i = 0; i < 20000; ++i)
    ASSERT_EQ(wrongVisits(*pool, 1 + i % 13), 0) << "loop " << i;
}

TEST(ThreadPool, WakesParkedWorkers) {
  auto pool = makePool(2);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(wrongVisits(*pool, 500), 0);
  }
}

void sumInto(const void *context, int64_t begin, int64_t end) {
  const int64_t *const *arrays = static_cast<const int64_t *const *>(context);
  for (int64_t i = begin; i < end; ++i)
    const_cast<int64_t *>(arrays[1])[i] = arrays[0][(i * 7919) % 4096] + 1;
}

TEST(ThreadPool, LaterLoopSeesWritesOfEarlierLoop) {
  auto pool = makePool(3);
  std::vector<int64_t> a(4096, 0), b(4096, 0);
  for (int round = 0; round < 500; ++round) {
    const int64_t *arrays[2] = {a.data(), b.data()};
    pool->run(sumInto, arrays, 4096);
    std::swap(a, b);
  }
  for (int64_t value : a)
    ASSERT_EQ(value, 500);
}

void useDeepStack(const void *, int64_t, int64_t) {
  volatile char block[6 << 20];
  block[0] = 1;
  block[sizeof(block) - 1] = 1;
}

TEST(ThreadPool, WorkersHaveLargeStacks) {
  auto pool = makePool(3);
  pool->run(useDeepStack, nullptr, 64);
}

TEST(ThreadPool, RefusesSillyThreadCounts) {
  std::unique_ptr<ThreadPool> pool;
  EXPECT_EQ(ThreadPool::create(0, 0, pool).code(), StatusCode::InvalidInput);
  Status status = ThreadPool::create(100000, 0, pool);
  EXPECT_EQ(status.message(), "threads = 100000 is outside [1, 1024]");
}

} // namespace

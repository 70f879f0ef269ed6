//===- barrier-cost.cpp - What a phase costs beside its work --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   barrier-cost [THREADS]
//
// Nanoseconds of a loop with one unit of work for each thread, beyond those of one
// unit alone: from the call until all threads are known to be done. Prints; fails
// only when a loop is incomplete.
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Clock.h"
#include "runtime/base/ThreadPool.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace v4;

static constexpr int64_t kUnitNanoseconds = 5000;

/// One unit is long enough for all threads to arrive; with less to do the caller is done before they are.
static void work(const void *counters, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    ++const_cast<int64_t *>(static_cast<const int64_t *>(counters))[i * 8];
    int64_t start = monotonicNanoseconds();
    while (monotonicNanoseconds() - start < kUnitNanoseconds) {
    }
  }
}

int main(int argc, char **argv) {
  constexpr int64_t kLoops = 200, kSeries = 101;
  unsigned threads = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : availableCpus();
  std::unique_ptr<ThreadPool> pool;
  if (Status status = ThreadPool::create(threads, 0, pool); !status.isOk()) {
    std::fprintf(stderr, "barrier-cost: %s\n", status.message().c_str());
    return status.exitCode();
  }
  std::vector<int64_t> counters(threads * 8, 0);
  std::vector<double> series;
  auto time = [&](int64_t units) {
    int64_t begin = monotonicNanoseconds();
    for (int64_t loop = 0; loop < kLoops; ++loop)
      pool->run(work, counters.data(), units);
    return static_cast<double>(monotonicNanoseconds() - begin) / kLoops;
  };
  for (int64_t i = 0; i < kSeries; ++i) {
    double alone = time(1);
    series.push_back(time(threads) - alone);
  }
  std::sort(series.begin(), series.end());
  std::printf("%u threads: %.0f ns a loop (median of %lld series; least %.0f, most %.0f)\n", threads,
              series[kSeries / 2], static_cast<long long>(kSeries), series.front(), series.back());
  for (unsigned i = 0; i < threads; ++i)
    if (counters[i * 8] != kLoops * kSeries * (i == 0 ? 2 : 1))
      return 4;
  return 0;
}

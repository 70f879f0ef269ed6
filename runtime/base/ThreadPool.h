//===- ThreadPool.h - Fixed pool with a parallel for ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a function over ranges of [0, n) on a fixed set of threads; the caller is
// one of them. Meant for thousands of short loops a second: nothing is
// allocated or locked per loop, workers spin a moment for the next one before
// they sleep in the kernel.
//
// One loop at a time: `run` is called by one thread at a time. Which thread gets
// which range is not determined; what a range computes must not depend on it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_THREADPOOL_H
#define V4_RUNTIME_BASE_THREADPOOL_H

#include "runtime/base/Status.h"

#include <atomic>
#include <memory>
#include <pthread.h>
#include <vector>

namespace v4 {

/// CPUs that this process may use: affinity mask and cgroup quota considered, at least 1.
unsigned availableCpus();

class ThreadPool {
public:
  using RangeFunction = void (*)(const void *context, int64_t begin, int64_t end);

  static constexpr unsigned kMaxThreads = 1024;
  static constexpr uint64_t kMinStackBytes = uint64_t(8) << 20;

  /// `threads` counts the caller: 1 starts no worker. Workers get at least `stackBytes` of stack.
  static Status create(unsigned threads, uint64_t stackBytes, std::unique_ptr<ThreadPool> &out);
  ~ThreadPool();

  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Calls function(context, begin, end) over disjoint ranges that cover [0, n); returns when all are finished and
  /// their writes are visible.
  void run(RangeFunction function, const void *context, int64_t n);

  unsigned threads() const { return threadCount; }

private:
  explicit ThreadPool(unsigned threads);

  /// The loop is cut into units of `chunk` iterations. A ticket is (loop number << kUnitBits | units not yet
  /// claimed): a thread that slept through a loop can neither claim from it nor from the next one by mistake, since
  /// the job's fields change only while no unit is left.
  static constexpr unsigned kUnitBits = 20;
  static constexpr uint64_t kUnitMask = (uint64_t(1) << kUnitBits) - 1;

  static void *workerEntry(void *pool);
  void workerLoop();
  bool spinForWork();
  void park();
  bool claimAndRun();
  void waitForOthers();

  const unsigned threadCount;
  const bool oversubscribed;
  std::vector<pthread_t> workers;

  std::atomic<RangeFunction> jobFunction{nullptr};
  std::atomic<const void *> jobContext{nullptr};
  std::atomic<int64_t> jobSize{0};
  std::atomic<int64_t> jobChunk{1};
  std::atomic<uint64_t> jobUnits{0};

  alignas(64) std::atomic<uint64_t> ticket{0};
  /// Units not yet finished; the caller sleeps on it.
  alignas(64) std::atomic<uint32_t> pending{0};
  std::atomic<uint32_t> callerAsleep{0};
  /// Changes with every loop; workers sleep on it.
  alignas(64) std::atomic<uint32_t> epoch{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};
};

} // namespace v4

#endif // V4_RUNTIME_BASE_THREADPOOL_H

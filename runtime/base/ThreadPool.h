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
// Each thread has a share of its own, one piece of [0, n) that depends on n and
// the number of threads alone, and walks it upwards in up to kUnits steps: a
// kernel that streams weights reads one long run of addresses per thread, and
// the same thread reads the same weights in every step. A thread that is done
// takes units from the far end of its neighbours' shares, so that uneven work
// and a thread that lost its CPU cost at most a unit.
//
// Many cores: a loop costs one cache line from the caller to each worker and one
// decrement of `pending` per worker, some 50 ns each, so around 64 threads a
// step of 500 loops still spends little on them; beyond that both want a tree.
// A thread looks at kReach neighbours only, never at all shares. Several NUMA
// nodes: workers keep their index, so pinned to nodes in that order a node's
// threads read neighbouring parts of every weight and steal from each other.
//
// One loop at a time: `run` is called by one thread at a time. Which thread gets
// which range is not determined; what a range computes must not depend on it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_THREADPOOL_H
#define V4_RUNTIME_BASE_THREADPOOL_H

#include "runtime/base/Status.h"

#include <algorithm>
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

  /// Steps in which a thread walks its share, and shares that it looks at when its own is done.
  static constexpr int64_t kUnits = 16;
  static constexpr unsigned kReach = 8;

  /// Units of a share that nobody has claimed: (loop number << 16 | first unit << 8 | end). A thread that slept
  /// through a loop can neither claim from it nor from the next one by mistake: the number differs, and the job's
  /// fields change only while no unit is left.
  struct alignas(64) Share {
    std::atomic<uint64_t> ticket{0};
  };
  struct Worker {
    ThreadPool *pool;
    unsigned index;
    pthread_t thread;
  };

  static void *workerEntry(void *worker);
  void workerLoop(unsigned index);
  bool spinForWork(uint32_t seen) const;
  void park(uint32_t seen);
  void work(unsigned index);
  void drain(unsigned share, bool own);
  void waitForOthers();

  /// First iteration of a thread's share of a loop of n.
  int64_t shareBegin(int64_t n, unsigned thread) const { return n * thread / threadCount; }
  /// Units of a share of `length`, and where one begins. They have an even length, but for the last: kernels that walk
  /// two panels or tiles side by side compute the odd one twice, or decode twice what two tiles need.
  static int64_t pairsOf(int64_t length) { return (length + 1) / 2; }
  static int64_t unitsOf(int64_t length) { return std::min(pairsOf(length), kUnits); }
  static int64_t unitBegin(int64_t length, int64_t unit) {
    return std::min(2 * (pairsOf(length) * unit / unitsOf(length)), length);
  }

  const unsigned threadCount;
  const bool oversubscribed;
  std::vector<Worker> workers;
  std::unique_ptr<Share[]> shares;

  uint64_t loops = 0; ///< The caller's.

  /// What a waiting worker polls, and the job beside it: one cache line tells it everything. The epoch changes with
  /// every loop; workers sleep on it.
  alignas(64) std::atomic<uint32_t> epoch{0};
  std::atomic<RangeFunction> jobFunction{nullptr};
  std::atomic<const void *> jobContext{nullptr};
  std::atomic<int64_t> jobSize{0};
  /// Units not yet finished; the caller sleeps on it.
  alignas(64) std::atomic<uint32_t> pending{0};
  std::atomic<uint32_t> callerAsleep{0};
  alignas(64) std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};
};

} // namespace v4

#endif // V4_RUNTIME_BASE_THREADPOOL_H

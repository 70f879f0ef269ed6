//===- ThreadPool.cpp - Fixed pool with a parallel for --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/ThreadPool.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

using namespace v4;

/// Longer than the gap between two launches of a step, shorter than a scheduler tick.
static constexpr int64_t kSpinNanoseconds = 50000;

static int64_t nowNanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

static void cpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static_assert(sizeof(std::atomic<uint32_t>) == 4, "a futex is a plain 32-bit word");

static void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

static void futexWake(std::atomic<uint32_t> &word, uint32_t count) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

/// A container's CPU bandwidth, rounded up; UINT_MAX when there is no limit.
static unsigned cgroupCpus() {
  std::FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "re");
  if (!file)
    return UINT_MAX;
  long long quota = 0, period = 0;
  int fields = std::fscanf(file, "%lld %lld", &quota, &period);
  std::fclose(file);
  if (fields != 2 || quota <= 0 || period <= 0)
    return UINT_MAX;
  return static_cast<unsigned>(std::min<long long>((quota + period - 1) / period, INT_MAX));
}

unsigned v4::availableCpus() {
  cpu_set_t set;
  unsigned count = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    count = std::max(1, CPU_COUNT(&set));
  return std::min(count, cgroupCpus());
}

ThreadPool::ThreadPool(unsigned threads) : threadCount(threads), oversubscribed(threads > availableCpus()) {}

Status ThreadPool::create(unsigned threads, uint64_t stackBytes, std::unique_ptr<ThreadPool> &out) {
  if (threads < 1 || threads > kMaxThreads)
    return invalidInput("threads = ", threads, " is outside [1, ", kMaxThreads, "]");
  std::unique_ptr<ThreadPool> pool(new ThreadPool(threads));
  pool->workers.reserve(threads - 1);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int code = pthread_attr_setstacksize(&attributes, std::max(stackBytes, kMinStackBytes));
  for (unsigned i = 1; code == 0 && i < threads; ++i) {
    pthread_t worker;
    code = pthread_create(&worker, &attributes, workerEntry, pool.get());
    if (code == 0)
      pool->workers.push_back(worker);
  }
  pthread_attr_destroy(&attributes);
  if (code != 0)
    return unsupported("cannot start thread ", pool->workers.size() + 2, " of ", threads, " (", std::strerror(code),
                       "); use fewer threads");
  out = std::move(pool);
  return Status();
}

ThreadPool::~ThreadPool() {
  stopping.store(true);
  epoch.fetch_add(1);
  futexWake(epoch, INT_MAX);
  for (pthread_t worker : workers)
    pthread_join(worker, nullptr);
}

void ThreadPool::run(RangeFunction function, const void *context, int64_t n) {
  if (n <= 0)
    return;
  if (n == 1 || threadCount == 1) {
    function(context, 0, n);
    return;
  }
  int64_t chunk = std::max<int64_t>(1, n / (int64_t(threadCount) * 4));
  uint64_t units = (n + chunk - 1) / chunk;
  jobFunction.store(function, std::memory_order_relaxed);
  jobContext.store(context, std::memory_order_relaxed);
  jobSize.store(n, std::memory_order_relaxed);
  jobChunk.store(chunk, std::memory_order_relaxed);
  jobUnits.store(units, std::memory_order_relaxed);
  pending.store(static_cast<uint32_t>(units), std::memory_order_relaxed);
  uint64_t loop = (ticket.load(std::memory_order_relaxed) >> kUnitBits) + 1;
  ticket.store(loop << kUnitBits | units);
  epoch.fetch_add(1);
  if (uint32_t asleep = sleepers.load())
    futexWake(epoch, std::min<uint32_t>(asleep, static_cast<uint32_t>(units - 1)));
  while (claimAndRun()) {
  }
  waitForOthers();
}

/// False when no unit is left.
bool ThreadPool::claimAndRun() {
  uint64_t current = ticket.load(std::memory_order_acquire);
  for (;;) {
    uint64_t left = current & kUnitMask;
    if (left == 0)
      return false;
    // Read before the claim: when it succeeds they belong to this loop.
    RangeFunction function = jobFunction.load(std::memory_order_relaxed);
    const void *context = jobContext.load(std::memory_order_relaxed);
    int64_t size = jobSize.load(std::memory_order_relaxed);
    int64_t chunk = jobChunk.load(std::memory_order_relaxed);
    uint64_t units = jobUnits.load(std::memory_order_relaxed);
    if (!ticket.compare_exchange_weak(current, current - 1, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    int64_t begin = static_cast<int64_t>(units - left) * chunk;
    function(context, begin, std::min(begin + chunk, size));
    if (pending.fetch_sub(1) == 1 && callerAsleep.load())
      futexWake(pending, 1);
    return true;
  }
}

void ThreadPool::waitForOthers() {
  if (pending.load(std::memory_order_acquire) == 0)
    return;
  int64_t deadline = nowNanoseconds() + kSpinNanoseconds;
  while (nowNanoseconds() < deadline) {
    for (int i = 0; i < 32; ++i) {
      if (pending.load(std::memory_order_acquire) == 0)
        return;
      cpuRelax();
    }
    // The thread that holds the last unit may need this very CPU.
    if (oversubscribed)
      sched_yield();
  }
  callerAsleep.store(1);
  while (uint32_t value = pending.load())
    futexWait(pending, value);
  callerAsleep.store(0);
}

void *ThreadPool::workerEntry(void *pool) {
  static_cast<ThreadPool *>(pool)->workerLoop();
  return nullptr;
}

void ThreadPool::workerLoop() {
  while (!stopping.load(std::memory_order_relaxed)) {
    if (claimAndRun())
      continue;
    if (!spinForWork())
      park();
  }
}

bool ThreadPool::spinForWork() {
  // More threads than CPUs: a spinning worker takes the CPU from a working one.
  if (oversubscribed)
    return false;
  int64_t deadline = nowNanoseconds() + kSpinNanoseconds;
  do {
    for (int i = 0; i < 64; ++i) {
      if ((ticket.load(std::memory_order_relaxed) & kUnitMask) != 0 || stopping.load(std::memory_order_relaxed))
        return true;
      cpuRelax();
    }
  } while (nowNanoseconds() < deadline);
  return false;
}

/// No wake-up is lost: `run` publishes the ticket before it changes the epoch and reads `sleepers`; this reads the
/// epoch and counts itself before it looks at the ticket. All of it is sequentially consistent.
void ThreadPool::park() {
  uint32_t seen = epoch.load();
  sleepers.fetch_add(1);
  if ((ticket.load() & kUnitMask) == 0 && !stopping.load())
    futexWait(epoch, seen);
  sleepers.fetch_sub(1);
}

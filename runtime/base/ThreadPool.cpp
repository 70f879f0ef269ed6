//===- ThreadPool.cpp - Fixed pool with a parallel for --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/ThreadPool.h"

#include "runtime/base/Clock.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace v4;

/// Longer than the gap between two launches of a step, shorter than a scheduler tick.
static constexpr int64_t kSpinNanoseconds = 50000;

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

ThreadPool::ThreadPool(unsigned threads)
    : threadCount(threads), oversubscribed(threads > availableCpus()), shares(new Share[threads]) {}

Status ThreadPool::create(unsigned threads, uint64_t stackBytes, std::unique_ptr<ThreadPool> &out) {
  if (threads < 1 || threads > kMaxThreads)
    return invalidInput("threads = ", threads, " is outside [1, ", kMaxThreads, "]");
  std::unique_ptr<ThreadPool> pool(new ThreadPool(threads));
  // Workers hold pointers into it: it must not grow.
  pool->workers.reserve(threads - 1);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int code = pthread_attr_setstacksize(&attributes, std::max(stackBytes, kMinStackBytes));
  for (unsigned i = 1; code == 0 && i < threads; ++i) {
    Worker &worker = pool->workers.emplace_back(Worker{pool.get(), i, {}});
    code = pthread_create(&worker.thread, &attributes, workerEntry, &worker);
    if (code != 0)
      pool->workers.pop_back();
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
  for (Worker &worker : workers)
    pthread_join(worker.thread, nullptr);
}

void ThreadPool::run(RangeFunction function, const void *context, int64_t n) {
  if (n <= 0)
    return;
  if (n == 1 || threadCount == 1) {
    function(context, 0, n);
    return;
  }
  jobFunction.store(function, std::memory_order_relaxed);
  jobContext.store(context, std::memory_order_relaxed);
  jobSize.store(n, std::memory_order_relaxed);
  auto unitsIn = [&](unsigned thread) {
    return static_cast<uint64_t>(unitsOf(shareBegin(n, thread + 1) - shareBegin(n, thread)));
  };
  uint64_t units = 0;
  for (unsigned thread = 0; thread < threadCount; ++thread)
    units += unitsIn(thread);
  pending.store(static_cast<uint32_t>(units), std::memory_order_relaxed);
  ++loops;
  for (unsigned thread = 0; thread < threadCount; ++thread)
    shares[thread].ticket.store(loops << 16 | unitsIn(thread), std::memory_order_release);
  epoch.fetch_add(1);
  // All of them: a unit that no neighbour takes waits for the owner of its share.
  if (sleepers.load())
    futexWake(epoch, INT_MAX);
  work(0);
  waitForOthers();
}

/// One pass over the thread's own share and those behind it.
void ThreadPool::work(unsigned index) {
  drain(index, /*own=*/true);
  for (unsigned i = 1; i < std::min(kReach, threadCount); ++i)
    drain((index + i) % threadCount, /*own=*/false);
}

/// Runs units of a share until none is left: the owner from the front, others from the end.
void ThreadPool::drain(unsigned share, bool own) {
  std::atomic<uint64_t> &ticket = shares[share].ticket;
  uint32_t done = 0;
  uint64_t current = ticket.load(std::memory_order_acquire);
  for (;;) {
    int64_t first = current >> 8 & 0xFF, end = current & 0xFF;
    if (first >= end)
      break;
    // Read before the claim: when it succeeds they belong to this loop.
    RangeFunction function = jobFunction.load(std::memory_order_relaxed);
    const void *context = jobContext.load(std::memory_order_relaxed);
    int64_t size = jobSize.load(std::memory_order_relaxed);
    if (!ticket.compare_exchange_weak(current, own ? current + 0x100 : current - 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
      continue;
    int64_t begin = shareBegin(size, share), length = shareBegin(size, share + 1) - begin;
    int64_t unit = own ? first : end - 1;
    function(context, begin + unitBegin(length, unit), begin + unitBegin(length, unit + 1));
    ++done;
    current = ticket.load(std::memory_order_acquire);
  }
  // One decrement for all of them. A loop never ends before it, so `done` counts units of one loop.
  if (done && pending.fetch_sub(done) == done && callerAsleep.load())
    futexWake(pending, 1);
}

void ThreadPool::waitForOthers() {
  if (pending.load(std::memory_order_acquire) == 0)
    return;
  int64_t deadline = monotonicNanoseconds() + kSpinNanoseconds;
  while (monotonicNanoseconds() < deadline) {
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

void *ThreadPool::workerEntry(void *worker) {
  const Worker *self = static_cast<const Worker *>(worker);
  self->pool->workerLoop(self->index);
  return nullptr;
}

void ThreadPool::workerLoop(unsigned index) {
  uint32_t seen = 0;
  while (!stopping.load(std::memory_order_relaxed)) {
    // Tickets are published before the epoch changes: whoever sees the change sees them.
    uint32_t now = epoch.load(std::memory_order_acquire);
    if (now != seen) {
      seen = now;
      work(index);
    } else if (!spinForWork(seen)) {
      park(seen);
    }
  }
}

bool ThreadPool::spinForWork(uint32_t seen) const {
  // More threads than CPUs: a spinning worker takes the CPU from a working one.
  if (oversubscribed)
    return false;
  int64_t deadline = monotonicNanoseconds() + kSpinNanoseconds;
  do {
    for (int i = 0; i < 64; ++i) {
      if (epoch.load(std::memory_order_relaxed) != seen)
        return true;
      cpuRelax();
    }
  } while (monotonicNanoseconds() < deadline);
  return false;
}

/// No wake-up is lost: `run` changes the epoch before it reads `sleepers`; this counts itself before it reads the
/// epoch. All of it is sequentially consistent.
void ThreadPool::park(uint32_t seen) {
  sleepers.fetch_add(1);
  if (epoch.load() == seen && !stopping.load())
    futexWait(epoch, seen);
  sleepers.fetch_sub(1);
}

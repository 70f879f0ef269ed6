//===- FakeLanes.cpp - Kernels spread over lanes, played ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeLanes.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <unordered_map>
#include <vector>

/// Saves what a callee must keep on this stack, its top in `*from`, and goes on with the stack whose top is `to`. What
/// swapcontext does without two system calls: threads meet a million times in a test.
extern "C" void v4_switch_stacks(void **from, void *to);
asm(R"(
  .text
  .hidden v4_switch_stacks
  .globl v4_switch_stacks
  .type v4_switch_stacks, @function
v4_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size v4_switch_stacks, .-v4_switch_stacks
)");

namespace v4::test {
namespace {

constexpr int kSavedRegisters = 6;

constexpr size_t kStackBytes = 256 << 10;
constexpr unsigned kMostThreads = 32;

enum class Stop { Barrier, Exchange, End };

struct Fiber {
  void *top = nullptr; ///< Of its stack, while it does not run.
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  Stop stop = Stop::End;
};

/// Who touched a byte since the last barrier, a bit per thread.
struct Touched {
  uint32_t epoch = 0, readers = 0, writers = 0;
};

struct Block {
  std::vector<Fiber> fibers;
  void *scheduler; ///< Top of its stack, while a thread runs.
  LaneKernel kernel;
  void *const *arguments;
  uint32_t index, running = 0, round = 0, epoch = 1;
  uint32_t words[2][kMostThreads] = {}; ///< Of this and of the last meeting.
  std::unordered_map<uint64_t, Touched> bytes;
  std::string error;
};
Block *current;

void meet(Stop stop) {
  Fiber &fiber = current->fibers[current->running];
  fiber.stop = stop;
  v4_switch_stacks(&fiber.top, current->scheduler);
}

void enter() {
  current->kernel(current->arguments);
  meet(Stop::End);
}

uint32_t thread() { return current->running; }
uint32_t block() { return current->index; }
void barrier() { meet(Stop::Barrier); }

uint32_t exchange(uint32_t word, uint32_t other, uint32_t isXor) {
  uint32_t round = current->round & 1, mine = current->running;
  current->words[round][mine] = word;
  meet(Stop::Exchange);
  uint32_t from = isXor ? mine ^ other : other;
  if (from >= current->fibers.size())
    current->error = "thread " + std::to_string(mine) + " asks for a value of thread " + std::to_string(from);
  return from < current->fibers.size() ? current->words[round][from] : 0xDEADBEEF;
}

void access(uint64_t address, uint32_t bytes, uint32_t writes) {
  uint32_t mine = 1u << current->running;
  for (uint64_t byte = address; byte < address + bytes; ++byte) {
    Touched &touched = current->bytes[byte];
    if (touched.epoch != current->epoch)
      touched = {current->epoch, 0, 0};
    (writes ? touched.writers : touched.readers) |= mine;
    if ((touched.writers & ~mine) || (writes && (touched.readers & ~mine)))
      current->error = "thread " + std::to_string(current->running) + (writes ? " writes" : " reads") +
                       " what another one touches, and no barrier is between them";
  }
}

/// Its stack is as if enter() had just been called by a switch.
void start(Fiber &fiber) {
  auto end = reinterpret_cast<uintptr_t>(fiber.stack.get() + kStackBytes) & ~uintptr_t(63);
  auto *top = reinterpret_cast<uintptr_t *>(end) - 8;
  std::fill(top, top + 8, 0);
  top[kSavedRegisters] = reinterpret_cast<uintptr_t>(&enter);
  fiber.top = top;
}

void runBlock(Block &b, std::mt19937 &random) {
  std::vector<uint32_t> order(b.fibers.size());
  std::iota(order.begin(), order.end(), 0);
  std::for_each(b.fibers.begin(), b.fibers.end(), start);
  do {
    std::shuffle(order.begin(), order.end(), random);
    for (uint32_t thread : order) {
      b.running = thread;
      v4_switch_stacks(&b.scheduler, b.fibers[thread].top);
    }
    for (const Fiber &fiber : b.fibers)
      if (fiber.stop != b.fibers[0].stop)
        b.error = "threads of block " + std::to_string(b.index) + " come to different meetings";
    ++b.round;
    b.epoch += b.fibers[0].stop == Stop::Barrier;
  } while (b.error.empty() && b.fibers[0].stop != Stop::End);
}

} // namespace

const LaneCalls kLaneCalls = {thread, block, barrier, exchange, access};

std::string runLanes(LaneKernel kernel, void *const *arguments, unsigned blocks, unsigned threads) {
  static std::mt19937 random(1);
  if (threads > kMostThreads)
    return std::to_string(threads) + " threads are no warp";
  Block b;
  current = &b;
  b.fibers = std::vector<Fiber>(threads);
  b.kernel = kernel;
  b.arguments = arguments;
  for (b.index = 0; b.index < blocks && b.error.empty(); ++b.index) {
    runBlock(b, random);
    // Blocks may run at once, but what two of them touch is no matter of lanes.
    ++b.epoch;
  }
  return b.error;
}

} // namespace v4::test

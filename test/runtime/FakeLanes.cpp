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

constexpr size_t kStackBytes = 64 << 10;
constexpr unsigned kMostThreads = 256, kWarp = 32, kGroup = 16, kPage = 4096;

enum class Stop { None, Barrier, BlockBarrier, Exchange, End };

struct Fiber {
  void *top = nullptr; ///< Of its stack, while it does not run.
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  Stop stop = Stop::None;
  uint32_t mask = 0;                    ///< Of the meeting that it waits for.
  uint32_t word = 0, from = 0, got = 0; ///< Of an exchange: given, by whom, and what.
};

/// Who touched a byte since the block's last barrier, and of one group since its own.
struct Touched {
  uint32_t epoch = 0, readingGroups = 0, writingGroups = 0;
  uint32_t group = 0, groupEpoch = 0;
  uint16_t readers = 0, writers = 0; ///< Of that group.
};

struct Block {
  std::vector<Fiber> fibers;
  void *scheduler; ///< Top of its stack, while a thread runs.
  LaneKernel kernel;
  void *const *arguments;
  uint32_t index, running = 0, epoch = 1;
  std::vector<uint32_t> groupEpochs;
  std::unordered_map<uint64_t, std::unique_ptr<Touched[]>> pages;
  uint64_t lastPage = ~uint64_t(0);
  Touched *last = nullptr; ///< Of lastPage.
  std::string error;
};
Block *current;

void meet(Stop stop, uint32_t mask) {
  Fiber &fiber = current->fibers[current->running];
  fiber.stop = stop;
  fiber.mask = mask;
  v4_switch_stacks(&fiber.top, current->scheduler);
}

void enter() {
  current->kernel(current->arguments);
  meet(Stop::End, 0);
}

uint32_t thread() { return current->running; }
uint32_t block() { return current->index; }

/// Of the running thread.
std::string named(uint32_t thread) { return "thread " + std::to_string(thread); }

/// A mask without who gives it is none.
void checkMask(uint32_t mask) {
  if (!(mask >> current->running % kWarp & 1))
    current->error = named(current->running) + " waits with others alone";
}

void barrier(uint32_t mask) {
  checkMask(mask);
  meet(Stop::Barrier, mask);
}

void blockBarrier() { meet(Stop::BlockBarrier, 0); }

uint32_t exchange(uint32_t mask, uint32_t word, uint32_t other, uint32_t segments, uint32_t isXor) {
  checkMask(mask);
  uint32_t mine = current->running, lane = mine % kWarp, kept = segments >> 8 & 31, first = lane & kept;
  uint32_t last = (segments & 31 & ~kept) | first, from = isXor ? lane ^ other : first | (other & ~kept);
  if (from > last || from < first || !(mask >> from & 1) || mine - lane + from >= current->fibers.size()) {
    current->error = named(mine) + " asks for a value of lane " + std::to_string(from);
    from = lane;
  }
  Fiber &fiber = current->fibers[mine];
  fiber.word = word;
  fiber.from = mine - lane + from;
  meet(Stop::Exchange, mask);
  return fiber.got;
}

Touched *pageOf(uint64_t page) {
  if (page != current->lastPage) {
    std::unique_ptr<Touched[]> &found = current->pages[page];
    if (!found)
      found.reset(new Touched[kPage]);
    current->lastPage = page;
    current->last = found.get();
  }
  return current->last;
}

/// Whether somebody else touched the byte, and one of both wrote, without a barrier between.
bool races(Touched &touched, uint32_t writes) {
  uint32_t group = current->running / kGroup;
  auto mine = uint16_t(1u << current->running % kGroup);
  uint32_t groupBit = 1u << group;
  if (touched.epoch != current->epoch)
    touched = {current->epoch, 0, 0, group, current->groupEpochs[group], 0, 0};
  // Where two groups came all may only read, whoever they are.
  if (touched.group != group || touched.groupEpoch != current->groupEpochs[group]) {
    touched.group = group;
    touched.groupEpoch = current->groupEpochs[group];
    touched.readers = touched.writers = 0;
  }
  (writes ? touched.writers : touched.readers) |= mine;
  (writes ? touched.writingGroups : touched.readingGroups) |= groupBit;
  bool amongGroups = (touched.writingGroups & ~groupBit) || (writes && (touched.readingGroups & ~groupBit));
  bool amongLanes = (touched.writers & ~mine) || (writes && (touched.readers & ~mine));
  return amongGroups || amongLanes;
}

void access(uint64_t address, uint32_t bytes, uint32_t writes) {
  for (uint64_t byte = address; byte < address + bytes; ++byte)
    if (races(pageOf(byte / kPage)[byte % kPage], writes)) {
      current->error = named(current->running) + (writes ? " writes" : " reads") +
                       " what another one touches, and no barrier is between them";
      return;
    }
}

/// Its stack is as if enter() had just been called by a switch.
void start(Fiber &fiber) {
  auto end = reinterpret_cast<uintptr_t>(fiber.stack.get() + kStackBytes) & ~uintptr_t(63);
  auto *top = reinterpret_cast<uintptr_t *>(end) - 8;
  std::fill(top, top + 8, 0);
  top[kSavedRegisters] = reinterpret_cast<uintptr_t>(&enter);
  fiber.top = top;
  fiber.stop = Stop::None;
}

/// Those whom `thread` waits for.
std::vector<uint32_t> membersOf(const Block &b, uint32_t thread) {
  const Fiber &fiber = b.fibers[thread];
  std::vector<uint32_t> members;
  uint32_t warp = thread / kWarp * kWarp;
  bool isWarp = fiber.stop == Stop::Barrier || fiber.stop == Stop::Exchange;
  for (uint32_t i = 0; i < b.fibers.size(); ++i)
    if (!isWarp || (i / kWarp * kWarp == warp && (fiber.mask >> i % kWarp & 1)))
      members.push_back(i);
  return members;
}

void orderAccesses(Block &b, const std::vector<uint32_t> &members) {
  if (members.size() == b.fibers.size()) {
    ++b.epoch;
    return;
  }
  std::vector<uint32_t> count(b.groupEpochs.size());
  for (uint32_t member : members)
    b.groupEpochs[member / kGroup] += ++count[member / kGroup] == kGroup;
}

/// Lets those go on that are all there. False when they are not.
bool release(Block &b, uint32_t thread) {
  const Fiber first = {nullptr, nullptr, b.fibers[thread].stop, b.fibers[thread].mask};
  std::vector<uint32_t> members = membersOf(b, thread);
  for (uint32_t member : members)
    if (b.fibers[member].stop != first.stop || b.fibers[member].mask != first.mask)
      return false;
  if (first.stop == Stop::Exchange)
    for (uint32_t member : members)
      b.fibers[member].got = b.fibers[b.fibers[member].from].word;
  else
    orderAccesses(b, members);
  for (uint32_t member : members)
    b.fibers[member].stop = Stop::None;
  return true;
}

bool isOver(const Block &b) {
  return std::all_of(b.fibers.begin(), b.fibers.end(), [](const Fiber &fiber) { return fiber.stop == Stop::End; });
}

void runBlock(Block &b, std::mt19937 &random) {
  std::vector<uint32_t> order(b.fibers.size());
  std::iota(order.begin(), order.end(), 0);
  std::for_each(b.fibers.begin(), b.fibers.end(), start);
  while (b.error.empty() && !isOver(b)) {
    std::shuffle(order.begin(), order.end(), random);
    bool moved = false;
    for (uint32_t thread : order)
      if (b.fibers[thread].stop == Stop::None) {
        b.running = thread;
        v4_switch_stacks(&b.scheduler, b.fibers[thread].top);
        moved = true;
      }
    for (uint32_t thread : order)
      if (b.fibers[thread].stop != Stop::None && b.fibers[thread].stop != Stop::End)
        moved |= release(b, thread);
    if (!moved)
      b.error = "threads of block " + std::to_string(b.index) + " come to different meetings";
  }
}

} // namespace

const LaneCalls kLaneCalls = {thread, block, barrier, blockBarrier, exchange, access};

std::string runLanes(LaneKernel kernel, void *const *arguments, unsigned blocks, unsigned threads) {
  static std::mt19937 random(1);
  if (threads > kMostThreads)
    return std::to_string(threads) + " threads are more than " + std::to_string(kMostThreads);
  Block b;
  current = &b;
  b.fibers = std::vector<Fiber>(threads);
  b.groupEpochs.resize((threads + kGroup - 1) / kGroup);
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

//===- fake-lanes.cpp - The warp that is played sees mistakes -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeLanes.h"

#include <gtest/gtest.h>

using v4::test::kLaneCalls;

namespace {

constexpr unsigned kThreads = 16;
constexpr uint32_t kAll = 0xFFFF, kWarp = 31;

uint32_t *wordsOf(void *const *arguments) { return static_cast<uint32_t *>(arguments[0]); }

void store(uint32_t *at, uint32_t value) {
  kLaneCalls.access(reinterpret_cast<uint64_t>(at), sizeof(*at), 1);
  *at = value;
}

uint32_t load(const uint32_t *at) {
  kLaneCalls.access(reinterpret_cast<uint64_t>(at), sizeof(*at), 0);
  return *at;
}

/// Every thread stores a word and loads its neighbour's.
template <bool WAITS>
void rotate(void *const *arguments) {
  uint32_t *words = wordsOf(arguments), mine = kLaneCalls.thread();
  store(words + mine, mine);
  if (WAITS)
    kLaneCalls.barrier(kAll);
  uint32_t next = load(words + (mine + 1) % kThreads);
  kLaneCalls.barrier(kAll);
  store(words + mine, next);
}

void sum(void *const *arguments) {
  uint32_t mine = kLaneCalls.thread(), total = mine;
  for (uint32_t span = kThreads / 2; span; span /= 2)
    total += kLaneCalls.exchange(kAll, total, span, kWarp, 1);
  if (mine == 0)
    store(wordsOf(arguments) + kLaneCalls.block(), total + kLaneCalls.block());
}

void part(void *const *) {
  if (kLaneCalls.thread() == 3)
    kLaneCalls.barrier(kAll);
}

/// Halves of a warp go their own ways, then the block has what they stored.
template <bool TOGETHER>
void halves(void *const *arguments) {
  uint32_t *words = wordsOf(arguments), mine = kLaneCalls.thread(), group = mine / kThreads, total = mine;
  uint32_t mask = kAll << mine % 32 / kThreads * kThreads;
  for (uint32_t round = 0; round <= group; ++round) {
    store(words + mine, total);
    kLaneCalls.barrier(mask);
    total = load(words + group * kThreads + (mine + 1) % kThreads);
    kLaneCalls.barrier(mask);
    // The segments of an exchange are the halves.
    total += kLaneCalls.exchange(mask, total, 3, kThreads << 8 | 31, 0);
  }
  store(words + mine, total);
  if (TOGETHER)
    kLaneCalls.blockBarrier();
  else
    kLaneCalls.barrier(mask);
  uint32_t other = load(words + (mine + kThreads) % (4 * kThreads));
  kLaneCalls.blockBarrier();
  store(words + mine, other);
}

/// Names lanes that ask for something else.
void mixed(void *const *) {
  uint32_t mine = kLaneCalls.thread();
  kLaneCalls.barrier(mine < kThreads ? kAll : ~uint32_t(0));
}

void alone(void *const *) { kLaneCalls.barrier(1); }

bool says(const std::string &error, const char *text) { return error.find(text) != std::string::npos; }

TEST(FakeLanes, barrierBetweenLanes) {
  uint32_t words[kThreads];
  void *arguments[] = {words};
  EXPECT_EQ(v4::test::runLanes(rotate<true>, arguments, 1, kThreads), "");
  for (uint32_t i = 0; i < kThreads; ++i)
    EXPECT_EQ(words[i], (i + 1) % kThreads);
  EXPECT_TRUE(says(v4::test::runLanes(rotate<false>, arguments, 1, kThreads), "no barrier is between them"));
}

TEST(FakeLanes, exchanges) {
  uint32_t words[3];
  void *arguments[] = {words};
  EXPECT_EQ(v4::test::runLanes(sum, arguments, 3, kThreads), "");
  for (uint32_t i = 0; i < 3; ++i)
    EXPECT_EQ(words[i], 120 + i);
}

TEST(FakeLanes, meetingWithoutAll) {
  EXPECT_TRUE(says(v4::test::runLanes(part, nullptr, 1, kThreads), "different meetings"));
}

TEST(FakeLanes, groupsOfABlock) {
  uint32_t words[4 * kThreads] = {};
  void *arguments[] = {words};
  EXPECT_EQ(v4::test::runLanes(halves<true>, arguments, 1, 4 * kThreads), "");
  // Round 1 of group 1: lane i has 16 + (i + 1) % 16 and that of lane 3, 20.
  uint32_t first[kThreads], second[kThreads];
  for (uint32_t i = 0; i < kThreads; ++i)
    first[i] = kThreads + (i + 1) % kThreads + kThreads + 4;
  for (uint32_t i = 0; i < kThreads; ++i)
    second[i] = first[(i + 1) % kThreads] + first[4];
  for (uint32_t i = 0; i < kThreads; ++i)
    EXPECT_EQ(words[i], second[i]) << i;
  EXPECT_TRUE(says(v4::test::runLanes(halves<false>, arguments, 1, 4 * kThreads), "no barrier is between them"));
}

TEST(FakeLanes, masksThatDiffer) {
  EXPECT_TRUE(says(v4::test::runLanes(mixed, nullptr, 1, 2 * kThreads), "different meetings"));
  EXPECT_TRUE(says(v4::test::runLanes(alone, nullptr, 1, 2), "waits with others alone"));
}

} // namespace

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
    kLaneCalls.barrier();
  uint32_t next = load(words + (mine + 1) % kThreads);
  kLaneCalls.barrier();
  store(words + mine, next);
}

void sum(void *const *arguments) {
  uint32_t mine = kLaneCalls.thread(), total = mine;
  for (uint32_t span = kThreads / 2; span; span /= 2)
    total += kLaneCalls.exchange(total, span, 1);
  if (mine == 0)
    store(wordsOf(arguments) + kLaneCalls.block(), total + kLaneCalls.block());
}

void part(void *const *) {
  if (kLaneCalls.thread() == 3)
    kLaneCalls.barrier();
}

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

} // namespace

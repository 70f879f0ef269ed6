//===- scheduler-prefixes.cpp - Tests of requests with the same beginning -===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SchedulerFixture.h"

#include <random>

using namespace v4;
using namespace v4::test;

namespace {

class SchedulerPrefixes : public SchedulerTest {
protected:
  /// Runs all requests to their end; gives the tokens that were fed.
  uint64_t fed() {
    uint64_t sum = 0;
    for (int i = 0; scheduler->pending() && i < 20000; ++i) {
      step();
      sum += scheduler->lastStepTokens();
    }
    for (const Client &client : clients)
      expectRight(client);
    EXPECT_EQ(scheduler->reservedPages(), 0u);
    return sum;
  }
  static void expectHit(const Client &client, uint64_t tokens, HitReason reason) {
    EXPECT_EQ(client.cached.tokens, tokens);
    EXPECT_EQ(client.cached.reason, reason) << hitReasonText(client.cached.reason);
  }
  static std::vector<int32_t> extended(const std::vector<int32_t> &from, size_t length, size_t own, uint32_t seed) {
    std::vector<int32_t> tokens(from.begin(), from.begin() + static_cast<ptrdiff_t>(length)),
        rest = somePrompt(own, seed);
    // Never what `from` goes on with.
    if (own && length < from.size())
      rest[0] = (from[length] + 1) % static_cast<int32_t>(kVocabulary);
    tokens.insert(tokens.end(), rest.begin(), rest.end());
    return tokens;
  }
  /// A prompt that generates nothing feeds each of its tokens once.
  static constexpr uint64_t kNone = 0;
};

TEST_F(SchedulerPrefixes, TogetherAPromptIsComputedOnce) {
  for (uint64_t budget : {1u, 7u, 64u}) {
    open({}, {budget, 0});
    std::vector<int32_t> prompt = somePrompt(300, 1);
    Client &first = ask(prompt, kNone), &second = ask(prompt, kNone), &third = ask(prompt, kNone);
    EXPECT_EQ(fed(), 300u + 2 * 44u);
    expectHit(first, 0, HitReason::Nothing);
    expectHit(second, 256, HitReason::Whole);
    expectHit(third, 256, HitReason::Whole);
  }
}

// A step of the first takes it over the boundary where the second leaves it: it must stop there.
TEST_F(SchedulerPrefixes, TheyPartAtThePageBoundary) {
  FakeOptions fake = threeDrafts();
  fake.maxTokens = 512;
  program = FakeProgram(fake);
  SessionOptions options;
  options.maxTokens = 512;
  open(options, {});
  std::vector<int32_t> prompt = somePrompt(700, 1);
  Client &first = ask(prompt, kNone), &second = ask(extended(prompt, 300, 70, 2), kNone),
         &third = ask(extended(clients[1].prompt, 370, 30, 3), kNone);
  EXPECT_EQ(fed(), 700u + 114u + 144u);
  expectHit(first, 0, HitReason::Nothing);
  expectHit(second, 256, HitReason::Whole);
  expectHit(third, 256, HitReason::Different);
}

// The third shares more with the second than with the first, and waits for what the second waits for.
TEST_F(SchedulerPrefixes, FollowersCanBeFollowed) {
  std::vector<int32_t> prompt = somePrompt(700, 1), branch = extended(prompt, 128, 400, 2);
  Client &first = ask(prompt, kNone), &second = ask(branch, kNone), &third = ask(branch, kNone);
  EXPECT_EQ(fed(), 700u + 400u + 16u);
  expectHit(first, 0, HitReason::Nothing);
  expectHit(second, 128, HitReason::Different);
  expectHit(third, 512, HitReason::Whole);
}

TEST_F(SchedulerPrefixes, APromptOfFullPagesIsTakenUpAtItsEnd) {
  std::vector<int32_t> prompt = somePrompt(256, 1);
  Client &first = ask(prompt, 5), &second = ask(extended(prompt, 256, 20, 2), kNone);
  EXPECT_EQ(fed(), 256u + 4u + 20u);
  expectHit(first, 0, HitReason::Nothing);
  expectHit(second, 256, HitReason::Whole);
}

TEST_F(SchedulerPrefixes, ACancelledLeaderLeavesWhatItHas) {
  std::vector<int32_t> prompt = somePrompt(700, 1);
  Client &first = ask(prompt, kNone), &second = ask(prompt, 3), &third = ask(prompt, 3);
  for (int i = 0; i < 5; ++i)
    step();
  // 320 tokens: two full pages.
  scheduler->cancel(first.id);
  EXPECT_EQ(fed(), 700u - 256u + 2u + 60u + 2u);
  expectHit(second, 256, HitReason::Different);
  expectHit(third, 640, HitReason::Whole);
}

TEST_F(SchedulerPrefixes, ACancelledFollowerHasNotBegun) {
  std::vector<int32_t> prompt = somePrompt(700, 1);
  Client &first = ask(prompt, kNone), &second = ask(prompt, 3);
  step();
  scheduler->cancel(second.id);
  expectHit(second, 0, HitReason::NotBegun);
  EXPECT_EQ(fed(), 700u - 64u);
  EXPECT_EQ(first.calls, 1);
}

TEST_F(SchedulerPrefixes, AParkedLeaderIsNotWaitedFor) {
  SessionOptions options;
  options.maxSequences = 2;
  open(options, {});
  std::vector<int32_t> prompt = somePrompt(400, 1);
  Client &first = ask(prompt, 2), &second = ask(prompt, 2);
  for (int i = 0; i < 4; ++i)
    step();
  ask({1}, 300, 1);
  Client &high = ask({2}, 300, 1);
  step();
  EXPECT_EQ(high.calls, 0);
  finish();
  EXPECT_EQ(first.preemptions, 1u);
  EXPECT_EQ(second.preemptions, 1u);
  for (const Client &client : clients)
    expectRight(client);
  expectHit(second, 384, HitReason::Whole);
}

// A better request waits for nobody, and takes what is there on the boundary.
TEST_F(SchedulerPrefixes, ABetterRequestDoesNotFollow) {
  std::vector<int32_t> prompt = somePrompt(600, 1);
  Client &low = ask(prompt, kNone);
  for (int i = 0; i < 4; ++i)
    step();
  Client &high = ask(prompt, kNone, 1);
  while (!high.calls)
    step();
  EXPECT_EQ(low.calls, 0);
  expectHit(high, 256, HitReason::Different);
  finish();
  for (const Client &client : clients)
    expectRight(client);
}

TEST_F(SchedulerPrefixes, WithoutKeptPrefixesEachComputesItsOwn) {
  SessionOptions options;
  options.forgetPrefixes = true;
  open(options, {});
  std::vector<int32_t> prompt = somePrompt(300, 1);
  ask(prompt, kNone);
  Client &second = ask(prompt, kNone);
  EXPECT_EQ(fed(), 600u);
  expectHit(second, 0, HitReason::Off);
}

// Room for the pages of all requests and for no snapshot: they go on by themselves.
TEST_F(SchedulerPrefixes, WhereNoStateCanBeKeptEachGoesOn) {
  SessionOptions options;
  options.cacheBytes = 6 * kPageBytes;
  open(options, {});
  std::vector<int32_t> prompt = somePrompt(300, 1);
  ask(prompt, 20);
  ask(prompt, 20);
  EXPECT_LE(fed(), 2 * 319u);
}

TEST_F(SchedulerPrefixes, ManyRandomOnesAllEnd) {
  std::mt19937 random(6);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    SessionOptions options;
    options.maxTokens = 1 + random() % 64;
    options.debugPlacement = random() % 2;
    options.cacheBytes = random() % 2 ? 0 : (7 + random() % 20) * kPageBytes;
    open(options, {});
    std::vector<int32_t> trunk = somePrompt(600, random());
    for (int i = 0; i < 10; ++i) {
      Request request;
      request.tokens = extended(trunk, random() % 600, random() % 60, random());
      request.tokens.push_back(static_cast<int32_t>(random() % kVocabulary));
      request.count = random() % 10;
      request.priority = static_cast<int32_t>(random() % 2);
      request.wantRows = random() % 5 == 0;
      clients.emplace_back();
      ASSERT_TRUE(submit(clients.back(), std::move(request)).isOk());
      if (random() % 3 == 0)
        step();
      if (random() % 6 == 0)
        scheduler->cancel(clients[random() % clients.size()].id);
    }
    fed();
    session->forgetPrefixes();
    EXPECT_EQ(session->store().availableBlocks(), session->maxPages());
  }
}

} // namespace

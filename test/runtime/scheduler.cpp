//===- scheduler.cpp - Tests of many requests in one session --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SchedulerFixture.h"

#include <limits>
#include <random>

using namespace v4;
using namespace v4::test;

namespace {

TEST_F(SchedulerTest, ResultsDependOnNothingElse) {
  std::mt19937 random(1);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(round);
    SessionOptions options;
    options.maxSequences = 1 + random() % 3;
    options.maxTokens = 1 + random() % 64;
    options.debugPlacement = round % 2;
    options.cacheBytes = random() % 2 ? 0 : (6 + random() % 20) * kPageBytes;
    SchedulerOptions scheduling;
    scheduling.stepTokens = 1 + random() % options.maxTokens;
    scheduling.chunk = random() % 3 ? 0 : 1 + random() % 20;
    open(options, scheduling);
    std::vector<int32_t> shared = somePrompt(400, random());
    for (int i = 0; i < 12; ++i) {
      Request request;
      request.tokens.assign(shared.begin(), shared.begin() + random() % 300);
      std::vector<int32_t> own = somePrompt(1 + random() % 40, random());
      request.tokens.insert(request.tokens.end(), own.begin(), own.end());
      request.count = random() % 30;
      request.priority = static_cast<int32_t>(random() % 3);
      request.wantRows = random() % 4 == 0;
      request.eos = random() % 2 ? 31 : -1;
      clients.emplace_back();
      Status status = submit(clients.back(), std::move(request));
      ASSERT_TRUE(status.isOk()) << status.message();
      for (uint64_t steps = random() % 6; steps; --steps)
        step();
      if (random() % 5 == 0)
        scheduler->cancel(clients[random() % clients.size()].id);
    }
    finish();
    for (const Client &client : clients)
      expectRight(client);
    EXPECT_EQ(scheduler->reservedPages(), 0u);
    session->forgetPrefixes();
    EXPECT_EQ(session->store().availableBlocks(), session->maxPages());
  }
}

TEST_F(SchedulerTest, RefusesWhatCouldNotFinish) {
  SessionOptions options;
  options.cacheBytes = 3 * kPageBytes - 1;
  open(options, {});
  auto refusal = [&](size_t length, uint64_t count) {
    Client client;
    Request request;
    request.tokens = somePrompt(length, 1);
    request.count = count;
    return submit(client, std::move(request)).message();
  };
  EXPECT_EQ(refusal(250, 7),
            "request: 250 prompt tokens and 7 more need 576 bytes of cache pages, the session has 575; "
            "shorten them or raise cache_bytes");
  EXPECT_EQ(refusal(250, 6), "");
  EXPECT_EQ(refusal(0, 6), "request: 0 tokens, expected at least 1");
  EXPECT_EQ(refusal(1000, 1),
            "request: 1000 prompt tokens and 1 more, the context is 1000; shorten them or use a longer "
            "context");
  EXPECT_EQ(refusal(1, UINT64_MAX).compare(0, 8, "request:"), 0);
  Client client;
  Request request;
  request.tokens = {3, -1};
  EXPECT_EQ(submit(client, request).message(), "request: token id -1 at index 1 is outside the vocabulary, 0 to 31");
  request.tokens = {3};
  request.sampling.topP = 7;
  EXPECT_EQ(submit(client, request).code(), StatusCode::InvalidInput);
  std::unique_ptr<Scheduler> other;
  EXPECT_EQ(Scheduler::create(*session, {65, 0}, other).message(),
            "scheduler: 65 tokens a step, the session takes 64; ask for less or create the session with more");
}

TEST_F(SchedulerTest, LongPromptsDelayNobody) {
  open({}, {8, 0});
  Client &a = ask({1, 2, 3}, 200), &b = ask({4}, 200);
  step();
  step();
  Client &prompt = ask(somePrompt(900, 1), 1);
  for (uint64_t before = a.streamed.size(), i = 1; !prompt.calls; ++i) {
    step();
    ASSERT_EQ(a.streamed.size(), before + i);
    ASSERT_EQ(b.streamed.size(), a.streamed.size() - (a.streamed.size() > b.streamed.size()));
    ASSERT_LE(scheduler->lastStepTokens(), 8u);
    ASSERT_LT(i, 160u);
  }
}

TEST_F(SchedulerTest, WhereStepsAreSmallAllTakeTurns) {
  for (uint64_t budget : {1u, 2u}) {
    open({}, {budget, 0});
    Client &a = ask({1}, 300), &b = ask({2}, 300);
    while (b.streamed.empty())
      step();
    Client &prompt = ask(somePrompt(50, 1), 1);
    for (int i = 0; i < 120; ++i)
      step();
    EXPECT_EQ(prompt.calls, 1);
    EXPECT_NEAR(double(a.streamed.size()), double(b.streamed.size()), 2);
    finish();
    for (const Client &client : clients)
      expectRight(client);
  }
}

/// Seven that generate leave one token of eight: a prompt has a quarter all the same, and nobody waits for two steps.
TEST_F(SchedulerTest, PromptsHaveTheirShareBesideManyThatGenerate) {
  FakeOptions wide;
  wide.maxSequences = 8;
  FakeProgram others(wide);
  scheduler.reset();
  session.reset();
  ASSERT_TRUE(Session::create(others.runnable(), {}, {}, session).isOk());
  ASSERT_TRUE(Scheduler::create(*session, {8, 0}, scheduler).isOk());
  for (int32_t i = 0; i < 7; ++i)
    ask({i}, 300);
  while (clients.back().streamed.empty())
    step();
  Client &prompt = ask(somePrompt(200, 1), 1);
  std::vector<size_t> before(7);
  for (int i = 0; !prompt.calls; ++i) {
    for (size_t c = 0; c < 7; ++c)
      before[c] = clients[c].streamed.size();
    step();
    step();
    for (size_t c = 0; c < 7; ++c)
      ASSERT_GT(clients[c].streamed.size(), before[c]) << "request " << c;
    ASSERT_LT(i, 60);
  }
  finish();
  for (const Client &client : clients)
    expectRight(client);
  scheduler.reset();
  session.reset();
}

TEST_F(SchedulerTest, HigherPriorityTakesThePlace) {
  SessionOptions options;
  options.maxSequences = 1;
  open(options, {});
  Client &low = ask(somePrompt(150, 1), 20, 0);
  for (int i = 0; i < 6; ++i)
    step();
  Client &high = ask(somePrompt(70, 2), 3, 5), &equal = ask({9}, 1, 0);
  while (!high.calls)
    step();
  EXPECT_EQ(low.calls + equal.calls, 0);
  finish();
  EXPECT_EQ(low.preemptions, 1u);
  for (const Client &client : clients)
    expectRight(client);
}

// What is parked has pages that a better request waits for, and nothing runs: it must go on.
TEST_F(SchedulerTest, ParkedRequestsMakeRoomForBetterOnes) {
  SessionOptions options;
  options.maxSequences = 1;
  options.cacheBytes = 7 * kPageBytes;
  open(options, {});
  Client &parked = ask(somePrompt(100, 1), 20);
  step();
  Client &between = ask(somePrompt(10, 2), 5, 1);
  step();
  Client &large = ask(somePrompt(800, 3), 10, 2);
  finish();
  EXPECT_EQ(parked.preemptions, 1u);
  for (const Client *client : {&parked, &between, &large})
    expectRight(*client);
}

TEST_F(SchedulerTest, PlaceIsNotTakenWithoutRoomForBoth) {
  SessionOptions options;
  options.maxSequences = 1;
  options.cacheBytes = 3 * kPageBytes;
  open(options, {});
  Client &low = ask(somePrompt(150, 1), 20, 0);
  step();
  Client &high = ask(somePrompt(70, 2), 3, 5);
  finish();
  EXPECT_EQ(low.preemptions, 0u);
  expectRight(low);
  expectRight(high);
}

TEST_F(SchedulerTest, CancelsWhereverARequestIs) {
  SessionOptions options;
  options.maxSequences = 1;
  open(options, {});
  Client &parked = ask(somePrompt(150, 1), 20, 0);
  for (int i = 0; i < 5; ++i)
    step();
  Client &running = ask(somePrompt(150, 2), 20, 1), &waiting = ask({1}, 5, 0);
  step();
  for (Client *client : {&waiting, &parked, &running}) {
    EXPECT_TRUE(scheduler->cancel(client->id));
    EXPECT_FALSE(scheduler->cancel(client->id));
    expectRight(*client);
    EXPECT_EQ(client->finish, Finish::Cancelled);
  }
  EXPECT_EQ(waiting.cached.reason, HitReason::NotBegun);
  EXPECT_EQ(parked.preemptions, 1u);
  EXPECT_EQ(scheduler->pending(), 0u);
  EXPECT_EQ(scheduler->reservedPages(), 0u);
  EXPECT_FALSE(scheduler->cancel(77));
}

TEST_F(SchedulerTest, HooksMayCancelAndSubmit) {
  struct Chain {
    Scheduler *scheduler;
    uint64_t id = 0, next = 0;
    int tokens = 0, done = 0;
  } chain{scheduler.get()};
  Request request;
  request.tokens = {1, 2};
  request.count = 50;
  request.hooks.user = &chain;
  request.hooks.token = [](void *user, int32_t) {
    Chain &chain = *static_cast<Chain *>(user);
    if (++chain.tokens == 3) {
      EXPECT_TRUE(chain.scheduler->cancel(chain.id));
    }
  };
  request.hooks.done = [](void *user, const RequestResult &result) {
    Chain &chain = *static_cast<Chain *>(user);
    ++chain.done;
    if (result.id != chain.id)
      return;
    EXPECT_EQ(result.finish, Finish::Cancelled);
    Request next;
    next.tokens = {5};
    next.hooks = {user, nullptr, nullptr,
                  [](void *again, const RequestResult &) { ++static_cast<Chain *>(again)->done; }};
    EXPECT_TRUE(chain.scheduler->submit(next, chain.next).isOk());
  };
  ASSERT_TRUE(scheduler->submit(request, chain.id).isOk());
  finish();
  EXPECT_EQ(chain.tokens, 3);
  EXPECT_EQ(chain.done, 2);
}

TEST_F(SchedulerTest, LaterRequestsReusePrefixes) {
  std::vector<int32_t> shared = somePrompt(300, 1);
  Client &first = ask(shared, 2);
  finish();
  Client &second = ask(shared, 2), &rows = ask(shared, 2, 0, true);
  finish();
  EXPECT_EQ(first.cached.tokens, 0u);
  EXPECT_EQ(first.cached.reason, HitReason::Nothing);
  EXPECT_EQ(second.cached.tokens, 256u);
  EXPECT_EQ(second.cached.reason, HitReason::Whole);
  EXPECT_EQ(rows.cached.tokens, 0u);
  EXPECT_EQ(rows.cached.reason, HitReason::AllRows);
  EXPECT_EQ(rows.rows, 302u);
  for (const Client &client : clients)
    expectRight(client);
}

/// Breaks the logits of the batch entry in *user, if it is 0 or more.
void breakRow(void *user, const ProbeRows &rows) {
  int32_t slot = *static_cast<int32_t *>(user);
  if (rows.shape->name != "logits" || slot < 0)
    return;
  for (uint64_t i = 0; i < rows.rowCount; ++i)
    if (rows.slots[rows.tokenRows ? rows.tokenRows[i] : static_cast<int32_t>(i)] == slot)
      const_cast<float *>(static_cast<const float *>(rows.data))[i * kVocabulary + 3] =
          std::numeric_limits<float>::quiet_NaN();
}

TEST_F(SchedulerTest, LogitsThatAreNoNumbersEndTheirRequestAlone) {
  int32_t slot = -1;
  SessionOptions options;
  options.probes = {&slot, breakRow};
  open(options, {});
  Client &good = ask({1, 2}, 9), &bad = ask({3}, 9);
  step();
  step();
  slot = 1;
  step();
  slot = -1;
  finish();
  EXPECT_EQ(bad.finish, Finish::Failed);
  EXPECT_NE(bad.error.find("is not finite"), std::string::npos) << bad.error;
  EXPECT_EQ(bad.tokens.size(), 2u);
  expectRight(good);
}

TEST_F(SchedulerTest, GoesAwayWithRequestsLeft) {
  SessionOptions options;
  options.maxSequences = 1;
  open(options, {});
  ask(somePrompt(150, 1), 20, 0);
  for (int i = 0; i < 5; ++i)
    step();
  ask({1}, 20, 1);
  ask({2}, 20, 0);
  step();
  scheduler.reset();
  session->forgetPrefixes();
  EXPECT_EQ(session->store().availableBlocks(), session->maxPages());
  for (const Client &client : clients)
    EXPECT_EQ(client.calls, 0);
}

} // namespace

//===- scheduler-drafts.cpp - Tests of requests that draft ----------------===//
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

class SchedulerDrafts : public SchedulerTest {
protected:
  void SetUp() override { openDrafting({}, {}); }

  void openDrafting(SessionOptions options, SchedulerOptions scheduling) {
    options.mtp = true;
    open(options, scheduling);
  }
  Client &submitted(Request request) {
    clients.emplace_back();
    Status status = submit(clients.back(), std::move(request));
    EXPECT_TRUE(status.isOk()) << status.message();
    return clients.back();
  }
  static Request drafting(std::vector<int32_t> tokens, uint64_t count, uint64_t draft) {
    Request request;
    request.tokens = std::move(tokens);
    request.count = count;
    request.draft = draft;
    return request;
  }
  /// A session of random limits, whose steps have room for three drafts.
  void openSome(std::mt19937 &random) {
    SessionOptions options;
    options.maxSequences = 1 + random() % 3;
    options.maxTokens = 4 + random() % 61;
    options.debugPlacement = random() % 2;
    options.cacheBytes = random() % 2 ? 0 : (6 + random() % 20) * kPageBytes;
    openDrafting(options, {4 + random() % (options.maxTokens - 3), random() % 3 ? 0 : 1 + random() % 20});
  }
};

TEST_F(SchedulerDrafts, GreedyResultsAreThoseWithout) {
  std::mt19937 random(3);
  uint64_t drafted = 0, accepted = 0;
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    openSome(random);
    std::vector<int32_t> shared = somePrompt(400, random());
    for (int i = 0; i < 10; ++i) {
      Request request = drafting({shared.begin(), shared.begin() + random() % 300}, random() % 40, random() % 4);
      request.tokens.push_back(static_cast<int32_t>(random() % kVocabulary));
      request.priority = static_cast<int32_t>(random() % 3);
      request.wantRows = random() % 3 == 0;
      request.eos = random() % 2 ? 31 : -1;
      submitted(std::move(request));
      for (uint64_t steps = random() % 6; steps; --steps)
        step();
      if (random() % 5 == 0)
        scheduler->cancel(clients[random() % clients.size()].id);
    }
    finish();
    for (const Client &client : clients) {
      expectRight(client);
      drafted += client.drafted;
      accepted += client.accepted;
    }
    EXPECT_EQ(scheduler->reservedPages(), 0u);
    session->forgetPrefixes();
    EXPECT_EQ(session->store().availableBlocks(), session->maxPages());
  }
  EXPECT_GT(drafted, 1000u);
  EXPECT_GT(accepted, 0u);
}

/// Where every token is as likely as any other, nearly all drafts are accepted.
TEST_F(SchedulerDrafts, SampledResultsDependOnNothingElse) {
  std::mt19937 random(4);
  uint64_t preemptions = 0;
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    std::vector<Request> requests;
    std::deque<Client> alone;
    for (int i = 0; i < 6; ++i) {
      Request request = drafting(somePrompt(1 + random() % 200, random()), random() % 60, i % 4);
      request.sampling.temperature = i % 2 ? 1e9f : 2000.0f;
      request.sampling.seed = random();
      request.stream = random() % 3;
      request.priority = static_cast<int32_t>(random() % 3);
      request.wantRows = random() % 3 == 0;
      requests.push_back(request);
      openDrafting({}, {});
      submitted(request);
      finish();
      alone.push_back(clients.back());
    }
    openSome(random);
    for (const Request &request : requests) {
      submitted(request);
      for (uint64_t steps = random() % 4; steps; --steps)
        step();
    }
    finish();
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(clients[i].tokens, alone[i].tokens) << i;
      EXPECT_EQ(clients[i].tokens.size(), requests[i].count) << i;
      EXPECT_EQ(clients[i].drafted, alone[i].drafted) << i;
      EXPECT_EQ(clients[i].accepted, alone[i].accepted) << i;
      if (i % 2)
        EXPECT_GE(2 * clients[i].accepted, clients[i].drafted) << i;
      preemptions += clients[i].preemptions;
    }
  }
  EXPECT_GT(preemptions, 0u);
}

TEST_F(SchedulerDrafts, RoundsFeedATokenAndItsDrafts) {
  Request request = drafting({1, 2, 3}, 9, 3);
  request.sampling.temperature = 1e9f;
  Client &client = submitted(std::move(request));
  step();
  EXPECT_EQ(client.streamed.size(), 1u);
  // 4 + 4 tokens are all that is left when every draft is accepted.
  step();
  EXPECT_EQ(scheduler->lastStepTokens(), 4u);
  EXPECT_EQ(client.streamed.size(), 5u);
  finish();
  EXPECT_EQ(client.drafted, 6u);
  EXPECT_EQ(client.accepted, 6u);
  EXPECT_EQ(client.tokens.size(), 9u);
}

TEST_F(SchedulerDrafts, SmallStepsServeDraftsAndPrompts) {
  openDrafting({}, {4, 0});
  Client &a = submitted(drafting({1}, 120, 3)), &b = submitted(drafting({2}, 120, 0));
  while (b.streamed.empty())
    step();
  Client &prompt = submitted(drafting(somePrompt(50, 1), 1, 0));
  for (int i = 0; i < 100; ++i)
    step();
  EXPECT_EQ(prompt.calls, 1);
  EXPECT_GT(a.streamed.size(), 40u);
  EXPECT_GT(b.streamed.size(), 40u);
  finish();
  for (const Client &client : clients)
    expectRight(client);
}

/// What a draft wrote into a page is of no use to others before it is accepted.
TEST_F(SchedulerDrafts, CancelledDraftsLeaveNoPrefix) {
  struct Rival {
    Scheduler *scheduler;
    Client *victim;
    bool done = false;
  };
  Client victim;
  Rival rival{scheduler.get(), &victim};
  Request killer = drafting({1}, 200, 1);
  killer.hooks.user = &rival;
  killer.hooks.token = [](void *user, int32_t) {
    Rival &rival = *static_cast<Rival *>(user);
    if (rival.victim->streamed.size() == 1)
      rival.done |= rival.scheduler->cancel(rival.victim->id);
  };
  uint64_t id = 0;
  ASSERT_TRUE(scheduler->submit(std::move(killer), id).isOk());
  ASSERT_TRUE(submit(victim, drafting(somePrompt(126, 1), 20, 3)).isOk());
  while (!rival.done)
    step();
  EXPECT_EQ(victim.finish, Finish::Cancelled);
  EXPECT_EQ(victim.tokens.size(), 1u);
  EXPECT_EQ(session->prefixes().nodeCount(), 0u);
}

TEST_F(SchedulerDrafts, RefusesWhatCannotBe) {
  Client client;
  EXPECT_EQ(submit(client, drafting({1}, 5, 4)).message(),
            "request: draft = 4, the plan allows 3; ask for less or compile the plan with a larger --max-draft");
  openDrafting({}, {3, 0});
  EXPECT_EQ(submit(client, drafting({1}, 5, 3)).message(),
            "request: draft = 3 feeds 4 tokens in a step, the budget is 3; ask for less or raise step_tokens");
  EXPECT_TRUE(submit(client, drafting({1}, 5, 2)).isOk());
  open({}, {});
  EXPECT_EQ(submit(client, drafting({1}, 5, 1)).message(),
            "request: draft = 1, the session does not run the MTP block; create it with the option mtp or ask for no "
            "drafts");
}

/// The logits of a draft that does not hold are nobody's.
TEST_F(SchedulerDrafts, OnlyRowsThatHoldMustBeNumbers) {
  int32_t broken = 0;
  SessionOptions options;
  options.probes = {&broken, [](void *user, const ProbeRows &rows) {
                      // The row of the last draft of a round of four.
                      if (rows.shape->name != "logits" || rows.rowCount != 4)
                        return;
                      ++*static_cast<int32_t *>(user);
                      const_cast<float *>(static_cast<const float *>(rows.data))[3 * kVocabulary] = 0.0f / 0.0f;
                    }};
  openDrafting(options, {});
  Client &greedyOne = submitted(drafting({1, 2, 3}, 12, 3));
  finish();
  EXPECT_GT(broken, 0);
  expectRight(greedyOne);
  Request request = drafting({1, 2, 3}, 12, 3);
  request.sampling.temperature = 1e9f;
  Client &sampled = submitted(std::move(request));
  finish();
  EXPECT_EQ(sampled.finish, Finish::Failed);
  EXPECT_NE(sampled.error.find("is not finite"), std::string::npos) << sampled.error;
  EXPECT_EQ(sampled.tokens.size(), 4u);
}

} // namespace

//===- cuda-waits.cpp - When the host waits for a GPU ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SamplingGpu.h"
#include "SchedulerFixture.h"

#include <thread>

using namespace v4;
using namespace v4::test;

namespace {

using CudaWaitsTest = WaitingGpuTest;

TEST_F(CudaWaitsTest, AStepAndItsPickWaitOnce) {
  begin(2);
  for (int i = 0; i < 20; ++i) { // new, recorded, replayed
    int before = waits();
    ASSERT_TRUE(feed(1, 1).isOk());
    EXPECT_EQ(waits(), before);
    pickChecked();
    EXPECT_EQ(waits(), before + 1);
  }
  EXPECT_GT(session->runCounts().replayed, 10u);
}

TEST_F(CudaWaitsTest, ADraftAndItsPickWaitOnce) {
  begin(5);
  auto drawn = sampler(kOptions.back());
  for (int round = 0; round < 4; ++round) {
    auto fed = static_cast<uint64_t>(sequence->position);
    for (uint64_t depth = 0; depth < 3; ++depth) {
      int before = waits();
      ASSERT_TRUE(draft(depth).isOk());
      EXPECT_EQ(pick(LogitsOf::Mtp, 0, *drawn),
                pickOnHost(expectedDraft(firstTokens(fed + depth + 1), depth + 1), 0, *drawn));
      EXPECT_EQ(waits(), before + 1);
    }
    ASSERT_TRUE(feed(4, 1).isOk());
    pickChecked();
  }
}

/// For the step, then for the copy, whose memory is not pinned.
TEST_F(CudaWaitsTest, LogitsOfAStepWaitTwice) {
  begin(2);
  int before = waits();
  ASSERT_TRUE(feed(1, 1).isOk());
  EXPECT_TRUE(equal(session->logits(0), expectedLogits(firstTokens(3))));
  EXPECT_EQ(waits(), before + 2);
  EXPECT_TRUE(session->checkLogits(0, /*mtp=*/false).isOk());
  EXPECT_EQ(waits(), before + 2);
}

/// Each request's token, without drafts, is one wait of its step.
TEST_F(CudaWaitsTest, TheSchedulerWaitsOnceAStep) {
  open(true);
  std::unique_ptr<Scheduler> scheduler;
  ASSERT_TRUE(Scheduler::create(*session, {}, scheduler).isOk());
  std::deque<Client> clients(3);
  for (uint32_t i = 0; i < 3; ++i) {
    Client &client = clients[i];
    Request request;
    request.tokens = client.prompt = somePrompt(5 + 7 * i, i + 1);
    request.count = client.count = 8 + i;
    request.hooks = {&client, Client::token, nullptr, Client::done};
    ASSERT_TRUE(scheduler->submit(std::move(request), client.id).isOk());
  }
  int before = waits(), steps = 0;
  for (; scheduler->pending(); ++steps)
    ASSERT_TRUE(scheduler->step().isOk());
  EXPECT_EQ(waits() - before, steps);
  for (const Client &client : clients)
    EXPECT_EQ(client.tokens, greedy(client.prompt, client.count, -1));
}

// The played driver fails a wait when a step block was filled too early.
TEST_F(CudaWaitsTest, TheNextRunWaitsForTheLastOne) {
  begin(1);
  for (int i = 0; i < 12; ++i) {
    int before = waits();
    ASSERT_TRUE(feed(1, 1).isOk());
    EXPECT_EQ(waits(), before + (i > 0));
    ASSERT_TRUE(draft(0).isOk());
    EXPECT_EQ(waits(), before + (i > 0) + 1);
  }
  ASSERT_TRUE(feed(1, 1).isOk());
  pickChecked();
}

TEST_F(CudaWaitsTest, RunsThatNobodySamplesAreWaitedFor) {
  auto waitsOfAStep = [&](uint64_t logits) {
    int before = waits();
    EXPECT_TRUE(feed(1, logits).isOk());
    return waits() - before;
  };
  begin(2, /*sampling=*/false);
  EXPECT_EQ(waitsOfAStep(1), 1);
  begin(2);
  EXPECT_EQ(waitsOfAStep(0), 1);
  EXPECT_EQ(waitsOfAStep(1), 0);
  ASSERT_TRUE(session->deviceStatus().isOk());
  session->setTrace({this, [](void *, const LaunchSpan &) {}, [](void *, const LaunchSpan &) {}}); // with events
  EXPECT_EQ(waitsOfAStep(1), 1);
  session->setTrace({});
  EXPECT_EQ(waitsOfAStep(1), 0);
}

TEST_F(CudaWaitsTest, ProbesSeeAStepBeforeItReturns) {
  open(true);
  int probes = 0;
  SessionOptions options;
  options.probes = {&probes, [](void *user, const ProbeRows &) { ++*static_cast<int *>(user); }};
  ASSERT_TRUE(Session::create(gpu->program(*device), options, {}, session).isOk());
  SamplingGpuTest::feed({3});
  EXPECT_GT(probes, 0);
  int before = waits();
  auto drawn = sampler(kOptions.back());
  pick(LogitsOf::Model, 0, *drawn);
  EXPECT_EQ(waits(), before + 1);
}

/// What was asked for before a trace is none of the launch that it shows.
TEST_F(CudaWaitsTest, ATraceBehindAStepBeginsBehindIt) {
  for (bool timed : {false, true}) {
    begin(2);
    ASSERT_TRUE(feed(1, 1).isOk());
    int spans = 0, before = waits();
    auto count = [](void *user, const LaunchSpan &) { ++*static_cast<int *>(user); };
    auto ignore = [](void *, const LaunchSpan &) {};
    session->setTrace({&spans, count, timed ? +ignore : nullptr});
    pickChecked();
    EXPECT_EQ(spans, 1) << timed;
    EXPECT_EQ(waits(), before + (timed ? 2 : 4)) << timed;
  }
}

TEST_F(CudaWaitsTest, TheEndOfASessionWaits) {
  begin(1);
  ASSERT_TRUE(feed(1, 1).isOk());
  int before = waits();
  session.reset();
  EXPECT_EQ(waits(), before + 1);
  EXPECT_TRUE(device->status().isOk());
}

/// The twin gets the state that the step leaves, and the step its own pages.
TEST_F(CudaWaitsTest, WhatIsAskedForBehindAStepSeesWhatItLeft) {
  tokens = somePrompt(160, 8);
  begin(64);
  ASSERT_TRUE(feed(64, 0).isOk());
  ASSERT_TRUE(feed(8, 1).isOk());
  int before = waits();
  Sequence *twin = nullptr, *later = nullptr;
  std::unique_ptr<ParkedSequence> parked;
  ASSERT_TRUE(session->fork(*sequence, twin).isOk());
  ASSERT_TRUE(session->park(*sequence, parked).isOk());
  ASSERT_TRUE(session->unpark(parked, sequence).isOk());
  ASSERT_TRUE(session->rewind(*sequence, 135).isOk());
  ASSERT_TRUE(session->createSequence(later).isOk());
  PrefixHit hit;
  ASSERT_TRUE(session->reuse(*later, tokens.data(), 136, hit).isOk());
  EXPECT_EQ(hit.tokens, 128u);
  EXPECT_EQ(waits(), before);
  uint64_t lengths[] = {137, 136, 136};
  Sequence *all[] = {twin, sequence, later};
  for (int i = 0; i < 3; ++i) {
    auto at = static_cast<uint64_t>(all[i]->position);
    session->batch()[i] = {all[i], tokens.data() + at, lengths[i] - at, 1};
  }
  ASSERT_TRUE(session->step(3).isOk());
  for (uint64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(equal(session->logits(i), expectedLogits(firstTokens(lengths[i])))) << i;
}

/// Each leaves its steps unwaited for as long as it can.
TEST_F(CudaWaitsTest, SessionsOfTwoThreadsRunOn) {
  open(true);
  auto decode = [&](const std::vector<int32_t> &prompt, int &failures) {
    std::unique_ptr<Session> own;
    Sequence *alone = nullptr;
    failures = !Session::create(gpu->program(*device), {}, {}, own).isOk() || !own->createSequence(alone).isOk();
    for (uint64_t at = 0; at < prompt.size() && !failures; ++at) {
      own->batch()[0] = {alone, prompt.data() + at, 1, 1};
      failures = !own->step(1).isOk();
      if (at % 7 == 6 && !failures) {
        std::vector<int32_t> fed(prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(at) + 1);
        failures = !equal(own->logits(0), expectedLogits(fed));
      }
    }
  };
  std::vector<int32_t> one = somePrompt(140, 1), two = somePrompt(140, 2);
  int failures[2] = {};
  std::thread other([&] { decode(two, failures[1]); });
  decode(one, failures[0]);
  other.join();
  EXPECT_EQ(failures[0], 0);
  EXPECT_EQ(failures[1], 0);
}

} // namespace

//===- SchedulerFixture.h - A scheduler over the made-up plan ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_SCHEDULERFIXTURE_H
#define V4_TEST_RUNTIME_SCHEDULERFIXTURE_H

#include "FakePlan.h"

#include "runtime/schedule/Scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace v4::test {

inline constexpr uint64_t kPageBytes = 192; ///< Of the made-up plan.

inline std::vector<int32_t> greedy(std::vector<int32_t> tokens, uint64_t count, int32_t eos) {
  size_t prompt = tokens.size();
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<float> logits = expectedLogits(tokens);
    tokens.push_back(static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    if (tokens.back() == eos)
      break;
  }
  return {tokens.begin() + static_cast<ptrdiff_t>(prompt), tokens.end()};
}

/// A request and all that its hooks were told.
struct Client {
  std::vector<int32_t> prompt, streamed, tokens;
  uint64_t count = 0, id = 0, rows = 0;
  int32_t eos = -1;
  int calls = 0; ///< Of the last hook.
  Finish finish = Finish::Length;
  PrefixHit cached;
  uint64_t preemptions = 0;
  uint64_t drafted = 0, accepted = 0;
  std::string error;

  static void token(void *user, int32_t token) { static_cast<Client *>(user)->streamed.push_back(token); }
  /// Rows come once each and in order, with the logits of the tokens in front.
  static void takeRows(void *user, uint64_t position, const float *logits, uint64_t count) {
    Client &self = *static_cast<Client *>(user);
    std::vector<int32_t> all = self.prompt;
    all.insert(all.end(), self.streamed.begin(), self.streamed.end());
    ASSERT_EQ(position, self.rows);
    for (uint64_t i = 0; i < count; ++i) {
      std::vector<int32_t> front(all.begin(), all.begin() + static_cast<ptrdiff_t>(position + i + 1));
      const float *row = logits + i * kVocabulary;
      ASSERT_EQ(std::vector<float>(row, row + kVocabulary), expectedLogits(front));
    }
    self.rows += count;
  }
  static void done(void *user, const RequestResult &result) {
    Client &self = *static_cast<Client *>(user);
    ++self.calls;
    EXPECT_EQ(result.id, self.id);
    self.finish = result.finish;
    self.tokens.assign(result.tokens, result.tokens + result.count);
    self.cached = result.cached;
    self.preemptions = result.preemptions;
    self.drafted = result.drafted;
    self.accepted = result.accepted;
    self.error = std::string(result.error);
  }
};

/// The state rings of the made-up plan hold three drafts.
inline FakeOptions threeDrafts() {
  FakeOptions options;
  options.maxDraft = 3;
  return options;
}

class SchedulerTest : public testing::Test {
protected:
  void SetUp() override { open({}, {}); }

  void open(SessionOptions options, SchedulerOptions scheduling) {
    options.threads = 1;
    options.canary = true;
    clients.clear();
    scheduler.reset();
    session.reset();
    Status status = Session::create(program.runnable(), options, {}, session);
    ASSERT_TRUE(status.isOk()) << status.message();
    status = Scheduler::create(*session, scheduling, scheduler);
    ASSERT_TRUE(status.isOk()) << status.message();
  }

  Status submit(Client &client, Request request) {
    client.prompt = request.tokens;
    client.count = request.count;
    client.eos = request.eos;
    request.hooks = {&client, Client::token, request.wantRows ? Client::takeRows : nullptr, Client::done};
    return scheduler->submit(std::move(request), client.id);
  }
  Client &ask(std::vector<int32_t> tokens, uint64_t count, int32_t priority = 0, bool wantRows = false) {
    clients.emplace_back();
    Request request;
    request.tokens = std::move(tokens);
    request.count = count;
    request.priority = priority;
    request.wantRows = wantRows;
    Status status = submit(clients.back(), std::move(request));
    EXPECT_TRUE(status.isOk()) << status.message();
    return clients.back();
  }
  void step() {
    Status status = scheduler->step();
    ASSERT_TRUE(status.isOk()) << status.message();
  }
  void finish() {
    for (int i = 0; scheduler->pending(); ++i) {
      step();
      ASSERT_LT(i, 20000);
    }
  }
  void expectRight(const Client &client) {
    EXPECT_EQ(client.calls, 1);
    std::vector<int32_t> right = greedy(client.prompt, client.count, client.eos);
    if (client.finish == Finish::Cancelled) {
      ASSERT_LE(client.tokens.size(), right.size());
      right.resize(client.tokens.size());
    } else {
      EXPECT_EQ(client.finish, !right.empty() && right.back() == client.eos ? Finish::Eos : Finish::Length)
          << client.error;
      if (client.rows)
        EXPECT_EQ(client.rows, client.prompt.size() + client.tokens.size());
    }
    EXPECT_EQ(client.tokens, right);
    EXPECT_EQ(client.streamed, client.tokens);
  }

  FakeProgram program{threeDrafts()};
  std::unique_ptr<Session> session;
  std::unique_ptr<Scheduler> scheduler;
  std::deque<Client> clients;
};

} // namespace v4::test

#endif // V4_TEST_RUNTIME_SCHEDULERFIXTURE_H

//===- session.cpp - Tests of sessions with a made-up model ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <new>

using namespace v4;
using namespace v4::test;

std::atomic<uint64_t> v4::test::allocations{0};
bool (*v4::test::driverRuns)() = nullptr;

void *operator new(size_t bytes) {
  if (!driverRuns || !driverRuns())
    allocations.fetch_add(1, std::memory_order_relaxed);
  if (void *memory = std::malloc(bytes ? bytes : 1))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

namespace {

std::unique_ptr<Session> makeSession(const FakeProgram &program, const SessionOptions &options = {},
                                     const Host &host = {}) {
  std::unique_ptr<Session> session;
  Status status = Session::create(program.runnable(), options, host, session);
  EXPECT_TRUE(status.isOk()) << status.message();
  return session;
}

Sequence *makeSequence(Session &session) {
  Sequence *sequence = nullptr;
  Status status = session.createSequence(sequence);
  EXPECT_TRUE(status.isOk()) << status.message();
  return sequence;
}

Status step(Session &session, const std::vector<BatchEntry> &entries) {
  std::copy(entries.begin(),
            entries.begin() + static_cast<ptrdiff_t>(std::min<size_t>(entries.size(), session.limits().maxSequences)),
            session.batch());
  return session.step(entries.size());
}

BatchEntry entryOf(Sequence *sequence, const std::vector<int32_t> &tokens, uint64_t logits) {
  return {sequence, tokens.data(), tokens.size(), logits};
}

std::vector<float> row(const float *values) { return std::vector<float>(values, values + kVocabulary); }

/// Logits of every position of `prompt`, fed alone in chunks.
std::vector<std::vector<float>> feedAlone(Session &session, const std::vector<int32_t> &prompt, size_t chunk) {
  Sequence *sequence = makeSequence(session);
  std::vector<std::vector<float>> rows;
  for (size_t done = 0; done < prompt.size(); done += chunk) {
    size_t count = std::min(chunk, prompt.size() - done);
    Status status = step(session, {{sequence, prompt.data() + done, count, count}});
    EXPECT_TRUE(status.isOk()) << status.message();
    for (size_t i = 0; i < count; ++i)
      rows.push_back(row(session.logits(i)));
  }
  session.releaseSequence(*sequence);
  return rows;
}

TEST(Session, LogitsDoNotDependOnChunksThreadsOrPlacement) {
  FakeProgram program;
  std::vector<int32_t> prompt = somePrompt(301, 1);
  for (bool debug : {false, true})
    for (unsigned threads : {1u, 2u, 3u}) {
      SessionOptions options;
      options.threads = threads;
      options.debugPlacement = debug;
      auto session = makeSession(program, options);
      for (size_t chunk : {1u, 7u, 64u}) {
        auto rows = feedAlone(*session, prompt, chunk);
        for (size_t p = 0; p < prompt.size(); ++p)
          ASSERT_EQ(rows[p], expectedLogits({prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(p) + 1}))
              << "position " << p << ", chunk " << chunk << ", threads " << threads << ", debug " << debug;
      }
    }
}

TEST(Session, SequenceBesideOthersGivesTheSameBits) {
  FakeProgram program;
  std::vector<int32_t> prompts[3] = {somePrompt(200, 1), somePrompt(150, 2), somePrompt(90, 3)};
  size_t cuts[3] = {19, 5, 30};
  auto session = makeSession(program);
  Sequence *sequences[3];
  for (Sequence *&sequence : sequences)
    sequence = makeSequence(*session);
  size_t done[3] = {0, 0, 0};
  for (int round = 0; done[0] < 200; ++round) {
    std::vector<BatchEntry> entries;
    std::vector<int> owners;
    for (int i : {round % 3, (round + 1) % 3, (round + 2) % 3}) {
      size_t count = std::min(cuts[i], prompts[i].size() - done[i]);
      if (count == 0)
        continue;
      entries.push_back({sequences[i], prompts[i].data() + done[i], count, 1});
      owners.push_back(i);
      done[i] += count;
    }
    Status status = step(*session, entries);
    ASSERT_TRUE(status.isOk()) << status.message();
    ASSERT_EQ(session->logitsCount(), owners.size());
    for (size_t r = 0; r < owners.size(); ++r) {
      const auto &prompt = prompts[owners[r]];
      EXPECT_EQ(row(session->logits(r)),
                expectedLogits({prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(done[owners[r]])}));
    }
  }
}

TEST(Session, LogitsRowsAreThoseThatWereAskedFor) {
  FakeProgram program;
  auto session = makeSession(program);
  std::vector<int32_t> prompt = somePrompt(10, 4);
  Sequence *sequence = makeSequence(*session);
  ASSERT_TRUE(step(*session, {entryOf(sequence, prompt, 0)}).isOk());
  EXPECT_EQ(session->logitsCount(), 0u);
  EXPECT_EQ(session->logits(0), nullptr);
  EXPECT_EQ(session->mtpLogits(0), nullptr);
  EXPECT_EQ(sequence->position, 10);
}

TEST(Session, MtpLaunchesRunOnRequestAlone) {
  FakeProgram program;
  SessionOptions options;
  options.mtp = true;
  options.debugPlacement = true;
  auto session = makeSession(program, options);
  std::vector<int32_t> prompt = somePrompt(9, 4);
  ASSERT_TRUE(step(*session, {entryOf(makeSequence(*session), prompt, 2)}).isOk());
  ASSERT_NE(session->mtpLogits(1), nullptr);
  EXPECT_EQ(session->mtpLogits(1)[3], session->mtpLogits(1)[0] - 3);
  EXPECT_EQ(session->mtpLogits(2), nullptr);
}

struct Seen {
  std::vector<std::string> names;
  std::vector<std::vector<int32_t>> positions;
};

void collectProbe(void *user, const ProbeRows &rows) {
  Seen &seen = *static_cast<Seen *>(user);
  seen.names.emplace_back(rows.shape->name);
  std::vector<int32_t> positions;
  for (uint64_t r = 0; r < rows.rowCount; ++r)
    positions.push_back(rows.positions[rows.tokenRows ? rows.tokenRows[r] : static_cast<int32_t>(r)]);
  seen.positions.push_back(positions);
  if (rows.shape->name == "layers.0.streams") {
    EXPECT_EQ(rows.shape->rowBytes, 4u);
    EXPECT_EQ(rows.shape->rank, 1u);
    EXPECT_EQ(rows.shape->shape[0], 2u);
    EXPECT_EQ(static_cast<const uint16_t *>(rows.data)[2], 0x3F80 + 6);
  }
}

TEST(Session, ProbesComeBehindTheirLaunch) {
  FakeProgram program;
  Seen seen;
  SessionOptions options;
  options.mtp = true;
  options.probes = {&seen, collectProbe};
  auto session = makeSession(program, options);
  std::vector<int32_t> tokens{5, 6, 7};
  ASSERT_TRUE(step(*session, {entryOf(makeSequence(*session), tokens, 1)}).isOk());
  EXPECT_EQ(seen.names, (std::vector<std::string>{"layers.0.streams", "logits", "mtp_logits"}));
  EXPECT_EQ(seen.positions, (std::vector<std::vector<int32_t>>{{0, 1, 2}, {2}, {2}}));
}

TEST(Session, StepAllocatesNothing) {
  FakeProgram program;
  SessionOptions options;
  options.threads = 2;
  auto session = makeSession(program, options);
  Sequence *sequence = makeSequence(*session);
  std::vector<int32_t> tokens = somePrompt(64, 5);
  uint64_t before = allocations.load();
  for (int i = 0; i < 10; ++i) {
    session->batch()[0] = {sequence, tokens.data(), 64, 64};
    ASSERT_TRUE(session->step(1).isOk());
    session->batch()[0] = {sequence, tokens.data(), 1, 1};
    ASSERT_TRUE(session->step(1).isOk());
  }
  EXPECT_EQ(allocations.load(), before);
}

TEST(Session, RefusedStepChangesNothing) {
  FakeProgram program;
  SessionOptions options;
  options.maxTokens = 8;
  options.maxSequences = 2;
  options.maxContext = 20;
  auto session = makeSession(program, options);
  Sequence *a = makeSequence(*session), *b = makeSequence(*session);
  std::vector<int32_t> two{1, 2}, bad{1, 32}, negative{-1}, five{1, 2, 3, 4, 5}, none;
  auto message = [&](const std::vector<BatchEntry> &entries) {
    Status status = step(*session, entries);
    EXPECT_EQ(status.code(), StatusCode::InvalidInput);
    EXPECT_EQ(a->position + b->position, 0);
    return status.message();
  };
  EXPECT_EQ(message({}), "step: 0 sequences, expected 1 to 2 (the session's max_sequences)");
  EXPECT_EQ(message({entryOf(a, two, 0), entryOf(b, bad, 1)}),
            "step: token id 32 at index 1 of batch entry 1 is outside the vocabulary, 0 to 31");
  EXPECT_EQ(message({entryOf(a, negative, 0)}),
            "step: token id -1 at index 0 of batch entry 0 is outside the vocabulary, 0 to 31");
  EXPECT_EQ(message({entryOf(a, two, 0), entryOf(a, two, 0)}),
            "step: batch entry 1 names a sequence that an earlier entry names; merge the two");
  EXPECT_EQ(message({entryOf(a, two, 3)}), "step: batch entry 0 wants logits of 3 rows, it has 2 tokens");
  EXPECT_EQ(message({entryOf(a, none, 0)}), "step: batch entry 0 has 0 tokens, expected at least 1");
  EXPECT_EQ(message({entryOf(a, five, 0), entryOf(b, five, 0)}),
            "step: 10 tokens, the session takes 8 in one step; split the prompt into chunks");
  EXPECT_EQ(message({entryOf(nullptr, two, 0)}), "step: batch entry 0 names no live sequence of this session");
  EXPECT_TRUE(step(*session, {entryOf(a, two, 0), entryOf(b, two, 1)}).isOk());
  session->releaseSequence(*b);
  EXPECT_EQ(step(*session, {entryOf(b, two, 0)}).message(),
            "step: batch entry 0 names no live sequence of this session");
}

TEST(Session, ContextEndsBehindTheDrafts) {
  FakeProgram program;
  SessionOptions options;
  options.maxTokens = 21;
  options.maxContext = 20;
  auto session = makeSession(program, options);
  EXPECT_EQ(session->positions(), 21u);
  Sequence *sequence = makeSequence(*session);
  std::vector<int32_t> tokens = somePrompt(21, 1), one{1};
  ASSERT_TRUE(step(*session, {entryOf(sequence, tokens, 1)}).isOk());
  Status status = step(*session, {entryOf(sequence, one, 1)});
  EXPECT_EQ(status.message(), "step: batch entry 0 would hold 21 + 1 positions, the session's context is 20 (and 1 for "
                              "drafts); use a longer context");
}

TEST(Session, StepWithoutFreePagesIsRefused) {
  FakeProgram program;
  SessionOptions options;
  options.cacheBytes = 192;
  auto session = makeSession(program, options);
  std::vector<int32_t> tokens = somePrompt(64, 1);
  Sequence *a = makeSequence(*session), *b = makeSequence(*session);
  ASSERT_TRUE(step(*session, {entryOf(a, tokens, 1)}).isOk());
  Status status = step(*session, {entryOf(b, tokens, 1)});
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(),
            "step: needs 1 more cache pages of 192 bytes, 0 of 1 are free; release a sequence or raise "
            "the session's cache_bytes");
  session->releaseSequence(*a);
  EXPECT_TRUE(step(*session, {entryOf(b, tokens, 1)}).isOk());
  EXPECT_EQ(row(session->logits(0)), expectedLogits(tokens));
}

TEST(Session, LimitsStayWithinTheEnvelope) {
  FakeProgram program;
  SessionOptions options;
  options.maxTokens = 65;
  std::unique_ptr<Session> session;
  Status status = Session::create(program.runnable(), options, {}, session);
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_EQ(status.message(),
            "fake.v4plan: session option max_tokens = 65, the plan's envelope allows 1 to 64; ask for "
            "less or compile the plan with a larger envelope");
}

struct Hooks {
  uint64_t live = 0;
  std::string log;
};

TEST(Session, FixedMemoryStaysWithinItsBound) {
  FakeProgram program;
  uint64_t needed = std::max(makeSession(program)->memory().arenaBytes, makeSession(program)->memory().stepBytes);
  for (bool debug : {false, true}) {
    SessionOptions options;
    options.debugPlacement = debug;
    options.fixedBytes = needed;
    makeSession(program, options);
    options.fixedBytes = 100;
    std::unique_ptr<Session> session;
    Status status = Session::create(program.runnable(), options, {}, session);
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    EXPECT_NE(status.message().find("bytes, 100 are allowed; free memory or lower"), std::string::npos)
        << status.message();
    EXPECT_EQ(session, nullptr);
  }
}

TEST(Session, UsesTheHostsMemoryAndLog) {
  FakeProgram program;
  Hooks hooks;
  Host host;
  host.user = &hooks;
  host.allocate = [](void *user, size_t bytes, size_t alignment) {
    static_cast<Hooks *>(user)->live += bytes;
    return std::aligned_alloc(alignment, bytes);
  };
  host.release = [](void *user, void *memory, size_t bytes) {
    static_cast<Hooks *>(user)->live -= bytes;
    std::free(memory);
  };
  host.logLine = [](void *user, const char *text, size_t length) {
    static_cast<Hooks *>(user)->log.append(text, length);
  };
  auto session = makeSession(program, {}, host);
  EXPECT_EQ(hooks.live, session->memory().arenaBytes + session->memory().stepBytes);
  EXPECT_EQ(hooks.log.substr(0, 9), "session: ");
  feedAlone(*session, somePrompt(20, 1), 20);
  session.reset();
  EXPECT_EQ(hooks.live, 0u);
}

} // namespace

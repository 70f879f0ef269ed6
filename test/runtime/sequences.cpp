//===- sequences.cpp - Tests of forks and of tokens taken back ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

using namespace v4;
using namespace v4::test;

namespace {

/// A session of the made-up plan, and what it should know of every sequence.
class SequencesTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override { open({}); }

  void open(SessionOptions options) {
    options.debugPlacement = GetParam();
    options.mtp = true;
    options.threads = 2;
    session.reset();
    Status status = Session::create(program.runnable(), options, {}, session);
    ASSERT_TRUE(status.isOk()) << status.message();
    known.clear();
  }

  Sequence *create() {
    Sequence *sequence = nullptr;
    Status status = session->createSequence(sequence);
    EXPECT_TRUE(status.isOk()) << status.message();
    known[sequence] = {};
    return sequence;
  }
  Sequence *fork(Sequence *from) {
    Sequence *sequence = nullptr;
    Status status = session->fork(*from, sequence);
    EXPECT_TRUE(status.isOk()) << status.message();
    known[sequence] = known[from];
    return sequence;
  }
  void release(Sequence *sequence) {
    session->releaseSequence(*sequence);
    known.erase(sequence);
  }
  void truncate(Sequence *sequence, uint64_t position) {
    Status status = session->truncate(*sequence, position);
    ASSERT_TRUE(status.isOk()) << status.message();
    EXPECT_EQ(static_cast<uint64_t>(sequence->position), position);
    known[sequence].resize(position);
  }

  /// Feeds one step and compares the last rows with what the tokens alone give.
  void feed(Sequence *sequence, const std::vector<int32_t> &tokens) {
    std::vector<int32_t> &all = known[sequence];
    all.insert(all.end(), tokens.begin(), tokens.end());
    session->batch()[0] = {sequence, tokens.data(), tokens.size(), 1};
    Status status = session->step(1);
    ASSERT_TRUE(status.isOk()) << status.message();
    std::vector<float> main(session->logits(0), session->logits(0) + kVocabulary);
    std::vector<float> mtp(session->mtpLogits(0), session->mtpLogits(0) + kVocabulary);
    ASSERT_EQ(main, expectedLogits(all));
    ASSERT_EQ(mtp, expectedMtpLogits(all));
  }
  void feedLong(Sequence *sequence, size_t count, uint32_t seed) {
    std::vector<int32_t> tokens = somePrompt(count, seed);
    for (size_t at = 0; at < count; at += 64)
      feed(sequence, {tokens.begin() + static_cast<ptrdiff_t>(at),
                      tokens.begin() + static_cast<ptrdiff_t>(std::min(count, at + 64))});
  }

  FakeProgram program;
  std::unique_ptr<Session> session;
  std::map<Sequence *, std::vector<int32_t>> known;
};

TEST_P(SequencesTest, ForksGoOnAlone) {
  for (size_t length : {1u, 3u, 127u, 128u, 129u, 200u}) {
    Sequence *a = create();
    feedLong(a, length, 1);
    Sequence *b = fork(a), *c = fork(b);
    feedLong(b, 5, 2);
    feedLong(a, 7, 3);
    feedLong(c, 130, 4);
    feedLong(b, 1, 5);
    for (Sequence *sequence : {a, b, c})
      release(sequence);
  }
}

TEST_P(SequencesTest, ForksThatGrowInOneStepCopyOnePageLess) {
  SessionOptions options;
  options.cacheBytes = 4 * 192;
  open(options);
  Sequence *a = create();
  feedLong(a, 130, 1);
  Sequence *b = fork(a), *c = fork(b);
  // Page 0 is shared by three; of the partial page two copies are made.
  std::vector<int32_t> token{7};
  Sequence *all[3] = {a, b, c};
  for (size_t i = 0; i < 3; ++i)
    session->batch()[i] = {all[i], token.data(), 1, 1};
  Status status = session->step(3);
  ASSERT_TRUE(status.isOk()) << status.message();
  for (Sequence *sequence : all)
    known[sequence].push_back(7);
  for (size_t i = 0; i < 3; ++i)
    feed(all[i], {static_cast<int32_t>(i)});
}

TEST_P(SequencesTest, TruncatedSequencesForget) {
  Sequence *a = create();
  feedLong(a, 300, 1);
  for (uint64_t target : {299u, 297u, 296u, 293u, 257u, 256u, 255u, 130u, 127u, 3u, 0u}) {
    SCOPED_TRACE(target);
    truncate(a, target);
    feedLong(a, 9, static_cast<uint32_t>(target));
    truncate(a, target);
    feed(a, {1});
  }
}

TEST_P(SequencesTest, DraftsAreTakenBackWithoutASinglePassMore) {
  Sequence *a = create();
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    uint64_t before = static_cast<uint64_t>(a->position);
    feed(a, somePrompt(1 + random() % 4, random()));
    uint64_t fed = static_cast<uint64_t>(a->position), kept = before + 1 + random() % (fed - before);
    ASSERT_TRUE(session->rewind(*a, kept).isOk());
    ASSERT_EQ(static_cast<uint64_t>(a->position), kept);
    known[a].resize(kept);
  }
}

TEST_P(SequencesTest, TakingBackTwiceGoesNoFurtherThanTheRingsReach) {
  Sequence *a = create();
  feedLong(a, 260, 1);
  ASSERT_TRUE(session->rewind(*a, 258).isOk());
  EXPECT_EQ(a->position, 258);
  ASSERT_TRUE(session->rewind(*a, 255).isOk());
  EXPECT_EQ(a->position, 128); // where the last snapshot in front is
  known[a].resize(static_cast<size_t>(a->position));
  feedLong(a, 10, 2);
}

TEST_P(SequencesTest, RefusesWhatCannotBe) {
  Sequence *a = create();
  feedLong(a, 10, 1);
  EXPECT_EQ(session->truncate(*a, 11).message(), "truncate: to 11 tokens, the sequence has 10; expected 0 to 10");
  create();
  create();
  Sequence *copy = nullptr;
  EXPECT_EQ(session->fork(*a, copy).message(),
            "session already has 3 sequences, its limit; release one or create the session with more");
  release(a);
  EXPECT_EQ(session->fork(*a, copy).code(), StatusCode::InvalidInput);
  EXPECT_EQ(session->truncate(*a, 0).code(), StatusCode::InvalidInput);
}

INSTANTIATE_TEST_SUITE_P(Placement, SequencesTest, testing::Bool());

} // namespace

//===- draft.cpp - Tests of drafts with the MTP block ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace v4;
using namespace v4::test;

namespace {

FakeOptions threeDrafts() {
  FakeOptions options;
  options.maxDraft = 3;
  return options;
}

class DraftTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    SessionOptions options;
    options.mtp = true;
    options.debugPlacement = GetParam();
    options.canary = true;
    options.threads = 1;
    Status status = Session::create(program.runnable(), options, {}, session);
    ASSERT_TRUE(status.isOk()) << status.message();
  }

  Sequence *create() {
    Sequence *sequence = nullptr;
    EXPECT_TRUE(session->createSequence(sequence).isOk());
    return sequence;
  }
  Status step(Sequence *sequence, const std::vector<int32_t> &tokens) {
    session->batch()[0] = {sequence, tokens.data(), tokens.size(), tokens.size()};
    return session->step(1);
  }
  Status draft(Sequence *sequence, int32_t token) {
    session->batch()[0] = {sequence, &token, 1, 1};
    return session->draft(1);
  }
  static bool equal(const float *found, const std::vector<float> &expected) {
    return found && std::memcmp(found, expected.data(), expected.size() * sizeof(float)) == 0;
  }
  /// Steps `tokens`, of which the first `right` are kept, and compares the rows of those.
  void stepAndKeep(Sequence *sequence, std::vector<int32_t> &known, const std::vector<int32_t> &tokens, size_t right) {
    Status status = step(sequence, tokens);
    ASSERT_TRUE(status.isOk()) << status.message();
    for (size_t i = 0; i < right; ++i) {
      known.push_back(tokens[i]);
      EXPECT_TRUE(equal(session->logits(i), expectedLogits(known))) << known.size();
      EXPECT_TRUE(known.size() == 1 || equal(session->mtpLogits(i), expectedMtpLogits(known))) << known.size();
    }
    ASSERT_TRUE(session->rewind(*sequence, known.size()).isOk());
    ASSERT_EQ(static_cast<uint64_t>(sequence->position), known.size());
  }

  FakeProgram program{threeDrafts()};
  std::unique_ptr<Session> session;
};

TEST_P(DraftTest, FollowTheStreamsOfTheBlock) {
  Sequence *a = create();
  std::vector<int32_t> known = somePrompt(40, 1);
  ASSERT_TRUE(step(a, known).isOk());
  for (size_t drafts = 1; drafts <= 3; ++drafts) {
    known.push_back(static_cast<int32_t>(3 * drafts));
    ASSERT_TRUE(draft(a, known.back()).isOk());
    EXPECT_TRUE(equal(session->mtpLogits(0), expectedDraft(known, drafts))) << drafts;
    EXPECT_EQ(session->logits(0), nullptr);
    EXPECT_EQ(a->position, 40);
  }
  // The first one is what its step computes.
  known.resize(41);
  EXPECT_EQ(expectedDraft(known, 1), expectedMtpLogits(known));
}

/// Drafts of any depth, right and wrong ones, over edges of chunks, windows and pages.
TEST_P(DraftTest, LeaveNoTrace) {
  Sequence *a = create();
  std::vector<int32_t> known;
  std::mt19937 random(2);
  stepAndKeep(a, known, somePrompt(50, 1), 50);
  for (int i = 0; i < 250; ++i) {
    size_t depth = random() % 4, right = random() % (depth + 1);
    std::vector<int32_t> tokens = somePrompt(1 + depth, random());
    for (size_t d = 0; d < depth; ++d)
      ASSERT_TRUE(draft(a, tokens[d]).isOk());
    // Now and then nothing comes of the drafts.
    if (random() % 5 == 0)
      tokens = somePrompt(1, random()), right = 0;
    stepAndKeep(a, known, tokens, 1 + right);
  }
  EXPECT_GT(known.size(), 384u);
}

TEST_P(DraftTest, SequencesDraftTogetherAndCopiesKnowNothingOfIt) {
  Sequence *a = create(), *b = create(), *copy = nullptr;
  std::vector<int32_t> first = somePrompt(30, 1), second = somePrompt(17, 2);
  ASSERT_TRUE(step(a, first).isOk());
  ASSERT_TRUE(step(b, second).isOk());
  int32_t tokens[2] = {5, 6};
  for (int i = 0; i < 2; ++i) {
    session->batch()[0] = {a, &tokens[0], 1, 1};
    session->batch()[1] = {b, &tokens[1], 1, 1};
    ASSERT_TRUE(session->draft(2).isOk());
  }
  ASSERT_TRUE(session->fork(*b, copy).isOk());
  session->releaseSequence(*b);
  std::unique_ptr<ParkedSequence> parked;
  ASSERT_TRUE(session->park(*a, parked).isOk());
  ASSERT_TRUE(session->unpark(parked, a).isOk());
  stepAndKeep(copy, second, {1, 2, 3}, 3);
  stepAndKeep(a, first, {4, 5}, 2);
}

TEST_P(DraftTest, RefusesWhatCannotBe) {
  Sequence *a = create();
  EXPECT_EQ(draft(a, 1).message(),
            "draft: batch entry 0 is a sequence without tokens, expected a prompt; step it first");
  ASSERT_TRUE(step(a, {1}).isOk());
  EXPECT_EQ(draft(a, 99).code(), StatusCode::InvalidInput);
  EXPECT_EQ(session->draft(0).message(), "draft: 0 sequences, expected 1 to 3 (the session's max_sequences)");
  int32_t two[2] = {1, 2};
  session->batch()[0] = {a, two, 2, 1};
  EXPECT_EQ(session->draft(1).message(), "draft: batch entry 0 has 2 tokens, expected 1");
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(draft(a, 1).isOk());
  EXPECT_EQ(draft(a, 1).message(),
            "draft: batch entry 0 has 3 drafts, the plan allows 3; step or take back, or compile "
            "the plan with a larger --max-draft");
  ASSERT_TRUE(session->rewind(*a, 1).isOk());
  EXPECT_TRUE(draft(a, 1).isOk());
  std::unique_ptr<Session> plain;
  ASSERT_TRUE(Session::create(program.runnable(), {}, {}, plain).isOk());
  EXPECT_EQ(plain->draft(1).message(), "draft: the session does not run the MTP block; create it with the option mtp");
}

/// A plan that promises more than its rings hold, or does not say how they are laid out.
TEST(Draft, RefusesRingsThatAreTooSmall) {
  FakeOptions fake;
  fake.maxDraft = 5;
  FakeProgram program(fake);
  SessionOptions options;
  options.mtp = true;
  std::unique_ptr<Session> session;
  Sequence *sequence = nullptr;
  ASSERT_TRUE(Session::create(program.runnable(), options, {}, session).isOk());
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  std::vector<int32_t> tokens = somePrompt(20, 1);
  session->batch()[0] = {sequence, tokens.data(), tokens.size(), 1};
  ASSERT_TRUE(session->step(1).isOk());
  for (int i = 0; i < 4; ++i) {
    session->batch()[0] = {sequence, tokens.data(), 1, 1};
    Status status = session->draft(1);
    EXPECT_EQ(status.isOk(), i < 3) << i;
    if (i == 3)
      EXPECT_EQ(status.message(), "draft: batch entry 0 at position 20: the plan's rings keep no 4 drafts; compile it "
                                  "again with this v4-compile");
  }
}

INSTANTIATE_TEST_SUITE_P(Placement, DraftTest, testing::Bool());

} // namespace

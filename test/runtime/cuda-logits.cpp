//===- cuda-logits.cpp - Logits that stay on a GPU until they are asked for -===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SamplingGpu.h"

#include <cmath>

using namespace v4;
using namespace v4::test;

namespace {

using CudaLogitsTest = SamplingGpuTest;

TEST_F(CudaLogitsTest, CopiesLogitsOnceWhenTheyAreAskedFor) {
  open(true);
  size_t before = readBytes();
  feed({3});
  EXPECT_EQ(readBytes(), before);
  const float *row = session->logits(1);
  EXPECT_EQ(std::vector<float>(row, row + kVocabulary), expectedLogits(firstTokens(2)));
  size_t logits = 3 * kVocabulary * sizeof(float);
  EXPECT_EQ(readBytes() - before, logits);
  EXPECT_EQ(session->logits(0), row - kVocabulary);
  EXPECT_EQ(session->logits(3), nullptr);
  EXPECT_TRUE(session->checkLogits(2, /*mtp=*/false).isOk());
  EXPECT_EQ(readBytes() - before, logits);
  row = session->mtpLogits(2);
  EXPECT_EQ(std::vector<float>(row, row + kVocabulary), expectedMtpLogits(firstTokens(3)));
  EXPECT_EQ(readBytes() - before, 2 * logits);
  feed({2});
  row = session->logits(1);
  EXPECT_EQ(std::vector<float>(row, row + kVocabulary), expectedLogits(firstTokens(2)));
}

/// Whatever was asked of the session since, but a step or a draft that ran.
TEST_F(CudaLogitsTest, StayThoseOfTheLastStep) {
  open(true);
  feed({3});
  Sequence *sequence = session->batch()[0].sequence, *fork = nullptr;
  int32_t outside = kVocabulary;
  session->batch()[0] = {sequence, &outside, 1, 1};
  EXPECT_EQ(session->step(1).code(), StatusCode::InvalidInput);
  session->batch()[0] = {sequence, &outside, 1, 1};
  EXPECT_EQ(session->draft(1).code(), StatusCode::InvalidInput);
  ASSERT_TRUE(session->fork(*sequence, fork).isOk());
  ASSERT_TRUE(session->rewind(*sequence, 2).isOk());
  auto drawn = sampler(kOptions.back());
  EXPECT_EQ(pick(LogitsOf::Mtp, 2, *drawn), pickOnHost(expectedMtpLogits(firstTokens(3)), 2, *drawn));
  EXPECT_EQ(session->logitsCount(), 3u);
  EXPECT_TRUE(equal(session->logits(2), expectedLogits(firstTokens(3))));
  session->releaseSequence(*fork);
  session->releaseSequence(*sequence);
  EXPECT_TRUE(equal(session->mtpLogits(2), expectedMtpLogits(firstTokens(3))));
  EXPECT_TRUE(equal(session->logits(0), expectedLogits(firstTokens(1))));
}

/// Steps that a truncate runs want none.
TEST_F(CudaLogitsTest, EndWithATruncateThatSteps) {
  open(true);
  feed({20});
  ASSERT_NE(session->logits(0), nullptr);
  ASSERT_TRUE(session->truncate(*session->batch()[0].sequence, 2).isOk());
  EXPECT_EQ(session->logitsCount(), 0u);
  EXPECT_EQ(session->logits(0), nullptr);
  EXPECT_EQ(session->mtpLogits(0), nullptr);
}

/// Overwrites an entry of the logits behind the launch that computes them: memory of this GPU is that of the process.
struct Spoiler {
  uint32_t launch, binding, entry;
  static void spoil(void *user, const LaunchSpan &span) {
    auto &self = *static_cast<Spoiler *>(user);
    if (span.launch == self.launch)
      static_cast<float *>(span.bindings[self.binding])[self.entry] = NAN;
  }
};

TEST_F(CudaLogitsTest, ReportsRowsThatAreNotFinite) {
  for (bool sampling : {true, false}) {
    open(sampling);
    Spoiler model{2, 7, kVocabulary + 9};
    session->setTrace({&model, Spoiler::spoil});
    feed({3});
    const char *message =
        "logits row 1: entry 9 is not finite, expected numbers; end this request, its tokens lead the "
        "model astray";
    EXPECT_EQ(session->checkLogits(1).message(), message);
    EXPECT_TRUE(session->checkLogits(2).isOk());
    auto greedy = sampler({});
    RowPicks picks;
    for (uint64_t row : {0, 1})
      picks.add({LogitsOf::Model, row, greedy.get(), 0, 4});
    picks.run(*session);
    int32_t token = -1;
    EXPECT_TRUE(picks.take(*session, 0, token).isOk());
    EXPECT_GE(token, 0);
    EXPECT_EQ(picks.take(*session, 1, token).message(), message);
    Spoiler mtp{5, 2, 2 * kVocabulary + 31};
    session->setTrace({&mtp, Spoiler::spoil});
    feed({3});
    EXPECT_TRUE(session->checkLogits(2, /*mtp=*/false).isOk());
    EXPECT_EQ(session->checkLogits(2).message(), "logits row 2: entry 31 of the MTP block is not finite, expected "
                                                 "numbers; end this request, its tokens lead the model astray");
  }
}

} // namespace

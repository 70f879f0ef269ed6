//===- step-block.cpp - Tests of the per-step arrays ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/StepBlock.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;

namespace {

constexpr Limits kLimits{300, 3, 600};

class StepBlockTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    KvLimits cacheLimits;
    cacheLimits.pageBytes = 192;
    cacheLimits.stateBytes = 64;
    cacheLimits.sequences = 3;
    cacheLimits.positions = kLimits.context;
    cacheLimits.guarded = GetParam();
    ASSERT_TRUE(KvStore::create(cacheLimits, cache).isOk());
    ASSERT_TRUE(StepBlock::create(kLimits, {GetParam(), 0}, {}, block).isOk());
    for (uint32_t i = 0; i < 3; ++i) {
      sequences[i] = {};
      sequences[i].serial = i + 1;
      ASSERT_TRUE(cache.createSequence(sequences[i].index).isOk());
    }
  }

  BatchEntry entry(uint32_t sequence, const std::vector<int32_t> &tokens, uint64_t logits) {
    EXPECT_TRUE(
        cache
            .grow(sequences[sequence].index, sequences[sequence].position, sequences[sequence].position + tokens.size())
            .isOk());
    return {&sequences[sequence], tokens.data(), tokens.size(), logits};
  }

  void fill(const std::vector<BatchEntry> &entries) {
    block.fill(entries.data(), entries.size(), cache);
    for (const BatchEntry &e : entries)
      e.sequence->position += static_cast<int64_t>(e.tokenCount);
  }

  std::vector<int32_t> ints(StepField field, int64_t count) const {
    const int32_t *begin = block.array<int32_t>(field);
    return std::vector<int32_t>(begin, begin + count);
  }

  KvStore cache;
  StepBlock block;
  Sequence sequences[3];
};
using Ints = std::vector<int32_t>;

TEST_P(StepBlockTest, RaggedRowsAreConsecutiveInSlotOrder) {
  Ints a{10, 11, 12}, b{20}, c{30, 31};
  fill({entry(2, a, 1), entry(0, b, 0), entry(1, c, 2)});
  EXPECT_EQ(block.count(kCountOne), 1);
  EXPECT_EQ(block.count(kCountTokens), 6);
  EXPECT_EQ(block.count(kCountSequences), 3);
  EXPECT_EQ(block.count(kCountLogits), 3);
  EXPECT_EQ(block.count(kCountPages), 5);
  EXPECT_EQ(block.count(kCountIndexRows), 160);
  EXPECT_EQ(ints(StepField::TokenIds, 6), (Ints{10, 11, 12, 20, 30, 31}));
  EXPECT_EQ(ints(StepField::Positions, 6), (Ints{0, 1, 2, 0, 0, 1}));
  EXPECT_EQ(ints(StepField::TokenSlots, 6), (Ints{0, 0, 0, 1, 2, 2}));
  EXPECT_EQ(ints(StepField::SlotRows, 4), (Ints{0, 3, 4, 6}));
  EXPECT_EQ(ints(StepField::SlotStarts, 3), (Ints{0, 0, 0}));
  EXPECT_EQ(ints(StepField::LogitsRows, 3), (Ints{2, 4, 5}));
  const int64_t *states = block.array<int64_t>(StepField::StateOffsets);
  EXPECT_EQ(states[0], cache.stateOffset(sequences[2].index));
  EXPECT_EQ(states[1], cache.stateOffset(sequences[0].index));
}

TEST_P(StepBlockTest, ChunkBelongsToTheStepWithItsLastToken) {
  Ints three(3), one(1), many(130), five(5);
  fill({entry(0, three, 0)}); // 0..2
  EXPECT_EQ(block.count(kCountChunks4), 0);
  fill({entry(0, one, 0)}); // 3
  EXPECT_EQ(block.count(kCountChunks4), 1);
  EXPECT_EQ(ints(StepField::Chunks4Indices, 1), (Ints{0}));
  fill({entry(1, five, 0), entry(0, many, 0)}); // 0..4 and 4..133
  EXPECT_EQ(block.count(kCountChunks4), 1 + 32);
  EXPECT_EQ(block.count(kCountChunks128), 1);
  EXPECT_EQ(ints(StepField::Chunks4Slots, 3), (Ints{0, 1, 1}));
  EXPECT_EQ(ints(StepField::Chunks4Indices, 3), (Ints{0, 1, 2}));
  EXPECT_EQ(ints(StepField::Chunks128Slots, 1), (Ints{1}));
  EXPECT_EQ(ints(StepField::Chunks128Indices, 1), (Ints{0}));
  EXPECT_EQ(ints(StepField::SlotStarts, 2), (Ints{0, 4}));
}

TEST_P(StepBlockTest, EveryChunkComesOnceHoweverTheSequenceIsCut) {
  for (size_t cut : {1u, 3u, 7u, 64u, 128u}) {
    SetUp();
    Ints seen;
    for (size_t done = 0; done < 500;) {
      Ints tokens(std::min(cut, 500 - done));
      fill({entry(0, tokens, 0)});
      Ints chunks = ints(StepField::Chunks4Indices, block.count(kCountChunks4));
      seen.insert(seen.end(), chunks.begin(), chunks.end());
      done += tokens.size();
    }
    ASSERT_EQ(seen.size(), 125u);
    for (int32_t i = 0; i < 125; ++i)
      ASSERT_EQ(seen[static_cast<size_t>(i)], i);
  }
}

TEST_P(StepBlockTest, PageTablesFollowTheSequenceNotTheSlot) {
  auto expectPages = [&](int64_t slot, uint32_t sequence) {
    const int64_t *row = block.array<int64_t>(StepField::PageOffsets) + slot * block.count(kCountPages);
    for (uint32_t page = 0; page < cache.pageCount(sequences[sequence].index); ++page)
      EXPECT_EQ(row[page], cache.pageOffsets(sequences[sequence].index)[page]) << "slot " << slot << " page " << page;
  };
  Ints tokens(100);
  fill({entry(0, tokens, 0), entry(1, tokens, 0)});
  fill({entry(1, tokens, 0), entry(0, tokens, 0)});
  expectPages(0, 1);
  expectPages(1, 0);
  fill({entry(1, tokens, 0)});
  expectPages(0, 1);
  fill({entry(0, tokens, 0), entry(2, tokens, 0), entry(1, tokens, 0)});
  expectPages(0, 0);
  expectPages(1, 2);
  expectPages(2, 1);
}

TEST_P(StepBlockTest, AddressesDoNotChange) {
  std::vector<void *> before, after;
  for (uint8_t i = 0; i < kStepFieldCount; ++i)
    before.push_back(block.field(static_cast<StepField>(i)));
  Ints tokens(200);
  fill({entry(0, tokens, 200)});
  for (uint8_t i = 0; i < kStepFieldCount; ++i)
    after.push_back(block.field(static_cast<StepField>(i)));
  EXPECT_EQ(before, after);
}

INSTANTIATE_TEST_SUITE_P(Placement, StepBlockTest, testing::Bool(),
                         [](const auto &info) { return info.param ? "Guarded" : "Packed"; });

} // namespace

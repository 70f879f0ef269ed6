//===- kv-store.cpp - Tests of cache pages and state blocks ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/kv/KvStore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

using namespace v4;

namespace {

KvLimits smallLimits() {
  KvLimits limits;
  limits.pageBytes = 192;
  limits.stateBytes = 128;
  limits.sequences = 2;
  limits.positions = 300; // 3 pages
  return limits;
}

KvStore makeStore(const KvLimits &limits) {
  KvStore store;
  Status status = KvStore::create(limits, store);
  EXPECT_TRUE(status.isOk()) << status.message();
  return store;
}

uint32_t makeSequence(KvStore &store) {
  uint32_t index = ~0u;
  Status status = store.createSequence(index);
  EXPECT_TRUE(status.isOk()) << status.message();
  return index;
}

TEST(KvStore, PageCoversTokensOfOnePage) {
  KvStore store = makeStore(smallLimits());
  uint32_t a = makeSequence(store);
  EXPECT_EQ(store.missingBlocks(a, 0, 1), 1u);
  EXPECT_EQ(store.missingBlocks(a, 0, 128), 1u);
  EXPECT_EQ(store.missingBlocks(a, 0, 129), 2u);
  ASSERT_TRUE(store.grow(a, 0, 128).isOk());
  EXPECT_EQ(store.pageCount(a), 1u);
  EXPECT_EQ(store.missingBlocks(a, 0, 128), 0u);
  ASSERT_TRUE(store.grow(a, 0, 300).isOk());
  EXPECT_EQ(store.pageCount(a), 3u);
}

TEST(KvStore, PagesOfAllSequencesAreDistinct) {
  for (bool guarded : {false, true}) {
    KvLimits limits = smallLimits();
    limits.guarded = guarded;
    KvStore store = makeStore(limits);
    std::set<int64_t> offsets;
    for (uint32_t i = 0; i < 2; ++i) {
      uint32_t sequence = makeSequence(store);
      ASSERT_TRUE(store.grow(sequence, 0, 300).isOk());
      for (uint32_t page = 0; page < 3; ++page) {
        int64_t offset = store.pageOffsets(sequence)[page];
        EXPECT_EQ(offset % 64, 0);
        EXPECT_TRUE(offsets.insert(offset).second);
        std::memset(store.pageBase() + offset, static_cast<int>(i), limits.pageBytes);
      }
    }
    EXPECT_EQ(store.availableBlocks(), 0u);
  }
}

TEST(KvStore, StateBlockOfNewSequenceIsZero) {
  KvStore store = makeStore(smallLimits());
  for (int round = 0; round < 3; ++round) {
    uint32_t sequence = makeSequence(store);
    uint8_t *state = store.stateBase() + store.stateOffset(sequence);
    EXPECT_EQ(std::count(state, state + 128, 0), 128);
    std::memset(state, 0xAB, 128);
    store.releaseSequence(sequence);
  }
}

TEST(KvStore, RefusesABoundThatNoMachineHas) {
  for (uint64_t bound : {UINT64_MAX, uint64_t(1) << 47}) {
    KvLimits limits = smallLimits();
    limits.cacheBytes = bound;
    KvStore store;
    Status status = KvStore::create(limits, store);
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    EXPECT_NE(status.message().find("lower cache_bytes"), std::string::npos) << status.message();
  }
}

TEST(KvStore, ReleasedPagesAreUsedAgain) {
  KvLimits limits = smallLimits();
  limits.cacheBytes = 3 * 192;
  KvStore store = makeStore(limits);
  EXPECT_EQ(store.maxBlocks(), 3u);
  for (int round = 0; round < 100; ++round) {
    uint32_t a = makeSequence(store), b = makeSequence(store);
    ASSERT_TRUE(store.grow(a, 0, 200).isOk());
    ASSERT_TRUE(store.grow(b, 0, 100).isOk());
    EXPECT_EQ(store.availableBlocks(), 0u);
    store.releaseSequence(round % 2 ? a : b);
    store.releaseSequence(round % 2 ? b : a);
    EXPECT_EQ(store.availableBlocks(), 3u);
    EXPECT_EQ(store.bytesInUse(), 0u);
  }
}

TEST(KvStore, RefusesMoreSequencesThanItsLimit) {
  KvStore store = makeStore(smallLimits());
  makeSequence(store);
  makeSequence(store);
  uint32_t index = 0;
  Status status = store.createSequence(index);
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_EQ(status.message(),
            "session already has 2 sequences, its limit; release one or create the session with more");
}

TEST(KvStore, RefusesWhatNoAddressSpaceHolds) {
  KvLimits limits = smallLimits();
  limits.pageBytes = uint64_t(1) << 45;
  KvStore store;
  EXPECT_EQ(KvStore::create(limits, store).code(), StatusCode::Unsupported);
  limits = smallLimits();
  limits.sequences = limits.positions = UINT32_MAX;
  EXPECT_EQ(KvStore::create(limits, store).code(), StatusCode::Unsupported);
}

TEST(KvStore, ManyPagesGrowAcrossCommits) {
  KvLimits limits = smallLimits();
  limits.pageBytes = 64 * 1001;
  limits.positions = 128 * 200;
  KvStore store = makeStore(limits);
  uint32_t a = makeSequence(store);
  for (uint64_t page = 1; page <= 200; ++page) {
    ASSERT_TRUE(store.grow(a, 0, page * 128).isOk());
    uint8_t *bytes = store.pageBase() + store.pageOffsets(a)[page - 1];
    std::memset(bytes, 7, limits.pageBytes);
  }
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(KvStoreDeathTest, GuardedBlocksEndAtAnInaccessiblePage) {
  KvLimits limits = smallLimits();
  limits.guarded = true;
  KvStore store = makeStore(limits);
  uint32_t a = makeSequence(store);
  ASSERT_TRUE(store.grow(a, 0, 1).isOk());
  volatile uint8_t *page = store.pageBase() + store.pageOffsets(a)[0];
  volatile uint8_t *state = store.stateBase() + store.stateOffset(a);
  EXPECT_EQ(page[0], kPoison);
  page[191] = 1;
  state[127] = 1;
  EXPECT_DEATH(page[192] = 1, "");
  EXPECT_DEATH(state[128] = 1, "");
}
#endif

} // namespace

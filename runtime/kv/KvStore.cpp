//===- KvStore.cpp - Cache pages and state blocks of sequences ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/kv/KvStore.h"

#include <algorithm>
#include <cstring>

using namespace v4;

Status KvStore::create(const KvLimits &limits, KvStore &out) {
  KvStore store;
  store.sequences = limits.sequences;
  store.pagesPerSequence = (limits.positions + plan::kPageTokens - 1) / plan::kPageTokens;
  uint64_t entries = store.sequences * store.pagesPerSequence;
  if (store.sequences > UINT32_MAX || store.pagesPerSequence > UINT32_MAX || entries > UINT32_MAX)
    return unsupported("cache: ", limits.sequences, " sequences of ", limits.positions,
                       " positions need more than 2^32 pages; lower the session's sequences or context");
  uint64_t pageLimit = entries;
  if (limits.cacheBytes && limits.pageBytes)
    pageLimit = std::min(pageLimit, limits.cacheBytes / limits.pageBytes);
  V4_RETURN_IF_ERROR(BlockPool::create("cache pages", limits.pageBytes, pageLimit, limits.guarded, store.pages));
  V4_RETURN_IF_ERROR(
      BlockPool::create("state blocks", limits.stateBytes, store.sequences, limits.guarded, store.states));
  V4_RETURN_IF_ERROR(LazyArray<int64_t>::create("page tables", entries, store.pageTable));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("page tables", entries, store.pageBlocks));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("sequences", store.sequences, store.counts));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("sequences", store.sequences, store.stateBlocks));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("sequences", store.sequences, store.freeIndices));
  out = std::move(store);
  return Status();
}

Status KvStore::createSequence(uint32_t &index) {
  if (freeCount == 0 && freshIndex == sequences)
    return invalidInput("session already has ", sequences,
                        " sequences, its limit; release one or create the session with more");
  uint32_t block = 0;
  V4_RETURN_IF_ERROR(states.take(block));
  index = freeCount ? freeIndices[--freeCount] : static_cast<uint32_t>(freshIndex++);
  stateBlocks[index] = block;
  counts[index] = 0;
  // Partial windows of a new sequence are read before they are full.
  if (states.blockBytes())
    std::memset(stateBase() + states.offset(block), 0, states.blockBytes());
  return Status();
}

void KvStore::releaseSequence(uint32_t index) {
  for (uint64_t i = 0; i < counts[index]; ++i)
    pages.giveBack(pageBlocks[index * pagesPerSequence + i]);
  counts[index] = 0;
  states.giveBack(stateBlocks[index]);
  freeIndices[freeCount++] = index;
}

uint64_t KvStore::missingPages(uint32_t index, uint64_t positions) const {
  uint64_t needed = (positions + plan::kPageTokens - 1) / plan::kPageTokens;
  return needed > counts[index] ? needed - counts[index] : 0;
}

Status KvStore::grow(uint32_t index, uint64_t positions) {
  for (uint64_t missing = missingPages(index, positions); missing; --missing) {
    uint32_t block = 0;
    V4_RETURN_IF_ERROR(pages.take(block));
    uint64_t entry = index * pagesPerSequence + counts[index];
    pageBlocks[entry] = block;
    pageTable[entry] = pages.offset(block);
    ++counts[index];
  }
  return Status();
}

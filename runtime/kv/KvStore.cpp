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

static uint64_t pagesOf(uint64_t positions) { return (positions + plan::kPageTokens - 1) / plan::kPageTokens; }

/// Addresses that a process of 47 bits can give to one pool.
static constexpr uint64_t kMostCacheBytes = uint64_t(1) << 46;

uint64_t KvStore::mostBlocks(const KvLimits &limits) {
  bool isBounded = limits.cacheBytes && limits.pageBytes;
  return isBounded ? limits.cacheBytes / limits.pageBytes : limits.sequences * pagesOf(limits.positions);
}

Status KvStore::create(const KvLimits &limits, KvStore &out) {
  KvStore store;
  store.sequences = limits.sequences;
  store.rings = limits.rings;
  store.device = limits.device;
  store.pagesPerSequence = pagesOf(limits.positions);
  uint64_t entries = store.sequences * store.pagesPerSequence;
  if (store.sequences > UINT32_MAX || store.pagesPerSequence > UINT32_MAX || entries > UINT32_MAX)
    return unsupported("cache: ", limits.sequences, " sequences of ", limits.positions,
                       " positions need more than 2^32 pages; lower the session's sequences or context");
  uint64_t blocks = mostBlocks(limits);
  if (limits.cacheBytes > kMostCacheBytes || blocks > UINT32_MAX)
    return unsupported("cache: a bound of ", limits.cacheBytes,
                       " bytes is more than this machine can address, at most ",
                       std::min(kMostCacheBytes, UINT32_MAX * limits.pageBytes), "; lower cache_bytes");
  V4_RETURN_IF_ERROR(
      BlockPool::create("cache pages", limits.pageBytes, blocks, limits.guarded, limits.device, store.pages));
  V4_RETURN_IF_ERROR(BlockPool::create("state blocks", limits.stateBytes, store.sequences, limits.guarded,
                                       limits.device, store.states));
  V4_RETURN_IF_ERROR(LazyArray<int64_t>::create("page tables", entries, store.pageTable));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("page tables", entries, store.pageBlocks));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("page holders", blocks, store.holders));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("page holders", blocks, store.copied));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("page holders", store.sequences, store.counted));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("snapshots", blocks, store.chain));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("sequences", store.sequences, store.counts));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("sequences", store.sequences, store.stateBlocks));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create("sequences", store.sequences, store.freeIndices));
  out = std::move(store);
  return Status();
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

Status KvStore::takeIndex(uint32_t &index) {
  if (freeCount == 0 && freshIndex == sequences)
    return invalidInput("session already has ", sequences,
                        " sequences, its limit; release one or create the session with more");
  uint32_t block = 0;
  V4_RETURN_IF_ERROR(states.take(block));
  index = freeCount ? freeIndices[--freeCount] : static_cast<uint32_t>(freshIndex++);
  stateBlocks[index] = block;
  counts[index] = 0;
  return Status();
}

Status KvStore::createSequence(uint32_t &index) {
  V4_RETURN_IF_ERROR(takeIndex(index));
  clearState(index);
  return Status();
}

/// Partial windows of a new sequence are read before they are full.
void KvStore::clearState(uint32_t index) { fillMemory(device, stateData(index), 0, states.blockBytes()); }

Status KvStore::forkSequence(uint32_t source, uint32_t &index) {
  V4_RETURN_IF_ERROR(takeIndex(index));
  copyMemory(device, stateData(index), stateData(source), states.blockBytes());
  for (uint64_t page = 0; page < counts[source]; ++page)
    appendPage(index, pageBlocksOf(source)[page]);
  return Status();
}

void KvStore::releaseSequence(uint32_t index) {
  dropPages(index, 0);
  states.giveBack(stateBlocks[index]);
  freeIndices[freeCount++] = index;
}

//===----------------------------------------------------------------------===//
// Pages
//===----------------------------------------------------------------------===//

Status KvStore::takeBlock(uint32_t &block) {
  V4_RETURN_IF_ERROR(pages.take(block));
  holders[block] = 1;
  return Status();
}

void KvStore::drop(uint32_t block) {
  if (--holders[block] == 0)
    pages.giveBack(block);
}

void KvStore::setPage(uint64_t entry, uint32_t block) {
  pageBlocks[entry] = block;
  pageTable[entry] = pages.offset(block);
}

void KvStore::appendPage(uint32_t index, uint32_t block) {
  hold(block);
  setPage(index * pagesPerSequence + counts[index], block);
  ++counts[index];
}

void KvStore::replacePage(uint32_t index, uint64_t page, uint32_t block) {
  hold(block);
  drop(pageBlocksOf(index)[page]);
  setPage(index * pagesPerSequence + page, block);
}

void KvStore::dropPages(uint32_t index, uint64_t count) {
  while (counts[index] > count)
    drop(pageBlocksOf(index)[--counts[index]]);
}

/// Whether the page that position `begin` continues has other holders.
bool KvStore::mustCopy(uint32_t index, uint64_t begin) const {
  return begin % plan::kPageTokens != 0 && holders[pageBlocksOf(index)[begin / plan::kPageTokens]] > 1;
}

uint64_t KvStore::missingBlocks(uint32_t index, uint64_t begin, uint64_t end) const {
  uint64_t needed = pagesOf(end);
  return (needed > counts[index] ? needed - counts[index] : 0) + mustCopy(index, begin);
}

uint64_t KvStore::countBlocks(uint32_t index, uint64_t begin, uint64_t end) {
  uint64_t missing = missingBlocks(index, begin, end);
  if (!mustCopy(index, begin))
    return missing;
  uint32_t block = pageBlocksOf(index)[begin / plan::kPageTokens];
  if (copied[block] == 0)
    counted[countedCount++] = block;
  return ++copied[block] == holders[block] ? missing - 1 : missing;
}

void KvStore::endCount() {
  while (countedCount)
    copied[counted[--countedCount]] = 0;
}

Status KvStore::grow(uint32_t index, uint64_t begin, uint64_t end) {
  if (mustCopy(index, begin)) {
    uint64_t page = begin / plan::kPageTokens;
    uint32_t shared = pageBlocksOf(index)[page], copy = 0;
    V4_RETURN_IF_ERROR(takeBlock(copy));
    copyMemory(device, blockData(copy), blockData(shared), pageBytes());
    replacePage(index, page, copy);
    drop(copy);
  }
  for (uint64_t needed = pagesOf(end); counts[index] < needed;) {
    uint32_t block = 0;
    V4_RETURN_IF_ERROR(takeBlock(block));
    appendPage(index, block);
    drop(block);
  }
  return Status();
}

//===- KvStore.h - Cache pages and state blocks of sequences ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The cache of one session: what the plan's pool table says, and nothing of the
// model. A page holds the rows of kPageTokens source tokens for every page
// pool; a state block holds everything of a sequence that is not page-shaped.
// Each sequence has one page table for all layers.
//
// A sequence is named by its index, 0 <= index < sequences.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_KV_KVSTORE_H
#define V4_RUNTIME_KV_KVSTORE_H

#include "runtime/kv/BlockPool.h"
#include "runtime/plan/Format.h"

namespace v4 {

struct KvLimits {
  uint64_t pageBytes = 0;
  uint64_t stateBytes = 0;
  uint64_t sequences = 1;
  /// Positions that a sequence can hold.
  uint64_t positions = 1;
  /// Bound of all pages together; 0 = every sequence may be full.
  uint64_t cacheBytes = 0;
  bool guarded = false;
};

class KvStore {
public:
  static Status create(const KvLimits &limits, KvStore &out);

  /// Its state block is zero, its page table empty. InvalidInput when all sequences exist.
  Status createSequence(uint32_t &index);
  void releaseSequence(uint32_t index);

  /// Pages that the sequence lacks to hold `positions` positions.
  uint64_t missingPages(uint32_t index, uint64_t positions) const;
  /// Appends pages until `positions` positions fit. REQUIRES: availablePages() >= missingPages().
  Status grow(uint32_t index, uint64_t positions);

  uint8_t *pageBase() const { return pages.base(); }
  uint8_t *stateBase() const { return states.base(); }
  /// Byte offset of each page from pageBase(); pageCount() entries.
  const int64_t *pageOffsets(uint32_t index) const { return pageTable.data() + index * pagesPerSequence; }
  uint32_t pageCount(uint32_t index) const { return counts[index]; }
  int64_t stateOffset(uint32_t index) const { return states.offset(stateBlocks[index]); }

  uint64_t availablePages() const { return pages.available(); }
  uint64_t maxPages() const { return pages.available() + pages.inUse(); }
  uint64_t pageBytes() const { return pages.blockBytes(); }
  uint64_t bytesInUse() const { return pages.inUse() * pages.blockBytes() + states.inUse() * states.blockBytes(); }

private:
  BlockPool pages;
  BlockPool states;
  uint64_t pagesPerSequence = 0;
  LazyArray<int64_t> pageTable;    ///< [sequences][pagesPerSequence]
  LazyArray<uint32_t> pageBlocks;  ///< The block behind each entry.
  LazyArray<uint32_t> counts;      ///< Pages of each sequence.
  LazyArray<uint32_t> stateBlocks; ///< State block of each sequence.
  LazyArray<uint32_t> freeIndices; ///< A stack of released indices.
  uint64_t freeCount = 0;
  uint64_t freshIndex = 0;
  uint64_t sequences = 0;
};

} // namespace v4

#endif // V4_RUNTIME_KV_KVSTORE_H

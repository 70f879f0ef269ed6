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
//   block pool   [page][page][snapshot part][page][free] ...   blocks of one size
//   page table   sequence 0: 0 1 3        entries of several sequences, and
//                sequence 1: 0 1 5        holders outside, may name one block
//
// Pages are counted: a block with more than one holder is never written. `grow`
// gives a sequence a copy of its last, partial page first. Snapshots of state
// blocks are chains of blocks of the same pool, so that the pool's size bounds
// pages and snapshots together.
//
// A sequence is named by its index, 0 <= index < sequences. Nothing here runs
// kernels or allocates after `create`. One thread at a time.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_KV_KVSTORE_H
#define V4_RUNTIME_KV_KVSTORE_H

#include "runtime/kv/BlockPool.h"
#include "runtime/plan/Format.h"
#include "runtime/plan/PlanState.h"

namespace v4 {

struct KvLimits {
  uint64_t pageBytes = 0;
  uint64_t stateBytes = 0;
  uint64_t sequences = 1;
  /// Positions that a sequence can hold.
  uint64_t positions = 1;
  /// Bound of all pages and snapshots together; 0 = every sequence may be full.
  uint64_t cacheBytes = 0;
  bool guarded = false;
  DeviceMemory *device = nullptr;     ///< Where blocks lie; null = in this process.
  std::vector<plan::StateRing> rings; ///< Of the state block, for snapshots.
};

/// The state of `position` tokens, in blocks of a KvStore. Plain data: who holds it gives it back.
struct Snapshot {
  uint64_t position = 0;
  uint32_t first = 0; ///< Of a chain of `blocks` blocks.
  uint32_t blocks = 0;
};

class KvStore {
public:
  static Status create(const KvLimits &limits, KvStore &out);
  /// Blocks that pages and snapshots may take together.
  static uint64_t mostBlocks(const KvLimits &limits);

  /// Its state block is zero, its page table empty. InvalidInput when all sequences exist.
  Status createSequence(uint32_t &index);
  void releaseSequence(uint32_t index);
  /// A sequence with the same pages and a copy of the state block. InvalidInput when all sequences exist.
  Status forkSequence(uint32_t source, uint32_t &index);

  /// Blocks that `grow` takes, a copy of the partial page at `begin` included.
  uint64_t missingBlocks(uint32_t index, uint64_t begin, uint64_t end) const;
  /// missingBlocks of several sequences that grow together: of the holders of one page, the last needs no copy.
  /// Call with the sum so far; `endCount` forgets the calls since the last one.
  uint64_t countBlocks(uint32_t index, uint64_t begin, uint64_t end);
  void endCount();
  /// Makes positions [begin, end) writable: pages are appended, a shared page at `begin` is copied first. REQUIRES: the
  /// pages cover [0, begin); availableBlocks() >= missingBlocks().
  Status grow(uint32_t index, uint64_t begin, uint64_t end);
  /// Drops the pages behind the first `count`.
  void dropPages(uint32_t index, uint64_t count);
  /// Appends `block`, which gets one holder more.
  void appendPage(uint32_t index, uint32_t block);
  /// Puts `block` in the place of page `page`.
  void replacePage(uint32_t index, uint64_t page, uint32_t block);

  /// A holder of a block that no page table names.
  Status takeBlock(uint32_t &block);
  void hold(uint32_t block) { ++holders[block]; }
  void drop(uint32_t block);
  uint32_t holdersOf(uint32_t block) const { return holders[block]; }

  /// The state of `index` at `position` can still be snapshot or gone back to. `fed` is the largest number of tokens
  /// that its state block has seen since it was created or restored.
  bool holdsState(uint64_t fed, uint64_t position) const { return plan::holdsState(rings, fed, position); }
  uint64_t snapshotBytes(uint64_t position) const { return plan::snapshotBytes(rings, position); }
  /// Blocks of a snapshot; none can be had (UINT64_MAX) when pages have no bytes.
  uint64_t snapshotBlocks(uint64_t position) const;
  /// REQUIRES: holdsState; availableBlocks() >= snapshotBlocks(position).
  Status takeSnapshot(uint32_t index, uint64_t position, Snapshot &out);
  /// Writes the rows of the snapshot; what else is in the state block is not needed at its position.
  void restoreSnapshot(uint32_t index, const Snapshot &snapshot);
  void dropSnapshot(const Snapshot &snapshot);
  /// The bytes of a snapshot as one piece, of a state block and of a kept one; and back. snapshotBytes(position) bytes.
  void readState(uint32_t index, uint64_t position, uint8_t *out) const;
  void writeState(uint32_t index, uint64_t position, const uint8_t *bytes);
  void readSnapshot(const Snapshot &snapshot, uint8_t *out) const;
  /// REQUIRES: availableBlocks() >= snapshotBlocks(position).
  Status writeSnapshot(uint64_t position, const uint8_t *bytes, Snapshot &out);
  /// Clears the state block, as for a new sequence.
  void clearState(uint32_t index);
  uint32_t nextBlock(uint32_t block) const { return chain[block]; }
  /// The bytes of a page, and back; pageBytes() of them.
  void readBlock(uint32_t block, uint8_t *out) const {
    copyMemory(device, out, blockData(block), pageBytes());
    finishReads(device);
  }
  void writeBlock(uint32_t block, const uint8_t *bytes) { copyMemory(device, blockData(block), bytes, pageBytes()); }
  void copyBytes(void *to, const void *from, uint64_t bytes) const { copyMemory(device, to, from, bytes); }

  uint8_t *pageBase() const { return pages.base(); }
  uint8_t *stateBase() const { return states.base(); }
  uint8_t *blockData(uint32_t block) const { return pages.base() + pages.offset(block); }
  uint8_t *stateData(uint32_t index) const { return states.base() + stateOffset(index); }
  /// Byte offset of each page from pageBase(); pageCount() entries.
  const int64_t *pageOffsets(uint32_t index) const { return pageTable.data() + index * pagesPerSequence; }
  const uint32_t *pageBlocksOf(uint32_t index) const { return pageBlocks.data() + index * pagesPerSequence; }
  uint32_t pageCount(uint32_t index) const { return counts[index]; }
  int64_t stateOffset(uint32_t index) const { return states.offset(stateBlocks[index]); }

  uint64_t availableBlocks() const { return pages.available(); }
  uint64_t maxBlocks() const { return pages.available() + pages.inUse(); }
  /// Blocks from here on were never used.
  uint64_t usedBlocks() const { return pages.touched(); }
  uint64_t pageBytes() const { return pages.blockBytes(); }
  uint64_t stateBytes() const { return states.blockBytes(); }
  uint64_t availableSequences() const { return freeCount + (sequences - freshIndex); }
  uint64_t bytesInUse() const { return pages.inUse() * pages.blockBytes() + states.inUse() * states.blockBytes(); }

private:
  Status takeIndex(uint32_t &index);
  Status takeChain(uint64_t position, Snapshot &out);
  void poisonState(uint32_t index);
  bool mustCopy(uint32_t index, uint64_t begin) const;
  void setPage(uint64_t entry, uint32_t block);

  DeviceMemory *device = nullptr;
  BlockPool pages;
  BlockPool states;
  std::vector<plan::StateRing> rings;
  uint64_t pagesPerSequence = 0;
  LazyArray<int64_t> pageTable;    ///< [sequences][pagesPerSequence]
  LazyArray<uint32_t> pageBlocks;  ///< The block behind each entry.
  LazyArray<uint32_t> counts;      ///< Pages of each sequence.
  LazyArray<uint32_t> stateBlocks; ///< State block of each sequence.
  LazyArray<uint32_t> freeIndices; ///< A stack of released indices.
  LazyArray<uint32_t> holders;     ///< Of each block.
  LazyArray<uint32_t> copied;      ///< Copies of each block that countBlocks has counted.
  LazyArray<uint32_t> counted;     ///< Blocks with an entry in `copied`.
  uint64_t countedCount = 0;
  LazyArray<uint32_t> chain; ///< The block behind each one of a snapshot.
  uint64_t freeCount = 0;
  uint64_t freshIndex = 0;
  uint64_t sequences = 0;
};

} // namespace v4

#endif // V4_RUNTIME_KV_KVSTORE_H

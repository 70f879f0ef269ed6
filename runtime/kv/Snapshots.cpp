//===- Snapshots.cpp - Copies of state blocks in blocks of the page pool ---===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bytes of a snapshot are the live rows of each ring, ring after ring, in
// order of position, cut into blocks. KvStore.h declares this.
//
//===----------------------------------------------------------------------===//

#include "runtime/kv/KvStore.h"

#include <algorithm>
#include <cstring>

using namespace v4;

namespace {

/// Walks the bytes of a chain of blocks.
class ChainCursor {
public:
  ChainCursor(const KvStore &store, uint32_t first) : store(store), block(first) {}

  /// Calls move(bytes of the chain, bytes of the state, count) for pieces of [state, state + bytes).
  template <typename Move>
  void pass(uint8_t *state, uint64_t bytes, Move move) {
    while (bytes) {
      if (used == store.pageBytes()) {
        block = store.nextBlock(block);
        used = 0;
      }
      uint64_t piece = std::min(bytes, store.pageBytes() - used);
      move(store.blockData(block) + used, state, piece);
      used += piece;
      state += piece;
      bytes -= piece;
    }
  }

private:
  const KvStore &store;
  uint32_t block;
  uint64_t used = 0;
};

/// Calls run(begin, bytes) for the pieces of a state block that make up a snapshot.
template <typename Run>
void forEachRun(const std::vector<plan::StateRing> &rings, uint64_t position, uint8_t *state, Run run) {
  for (const plan::StateRing &ring : rings) {
    uint8_t *rows = state + ring.offset;
    plan::RowSpan span = ring.period ? plan::liveRows(ring, position) : plan::RowSpan{0, ring.rows};
    while (span.begin < span.end) {
      uint64_t row = span.begin % ring.rows;
      uint64_t count = std::min(span.end - span.begin, ring.rows - row);
      run(rows + row * ring.rowBytes, count * ring.rowBytes);
      span.begin += count;
    }
  }
}

} // namespace

uint64_t KvStore::snapshotBlocks(uint64_t position) const {
  return pageBytes() ? (snapshotBytes(position) + pageBytes() - 1) / pageBytes() : UINT64_MAX;
}

/// Blocks for a snapshot.
Status KvStore::takeChain(uint64_t position, Snapshot &out) {
  Snapshot snapshot{position, 0, 0};
  for (uint64_t needed = snapshotBlocks(position); snapshot.blocks < needed; ++snapshot.blocks) {
    uint32_t block = 0;
    if (Status status = takeBlock(block); !status.isOk()) {
      dropSnapshot(snapshot);
      return status;
    }
    chain[block] = snapshot.first;
    snapshot.first = block;
  }
  out = snapshot;
  return Status();
}

Status KvStore::takeSnapshot(uint32_t index, uint64_t position, Snapshot &out) {
  Snapshot snapshot;
  V4_RETURN_IF_ERROR(takeChain(position, snapshot));
  ChainCursor cursor(*this, snapshot.first);
  forEachRun(rings, position, stateData(index), [&](uint8_t *rows, uint64_t bytes) {
    cursor.pass(rows, bytes, [&](uint8_t *to, uint8_t *from, uint64_t count) { copyBytes(to, from, count); });
  });
  out = snapshot;
  return Status();
}

/// What a snapshot leaves out is never read: poison shows it where blocks are guarded.
void KvStore::poisonState(uint32_t index) {
  if (pages.isGuarded() && states.blockBytes())
    std::memset(stateData(index), kPoison, states.blockBytes());
}

void KvStore::restoreSnapshot(uint32_t index, const Snapshot &snapshot) {
  poisonState(index);
  ChainCursor cursor(*this, snapshot.first);
  forEachRun(rings, snapshot.position, stateData(index), [&](uint8_t *rows, uint64_t bytes) {
    cursor.pass(rows, bytes, [&](uint8_t *from, uint8_t *to, uint64_t count) { copyBytes(to, from, count); });
  });
}

void KvStore::dropSnapshot(const Snapshot &snapshot) {
  uint32_t block = snapshot.first;
  for (uint32_t i = 0; i < snapshot.blocks; ++i) {
    uint32_t next = chain[block];
    drop(block);
    block = next;
  }
}

void KvStore::readState(uint32_t index, uint64_t position, uint8_t *out) const {
  forEachRun(rings, position, stateData(index), [&](uint8_t *rows, uint64_t bytes) {
    copyBytes(out, rows, bytes);
    out += bytes;
  });
  finishReads(device);
}

void KvStore::writeState(uint32_t index, uint64_t position, const uint8_t *bytes) {
  poisonState(index);
  forEachRun(rings, position, stateData(index), [&](uint8_t *rows, uint64_t count) {
    copyBytes(rows, bytes, count);
    bytes += count;
  });
}

void KvStore::readSnapshot(const Snapshot &snapshot, uint8_t *out) const {
  ChainCursor cursor(*this, snapshot.first);
  cursor.pass(out, snapshotBytes(snapshot.position),
              [&](uint8_t *from, uint8_t *to, uint64_t count) { copyBytes(to, from, count); });
  finishReads(device);
}

Status KvStore::writeSnapshot(uint64_t position, const uint8_t *bytes, Snapshot &out) {
  V4_RETURN_IF_ERROR(takeChain(position, out));
  ChainCursor cursor(*this, out.first);
  cursor.pass(const_cast<uint8_t *>(bytes), snapshotBytes(position),
              [&](uint8_t *to, uint8_t *from, uint64_t count) { copyBytes(to, from, count); });
  return Status();
}

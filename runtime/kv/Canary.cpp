//===- Canary.cpp - Finds bytes that nobody should have written -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/kv/Canary.h"

#include <algorithm>
#include <cstring>

using namespace v4;

static constexpr uint64_t kTokens = plan::kPageTokens;

/// Fast, and different for any single change of a word.
static uint64_t mix(uint64_t hash, const void *data, uint64_t bytes) {
  const uint8_t *at = static_cast<const uint8_t *>(data);
  for (; bytes >= 8; at += 8, bytes -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
  }
  for (; bytes; ++at, --bytes)
    hash = (hash ^ *at) * 0x100000001B3u;
  return hash;
}

static uint64_t mixTokens(uint64_t hash, const int32_t *tokens, uint64_t begin, uint64_t end) {
  for (; begin < end; ++begin)
    hash = mix(hash, tokens + begin, sizeof(int32_t));
  return hash;
}

Status Canary::create(const KvStore &store, uint64_t sequences, Canary &out) {
  Canary canary;
  canary.store = &store;
  V4_RETURN_IF_ERROR(LazyArray<Seal>::create("canaries", store.maxBlocks(), canary.blocks));
  V4_RETURN_IF_ERROR(LazyArray<Seal>::create("canaries", sequences, canary.states));
  out = std::move(canary);
  return Status();
}

void Canary::sealWritten(uint32_t sequence, const int32_t *tokens, uint64_t begin, uint64_t end) {
  uint64_t page = begin / kTokens, hash = mixTokens(0, tokens, 0, page * kTokens);
  for (; page * kTokens < end; ++page) {
    uint32_t block = store->pageBlocksOf(sequence)[page];
    uint64_t last = std::min(end, (page + 1) * kTokens);
    hash = mixTokens(hash, tokens, page * kTokens, last);
    uint64_t checksum = mix(0, store->blockData(block), store->pageBytes());
    blocks[block] = {checksum, hash, page * kTokens, last, sequence, Kind::Page, true};
  }
  sealState(sequence, tokens, end);
}

void Canary::sealPage(uint32_t block, const int32_t *tokens, uint64_t page, uint32_t owner) {
  uint64_t end = (page + 1) * kTokens, checksum = mix(0, store->blockData(block), store->pageBytes());
  blocks[block] = {checksum, mixTokens(0, tokens, 0, end), page * kTokens, end, owner, Kind::Page, true};
}

void Canary::sealState(uint32_t sequence, const int32_t *tokens, uint64_t position) {
  uint64_t checksum = mix(0, store->stateData(sequence), store->stateBytes());
  states[sequence] = {checksum, mixTokens(0, tokens, 0, position), 0, position, sequence, Kind::State, true};
}

void Canary::sealSnapshot(const Snapshot &snapshot) {
  uint32_t block = snapshot.first;
  for (uint32_t i = 0; i < snapshot.blocks; ++i, block = store->nextBlock(block))
    blocks[block] = {
        mix(0, store->blockData(block), store->pageBytes()), 0, 0, snapshot.position, 0, Kind::Snapshot, true};
}

Status Canary::check() {
  for (uint64_t block = 0; block < store->usedBlocks(); ++block) {
    if (store->holdersOf(static_cast<uint32_t>(block)) == 0)
      blocks[block].sealed = false;
    V4_RETURN_IF_ERROR(
        compare(blocks[block], store->blockData(static_cast<uint32_t>(block)), store->pageBytes(), block));
  }
  for (uint64_t sequence = 0; sequence < states.size(); ++sequence)
    if (states[sequence].sealed)
      V4_RETURN_IF_ERROR(
          compare(states[sequence], store->stateData(static_cast<uint32_t>(sequence)), store->stateBytes(), sequence));
  return Status();
}

Status Canary::compare(const Seal &seal, const uint8_t *bytes, uint64_t count, uint64_t block) const {
  if (!seal.sealed)
    return Status();
  uint64_t found = mix(0, bytes, count);
  if (found == seal.checksum)
    return Status();
  static const char *const kinds[] = {"a page", "part of a snapshot", "the state block"};
  return internalError("canary: cache block ", block, ", ", kinds[static_cast<int>(seal.kind)], " of sequence ",
                       seal.owner, " with positions ", seal.begin, " to ", seal.end, ", has checksum ", found,
                       ", expected ", seal.checksum, "; a kernel or this library wrote outside of its own, report it");
}

Status Canary::checkOwner(uint32_t sequence, const int32_t *tokens, uint64_t position) const {
  uint64_t hash = 0;
  for (uint64_t page = 0; page * kTokens < position; ++page) {
    uint32_t block = store->pageBlocksOf(sequence)[page];
    const Seal &seal = blocks[block];
    uint64_t end = std::min(position, (page + 1) * kTokens);
    if (!seal.sealed || seal.kind != Kind::Page || seal.begin != page * kTokens || seal.end < end)
      return internalError("canary: page ", page, " of sequence ", sequence, " is cache block ", block,
                           ", which holds positions ", seal.begin, " to ", seal.end, ", expected ", page * kTokens,
                           " to ", end, "; report it");
    hash = mixTokens(hash, tokens, page * kTokens, end);
    // Where tokens were taken back, the seal is of more than is left.
    if (seal.end == end && seal.tokens != hash)
      return internalError("canary: page ", page, " of sequence ", sequence, " is cache block ", block,
                           ", computed for other tokens by sequence ", seal.owner, "; report it");
  }
  return Status();
}

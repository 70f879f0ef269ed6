//===- Prefixes.cpp - What sequences leave for others and for later -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include <algorithm>
#include <cstring>

using namespace v4;

static constexpr uint64_t kTokens = plan::kPageTokens;

const char *v4::hitReasonText(HitReason reason) {
  switch (reason) {
  case HitReason::Whole:
    return "all full pages in front of the last token";
  case HitReason::Short:
    return "no full page in front of the last token";
  case HitReason::Nothing:
    return "no kept page has these tokens";
  case HitReason::Different:
    return "no kept page has the tokens behind";
  case HitReason::NoState:
    return "pages behind are kept, no snapshot is";
  case HitReason::AllRows:
    return "the logits of all tokens were asked for";
  case HitReason::NotBegun:
    return "it ended before it began";
  case HitReason::Off:
    break;
  }
  return "this session keeps no prefixes";
}

uint64_t v4::prefillChunk(uint64_t position, uint64_t end, uint64_t most) {
  if (position >= end)
    return 0;
  most = std::min(most, end - position);
  uint64_t last = (end - 1) / kTokens * kTokens;
  uint64_t stop = position < last ? std::min(last, position + most) : std::min(end, position + most);
  uint64_t boundary = stop / kTokens * kTokens;
  return (boundary > position && stop < end ? boundary : stop) - position;
}

//===----------------------------------------------------------------------===//
// Leaving
//===----------------------------------------------------------------------===//

/// The tokens of the sequence are accepted: its full pages, and the state where it can be had, are for all.
void Session::settle(Sequence &sequence) {
  if (!caching)
    return;
  publish(sequence);
  keepState(sequence);
}

void Session::publish(Sequence &sequence) {
  const uint32_t *blocks = cache.pageBlocksOf(sequence.index);
  uint64_t full = static_cast<uint64_t>(sequence.position) / kTokens;
  for (; sequence.published < full; ++sequence.published) {
    uint64_t page = sequence.published;
    uint32_t parent = page ? blocks[page - 1] : PrefixTree::kRoot;
    const int32_t *ids = tokens(sequence) + page * kTokens;
    uint32_t node = tree.find(parent, ids);
    if (node == PrefixTree::kRoot) {
      tree.insert(parent, ids, blocks[page]);
    } else if (node != blocks[page]) {
      // Somebody else computed the same bits.
      cache.replacePage(sequence.index, page, node);
      sequence.serial = nextSerial++;
    }
  }
}

/// A snapshot at the last page boundary, if the state block still has it.
void Session::keepState(Sequence &sequence) {
  uint64_t pages = sequence.published, position = pages * kTokens;
  if (pages == 0 || !holdsState(sequence, position))
    return;
  uint32_t node = cache.pageBlocksOf(sequence.index)[pages - 1];
  if (tree.hasSnapshot(node) || !tree.makeRoom(node, cache.snapshotBlocks(position)))
    return;
  Snapshot snapshot;
  // No memory for a cache is no error of a sequence.
  if (!cache.takeSnapshot(sequence.index, position, snapshot).isOk())
    return;
  tree.keepSnapshot(node, snapshot);
  if (options.canary)
    canary.sealSnapshot(snapshot);
}

/// A prompt or a turn ends here: its last snapshot is worth more.
void Session::markTurn(Sequence &sequence) {
  if (!caching || sequence.published == 0)
    return;
  uint32_t node = cache.pageBlocksOf(sequence.index)[sequence.published - 1];
  if (tree.hasSnapshot(node))
    tree.touch(node, /*turn=*/true);
}

bool Session::makeRoom(uint64_t blocks) {
  while (blocks > cache.availableBlocks())
    if (!tree.evict())
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Taking up
//===----------------------------------------------------------------------===//

Status Session::reuse(Sequence &sequence, const int32_t *tokens, uint64_t count, PrefixHit &hit) {
  V4_RETURN_IF_ERROR(checkLive(sequence, "reuse"));
  if (sequence.position != 0 || sequence.fed != 0)
    return invalidInput("reuse: the sequence has ", sequence.position, " tokens, expected a new one without any");
  uint32_t node = lookUp(tokens, count, hit);
  if (hit.tokens)
    beginBehind(sequence, node, tokens, hit.tokens / kTokens);
  return Status();
}

PrefixHit Session::findPrefix(const int32_t *tokens, uint64_t count) const {
  PrefixHit hit;
  lookUp(tokens, count, hit);
  return hit;
}

/// The node at the end of the hit.
uint32_t Session::lookUp(const int32_t *tokens, uint64_t count, PrefixHit &hit) const {
  hit = {};
  if (!caching)
    return PrefixTree::kRoot;
  uint64_t most = std::min(count ? count - 1 : 0, positionLimit) / kTokens, matched = 0, kept = 0;
  uint32_t node = PrefixTree::kRoot, with = PrefixTree::kRoot;
  for (; matched < most; ++matched) {
    uint32_t next = tree.find(node, tokens + matched * kTokens);
    if (next == PrefixTree::kRoot)
      break;
    node = next;
    if (tree.hasSnapshot(node)) {
      with = node;
      kept = matched + 1;
    }
  }
  hit.tokens = kept * kTokens;
  hit.matched = matched * kTokens;
  hit.reason = most == 0         ? HitReason::Short
               : kept == most    ? HitReason::Whole
               : matched == 0    ? HitReason::Nothing
               : kept == matched ? HitReason::Different
                                 : HitReason::NoState;
  return with;
}

/// Gives a new sequence the pages down to `node`, and its state.
void Session::beginBehind(Sequence &sequence, uint32_t node, const int32_t *tokens, uint64_t pages) {
  uint32_t parent = PrefixTree::kRoot;
  for (uint64_t page = 0; page < pages; ++page) {
    parent = tree.find(parent, tokens + page * kTokens);
    cache.appendPage(sequence.index, parent);
  }
  cache.restoreSnapshot(sequence.index, tree.snapshotOf(node));
  tree.touch(node, /*turn=*/false);
  std::memcpy(history.data() + sequence.index * positionLimit, tokens, pages * kTokens * sizeof(int32_t));
  sequence.published = pages;
  sequence.began = sequence.fed = pages * kTokens;
  sequence.position = static_cast<int64_t>(sequence.fed);
  sealState(sequence);
}

//===----------------------------------------------------------------------===//
// Parking
//===----------------------------------------------------------------------===//

Status Session::park(Sequence &sequence, std::unique_ptr<ParkedSequence> &out) {
  V4_RETURN_IF_ERROR(checkLive(sequence, "park"));
  settle(sequence);
  markTurn(sequence);
  uint64_t position = static_cast<uint64_t>(sequence.position), needed = cache.snapshotBlocks(position);
  if (!makeRoom(needed))
    return unsupported("park: the state of ", position, " tokens needs ", needed, " cache pages of ", cache.pageBytes(),
                       " bytes, ", cache.availableBlocks(), " of ", cache.maxBlocks(),
                       " are free; release a sequence or raise the session's cache_bytes");
  std::unique_ptr<ParkedSequence> parked(new ParkedSequence);
  V4_RETURN_IF_ERROR(cache.takeSnapshot(sequence.index, position, parked->state));
  if (options.canary)
    canary.sealSnapshot(parked->state);
  parked->tokens.assign(tokens(sequence), tokens(sequence) + position);
  const uint32_t *blocks = cache.pageBlocksOf(sequence.index);
  parked->pages.assign(blocks, blocks + cache.pageCount(sequence.index));
  parked->published = sequence.published;
  for (uint32_t block : parked->pages)
    cache.hold(block);
  releaseSequence(sequence);
  out = std::move(parked);
  return Status();
}

Status Session::unpark(std::unique_ptr<ParkedSequence> &parked, Sequence *&out) {
  Sequence *sequence = nullptr;
  V4_RETURN_IF_ERROR(createSequence(sequence));
  for (uint32_t block : parked->pages) {
    cache.appendPage(sequence->index, block);
    cache.drop(block);
  }
  cache.restoreSnapshot(sequence->index, parked->state);
  cache.dropSnapshot(parked->state);
  std::copy(parked->tokens.begin(), parked->tokens.end(), history.data() + sequence->index * positionLimit);
  sequence->began = sequence->fed = parked->tokens.size();
  sequence->position = static_cast<int64_t>(sequence->fed);
  sequence->published = parked->published;
  sealState(*sequence);
  parked.reset();
  out = sequence;
  return Status();
}

void Session::dropParked(std::unique_ptr<ParkedSequence> parked) {
  cache.dropSnapshot(parked->state);
  // The last pages first, so that a page of the prefix tree goes when those behind it have gone.
  for (size_t page = parked->pages.size(); page--;) {
    uint32_t block = parked->pages[page];
    bool node = caching && tree.contains(block);
    cache.drop(block);
    if (node)
      tree.leave(block);
  }
}

//===- Sequences.cpp - Makes, forks and takes back sequences --------------===//
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

Sequence &Session::startSequence(uint32_t index) {
  Sequence &sequence = sequences[index];
  sequence = {};
  sequence.session = this;
  sequence.index = index;
  sequence.live = true;
  sequence.serial = nextSerial++;
  return sequence;
}

Status Session::createSequence(Sequence *&out) {
  uint32_t index = 0;
  V4_RETURN_IF_ERROR(cache.createSequence(index));
  out = &startSequence(index);
  sealState(*out);
  return Status();
}

void Session::releaseSequence(Sequence &sequence) {
  if (!sequence.live)
    return;
  settle(sequence);
  markTurn(sequence);
  dropPages(sequence, 0);
  sequence.live = false;
  if (options.canary)
    canary.forgetState(sequence.index);
  cache.releaseSequence(sequence.index);
}

/// Drops the pages behind the first `count`, also from the prefix tree where nobody else needs them.
void Session::dropPages(Sequence &sequence, uint64_t count) {
  uint64_t pages = cache.pageCount(sequence.index);
  if (count >= pages)
    return;
  // Pages are nodes up to `published`; the one behind is, where tokens of a node were taken back.
  const uint32_t *blocks = cache.pageBlocksOf(sequence.index);
  uint32_t deepest = PrefixTree::kRoot;
  if (caching && sequence.published < pages && tree.contains(blocks[sequence.published]))
    deepest = blocks[sequence.published];
  else if (caching && sequence.published)
    deepest = blocks[sequence.published - 1];
  cache.dropPages(sequence.index, count);
  sequence.published = std::min(sequence.published, count);
  sequence.serial = nextSerial++;
  tree.leave(deepest);
}

/// The state block was written between steps.
void Session::sealState(const Sequence &sequence) {
  if (options.canary)
    canary.sealState(sequence.index, tokens(sequence), sequence.fed);
}

Status Session::checkLive(const Sequence &sequence, std::string_view call) const {
  if (sequence.session == this && sequence.live)
    return Status();
  return invalidInput(call, ": names no live sequence of this session, expected one that is not released");
}

Status Session::fork(Sequence &sequence, Sequence *&out) {
  V4_RETURN_IF_ERROR(checkLive(sequence, "fork"));
  settle(sequence);
  markTurn(sequence);
  uint32_t index = 0;
  V4_RETURN_IF_ERROR(cache.forkSequence(sequence.index, index));
  Sequence &copy = startSequence(index);
  copy.position = sequence.position;
  copy.began = sequence.began;
  copy.fed = sequence.fed;
  copy.published = sequence.published;
  std::memcpy(history.data() + index * positionLimit, tokens(sequence),
              static_cast<uint64_t>(sequence.position) * sizeof(int32_t));
  sealState(copy);
  out = &copy;
  return Status();
}

Status Session::rewind(Sequence &sequence, uint64_t target) {
  V4_RETURN_IF_ERROR(checkLive(sequence, "truncate"));
  uint64_t position = static_cast<uint64_t>(sequence.position);
  if (target > position)
    return invalidInput("truncate: to ", target, " tokens, the sequence has ", position, "; expected 0 to ", position);
  sequence.drafted = 0;
  if (target == position)
    return Status();
  // Of nothing, any state block holds the state; a cleared one counts from there.
  if (target == 0 || !holdsState(sequence, target))
    target = restoreBefore(sequence, target);
  dropPages(sequence, plan::pagesOf(target));
  sequence.published = std::min(sequence.published, target / plan::kPageTokens);
  sequence.position = static_cast<int64_t>(target);
  return Status();
}

/// Gives the state block the state of the last kept position that is at most `target`.
uint64_t Session::restoreBefore(Sequence &sequence, uint64_t target) {
  const uint32_t *blocks = cache.pageBlocksOf(sequence.index);
  uint64_t pages = std::min(sequence.published, target / plan::kPageTokens);
  while (pages && !tree.hasSnapshot(blocks[pages - 1]))
    --pages;
  if (pages) {
    cache.restoreSnapshot(sequence.index, tree.snapshotOf(blocks[pages - 1]));
    tree.touch(blocks[pages - 1], false);
  } else {
    cache.clearState(sequence.index);
  }
  sequence.began = sequence.fed = pages * plan::kPageTokens;
  sealState(sequence);
  return sequence.fed;
}

Status Session::truncate(Sequence &sequence, uint64_t target) {
  V4_RETURN_IF_ERROR(rewind(sequence, target));
  return replay(sequence, target);
}

/// Feeds the kept tokens up to `target` again.
Status Session::replay(Sequence &sequence, uint64_t target) {
  while (static_cast<uint64_t>(sequence.position) < target) {
    uint64_t position = static_cast<uint64_t>(sequence.position);
    entries[0] = {&sequence, tokens(sequence) + position, prefillChunk(position, target, options.maxTokens), 0};
    V4_RETURN_IF_ERROR(step(1));
  }
  return Status();
}

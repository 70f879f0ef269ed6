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
  return Status();
}

void Session::releaseSequence(Sequence &sequence) {
  if (!sequence.live)
    return;
  sequence.live = false;
  cache.releaseSequence(sequence.index);
}

Status Session::checkLive(const Sequence &sequence, std::string_view call) const {
  if (sequence.session == this && sequence.live)
    return Status();
  return invalidInput(call, ": names no live sequence of this session, expected one that is not released");
}

Status Session::fork(const Sequence &sequence, Sequence *&out) {
  V4_RETURN_IF_ERROR(checkLive(sequence, "fork"));
  uint32_t index = 0;
  V4_RETURN_IF_ERROR(cache.forkSequence(sequence.index, index));
  Sequence &copy = startSequence(index);
  copy.position = sequence.position;
  copy.fed = sequence.fed;
  std::memcpy(history.data() + index * positionLimit, tokens(sequence),
              static_cast<uint64_t>(sequence.position) * sizeof(int32_t));
  out = &copy;
  return Status();
}

Status Session::rewind(Sequence &sequence, uint64_t target) {
  V4_RETURN_IF_ERROR(checkLive(sequence, "truncate"));
  uint64_t position = static_cast<uint64_t>(sequence.position);
  if (target > position)
    return invalidInput("truncate: to ", target, " tokens, the sequence has ", position, "; expected 0 to ", position);
  if (target == position)
    return Status();
  if (!cache.holdsState(sequence.fed, target)) {
    target = 0;
    cache.clearState(sequence.index);
    sequence.fed = 0;
  }
  cache.dropPages(sequence.index, plan::pagesOf(target));
  sequence.position = static_cast<int64_t>(target);
  sequence.serial = nextSerial++;
  return Status();
}

Status Session::truncate(Sequence &sequence, uint64_t target) {
  V4_RETURN_IF_ERROR(rewind(sequence, target));
  return replay(sequence, target);
}

/// Feeds the kept tokens up to `target` again.
Status Session::replay(Sequence &sequence, uint64_t target) {
  while (static_cast<uint64_t>(sequence.position) < target) {
    uint64_t position = static_cast<uint64_t>(sequence.position);
    entries[0] = {&sequence, tokens(sequence) + position, std::min(target - position, options.maxTokens), 0};
    V4_RETURN_IF_ERROR(step(1));
  }
  return Status();
}

//===- Following.cpp - Prompts that wait for one with the same beginning --===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A request that follows has its sequence and its pages set aside, and has fed
// nothing: its leader computes what both share. The leader stops at the end of
// that, on a page boundary; its state there is kept before it goes on, and the
// follower begins behind it as behind any kept prefix. Where there is no room to
// keep it, the follower begins behind what is kept, and computes the rest.
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Scheduler.h"

#include <algorithm>
#include <cstring>

using namespace v4;

static constexpr uint64_t kTokens = plan::kPageTokens;

/// Tokens of full pages that both begin with, in front of the last token of `tokens`.
static uint64_t sharedTokens(const std::vector<int32_t> &tokens, const std::vector<int32_t> &others, uint64_t most) {
  most = std::min<uint64_t>(most, tokens.size() - 1);
  uint64_t shared = 0;
  while (shared + kTokens <= most &&
         std::memcmp(tokens.data() + shared, others.data() + shared, kTokens * sizeof(int32_t)) == 0)
    shared += kTokens;
  return shared;
}

/// Begins behind the longest kept prefix, or follows a request that is about to have a longer one.
Status Scheduler::takeUp(Job &job) {
  const Job *leader = nullptr;
  uint64_t longest = 0;
  for (auto &other : running) {
    if (other.get() == &job || other->isOver)
      continue;
    uint64_t shared = sharedTokens(job.tokens, other->tokens, other->promptTokens), position = other->position();
    // Its state is of use to this one, for this step alone.
    if (position && position % kTokens == 0 && position <= shared)
      session.accept(*other->sequence);
    bool isBetter = shared > longest || (leader && shared == longest && rankOf(*other) < rankOf(*leader));
    if (position < shared && rankOf(*other) < rankOf(job) && isBetter) {
      leader = other.get();
      longest = shared;
    }
  }
  PrefixHit kept = session.findPrefix(job.tokens.data(), job.tokens.size());
  job.leader = leader && kept.reason != HitReason::Off && kept.tokens < longest ? leader->id : 0;
  job.shared = longest;
  job.cached = {0, 0, HitReason::NotBegun};
  return job.leader ? Status() : session.reuse(*job.sequence, job.tokens.data(), job.tokens.size(), job.cached);
}

/// Whether it is not its turn yet. Takes up what a leader has left when it is.
bool Scheduler::follows(Job &job) {
  if (job.leader == 0)
    return false;
  const Job *leader = findRunning(job.leader);
  if (leader && leader->position() < job.shared)
    return true;
  if (Status status = takeUp(job); !status.isOk())
    end(job, Finish::Failed, std::move(status));
  return job.isOver || job.leader;
}

/// The end of its prompt, or the nearest boundary that somebody waits for.
uint64_t Scheduler::stopOf(const Job &job) const {
  uint64_t stop = job.promptTokens;
  for (auto &other : running)
    if (other->leader == job.id && other->shared > job.position())
      stop = std::min(stop, other->shared);
  return stop;
}

const Scheduler::Job *Scheduler::findRunning(uint64_t id) const {
  auto found = std::find_if(running.begin(), running.end(), [&](const auto &job) { return job->id == id; });
  return found == running.end() ? nullptr : found->get();
}

//===- Admission.cpp - Which requests have a place in the session ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Scheduler.h"

#include <algorithm>

using namespace v4;

Status Scheduler::checkRequest(const Request &request) const {
  uint64_t length = request.tokens.size(), context = session.limits().maxContext;
  if (length == 0)
    return invalidInput("request: 0 tokens, expected at least 1");
  for (uint64_t i = 0; i < length; ++i)
    if (static_cast<uint64_t>(static_cast<uint32_t>(request.tokens[i])) >= session.vocabularySize())
      return invalidInput("request: token id ", request.tokens[i], " at index ", i, " is outside the vocabulary, 0 to ",
                          session.vocabularySize() - 1);
  if (length > context || request.count > context - length)
    return invalidInput("request: ", length, " prompt tokens and ", request.count, " more, the context is ", context,
                        "; shorten them or use a longer context");
  uint64_t needed = session.pagesFor(length + request.count), pageBytes = session.store().pageBytes();
  if (needed > session.maxPages()) {
    uint64_t given = session.limits().cacheBytes ? session.limits().cacheBytes : session.maxPages() * pageBytes;
    return invalidInput("request: ", length, " prompt tokens and ", request.count, " more need ", needed * pageBytes,
                        " bytes of cache pages, the session has ", given, "; shorten them or raise cache_bytes");
  }
  V4_RETURN_IF_ERROR(checkDraft(request.draft));
  std::unique_ptr<Sampler> sampler;
  return Sampler::create(session.vocabularySize(), request.sampling, sampler);
}

Status Scheduler::checkDraft(uint64_t draft) const {
  if (draft && !session.limits().mtp)
    return invalidInput("request: draft = ", draft,
                        ", the session does not run the MTP block; create it with the option "
                        "mtp or ask for no drafts");
  if (draft > session.maxDraft())
    return invalidInput("request: draft = ", draft, ", the plan allows ", session.maxDraft(),
                        "; ask for less or compile the plan with a larger --max-draft");
  if (draft && 1 + draft > options.stepTokens)
    return invalidInput("request: draft = ", draft, " feeds ", 1 + draft, " tokens in a step, the budget is ",
                        options.stepTokens, "; ask for less or raise step_tokens");
  return Status();
}

/// The best of the queue first, and nobody new in front of it: what waits for room gets it.
void Scheduler::admit() {
  while (!queue.empty()) {
    auto next = queue.begin();
    if (!hasPlaceFor(*next->second)) {
      // What is parked needs no more pages, and has those that the best one waits for.
      if (running.size() >= session.limits().maxSequences)
        return;
      next = std::find_if(next, queue.end(), [](const auto &entry) { return entry.second->parked != nullptr; });
    }
    if (next == queue.end() || !start(*next->second))
      return;
    running.push_back(std::move(next->second));
    queue.erase(next);
  }
}

bool Scheduler::hasPlaceFor(const Job &next) {
  if (running.size() < session.limits().maxSequences)
    return reserved + missingPages(next) <= session.maxPages();
  return preempt(next);
}

/// Parks the last of the running requests, if `next` goes before it and there is room for both.
bool Scheduler::preempt(const Job &next) {
  auto last = std::max_element(running.begin(), running.end(),
                               [](const auto &a, const auto &b) { return rankOf(*a) < rankOf(*b); });
  Job &job = **last;
  if (job.request.priority >= next.request.priority)
    return false;
  uint64_t snapshot = session.store().snapshotBlocks(job.position());
  if (snapshot > session.maxPages() || reserved + snapshot + missingPages(next) > session.maxPages())
    return false;
  // Of no tokens there is no state: it goes back as it came.
  if (job.position() == 0) {
    leave(job);
  } else {
    if (!session.park(*job.sequence, job.parked).isOk())
      return false;
    job.sequence = nullptr;
    reserved += snapshot;
  }
  ++job.preemptions;
  Rank rank = rankOf(job);
  queue.emplace(rank, std::move(*last));
  running.erase(last);
  return true;
}

/// Gives a request of the queue its sequence.
bool Scheduler::start(Job &job) {
  Status status = job.parked ? resume(job) : begin(job);
  // Where something else of the session is in the way, those that run may take it along.
  if (!status.isOk() && (job.sequence || running.empty()))
    end(job, Finish::Failed, std::move(status));
  return job.sequence != nullptr;
}

Status Scheduler::begin(Job &job) {
  V4_RETURN_IF_ERROR(Sampler::create(session.vocabularySize(), job.request.sampling, job.sampler));
  V4_RETURN_IF_ERROR(session.createSequence(job.sequence));
  if (job.request.sampling.temperature > 0)
    job.probabilities.resize(job.request.draft * session.vocabularySize());
  reserved += job.pages;
  job.leader = 0;
  job.cached = {0, 0, HitReason::AllRows};
  return job.request.wantRows ? Status() : takeUp(job);
}

Status Scheduler::resume(Job &job) {
  uint64_t snapshot = job.parked->state.blocks;
  V4_RETURN_IF_ERROR(session.unpark(job.parked, job.sequence));
  reserved -= snapshot;
  return Status();
}

/// Gives back what a request holds.
void Scheduler::leave(Job &job) {
  if (job.hasStarted())
    reserved -= job.pages;
  if (job.parked) {
    reserved -= job.parked->state.blocks;
    session.dropParked(std::move(job.parked));
  }
  if (job.sequence)
    session.releaseSequence(*job.sequence);
  job.sequence = nullptr;
}

//===- Drafts.cpp - Drafts of a scheduler's requests ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A round of a request that drafts: the MTP block runs ahead of its last token,
// one step feeds that token and the drafts, those that the model agrees with stay
// and the others are taken back. Rounds of all requests of a step run together.
//
// How many drafts a round has follows from the request alone. A sampled token is
// drawn in one way behind a draft and in another without one: if the neighbours or
// the budget decided, they would decide on tokens too.
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Scheduler.h"

#include <algorithm>

using namespace v4;

/// Of its next round: as many as asked for, and no token more than the request may still have. REQUIRES: it generates.
uint64_t Scheduler::draftsOf(const Job &job) {
  uint64_t left = job.request.count - (job.tokens.size() - job.promptTokens);
  return job.isLast || left == 0 ? 0 : std::min(job.request.draft, left - 1);
}

Status Scheduler::draft() {
  for (Job *job : batch)
    // Drafts of a step that failed.
    if (!job->round.empty() && job->sequence->drafted)
      V4_RETURN_IF_ERROR(session.rewind(*job->sequence, job->position()));
  bool any = true;
  for (uint64_t depth = 0; any; ++depth)
    V4_RETURN_IF_ERROR(draftDepth(depth, any));
  return Status();
}

/// The draft behind token `depth` of every round that has one there.
Status Scheduler::draftDepth(uint64_t depth, bool &any) {
  drafting.clear();
  for (Job *job : batch)
    if (!job->isOver && depth + 1 < job->round.size()) {
      session.batch()[drafting.size()] = {job->sequence, job->round.data() + depth, 1, 1};
      drafting.push_back(job);
    }
  any = !drafting.empty();
  if (!any)
    return Status();
  V4_RETURN_IF_ERROR(session.draft(drafting.size()));
  picks.clear();
  for (uint64_t row = 0; row < drafting.size(); ++row) {
    Job &job = *drafting[row];
    // The largest logit is the draft, where nothing is left to chance.
    Sampler *sampler = job.probabilities.empty() ? job.sampler.get() : nullptr;
    picks.add({LogitsOf::Mtp, row, sampler, job.request.stream, job.position() + 1 + depth});
  }
  picks.run(session);
  for (uint64_t row = 0; row < drafting.size(); ++row)
    if (Status status = drawDraft(*drafting[row], row, depth); !status.isOk())
      end(*drafting[row], Finish::Failed, std::move(status));
  return Status();
}

Status Scheduler::drawDraft(Job &job, uint64_t row, uint64_t depth) {
  int32_t &draft = job.round[depth + 1];
  V4_RETURN_IF_ERROR(picks.take(session, row, draft));
  if (job.probabilities.empty())
    return Status();
  const float *logits = session.mtpLogits(row);
  if (!logits)
    return session.deviceStatus();
  return job.sampler->draft(logits, job.request.stream, job.position() + 1 + depth, draft,
                            job.probabilities.data() + depth * session.vocabularySize());
}

/// Takes back what does not hold before any hook is called: they see, and may end, a request without drafts.
void Scheduler::takeRound(Job &job, uint64_t row) {
  uint64_t begin = job.position() - job.round.size();
  job.next.clear();
  Status status = job.isOver ? Status() : verify(job, row, begin);
  uint64_t end = begin + std::max<uint64_t>(job.next.size(), 1);
  if (Status back = session.rewind(*job.sequence, end); !back.isOk() || job.position() != end) {
    Status lost(StatusCode::Internal, joinText("request: drafts behind position ", end, " cannot be taken back"));
    return this->end(job, Finish::Failed, back.isOk() ? std::move(lost) : std::move(back));
  }
  for (uint64_t i = 0; i < job.next.size() && !job.isOver; ++i) {
    giveRows(job, begin + i, row + i, 1);
    if (!job.isOver)
      giveToken(job, job.next[i]);
  }
  if (!status.isOk() && !job.isOver)
    this->end(job, Finish::Failed, std::move(status));
}

/// Fills job.next with the tokens behind [begin]: up to the first one that is no draft, or ends the request.
Status Scheduler::verify(Job &job, uint64_t row, uint64_t begin) {
  job.drafted += job.round.size() - 1;
  for (uint64_t i = 0; i < job.round.size(); ++i) {
    int32_t token = 0;
    V4_RETURN_IF_ERROR(picks.take(session, row + i, token));
    bool isDrafted = i + 1 < job.round.size();
    if (isDrafted && !job.probabilities.empty())
      V4_RETURN_IF_ERROR(verifyDraft(job, row, i, begin + 1 + i, token));
    job.next.push_back(token);
    if (!isDrafted)
      break;
    job.accepted += token == job.round[i + 1];
    if (token != job.round[i + 1] || token == job.request.eos)
      break;
  }
  return Status();
}

/// Of a draft that was drawn: by its probabilities, and all logits of the row.
Status Scheduler::verifyDraft(Job &job, uint64_t row, uint64_t i, uint64_t position, int32_t &token) {
  const float *logits = session.logits(row + i);
  if (!logits)
    return session.deviceStatus();
  return job.sampler->verify(logits, job.round[i + 1], job.probabilities.data() + i * session.vocabularySize(),
                             job.request.stream, position, token);
}

//===- Scheduler.cpp - Many requests in one session -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Scheduler.h"

#include <algorithm>
#include <iterator>

using namespace v4;

Status Scheduler::create(Session &session, const SchedulerOptions &options, std::unique_ptr<Scheduler> &out) {
  SchedulerOptions resolved = options;
  uint64_t most = session.limits().maxTokens;
  if (resolved.stepTokens == 0)
    resolved.stepTokens = most;
  if (resolved.stepTokens > most)
    return invalidInput("scheduler: ", resolved.stepTokens, " tokens a step, the session takes ", most,
                        "; ask for less or create the session with more");
  if (resolved.chunk == 0)
    resolved.chunk = resolved.stepTokens;
  out.reset(new Scheduler(session, resolved));
  return Status();
}

Scheduler::~Scheduler() {
  for (auto &job : running)
    leave(*job);
  for (auto &[rank, job] : queue)
    leave(*job);
}

Status Scheduler::submit(Request request, uint64_t &id) {
  V4_RETURN_IF_ERROR(checkRequest(request));
  std::unique_ptr<Job> job(new Job);
  job->id = id = ++lastId;
  job->tokens = std::move(request.tokens);
  job->promptTokens = job->tokens.size();
  job->pages = session.pagesFor(job->promptTokens + request.count);
  job->request = std::move(request);
  Rank rank = rankOf(*job);
  queue.emplace(rank, std::move(job));
  return Status();
}

bool Scheduler::cancel(uint64_t id) {
  Job *found = nullptr;
  for (auto &job : running)
    if (job->id == id)
      found = job.get();
  for (auto &[rank, job] : queue)
    if (job->id == id)
      found = job.get();
  if (!found || found->isOver)
    return false;
  end(*found, Finish::Cancelled);
  if (!isStepping)
    sweep();
  return true;
}

Status Scheduler::step() {
  isStepping = true;
  fedTokens = 0;
  admit();
  fillBatch();
  Status status = draft();
  if (status.isOk() && writeBatch()) {
    status = session.step(batch.size());
    if (status.isOk())
      takeResults();
  }
  isStepping = false;
  sweep();
  return status;
}

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

void Scheduler::fillBatch() {
  batch.clear();
  ++stepNumber;
  uint64_t budget = options.stepTokens, left = budget, most = budget, rows = 0, largest = 0;
  bool anyPrompt = false;
  for (auto &job : running) {
    anyPrompt |= !job->generates();
    if (!job->generates())
      continue;
    rows += 1 + draftsOf(*job);
    largest = std::max(largest, 1 + draftsOf(*job));
  }
  uint64_t forPrompts = std::max<uint64_t>(budget / 4, 1);
  if (rows > budget - forPrompts && anyPrompt) {
    // Prompts must get on as well; where a step is too small for both, every other one is theirs.
    most = budget - forPrompts;
    if (most < largest && stepNumber % 2)
      most = budget;
  }
  addDecodes(most, left);
  addPrompts(left);
  fedTokens = budget - left;
}

/// Those that have waited longest first.
void Scheduler::addDecodes(uint64_t most, uint64_t &left) {
  std::vector<Job *> jobs;
  for (auto &job : running)
    if (!job->isOver && job->generates())
      jobs.push_back(job.get());
  std::sort(jobs.begin(), jobs.end(),
            [](const Job *a, const Job *b) { return std::pair(a->lastStep, a->id) < std::pair(b->lastStep, b->id); });
  for (Job *job : jobs)
    if (uint64_t rows = 1 + draftsOf(*job); rows <= most) {
      addEntry(*job, rows, left);
      most -= rows;
    }
}

void Scheduler::addPrompts(uint64_t &left) {
  std::vector<Job *> jobs;
  for (auto &job : running)
    if (!job->isOver && !job->generates())
      jobs.push_back(job.get());
  std::sort(jobs.begin(), jobs.end(), [](const Job *a, const Job *b) { return rankOf(*a) < rankOf(*b); });
  // Before the step: what they take up may be there no longer behind it.
  jobs.erase(std::remove_if(jobs.begin(), jobs.end(), [&](Job *job) { return follows(*job); }), jobs.end());
  for (Job *job : jobs)
    if (left) {
      uint64_t most = std::min({left, options.chunk, stopOf(*job) - job->position()});
      addEntry(*job, prefillChunk(job->position(), job->promptTokens, most), left);
    }
}

void Scheduler::addEntry(Job &job, uint64_t tokens, uint64_t &left) {
  batch.push_back(&job);
  job.feeds = tokens;
  job.round.clear();
  if (job.generates() && tokens > 1) {
    job.round.resize(tokens);
    job.round[0] = job.tokens.back();
  }
  job.lastStep = stepNumber;
  left -= tokens;
}

/// False: there is nothing to feed.
bool Scheduler::writeBatch() {
  batch.erase(std::remove_if(batch.begin(), batch.end(), [](const Job *job) { return job->isOver; }), batch.end());
  for (uint64_t slot = 0; slot < batch.size(); ++slot) {
    Job &job = *batch[slot];
    uint64_t begin = job.position();
    bool wantsNext = begin + job.feeds == job.tokens.size() && job.request.count;
    const int32_t *tokens = job.round.empty() ? job.tokens.data() + begin : job.round.data();
    bool wantsAll = job.request.wantRows || !job.round.empty();
    session.batch()[slot] = {job.sequence, tokens, job.feeds, wantsAll ? job.feeds : wantsNext};
  }
  return !batch.empty();
}

/// Whether row i of the `count` that a job has in the step becomes a token as any other does: one behind a draft that
/// was drawn by chance is not.
bool Scheduler::wantsToken(const Job &job, uint64_t i, uint64_t count) const {
  if (!job.round.empty())
    return i + 1 == count || job.probabilities.empty();
  return i + 1 == count && job.position() == job.tokens.size() && !job.isLast && job.request.count != 0;
}

/// Picks of the step, numbered as its rows.
void Scheduler::askRows() {
  picks.clear();
  for (uint64_t slot = 0, row = 0; slot < batch.size(); ++slot) {
    Job &job = *batch[slot];
    uint64_t count = session.batch()[slot].logitsCount;
    for (uint64_t i = 0; i < count; ++i, ++row)
      picks.add({LogitsOf::Model, row, wantsToken(job, i, count) ? job.sampler.get() : nullptr, job.request.stream,
                 job.position() - count + 1 + i});
  }
  picks.run(session);
}

/// The batch entries are those of the step that ran.
void Scheduler::takeResults() {
  askRows();
  for (uint64_t slot = 0, row = 0; slot < batch.size(); ++slot) {
    uint64_t count = session.batch()[slot].logitsCount;
    if (!batch[slot]->round.empty())
      takeRound(*batch[slot], row);
    else if (!batch[slot]->isOver)
      takeRows(*batch[slot], row, count);
    row += count;
  }
}

void Scheduler::takeRows(Job &job, uint64_t row, uint64_t count) {
  int32_t token = 0;
  for (uint64_t i = 0; i < count; ++i)
    if (Status status = picks.take(session, row + i, token); !status.isOk())
      return end(job, Finish::Failed, std::move(status));
  giveRows(job, job.position() - count, row, count);
  if (!job.isOver && job.position() == job.tokens.size())
    pickNext(job, row + count - 1);
}

void Scheduler::giveRows(Job &job, uint64_t position, uint64_t row, uint64_t count) {
  const RequestHooks &hooks = job.request.hooks;
  if (!job.request.wantRows || !hooks.rows || count == 0)
    return;
  const float *logits = session.logits(row);
  if (!logits)
    return end(job, Finish::Failed, session.deviceStatus());
  hooks.rows(hooks.user, position, logits, count);
}

void Scheduler::pickNext(Job &job, uint64_t row) {
  if (job.isLast || job.request.count == 0)
    return end(job, job.finish);
  int32_t token = 0;
  Status status = picks.take(session, row, token);
  if (!status.isOk())
    return end(job, Finish::Failed, std::move(status));
  giveToken(job, token);
}

void Scheduler::giveToken(Job &job, int32_t token) {
  job.tokens.push_back(token);
  const RequestHooks &hooks = job.request.hooks;
  if (hooks.token)
    hooks.token(hooks.user, token);
  bool isEos = token == job.request.eos;
  if (job.isOver || (!isEos && job.tokens.size() - job.promptTokens < job.request.count))
    return;
  job.finish = isEos ? Finish::Eos : Finish::Length;
  job.isLast = true;
  if (!job.request.wantRows)
    end(job, job.finish);
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

void Scheduler::end(Job &job, Finish finish, Status error) {
  job.isOver = true;
  job.finish = finish;
  job.error = std::move(error);
}

/// Hooks come last: they find the scheduler without the requests that are over.
void Scheduler::sweep() {
  std::vector<std::unique_ptr<Job>> over;
  auto left = std::partition(running.begin(), running.end(), [](const auto &job) { return !job->isOver; });
  std::move(left, running.end(), std::back_inserter(over));
  running.erase(left, running.end());
  for (auto at = queue.begin(); at != queue.end();) {
    if (at->second->isOver)
      over.push_back(std::move(at->second));
    at = at->second ? std::next(at) : queue.erase(at);
  }
  for (auto &job : over)
    leave(*job);
  for (auto &job : over) {
    RequestResult result = {job->id,
                            job->finish,
                            job->tokens.data() + job->promptTokens,
                            job->tokens.size() - job->promptTokens,
                            job->cached,
                            job->preemptions,
                            job->drafted,
                            job->accepted,
                            job->error.message()};
    if (job->request.hooks.done)
      job->request.hooks.done(job->request.hooks.user, result);
  }
}

//===- Scheduler.h - Many requests in one session ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Continuous batching: each step feeds one token to every sequence that
// generates, and the drafts of those that draft, then chunks of the prompts that
// are not fed yet, up to a budget of tokens. No result depends on what runs beside
// it, on the order of requests, or on the budget: how many drafts a step has is a
// matter of the request alone.
//
//   submit ──► queue ──► running ──► done
//                ▲          │
//                └─ parked ─┘     a request of higher priority needs the place
//
// Admission: the pages of a request's whole length, which drafts never exceed, are
// set aside when it starts to run, and those of its snapshot when it is parked, so
// that what has started always finishes; a step has room for a token and all
// drafts of a request. Kept prefixes take only what nobody has set aside.
//
// Prompts with a common beginning: while one computes it, those behind it wait at
// their own beginning and take up its pages at the last page boundary that they
// share. What is waited for ranks higher and runs, so that nobody waits in a ring;
// when it ends or is parked, the others go on with what it has left.
//
// Fairness: prompts wait for generating sequences, never the reverse, and are
// fed in the order of arrival. Where a step has no room for all that generate,
// they take turns, and a quarter of the budget goes to prompts all the same.
//
// Belongs to the session's thread; the session has no other sequences and
// outlives it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_SCHEDULE_SCHEDULER_H
#define V4_RUNTIME_SCHEDULE_SCHEDULER_H

#include "runtime/exec/Session.h"
#include "runtime/schedule/Request.h"
#include "runtime/schedule/RowPicks.h"

#include <map>

namespace v4 {

struct SchedulerOptions {
  uint64_t stepTokens = 0; ///< Of one step; 0 = the session's max_tokens.
  uint64_t chunk = 0;      ///< Prompt tokens of one sequence in a step, at most; 0 = no bound of its own.
};

class Scheduler {
public:
  static Status create(Session &session, const SchedulerOptions &options, std::unique_ptr<Scheduler> &out);
  /// Requests that are not over go without a hook.
  ~Scheduler();
  Scheduler(const Scheduler &) = delete;
  Scheduler &operator=(const Scheduler &) = delete;

  /// InvalidInput when it could not finish even alone. `id` counts from 1.
  Status submit(Request request, uint64_t &id);
  /// Ends a request at once, or with the step that runs. False: there is no such request any more.
  bool cancel(uint64_t id);
  /// Starts what fits and runs one step; calls hooks. Nothing happens when all requests are over.
  Status step();
  /// Requests that are not over.
  uint64_t pending() const { return queue.size() + running.size(); }

  uint64_t runningCount() const { return running.size(); }
  /// Tokens that the last step fed.
  uint64_t lastStepTokens() const { return fedTokens; }
  /// Pages that are set aside.
  uint64_t reservedPages() const { return reserved; }

private:
  struct Job {
    uint64_t id = 0;
    Request request;
    std::vector<int32_t> tokens; ///< Of the prompt, and those generated.
    uint64_t promptTokens = 0;
    uint64_t pages = 0;           ///< Of its whole length.
    Sequence *sequence = nullptr; ///< While it runs.
    std::unique_ptr<ParkedSequence> parked;
    std::unique_ptr<Sampler> sampler; ///< Since it started.
    PrefixHit cached{0, 0, HitReason::NotBegun};
    uint64_t leader = 0; ///< Id of the running request that computes its first `shared` tokens; 0 = none.
    uint64_t shared = 0;
    uint64_t preemptions = 0;
    uint64_t lastStep = 0;
    uint64_t feeds = 0;               ///< Tokens of the step.
    std::vector<int32_t> round;       ///< Of a step with drafts: the last token and the drafts behind it.
    std::vector<float> probabilities; ///< [drafts][vocabulary] that they were drawn with; none when greedy.
    std::vector<int32_t> next;        ///< The accepted drafts and the token behind them.
    uint64_t drafted = 0, accepted = 0;
    bool isOver = false;
    Finish finish = Finish::Length; ///< Once isOver or isLast.
    bool isLast = false;            ///< Its last token is fed for its logits alone.
    Status error;

    uint64_t position() const { return static_cast<uint64_t>(sequence->position); }
    bool generates() const { return position() >= promptTokens; }
    bool hasStarted() const { return sequence || parked; }
  };
  /// Highest priority first, then the order of arrival.
  using Rank = std::pair<int64_t, uint64_t>;
  static Rank rankOf(const Job &job) { return {-int64_t(job.request.priority), job.id}; }

  Scheduler(Session &session, const SchedulerOptions &options) : session(session), options(options) {}

  // Admission.cpp
  Status checkRequest(const Request &request) const;
  Status checkDraft(uint64_t draft) const;
  void admit();
  bool hasPlaceFor(const Job &next);
  bool preempt(const Job &next);
  bool start(Job &job);
  Status begin(Job &job);
  Status resume(Job &job);
  uint64_t missingPages(const Job &job) const { return job.hasStarted() ? 0 : job.pages; }
  void leave(Job &job);

  // Following.cpp
  Status takeUp(Job &job);
  bool follows(Job &job);
  uint64_t stopOf(const Job &job) const;
  const Job *findRunning(uint64_t id) const;

  // Drafts.cpp
  static uint64_t draftsOf(const Job &job);
  Status draft();
  Status draftDepth(uint64_t depth, bool &any);
  Status drawDraft(Job &job, uint64_t row, uint64_t depth);
  Status verifyDraft(Job &job, uint64_t row, uint64_t i, uint64_t position, int32_t &token);
  void takeRound(Job &job, uint64_t row);
  Status verify(Job &job, uint64_t row, uint64_t begin);

  // Scheduler.cpp
  void fillBatch();
  bool writeBatch();
  void addDecodes(uint64_t most, uint64_t &left);
  void addPrompts(uint64_t &left);
  void addEntry(Job &job, uint64_t tokens, uint64_t &left);
  bool wantsToken(const Job &job, uint64_t i, uint64_t count) const;
  void askRows();
  void takeResults();
  void takeRows(Job &job, uint64_t row, uint64_t count);
  void giveRows(Job &job, uint64_t position, uint64_t row, uint64_t count);
  void pickNext(Job &job, uint64_t row);
  void giveToken(Job &job, int32_t token);
  static void end(Job &job, Finish finish, Status error = Status());
  void sweep();

  Session &session;
  SchedulerOptions options;
  std::map<Rank, std::unique_ptr<Job>> queue; ///< Waiting and parked.
  std::vector<std::unique_ptr<Job>> running;
  std::vector<Job *> batch; ///< Of the step.
  std::vector<Job *> drafting;
  RowPicks picks;        ///< Of the step, or of the drafts.
  uint64_t reserved = 0; ///< Pages, of all that have started.
  uint64_t lastId = 0;
  uint64_t stepNumber = 0;
  uint64_t fedTokens = 0;
  bool isStepping = false;
};

} // namespace v4

#endif // V4_RUNTIME_SCHEDULE_SCHEDULER_H

//===- Session.h - Arena, cache and workers of one stream of steps -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that a step needs is placed when the session is created: addresses
// of buffers, weights, pools and step fields go into one binding table per
// launch. A step then fills the step block, runs the phases (launches without a
// barrier between them) in order and copies nothing; it allocates nothing. On a GPU
// logits stay there: they are copied when somebody asks for them, and where the plan
// samples, nobody needs to. There a step is not waited for, but for what is asked of it
// (Waits.cpp).
//
// One thread at a time. A session points into its engine's plan and code.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_SESSION_H
#define V4_RUNTIME_EXEC_SESSION_H

#include "runtime/base/AtomicFile.h"
#include "runtime/device/CpuDevice.h"
#include "runtime/device/CudaDevice.h"
#include "runtime/device/CudaEvents.h"
#include "runtime/device/CudaHold.h"
#include "runtime/exec/Probe.h"
#include "runtime/exec/RunGraphs.h"
#include "runtime/exec/StepBlock.h"
#include "runtime/exec/Trace.h"
#include "runtime/kv/Canary.h"
#include "runtime/kv/PrefixTree.h"
#include "runtime/plan/PlanSampling.h"
#include "runtime/plan/SampleRows.h"

#include <deque>

namespace v4 {

class StateReader;

/// A program with addresses for what it names. Outlives every session made from it.
struct RunnableProgram {
  std::string name; ///< For messages.
  const plan::fb::Program *program = nullptr;
  const uint8_t *const *weights = nullptr; ///< By weight index; on a GPU addresses of its memory.
  const v4_kernel_fn *kernels = nullptr;   ///< By kernel index; null on a GPU.
  Digest identity{};                       ///< Of plan and weights: what a saved state is bound to.
  CudaDevice *device = nullptr;            ///< Of a plan for a GPU.
};

/// Builds for tests check the cache in every session.
#ifdef V4_CANARY
inline constexpr bool kCanaryDefault = true;
#else
inline constexpr bool kCanaryDefault = false;
#endif

/// Zero means: as much as the plan's envelope allows; for threads, the CPUs of this process.
struct SessionOptions {
  uint64_t maxTokens = 0;
  uint64_t maxSequences = 0;
  uint64_t maxContext = 0;
  uint64_t cacheBytes = 0; ///< Bound of all cache pages and snapshots; 0 = every sequence may be full.
  uint64_t fixedBytes = 0; ///< Bound of the arena, and of the step block; 0 = the memory that is available.
  unsigned threads = 0;
  bool mtp = false;
  bool forgetPrefixes = false; ///< Keep nothing of a sequence that another one could use.
  bool debugPlacement = false;
  bool plainLaunches = false;   ///< On a GPU: launch every kernel of every step by itself, replay no recorded step.
  bool canary = kCanaryDefault; ///< Seal the cache and check all of it around every step (Canary.h).
  unsigned hashBits = 128;      ///< Of the prefix tree; fewer are for tests.
  ProbeSink probes;
};

struct SessionMemory {
  uint64_t arenaBytes = 0;
  uint64_t stepBytes = 0;
  uint64_t pageBytes = 0;  ///< All cache pages that the session may take.
  uint64_t stateBytes = 0; ///< All state blocks.
};

/// Fills zeros of `options` from the envelope; InvalidInput when it asks for more.
Status resolveSessionOptions(const RunnableProgram &program, SessionOptions &options);
/// What a session of resolved `options` takes of a GPU. Sizes stop at plan::kMaxBytes each.
SessionMemory deviceMemory(const plan::fb::Program &program, const SessionOptions &options);

/// Tokens of the next step of a prompt that ends at `end`, of which `position` tokens are fed: at most `most`, to a
/// page boundary where there is one, and to the last one in front of `end`, so that its snapshot serves the next
/// request.
uint64_t prefillChunk(uint64_t position, uint64_t end, uint64_t most);

/// Who computed logits.
enum class LogitsOf { Model, Mtp };

class Session {
public:
  static Status create(const RunnableProgram &program, const SessionOptions &options, const Host &host,
                       std::unique_ptr<Session> &out);
  ~Session();

  Status createSequence(Sequence *&out);
  void releaseSequence(Sequence &sequence);
  /// A sequence with the same tokens. Pages are shared until one of the two writes; nothing is computed.
  Status fork(Sequence &sequence, Sequence *&out);
  /// Goes back to `target` tokens, at most position. Where that state is gone (more tokens behind it than the plan's
  /// rings keep, as a rule its max_draft), goes back to the nearest earlier one that is kept: then position is below
  /// target, and tokens(sequence)[position .. target) must be fed again. Computes nothing.
  Status rewind(Sequence &sequence, uint64_t target);
  /// rewind, and feeds the missing tokens again: steps of this session, whose logits replace those of the last one.
  /// When it fails, the sequence stands at its position, at most target.
  Status truncate(Sequence &sequence, uint64_t target);
  /// Begins a new sequence, of no tokens yet, with the longest prefix of `tokens` that the session still has, at most
  /// count - 1 tokens: what is left must be fed. A sequence that ends a step on a page boundary leaves a snapshot
  /// there; prefillChunk gives the steps that do. What a step fed counts as accepted, and can be used by others, when
  /// its sequence is stepped, forked, parked or released: take drafts back before.
  Status reuse(Sequence &sequence, const int32_t *tokens, uint64_t count, PrefixHit &hit);
  /// What reuse would find.
  PrefixHit findPrefix(const int32_t *tokens, uint64_t count) const;
  /// What the sequence has fed counts as accepted now, and not only with its next step; where its position is a page
  /// boundary, the state there is kept if there is room.
  void accept(Sequence &sequence) { settle(sequence); }
  /// Takes a sequence out of the session: its state goes to a snapshot, its pages stay. The handle is released.
  /// Unsupported when there is no room for the snapshot; then nothing has changed.
  Status park(Sequence &sequence, std::unique_ptr<ParkedSequence> &out);
  /// The reverse. InvalidInput when all sequences exist; then `parked` is as it was.
  Status unpark(std::unique_ptr<ParkedSequence> &parked, Sequence *&out);
  void dropParked(std::unique_ptr<ParkedSequence> parked);

  /// Writes `count` sequences and all kept prefixes to a file, whole or not at all; they stay as they are.
  Status save(const std::string &path, Sequence *const *saved, uint64_t count);
  /// The reverse, in a session that may have others: appends the sequences to `out`, adds as many prefixes as fit.
  /// Checks the whole file first. When it fails, nothing has changed but kept prefixes.
  Status load(const std::string &path, std::vector<Sequence *> &out);

  /// Pages that `positions` positions take: a request whose sum over all running ones stays within maxPages always
  /// ends.
  uint64_t pagesFor(uint64_t positions) const { return plan::pagesOf(positions); }
  uint64_t maxPages() const { return cache.maxBlocks(); }
  /// Gives up all kept prefixes.
  void forgetPrefixes() {
    while (tree.evict())
      ;
  }
  const KvStore &store() const { return cache; }
  const PrefixTree &prefixes() const { return tree; }

  /// The tokens fed, and behind a rewind those taken back, until others are fed.
  const int32_t *tokens(const Sequence &sequence) const { return history.data() + sequence.index * positionLimit; }

  /// Room for maxSequences entries, to be filled before `step`.
  BatchEntry *batch() { return entries.data(); }
  /// Runs entries [0, count) of batch(). Checks everything first: when it fails, no sequence has changed. Where
  /// samplesOnDevice() and rows are left, it may run on: what goes wrong in it then is told by `sample`, `logits`,
  /// `save`, `load`, the next step or draft, or deviceStatus, whichever is first.
  Status step(uint64_t count);

  /// Runs the MTP block alone on entries [0, count) of batch(), one token each, which is the one behind the sequence's
  /// tokens and those drafted so far: mtpLogits(entry) then say what comes behind it, to draft on. The first token of a
  /// sequence gives the bits that its step will give; the later ones go by streams that the block itself made. Nothing
  /// of it lasts: steps, rewind and snapshots see the sequence as if it had not been drafted on. At most the plan's
  /// max_draft tokens of a sequence until its next step or rewind. Ends the validity of logits. Checks everything
  /// first, and may run on, as a step.
  Status draft(uint64_t count);

  // Sampling.cpp
  /// Of the last step: f32 [vocabulary] of the row-th row that wanted logits, in batch order, and the rows behind it;
  /// null when there is none, or the GPU fails: checkLogits says so. There the first call of a step copies all rows.
  const float *logits(uint64_t row) { return logitsRow(LogitsOf::Model, row); }
  /// The same for the MTP block, which saw the row's token and the streams of the position before. Position 0 has no
  /// such value: its row is unspecified.
  const float *mtpLogits(uint64_t row) { return logitsRow(LogitsOf::Mtp, row); }
  const float *logitsRow(LogitsOf which, uint64_t row);
  /// CheckFailed when a logit of the row, those of the MTP block included where `mtp`, is not finite: the row's
  /// sequence is of no further use.
  Status checkLogits(uint64_t row, bool mtp = true);
  /// The same for one of the two. REQUIRES: there is such a row.
  Status checkRow(LogitsOf which, uint64_t row);
  uint64_t logitsCount() const { return static_cast<uint64_t>(steps.count(plan::kCountLogits)); }
  bool hasLogits(LogitsOf which) const { return which == LogitsOf::Mtp ? options.mtp : !drafted; }

  /// Whether `sample` can be called: rows of logits are on a GPU whose plan samples.
  bool samplesOnDevice() const { return sampleLaunches[0] >= 0; }
  /// Room for sampleCapacity() rows, to be filled before `sample`.
  plan::SampleRow *sampleRows() { return reinterpret_cast<plan::SampleRow *>(askedRows.data()); }
  uint64_t sampleCapacity() const { return plan::rowCapacity(plan::fb::RowSpace::Logits, planLimits()); }
  /// Answers rows [0, count) of sampleRows(), where the logits are. REQUIRES: samplesOnDevice(), and rows of the last
  /// step or, of the MTP block, draft.
  Status sample(LogitsOf which, uint64_t count);
  /// What checkLogits says of a row with such an entry.
  static Status notFinite(LogitsOf which, uint64_t row, uint64_t entry);
  // Waits.cpp
  /// Waits for what a GPU was asked for; what it could not do is here.
  Status deviceStatus();

  /// From the next step on; an empty sink ends it.
  void setTrace(const TraceSink &sink) { trace = sink; }
  /// Success when all launches that a sink wanted held were, since the last call; else why not. REQUIRES: their runs
  /// are over.
  Status takeHoldVerdict() { return hold.takeVerdict(); }

  const SessionOptions &limits() const { return options; }
  /// Where the launches run; null on a CPU.
  CudaDevice *gpu() const { return program.device; }
  /// Steps and drafts on a GPU so far; zeros on a CPU.
  const RunCounts &runCounts() const { return graphs.counts; }
  unsigned threads() const { return pool->threads(); }
  /// Drafts of a sequence between two steps, at most.
  uint64_t maxDraft() const { return positionLimit - options.maxContext; }
  /// Positions that a sequence can hold: the context and the drafts behind it.
  uint64_t positions() const { return positionLimit; }
  uint64_t vocabularySize() const { return vocabulary; }
  SessionMemory memory() const;

private:
  /// How launches of up to so many rows are cut into workgroups.
  struct Cut {
    int64_t mostRows;
    int64_t rowTile;
    int64_t tiles;
  };
  struct Launch {
    uint32_t index;    ///< In the plan.
    uint32_t kernel;   ///< In the plan.
    uint8_t rows;      ///< StepCount of its rows.
    uint32_t variants; ///< Of its kernel.
    uint32_t firstCut; ///< In `cuts`: those of the variants, then its own.
  };
  /// Launches that run together.
  struct Phase {
    uint32_t begin, end;           ///< In `launches` and `calls`.
    uint32_t probeBegin, probeEnd; ///< In `probes`, due behind this phase.
    plan::fb::LaunchGroup group;
  };
  /// The host's clock at the first launch that works, and at the end of the last one that was told.
  struct TimedRun {
    int64_t origin = -1; ///< That launch; -1 = none yet.
    int64_t begin = 0, end = 0;
  };
  struct Probe {
    ProbeShape shape;
    const void *data;
  };

  Session(const RunnableProgram &program, const SessionOptions &options, const Host &host);
  plan::Limits planLimits() const;
  Placement::Options placement() const { return {options.debugPlacement, options.fixedBytes, program.device}; }

  // SessionSetup.cpp
  Status setUp();
  Status placeBuffers();
  Status placeLogits();
  Status placeOnDevice(const std::vector<uint64_t> &sizes);
  Status checkDeviceOptions() const;
  Status createCache();
  Status bindLaunches();
  void *address(const plan::fb::Binding &binding) const;
  Status bindLaunch(uint32_t index, const plan::fb::Launch &launch);
  Status addCuts(uint32_t index, const plan::fb::Launch &launch);
  bool isBound(const plan::fb::Launch &launch) const;
  void addProbes(uint32_t launchIndex, const plan::fb::Launch &launch);
  uint64_t rowBytes(const plan::fb::Buffer &buffer) const;

  // Sequences.cpp
  Status checkLive(const Sequence &sequence, std::string_view call) const;
  Sequence &startSequence(uint32_t index);
  void dropPages(Sequence &sequence, uint64_t count);
  void sealState(const Sequence &sequence);
  bool holdsState(const Sequence &sequence, uint64_t position) const {
    return position >= sequence.began && cache.holdsState(sequence.fed, position);
  }
  uint64_t restoreBefore(Sequence &sequence, uint64_t target);

  // Prefixes.cpp
  void settle(Sequence &sequence);
  void publish(Sequence &sequence);
  void keepState(Sequence &sequence);
  void markTurn(Sequence &sequence);
  bool makeRoom(uint64_t blocks);

  // SaveState.cpp
  void savePage(AtomicFile &file, uint32_t block) const;
  void saveSequence(AtomicFile &file, const Sequence &sequence) const;
  void savePath(AtomicFile &file, uint32_t node) const;
  Status loadSequence(StateReader &reader, Sequence *&out);
  bool loadPath(StateReader &reader);
  bool areTokens(const uint8_t *ids, uint64_t count) const;
  void beginBehind(Sequence &sequence, uint32_t node, const int32_t *tokens, uint64_t pages);
  uint32_t lookUp(const int32_t *tokens, uint64_t count, PrefixHit &hit) const;
  Status replay(Sequence &sequence, uint64_t target);

  // Draft.cpp
  Status checkDraft(uint64_t count);
  Status checkDraftEntry(const BatchEntry &entry, uint64_t slot) const;

  // RunGraphs.cpp
  bool replayRun(bool isDraft);
  bool recordRun(bool isDraft, CudaGraph &out);

  // TimedLaunches.cpp
  bool isTimed() const { return program.device && trace.receive && trace.asked; }
  Status makeEvents();
  void runTimed(uint32_t launch);
  void launchTimed(uint32_t launch, const CudaLaunch &asked);
  Status tellRun(bool isDraft);
  Status tellTimed(uint32_t launch, const CudaLaunch &asked);

  // Session.cpp
  Status checkBatch(uint64_t count);
  Status checkRoom(uint64_t count);
  Status checkEntry(const BatchEntry &entry, uint64_t slot, std::string_view call) const;
  Status growEntry(const BatchEntry &entry);
  Status checkSeals(uint64_t count);
  Status sealStep(uint64_t count);
  void acceptTokens(const BatchEntry &entry);
  void runPhases(bool isDraft);
  static bool runsIn(const Phase &phase, bool isDraft);
  void runPhase(const Phase &phase);
  void runTogether(uint32_t begin, uint32_t end);
  uint32_t variantOf(const Launch &launch) const;
  int64_t workgroupsOf(const Launch &launch) const;
  CudaLaunch deviceLaunch(uint32_t launch) const;
  void uploadSteps();
  void runTraced(uint32_t launch);
  /// Tells of a launch that was asked for at `begin`, when it is over.
  void traceLaunch(uint32_t launch, int64_t workgroups, int64_t begin);
  void emitProbes(const Phase &phase);
  LaunchSpan spanOf(uint32_t launch, int64_t workgroups, int64_t begin, int64_t end) const;

  // Waits.cpp
  Status finishRun(bool isDraft);
  bool mayRunOn() const;
  Status awaitRun();

  // Sampling.cpp
  const float *hostOf(LogitsOf which);
  void sampleNow(uint32_t number, const CudaLaunch &asked);

  const RunnableProgram program;
  const SessionOptions options; ///< Resolved.
  const Host host;
  uint64_t vocabulary = 0;
  uint64_t positionLimit = 0;

  Placement arena;
  // On a GPU buffers and step fields lie in its memory; the host has copies of what goes in and out.
  DeviceBlock deviceArena;
  DeviceBlock deviceSteps;
  LazyArray<float> hostLogits, hostMtpLogits; ///< [rows][vocabulary]
  bool hasHostLogits[2] = {};                 ///< By LogitsOf: they are those of the last run.
  DeviceBlock askedRows;                      ///< plan::SampleRow; pinned, as the step block is on a GPU.
  int64_t sampleLaunches[2] = {-1, -1};       ///< By LogitsOf, in `launches`.
  std::vector<uint8_t> hostProbe;
  std::vector<uint8_t *> bufferAddresses;
  StepBlock steps;
  KvStore cache;
  PrefixTree tree;
  bool caching = false;
  Canary canary;
  std::unique_ptr<ThreadPool> pool;

  std::vector<void *> bindings; ///< Of all launches, one after the other.
  std::vector<Launch> launches;
  std::vector<Cut> cuts;
  std::vector<KernelCall> calls; ///< One per launch.
  std::vector<Phase> phases;
  std::vector<Probe> probes;
  std::deque<std::vector<uint64_t>> probeShapes; ///< Stable addresses for ProbeShape::shape.
  const float *logitsBase = nullptr;
  const float *mtpLogitsBase = nullptr;

  RunGraphs graphs; ///< Of a GPU.
  TraceSink trace;
  CudaEvents events; ///< By launch, once a trace has asked for times of the device.
  CudaHold hold;     ///< Of launches, once a trace has asked for it.
  TimedRun timed;
  LazyArray<BatchEntry> entries;
  LazyArray<Sequence> sequences; ///< By cache index.
  LazyArray<int32_t> history;    ///< [sequences][positions]: the tokens fed.
  uint64_t nextSerial = 1;
  uint64_t stepNumber = 0;
  bool drafted = false; ///< The last thing run was a draft.
  bool runsOn = false;  ///< Nobody has waited for it, and what it reads must stay.
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_SESSION_H

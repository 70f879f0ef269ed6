//===- Session.cpp - Runs steps -------------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include "runtime/base/Clock.h"

#include <algorithm>
#include <cstring>

using namespace v4;
using namespace v4::plan;

Status Session::step(uint64_t count) {
  V4_RETURN_IF_ERROR(checkBatch(count));
  V4_RETURN_IF_ERROR(awaitRun());
  if (options.canary)
    V4_RETURN_IF_ERROR(checkSeals(count));
  V4_RETURN_IF_ERROR(checkRoom(count));
  V4_RETURN_IF_ERROR(makeEvents());
  for (uint64_t i = 0; i < count; ++i)
    V4_RETURN_IF_ERROR(growEntry(entries[i]));
  if (options.debugPlacement)
    arena.poison(); // nothing in the arena survives a step
  steps.fill(entries.data(), count, cache);
  drafted = false;
  uploadSteps();
  runPhases(false);
  V4_RETURN_IF_ERROR(finishRun(false));
  for (uint64_t i = 0; i < count; ++i)
    acceptTokens(entries[i]);
  return options.canary ? sealStep(count) : Status();
}

void Session::acceptTokens(const BatchEntry &entry) {
  Sequence &sequence = *entry.sequence;
  int32_t *end = history.data() + sequence.index * positionLimit + sequence.position;
  std::memmove(end, entry.tokens, entry.tokenCount * sizeof(int32_t));
  sequence.position += static_cast<int64_t>(entry.tokenCount);
  sequence.fed = std::max(sequence.fed, static_cast<uint64_t>(sequence.position));
  sequence.drafted = 0;
}

Status Session::checkSeals(uint64_t count) {
  V4_RETURN_IF_ERROR(canary.check());
  for (uint64_t i = 0; i < count; ++i) {
    const Sequence &sequence = *entries[i].sequence;
    V4_RETURN_IF_ERROR(canary.checkOwner(sequence.index, tokens(sequence), static_cast<uint64_t>(sequence.position)));
  }
  return Status();
}

/// What the step was to write is sealed anew; it must have left the rest alone.
Status Session::sealStep(uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const Sequence &sequence = *entries[i].sequence;
    uint64_t end = static_cast<uint64_t>(sequence.position);
    canary.sealWritten(sequence.index, tokens(sequence), end - entries[i].tokenCount, end);
  }
  return canary.check();
}

/// Makes the positions of its tokens writable.
Status Session::growEntry(const BatchEntry &entry) {
  Sequence &sequence = *entry.sequence;
  uint64_t begin = static_cast<uint64_t>(sequence.position);
  uint32_t pages = cache.pageCount(sequence.index);
  uint32_t last = pages ? cache.pageBlocksOf(sequence.index)[pages - 1] : 0;
  V4_RETURN_IF_ERROR(cache.grow(sequence.index, begin, begin + entry.tokenCount));
  if (pages && cache.pageBlocksOf(sequence.index)[pages - 1] != last) {
    sequence.serial = nextSerial++; // a shared page was copied
    if (caching && tree.contains(last))
      tree.leave(last);
  }
  return Status();
}

/// A draft runs the MTP block alone, and has no probes. What samples is in neither.
bool Session::runsIn(const Phase &phase, bool isDraft) {
  if (isSampling(phase.group))
    return false;
  if (isDraft)
    return phase.group == fb::LaunchGroup::Mtp || phase.group == fb::LaunchGroup::MtpDraft;
  return phase.group != fb::LaunchGroup::MtpDraft;
}

void Session::runPhases(bool isDraft) {
  if (program.device && replayRun(isDraft))
    return;
  for (const Phase &phase : phases) {
    if (!runsIn(phase, isDraft))
      continue;
    runPhase(phase);
    if (!isDraft && phase.probeBegin != phase.probeEnd)
      emitProbes(phase);
  }
}

void Session::runPhase(const Phase &phase) {
  if (!trace.receive)
    return runTogether(phase.begin, phase.end);
  for (uint32_t launch = phase.begin; launch < phase.end; ++launch)
    isTimed() ? runTimed(launch) : runTraced(launch);
}

/// By the count of rows alone: a number behind the variants is the kernel itself.
uint32_t Session::variantOf(const Launch &launch) const {
  int64_t rows = steps.array<int64_t>(StepField::Counts)[launch.rows];
  uint32_t variant = 0;
  while (variant < launch.variants && rows > cuts[launch.firstCut + variant].mostRows)
    ++variant;
  return variant;
}

int64_t Session::workgroupsOf(const Launch &launch) const {
  int64_t rows = steps.array<int64_t>(StepField::Counts)[launch.rows];
  const Cut &cut = cuts[launch.firstCut + variantOf(launch)];
  return (rows + cut.rowTile - 1) / cut.rowTile * cut.tiles;
}

void Session::runTogether(uint32_t begin, uint32_t end) {
  int64_t workgroups = 0;
  for (uint32_t i = begin; i < end; ++i)
    calls[i].end = workgroups += workgroupsOf(launches[i]);
  if (!program.device)
    return CpuDevice::run(*pool, calls.data() + begin, end - begin);
  for (uint32_t i = begin; i < end; ++i) {
    CudaLaunch launch = deviceLaunch(i);
    program.device->launch(launches[i].kernel, launch, launches[i].index);
    graphs.counts.launches += launch.workgroups > 0;
  }
}

/// Depends on the counts of the step block and nothing else that changes: RunShape relies on it.
CudaLaunch Session::deviceLaunch(uint32_t launch) const {
  const Launch &planned = launches[launch];
  return {calls[launch].args.bindings, workgroupsOf(planned), steps.array<int64_t>(StepField::Counts)[planned.rows],
          variantOf(planned)};
}

void Session::uploadSteps() {
  if (program.device)
    program.device->copy(deviceSteps.data(), steps.field(StepField::Counts), steps.bytes());
}

void Session::runTraced(uint32_t launch) {
  if (trace.before)
    trace.before(trace.user, spanOf(launch, workgroupsOf(launches[launch]), 0, 0));
  int64_t begin = monotonicNanoseconds();
  runTogether(launch, launch + 1);
  traceLaunch(launch, calls[launch].end, begin);
}

void Session::traceLaunch(uint32_t launch, int64_t workgroups, int64_t begin) {
  if (!deviceStatus().isOk()) // waits: the launch's own time
    return;                   // whoever waits for the run says what went wrong
  trace.receive(trace.user, spanOf(launch, workgroups, begin, monotonicNanoseconds()));
}

LaunchSpan Session::spanOf(uint32_t launch, int64_t workgroups, int64_t begin, int64_t end) const {
  LaunchSpan span;
  span.step = stepNumber;
  span.beginNanoseconds = begin;
  span.endNanoseconds = end;
  span.launch = launches[launch].index;
  span.workgroups = workgroups;
  span.variant = variantOf(launches[launch]);
  span.bindings = calls[launch].args.bindings;
  span.device = program.device;
  span.counts = steps.array<int64_t>(StepField::Counts);
  return span;
}

void Session::emitProbes(const Phase &phase) {
  for (uint32_t i = phase.probeBegin; i < phase.probeEnd; ++i) {
    const Probe &probe = probes[i];
    ProbeRows rows;
    rows.shape = &probe.shape;
    rows.data = probe.data;
    rows.rowCount = static_cast<uint64_t>(steps.count(static_cast<StepCount>(probe.shape.rows)));
    rows.tokenRows = probe.shape.rows == fb::RowSpace::Logits ? steps.array<int32_t>(StepField::LogitsRows) : nullptr;
    rows.positions = steps.array<int32_t>(StepField::Positions);
    rows.slots = steps.array<int32_t>(StepField::TokenSlots);
    if (program.device) {
      hostProbe.resize(rows.rowCount * probe.shape.rowBytes);
      copyMemory(program.device, hostProbe.data(), probe.data, hostProbe.size());
      if (!deviceStatus().isOk())
        return; // what is there is of another step; finishRun says what went wrong
      rows.data = hostProbe.data();
    }
    if (rows.rowCount)
      options.probes.receive(options.probes.user, rows);
  }
}

Status Session::checkBatch(uint64_t count) {
  if (count == 0 || count > options.maxSequences)
    return invalidInput("step: ", count, " sequences, expected 1 to ", options.maxSequences,
                        " (the session's max_sequences)");
  ++stepNumber;
  uint64_t tokens = 0;
  for (uint64_t slot = 0; slot < count; ++slot) {
    BatchEntry &entry = entries[slot];
    V4_RETURN_IF_ERROR(checkEntry(entry, slot, "step"));
    entry.sequence->lastStep = stepNumber;
    tokens += entry.tokenCount;
  }
  if (tokens > options.maxTokens)
    return invalidInput("step: ", tokens, " tokens, the session takes ", options.maxTokens,
                        " in one step; split the prompt into chunks");
  return Status();
}

/// What the entries fed before counts as accepted now. Then their new pages must fit, if need be in the place of cached
/// prefixes.
Status Session::checkRoom(uint64_t count) {
  for (uint64_t slot = 0; slot < count; ++slot) {
    Sequence &sequence = *entries[slot].sequence;
    settle(sequence);
    if (entries[slot].logitsCount && !sequence.answers)
      markTurn(sequence);
    sequence.answers = entries[slot].logitsCount != 0;
  }
  uint64_t pages = 0;
  for (uint64_t slot = 0; slot < count; ++slot) {
    uint64_t begin = static_cast<uint64_t>(entries[slot].sequence->position);
    pages += cache.countBlocks(entries[slot].sequence->index, begin, begin + entries[slot].tokenCount);
  }
  cache.endCount();
  if (!makeRoom(pages))
    return unsupported("step: needs ", pages, " more cache pages of ", cache.pageBytes(), " bytes, ",
                       cache.availableBlocks(), " of ", cache.maxBlocks(),
                       " are free; release a sequence or raise the session's cache_bytes");
  return Status();
}

Status Session::checkEntry(const BatchEntry &entry, uint64_t slot, std::string_view call) const {
  const Sequence *sequence = entry.sequence;
  if (!sequence || sequence->session != this || !sequence->live)
    return invalidInput(call, ": batch entry ", slot, " names no live sequence of this session");
  if (sequence->lastStep == stepNumber)
    return invalidInput(call, ": batch entry ", slot, " names a sequence that an earlier entry names; merge the two");
  if (!entry.tokens || entry.tokenCount == 0)
    return invalidInput(call, ": batch entry ", slot, " has 0 tokens, expected at least 1");
  if (entry.logitsCount > entry.tokenCount)
    return invalidInput(call, ": batch entry ", slot, " wants logits of ", entry.logitsCount, " rows, it has ",
                        entry.tokenCount, " tokens");
  if (entry.tokenCount > positionLimit - static_cast<uint64_t>(sequence->position))
    return invalidInput(call, ": batch entry ", slot, " would hold ", sequence->position, " + ", entry.tokenCount,
                        " positions, the session's context is ", options.maxContext, " (and ",
                        positionLimit - options.maxContext, " for drafts); use a longer context");
  for (uint64_t i = 0; i < entry.tokenCount; ++i)
    if (static_cast<uint64_t>(static_cast<uint32_t>(entry.tokens[i])) >= vocabulary)
      return invalidInput(call, ": token id ", entry.tokens[i], " at index ", i, " of batch entry ", slot,
                          " is outside the vocabulary, 0 to ", vocabulary - 1);
  return Status();
}

SessionMemory Session::memory() const {
  SessionMemory memory;
  memory.arenaBytes = program.device ? plan::arenaOf(*program.program, planLimits()).bytes : arena.bytes();
  memory.stepBytes = steps.bytes();
  memory.pageBytes = cache.maxBlocks() * cache.pageBytes();
  memory.stateBytes = program.program->state_bytes() * options.maxSequences;
  return memory;
}

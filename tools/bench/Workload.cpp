//===- Workload.cpp - Sequences that are fed made-up tokens ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Workload.h"

#include "runtime/base/Clock.h"

#include <algorithm>

using namespace v4;
using namespace v4::bench;

Status Workload::create(Engine &engine, const WorkloadOptions &options, std::unique_ptr<Workload> &out) {
  std::unique_ptr<Workload> workload(new Workload);
  const plan::fb::Envelope &envelope = *engine.program().envelope();
  if (options.positions > envelope.max_context())
    return invalidInput(engine.plan().name(), ": the test needs ", options.positions,
                        " positions a sequence, the plan's context is ", envelope.max_context(),
                        "; lower -d, -p, -n or -r, or compile the plan with a larger --max-context");
  if (options.batch > options.stepTokens && options.stepTokens)
    return invalidInput("--step-tokens=", options.stepTokens, " is less than the batch of ", options.batch,
                        "; give every sequence at least one token a step");
  SessionOptions session;
  session.maxSequences = options.batch;
  session.maxContext = std::max<uint64_t>(options.positions, 1);
  session.maxTokens = options.stepTokens;
  session.threads = options.threads;
  session.plainLaunches = options.plainLaunches;
  V4_RETURN_IF_ERROR(engine.createSession(session, workload->live));
  workload->vocabulary = engine.program().model()->vocab_size();
  workload->tokens.resize(options.batch);
  for (std::vector<int32_t> &list : workload->tokens)
    list.reserve(workload->live->limits().maxTokens);
  V4_RETURN_IF_ERROR(workload->restart());
  out = std::move(workload);
  return Status();
}

Status Workload::restart() {
  for (Sequence *sequence : sequences)
    live->releaseSequence(*sequence);
  sequences.assign(tokens.size(), nullptr);
  for (Sequence *&sequence : sequences)
    V4_RETURN_IF_ERROR(live->createSequence(sequence));
  random = 0x9E3779B97F4A7C15;
  return Status();
}

/// An entry of the next step.
void Workload::add(size_t sequence, uint64_t count, uint64_t logits) {
  std::vector<int32_t> &list = tokens[sequence];
  list.clear();
  for (uint64_t i = 0; i < count; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    list.push_back(static_cast<int32_t>((random >> 16) % vocabulary));
  }
  auto begin = static_cast<uint64_t>(sequences[sequence]->position);
  live->batch()[entries++] = {sequences[sequence], list.data(), count, logits};
  current.ranges.push_back({begin, begin + count});
  current.logits += logits;
}

Status Workload::step() {
  int64_t begin = monotonicNanoseconds();
  Status status = live->step(entries);
  if (status.isOk() && current.logits)
    status = pick();
  double seconds = static_cast<double>(monotonicNanoseconds() - begin) * 1e-9;
  if (stepHook && status.isOk())
    stepHook(stepUser, seconds);
  entries = 0;
  current.ranges.clear();
  current.logits = 0;
  return status;
}

/// On a GPU a step that wants logits is over when its tokens are here, or the logits of which the host makes them.
Status Workload::pick() {
  if (!live->samplesOnDevice())
    return live->logits(0) ? Status() : live->deviceStatus();
  for (uint64_t row = 0; row < current.logits; ++row) {
    plan::SampleRow &asked = live->sampleRows()[row];
    asked = {};
    asked.row = static_cast<uint32_t>(row);
  }
  return live->sample(LogitsOf::Model, current.logits);
}

Status Workload::prefill(uint64_t count) {
  uint64_t share = std::max<uint64_t>(live->limits().maxTokens / sequences.size(), 1);
  for (uint64_t done = 0; done < count;) {
    uint64_t n = std::min(share, count - done);
    done += n;
    for (size_t i = 0; i < sequences.size(); ++i)
      add(i, n, done == count);
    V4_RETURN_IF_ERROR(step());
  }
  return Status();
}

Status Workload::decode(uint64_t steps) {
  for (uint64_t i = 0; i < steps; ++i) {
    for (size_t sequence = 0; sequence < sequences.size(); ++sequence)
      add(sequence, 1, 1);
    V4_RETURN_IF_ERROR(step());
  }
  return Status();
}

//===- RunGraphs.cpp - Steps that a GPU has recorded ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

CudaGraph *RunGraphs::find(const RunShape &shape) {
  ++uses;
  for (Entry &entry : entries)
    if (entry.lastUse && entry.shape == shape) {
      entry.lastUse = uses;
      return &entry.graph;
    }
  Entry &oldest = *std::min_element(entries.begin(), entries.end(),
                                    [](const Entry &a, const Entry &b) { return a.lastUse < b.lastUse; });
  oldest.shape = shape;
  oldest.lastUse = uses;
  oldest.graph = CudaGraph();
  return nullptr;
}

void RunGraphs::turnOff() {
  on = false;
  for (Entry &entry : entries)
    entry.graph = CudaGraph();
}

/// False when nothing was run: the launches are to be made one by one.
bool Session::replayRun(bool isDraft) {
  ++graphs.counts.runs;
  // Between the launches of such runs something else happens.
  if (trace.receive || !probes.empty() || !graphs.isOn())
    return false;
  RunShape shape;
  shape.isDraft = isDraft;
  std::copy_n(steps.array<int64_t>(StepField::Counts), kCountEntries, shape.counts.begin());
  CudaGraph *graph = graphs.find(shape);
  if (!graph || (!graph->isRecorded() && !recordRun(isDraft, *graph)))
    return false;
  program.device->replay(*graph);
  ++graphs.counts.replayed;
  graphs.counts.launches += graph->size();
  return true;
}

/// Where this fails no launch has been made, and those of this run and all others can be: the driver's memory for
/// graphs, as a rule, is short.
bool Session::recordRun(bool isDraft, CudaGraph &out) {
  std::vector<CudaWork> works;
  works.reserve(launches.size());
  const int64_t *counts = steps.array<int64_t>(StepField::Counts);
  for (const Phase &phase : phases)
    for (uint32_t i = phase.begin; i < phase.end && runsIn(phase, isDraft); ++i)
      works.push_back({launches[i].kernel, deviceLaunch(i), launches[i].index});
  Status status = program.device->record(works,
                                         joinText(isDraft ? "draft" : "step", " of ", counts[kCountTokens],
                                                  " tokens in ", counts[kCountSequences], " sequences"),
                                         out);
  if (status.isOk()) {
    ++graphs.counts.recorded;
    return true;
  }
  graphs.turnOff();
  host.log("session: steps are launched kernel by kernel, since none can be recorded: ", status.message());
  return false;
}

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

/// Null when `shape` is not among them.
template <typename Shapes>
static auto *findShape(Shapes &shapes, const RunShape &shape) {
  auto found = std::find_if(shapes.begin(), shapes.end(),
                            [&](const auto &known) { return known.lastUse && known.shape == shape; });
  return found == shapes.end() ? nullptr : &*found;
}

template <typename Shapes>
static auto &oldestOf(Shapes &shapes) {
  return *std::min_element(shapes.begin(), shapes.end(),
                           [](const auto &a, const auto &b) { return a.lastUse < b.lastUse; });
}

CudaGraph *RunGraphs::find(const RunShape &shape) {
  ++uses;
  if (Entry *known = findShape(entries, shape)) {
    known->lastUse = uses;
    return &known->graph;
  }
  Shape *second = findShape(cameOnce, shape);
  if (!second) {
    oldestOf(cameOnce) = {shape, uses};
    return nullptr;
  }
  second->lastUse = 0;
  Entry &place = oldestOf(entries);
  place.shape = shape;
  place.lastUse = uses;
  place.graph = CudaGraph();
  return &place.graph;
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
      works.push_back(
          {launches[i].kernel, deviceLaunch(i), launches[i].index, static_cast<uint32_t>(&phase - phases.data())});
  Status status = program.device->record(works,
                                         joinText(isDraft ? "draft" : "step", " of ", counts[kCountTokens],
                                                  " tokens in ", counts[kCountSequences], " sequences"),
                                         out);
  if (status.isOk()) {
    ++graphs.counts.recorded;
    return true;
  }
  // A failure from before the recording is told to whoever waits for this run.
  if (program.device->hasFailed())
    return false;
  graphs.turnOff();
  host.log("session: steps are launched kernel by kernel, since none can be recorded: ", status.message());
  return false;
}

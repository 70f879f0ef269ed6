//===- TimedLaunches.cpp - Launches with the times of a GPU ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A run that is timed by the device waits once, as one that nobody traces. The device's
// clock is set to the host's where the first launch is asked for: then no span ends after
// the host has seen its end.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include "runtime/base/Clock.h"

using namespace v4;
using namespace v4::plan;

/// Of all launches when there are none yet; begins a run.
Status Session::makeEvents() {
  if (!isTimed())
    return Status();
  timed = TimedRun();
  return events.make(*program.device, launches.size());
}

void Session::runTimed(uint32_t launch) { launchTimed(launch, deviceLaunch(launch)); }

void Session::launchTimed(uint32_t launch, const CudaLaunch &asked) {
  if (asked.workgroups > 0 && timed.origin < 0) {
    timed.origin = launch;
    timed.begin = timed.end = monotonicNanoseconds();
  }
  if (asked.workgroups > 0 && trace.held)
    hold.beforeLaunch(*program.device);
  events.launch(launch, {launches[launch].kernel, asked, launches[launch].index, 0});
  graphs.counts.launches += asked.workgroups > 0;
  if (!program.device->hasFailed())
    trace.asked(trace.user, spanOf(launch, asked.workgroups, 0, 0));
}

/// REQUIRES: the run is over, and nothing failed.
Status Session::tellRun(bool isDraft) {
  for (const Phase &phase : phases)
    for (uint32_t i = phase.begin; i < phase.end && runsIn(phase, isDraft); ++i)
      V4_RETURN_IF_ERROR(tellTimed(i, deviceLaunch(i)));
  return Status();
}

/// A launch without workgroups takes no time, behind the one in front.
Status Session::tellTimed(uint32_t launch, const CudaLaunch &asked) {
  int64_t begin = timed.end;
  if (asked.workgroups > 0) {
    CudaEvents::Times times = events.read(static_cast<size_t>(timed.origin), launch,
                                          {launches[launch].kernel, asked, launches[launch].index, 0});
    if (program.device->hasFailed())
      return deviceStatus();
    begin = timed.begin + times.begin;
    timed.end = begin + times.duration;
  }
  trace.receive(trace.user, spanOf(launch, asked.workgroups, begin, timed.end));
  return Status();
}

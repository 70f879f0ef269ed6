//===- Waits.cpp - When the host waits for a GPU --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// While the host waits it asks for nothing, and a GPU that has nothing to do is idle. So a
// step or draft whose rows somebody will sample there is not waited for: who samples asks
// for that behind it, and waits for both.
//
//   waited for:  fill, upload, launch, wait        rows up, sample, rows down, wait
//   runs on:     fill, upload, launch               rows up, sample, rows down, wait
//
// Until then the GPU may read the step block, and replay the graph: the next run waits
// before it changes either, and so does the end of the session. What else a session asks
// for meanwhile (states that are cleared, copied, kept and restored, pages that are copied)
// is work of the GPU behind the run, in the order of the calls. What the host alone keeps
// (positions, pages, prefixes) is as if the run were over: when it fails, the GPU is of no
// further use, and nothing of them is read again.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

using namespace v4;

Session::~Session() { (void)awaitRun(); }

Status Session::deviceStatus() {
  runsOn = false;
  hold.open();
  return program.device ? program.device->status() : Status();
}

Status Session::awaitRun() { return runsOn ? deviceStatus() : Status(); }

/// Whether somebody can sample what the run leaves, and nobody looks at it earlier. What the driver has refused
/// already is told at once.
bool Session::mayRunOn() const {
  return samplesOnDevice() && logitsCount() && !trace.receive && probes.empty() && !program.device->hasFailed();
}

/// Logits stay where they are.
Status Session::finishRun(bool isDraft) {
  hasHostLogits[0] = hasHostLogits[1] = false;
  runsOn = mayRunOn();
  if (runsOn)
    return Status();
  Status status = deviceStatus();
  return status.isOk() && isTimed() ? tellRun(isDraft) : std::move(status);
}

//===- Sampling.cpp - Logits of the last step, and tokens of them ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row of logits is some hundred thousand times larger than the token that is made of it.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Session.h"

#include "runtime/base/Clock.h"

#include <cmath>

using namespace v4;
using namespace v4::plan;

const float *Session::logitsRow(LogitsOf which, uint64_t row) {
  if (!hasLogits(which) || row >= logitsCount())
    return nullptr;
  const float *base = hostOf(which);
  return base ? base + row * vocabulary : nullptr;
}

/// All rows in memory of the host; null when the GPU fails. On a CPU they are there.
const float *Session::hostOf(LogitsOf which) {
  bool isMtp = which == LogitsOf::Mtp;
  const float *base = isMtp ? mtpLogitsBase : logitsBase;
  bool &isThere = hasHostLogits[isMtp];
  if (!program.device || isThere || !base)
    return base;
  // A copy to memory that is not pinned may last until the run is over, and keep others from the device.
  if (!awaitRun().isOk())
    return nullptr;
  const fb::Program &plan = *program.program;
  size_t buffer = isMtp ? static_cast<size_t>(plan.mtp_logits_buffer()) : plan.logits_buffer();
  copyMemory(program.device, (isMtp ? hostMtpLogits : hostLogits).data(), bufferAddresses[buffer],
             logitsCount() * vocabulary * sizeof(float));
  isThere = deviceStatus().isOk();
  return isThere ? base : nullptr;
}

Status Session::sample(LogitsOf which, uint64_t count) {
  auto number = static_cast<uint32_t>(sampleLaunches[which == LogitsOf::Mtp]);
  void *const *bound = calls[number].args.bindings;
  uint64_t bytes = count * sizeof(SampleRow);
  auto rows = static_cast<int64_t>(count);
  CudaLaunch asked{bound, rows, rows};
  if (trace.receive)
    V4_RETURN_IF_ERROR(awaitRun()); // began before the trace, and is none of the launch's time
  V4_RETURN_IF_ERROR(makeEvents());
  copyMemory(program.device, bound[kSampleRows], sampleRows(), bytes);
  if (isTimed())
    launchTimed(number, asked);
  else
    sampleNow(number, asked);
  copyMemory(program.device, sampleRows(), bound[kSampleRows], bytes);
  Status status = deviceStatus();
  return status.isOk() && isTimed() ? tellTimed(number, asked) : std::move(status);
}

/// Waits where it is traced.
void Session::sampleNow(uint32_t number, const CudaLaunch &asked) {
  bool isTraced = trace.receive && deviceStatus().isOk(); // the copy takes none of the launch's time
  int64_t begin = isTraced ? monotonicNanoseconds() : 0;
  program.device->launch(launches[number].kernel, asked, launches[number].index);
  graphs.counts.launches += asked.workgroups > 0;
  if (isTraced)
    traceLaunch(number, asked.workgroups, begin);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

Status Session::notFinite(LogitsOf which, uint64_t row, uint64_t entry) {
  return checkFailed("logits row ", row, ": entry ", entry, which == LogitsOf::Mtp ? " of the MTP block" : "",
                     " is not finite, expected numbers; end this request, its tokens lead the model astray");
}

Status Session::checkLogits(uint64_t row, bool mtp) {
  if (row >= logitsCount())
    return Status();
  if (hasLogits(LogitsOf::Model))
    V4_RETURN_IF_ERROR(checkRow(LogitsOf::Model, row));
  return mtp && hasLogits(LogitsOf::Mtp) ? checkRow(LogitsOf::Mtp, row) : Status();
}

/// Whoever samples a row sees what is not finite.
Status Session::checkRow(LogitsOf which, uint64_t row) {
  if (samplesOnDevice() && !hasHostLogits[which == LogitsOf::Mtp]) {
    SampleRow &asked = sampleRows()[0];
    asked = {};
    asked.row = static_cast<uint32_t>(row);
    V4_RETURN_IF_ERROR(sample(which, 1));
    return asked.notFinite < 0 ? Status() : notFinite(which, row, static_cast<uint64_t>(asked.notFinite));
  }
  const float *values = logitsRow(which, row);
  for (uint64_t i = 0; values && i < vocabulary; ++i)
    if (!std::isfinite(values[i]))
      return notFinite(which, row, i);
  return values ? Status() : deviceStatus();
}

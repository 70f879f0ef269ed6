//===- Trace.h - When the launches of a step ran ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step that is traced runs every launch alone, so that its time is its own: as
// right as any other step, and a little slower.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_TRACE_H
#define V4_RUNTIME_EXEC_TRACE_H

#include "runtime/base/KernelMemory.h"

#include <cstdint>

namespace v4 {

/// One launch of the running step, or of rows that are sampled behind it; pointers are valid during the call only.
struct LaunchSpan {
  uint64_t step;    ///< Number of the step in its session.
  uint32_t launch;  ///< Index in the plan.
  uint32_t variant; ///< Of its kernel; their count = the kernel itself.
  int64_t workgroups;
  int64_t beginNanoseconds; ///< CLOCK_MONOTONIC.
  int64_t endNanoseconds;
  void *const *bindings; ///< What the kernel got: its inputs are still there.
  DeviceMemory *device;  ///< Where they lie; null = in this process.
  const int64_t *counts; ///< Step field `counts`.
};

/// Called between launches on the thread that runs the step or samples; what it does counts for the step, for no
/// launch.
struct TraceSink {
  void *user = nullptr;
  void (*receive)(void *user, const LaunchSpan &span) = nullptr;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_TRACE_H

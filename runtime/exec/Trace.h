//===- Trace.h - When the launches of a step ran ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step that is traced runs every launch alone, so that its time is its own: as
// right as any other step, and a little slower. On a GPU a wait behind each launch is in
// the time that the host sees; who wants the device's own gives up what is waited for.
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
  /// Null, or, on a GPU, spans have the device's times: launches follow each other without a wait, and `receive` gets
  /// all of them when the run is over, in the same order; inputs are gone then. This one is called behind each launch
  /// instead, with a span without times, before the launch is over: copies that it asks for see the inputs, and are
  /// there when `receive` is called. It must not wait. On a CPU it is not called.
  void (*asked)(void *user, const LaunchSpan &span) = nullptr;
  /// Null, or called in front of each launch of a step, with a span without times: what it asks of the memory is done
  /// before the launch. Not where `asked` is given.
  void (*before)(void *user, const LaunchSpan &span) = nullptr;
  /// With `asked`, on a GPU: launches begin when they are queued in groups (CudaHold.h), so that none waits for the
  /// host within its time; between groups the GPU may stand still. Copies that `asked` asks for must be to pinned
  /// memory.
  bool held = false;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_TRACE_H

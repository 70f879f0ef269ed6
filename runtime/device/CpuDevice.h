//===- CpuDevice.h - Loads a plan's code and runs its kernels ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owns the mapped code of one plan. Immutable after load; threads may share it.
// REQUIRES: the code was checked against its hash, since loading maps and trusts
// it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CPUDEVICE_H
#define V4_RUNTIME_DEVICE_CPUDEVICE_H

#include "runtime/base/ThreadPool.h"
#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanLoader.h"

namespace v4 {

/// One launch of a phase, ready to run. The workgroups of a phase are numbered from 0 through all of its calls.
struct KernelCall {
  v4_kernel_fn function;
  v4_kernel_args args;
  int64_t end; ///< Behind the last workgroup of this call; that of the call in front is its first one.
};

class CpuDevice {
public:
  CpuDevice() = default;
  ~CpuDevice();
  CpuDevice(const CpuDevice &) = delete;
  CpuDevice &operator=(const CpuDevice &) = delete;

  /// Unsupported when this CPU lacks a feature of the plan's target or the code cannot be mapped here.
  Status load(const plan::Plan &plan);

  /// One function per kernel of the program.
  const v4_kernel_fn *kernels() const { return functions.data(); }

  /// Runs a phase on `pool`: all workgroups of `count` calls that do not depend on each other, as one loop. Returns when
  /// all are finished.
  static void run(ThreadPool &pool, const KernelCall *calls, size_t count) {
    pool.run(runRange, calls, calls[count - 1].end);
  }

private:
  static void runRange(const void *calls, int64_t begin, int64_t end);

  Status openCode(const std::string &name, plan::Bytes code);
  Status resolveKernels(const plan::Plan &plan);

  /// The descriptor stays open while the code is mapped: the dynamic loader recognises what it has loaded by path, so
  /// the number in /proc/self/fd must not be reused for another plan.
  int descriptor = -1;
  void *handle = nullptr;
  std::vector<v4_kernel_fn> functions;
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CPUDEVICE_H

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

/// One launch, ready to run.
struct KernelCall {
  v4_kernel_fn function;
  v4_kernel_args args;
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

  /// Runs workgroups [0, workgroups) on `pool`; returns when all are finished.
  static void launch(ThreadPool &pool, const KernelCall &call, int64_t workgroups) {
    pool.run(runRange, &call, workgroups);
  }

private:
  static void runRange(const void *call, int64_t begin, int64_t end) {
    const KernelCall *kernel = static_cast<const KernelCall *>(call);
    kernel->function(&kernel->args, begin, end);
  }

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

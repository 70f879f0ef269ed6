//===- PlanTarget.h - The kind of hardware of a plan ------------*- C++ -*-===//
//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANTARGET_H
#define V4_RUNTIME_PLAN_PLANTARGET_H

#include "runtime/plan/plan_generated.h"

#include <string_view>

namespace v4::plan {

inline constexpr std::string_view kCudaPrefix = "cuda:";

/// Those of codegen/cuda/CudaTarget.cpp.
inline constexpr std::string_view kCudaTargets[] = {"cuda:sm_90a", "cuda:sm_100a", "cuda:sm_120a"};

/// The plan's code is cubins, and its kernels have blocks.
inline bool isForGpu(const fb::Program &program) {
  return program.target()->name()->string_view().substr(0, kCudaPrefix.size()) == kCudaPrefix;
}

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANTARGET_H

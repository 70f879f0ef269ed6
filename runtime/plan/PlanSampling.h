//===- PlanSampling.h - Launches that sample tokens -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan for a GPU may bring a kernel that picks tokens where the logits are: one launch for
// those of the model, one for those of the MTP block. Neither is part of a step.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANSAMPLING_H
#define V4_RUNTIME_PLAN_PLANSAMPLING_H

#include "runtime/plan/plan_generated.h"

namespace v4::plan {

/// Bindings of such a launch.
inline constexpr uint32_t kSampleLogits = 0, kSampleRows = 1;
/// An i32 buffer has so many for each row: sizeof(SampleRow).
inline constexpr uint64_t kSampleWords = 12;

inline bool isSampling(fb::LaunchGroup group) {
  return group == fb::LaunchGroup::Sample || group == fb::LaunchGroup::MtpSample;
}

/// Whether the plan has them. REQUIRES: `program` passed fb::VerifyProgramBuffer, and its launches are present.
bool hasSampling(const fb::Program &program);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANSAMPLING_H

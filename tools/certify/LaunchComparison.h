//===- LaunchComparison.h - Which launches are wrong ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the first probe that is wrong back along the buffers that are wrong, to
// launches whose inputs are right. What no probe is made of is never looked at:
// a kernel may leave parts of a buffer unwritten that nobody reads.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_LAUNCHCOMPARISON_H
#define V4_TOOLS_CERTIFY_LAUNCHCOMPARISON_H

#include "tools/certify/LaunchRecorder.h"

namespace v4::certify {

struct LaunchDifference {
  uint32_t launch = 0;
  std::string function;
  uint32_t buffer = 0;
  double magnitude = 0; ///< Median of the rows' differences over their scale, of the buffer where it is largest.
  double limit = 0;     ///< That of the golden limits for what a layer gives (GoldenLimits.h).
  /// Launches that filled cache pools which it reads, from right inputs: it, or one of them.
  std::vector<uint32_t> fillers;
};

struct LaunchComparison {
  uint64_t compared = 0;                 ///< Buffers of launches, once a step.
  std::string probe;                     ///< The first wrong one; "" = none.
  StepRange step = {};                   ///< Where it is.
  std::vector<LaunchDifference> wrong;   ///< Of that step: right inputs, wrong outputs.
  std::vector<LaunchDifference> largest; ///< Of all steps: the largest by function, falling.
};

/// InvalidInput when `recorded` lacks one of the launches. REQUIRES: both are of this program and the same input.
Status compareLaunches(const plan::fb::Program &program, const std::string &path, const Certificate &recorded,
                       const LaunchRecords &fresh, LaunchComparison &out);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_LAUNCHCOMPARISON_H

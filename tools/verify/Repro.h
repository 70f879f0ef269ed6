//===- Repro.h - What a compiler engineer needs of a wrong result ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A folder that stands alone beside the plan: README.md with the sentence and
// the commands, tokens, run.sh, plan.mlir, launches.json, and of every launch
// between the last good probe and the bad one what it read and wrote in the step
// that shows the difference, as .npy. Cache pools and weights are named, not
// copied: the plan has the one, the command makes the other.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_VERIFY_REPRO_H
#define V4_TOOLS_VERIFY_REPRO_H

#include "runtime/exec/Engine.h"
#include "tools/verify/Numerics.h"

namespace v4::verify {

struct ReproInput {
  const NumericsOptions &options;
  Engine &engine;
  const certify::Certificate &recorded;
  const certify::Measure &failure;
  const std::string &sentence;
};

/// Runs the stretch of the difference again, up to its step. InvalidInput when the folder cannot be written.
Status writeRepro(const ReproInput &input);

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_REPRO_H

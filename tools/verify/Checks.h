//===- Checks.h - What v4-verify can check of a plan ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A check finds every problem it can, not the first one. None maps code.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_VERIFY_CHECKS_H
#define V4_TOOLS_VERIFY_CHECKS_H

#include "runtime/plan/PlanLoader.h"
#include "runtime/plan/PlanMemory.h"

#include <string>
#include <vector>

namespace v4::verify {

/// The outcome of one check; without problems it holds.
struct Check {
  const char *name;
  std::vector<std::string> problems;            ///< Sentences, as in Status.
  StatusCode failure = StatusCode::CheckFailed; ///< What a problem means.

  bool holds() const { return problems.empty(); }
  void add(const Status &status) {
    if (!status.isOk())
      problems.push_back(status.message());
  }
};

/// Container, hashes, FlatBuffer, meaning, seal of the code. `out` is a plan only when it holds.
Check checkStructure(const std::string &path, plan::Bytes file, plan::Plan &out);

/// Signed, and with `key`. That the signature is right is part of the structure.
Check checkSigner(const plan::Plan &plan, const plan::PublicKey &key);

/// For all that the envelope allows: a known target, a function for every launch, sizes at the corners, room for
/// drafts.
Check checkClosedWorld(const plan::Plan &plan);

/// All weights against their hashes. Reads all of them.
Check checkWeights(const plan::Plan &plan);

/// Whether a session of `limits` with `threads` threads (0: as many as there are CPUs) can run on this machine.
Check checkHere(const plan::Plan &plan, const plan::Limits &limits, unsigned threads);

} // namespace v4::verify

#endif // V4_TOOLS_VERIFY_CHECKS_H

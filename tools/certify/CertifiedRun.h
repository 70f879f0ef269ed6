//===- CertifiedRun.h - The fixed input of certificates ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the input on this machine. What comes out depends on plan, weights and
// input alone: not on the size of steps, the number of threads or the session.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_CERTIFIEDRUN_H
#define V4_TOOLS_CERTIFY_CERTIFIEDRUN_H

#include "runtime/exec/Engine.h"
#include "tools/certify/Certificate.h"

#include <functional>

namespace v4::certify {

inline constexpr uint64_t kSeed = 20260424;

/// A short prompt and a long one, each with decode steps: more compressed rows are visible at the end of the long one
/// than an indexer selects, and at least 513, as far as the plan's context reaches. `prompt`: tokens of the long one
/// instead; 0 = so many.
std::vector<Stretch> inputFor(const plan::fb::Program &program, uint32_t prompt = 0);
/// All tokens of one stretch.
std::vector<int32_t> tokensOf(uint64_t seed, uint32_t stretch, uint64_t count, uint32_t vocabulary);

/// Tokens [first, first + count) of a stretch, in one step.
struct StepRange {
  uint32_t stretch;
  uint64_t first;
  uint64_t count;
};

struct RunOptions {
  unsigned threads = 0;
  ProbeSink probes;
  /// Called in front of each step; false ends the run there. May be empty.
  std::function<bool(Session &, const StepRange &)> beforeStep;
  /// Called behind each step, which gave so many rows of logits; what it returns ends the run. May be empty.
  std::function<Status(Session &, const StepRange &, uint64_t logits)> afterStep;
  /// Called in front of each stretch; false leaves it out. May be empty.
  std::function<bool(uint32_t stretch)> beforeStretch;
};

/// Feeds all stretches. InvalidInput when the plan's context is too short, Unsupported when this machine cannot run it.
Status runInput(Engine &engine, uint64_t seed, const std::vector<Stretch> &stretches, const RunOptions &options);

/// What a certificate says of a plan before anything runs: hashes, target, machine, samples of the weights.
Status describePlan(const Engine &engine, Certificate &out);

/// Runs the input and describes everything that a certificate says.
Status certifyRun(Engine &engine, uint64_t seed, const std::vector<Stretch> &stretches, unsigned threads,
                  Certificate &out);

/// Opens the plan, runs the input made for it and writes the certificate; `summary` gets one line for people. `prompt`
/// as of inputFor.
Status recordCertificate(const std::string &planPath, const std::string &weights, const std::string &path,
                         unsigned threads, std::string &summary, uint32_t prompt = 0);

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_CERTIFIEDRUN_H

//===- Workload.h - Sequences that are fed made-up tokens ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A session with a number of sequences in step. Tokens are pseudo-random with a
// fixed seed: experts are chosen as for real text, by all of them, and a run
// repeats exactly. One thread at a time.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_WORKLOAD_H
#define V4_TOOLS_BENCH_WORKLOAD_H

#include "runtime/exec/Engine.h"
#include "runtime/plan/PlanCost.h"

namespace v4::bench {

struct WorkloadOptions {
  uint64_t batch = 1;
  uint64_t positions = 0;  ///< That each sequence must hold.
  uint64_t stepTokens = 0; ///< Of one step over all sequences; 0 = the plan's.
  unsigned threads = 0;
  bool plainLaunches = false; ///< As in SessionOptions.
};

class Workload {
public:
  static Status create(Engine &engine, const WorkloadOptions &options, std::unique_ptr<Workload> &out);

  /// Empty sequences.
  Status restart();
  /// Every sequence gets `tokens` more, in steps as large as allowed; logits of the last one.
  Status prefill(uint64_t tokens);
  /// Every sequence gets one token in each of `steps` steps.
  Status decode(uint64_t steps);

  Session &session() { return *live; }
  uint64_t position() const { return static_cast<uint64_t>(sequences[0]->position); }
  /// Of the step that runs, or ran last.
  const plan::StepShape &shape() const { return current; }
  /// Called behind each step, with its time.
  void onStep(void (*hook)(void *user, double seconds), void *user) {
    stepHook = hook;
    stepUser = user;
  }

private:
  Workload() = default;
  void add(size_t sequence, uint64_t tokens, uint64_t logits);
  Status step();
  Status pick();

  std::unique_ptr<Session> live;
  std::vector<Sequence *> sequences;
  std::vector<std::vector<int32_t>> tokens; ///< Of the step, by sequence.
  uint64_t entries = 0;
  uint64_t vocabulary = 0;
  uint64_t random = 0;
  plan::StepShape current;
  void (*stepHook)(void *user, double seconds) = nullptr;
  void *stepUser = nullptr;
};

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_WORKLOAD_H

//===- Throughput.h - Tokens per second of one test ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each repetition stands between two machine passes, and is compared with their
// mean: fractions are medians of such ratios, so that a machine whose memory gets
// slower for a minute gives the same fraction.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_THROUGHPUT_H
#define V4_TOOLS_BENCH_THROUGHPUT_H

#include "tools/bench/Profile.h"
#include "tools/bench/RatePass.h"

#include <optional>

namespace v4::bench {

enum class TestKind { Prefill, Decode };

struct Test {
  TestKind kind;
  uint64_t count; ///< Prompt tokens, or decoded tokens, of each sequence.
  uint64_t depth; ///< Positions in the cache when it begins.
  uint64_t batch;

  std::string name() const;
};

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};
/// REQUIRES: not empty.
Spread spreadOf(std::vector<double> values);

struct Row {
  Test test;
  unsigned threads = 0;
  Spread tokensPerSecond;
  double bytesPerToken = 0;                ///< Weights and cache.
  std::optional<double> bandwidthFraction; ///< Of this machine's, where its CPUs do the work.
  std::optional<double> flopFraction;
  uint64_t peakRss = 0;
  // Of a plan for a GPU:
  std::optional<double> launchesPerStep;  ///< Of kernels.
  std::optional<double> replayedFraction; ///< Of steps: one call of the driver instead of a launch per kernel.
};

struct RunOptions {
  uint64_t repetitions = 5;
  uint64_t stepTokens = 0;
  unsigned threads = 0;
  bool plainLaunches = false; ///< As in SessionOptions.
  bool gpuSpeed = false;      ///< On a GPU: tell the profile what its memory and its tensor cores can do.
};

/// What memory and tensor cores of a GPU do, in each run.
struct GpuRuns {
  std::vector<double> copies; ///< Bytes a second.
  TensorRuns products;
};
/// `program` is the one that `device` has loaded.
Status measureGpu(CudaDevice &device, const plan::fb::Program &program, GpuRuns &out);

/// One row. `machine` is null for a plan whose work is not done by the CPUs here. `profile` listens to one further
/// repetition, which no figure of the row counts.
Status measure(Engine &engine, MachinePass *machine, const RunOptions &options, const Test &test, Profile &profile,
               Row &out);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_THROUGHPUT_H

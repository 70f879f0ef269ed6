//===- Throughput.cpp - Tokens per second of one test ---------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Throughput.h"

#include "runtime/base/Clock.h"
#include "tools/bench/CopyPass.h"

#include <algorithm>
#include <cstdio>

using namespace v4;
using namespace v4::bench;

namespace {

/// Of this program alone; getrusage would count what the parent had when it started us.
uint64_t peakRss() {
  std::FILE *file = std::fopen("/proc/self/status", "re");
  if (!file)
    return 0;
  unsigned long long kilobytes = 0;
  char line[256];
  while (std::fgets(line, sizeof(line), file))
    if (std::sscanf(line, "VmHWM: %llu", &kilobytes) == 1)
      break;
  std::fclose(file);
  return uint64_t(kilobytes) * 1024;
}

/// One test on its workload.
class Series {
public:
  Series(MachinePass *machine, const Test &test, Workload &workload)
      : machine(machine), test(test), workload(workload) {}

  Status repeat(uint64_t repetitions);
  /// A repetition with every launch timed.
  Status trace(Profile &profile);
  /// Of a step of the repetitions, on a GPU; their median.
  double stepSeconds() const;
  void fill(const plan::Cost &traced, Row &out) const;

private:
  Status prepare();
  Status runOnce();
  /// Zeros without a machine.
  MachineSpeed speedNow() { return machine ? machine->run() : MachineSpeed(); }

  MachinePass *machine;
  const Test &test;
  Workload &workload;
  bool ready = false;
  uint64_t tokens = 0; ///< Of one repetition, over all sequences.
  std::vector<double> rates;
  std::vector<MachineSpeed> speeds; ///< Around each repetition.
  RunCounts counted;                ///< In the repetitions.
};

/// Sequences of the test's depth. An empty cache is cheap to have again; a long one is filled once, and repetitions go
/// on from where the last one ended.
Status Series::prepare() {
  if (ready && test.depth)
    return Status();
  ready = true;
  V4_RETURN_IF_ERROR(workload.restart());
  return test.depth ? workload.prefill(test.depth) : Status();
}

Status Series::runOnce() {
  tokens = test.count * test.batch;
  return test.kind == TestKind::Prefill ? workload.prefill(test.count) : workload.decode(test.count);
}

Status Series::repeat(uint64_t repetitions) {
  V4_RETURN_IF_ERROR(prepare());
  // Warms code, caches and page tables; of a decode a few steps are enough.
  V4_RETURN_IF_ERROR(test.kind == TestKind::Decode ? workload.decode(std::min<uint64_t>(test.count, 4)) : runOnce());
  MachineSpeed before = speedNow();
  RunCounts begin = workload.session().runCounts();
  for (uint64_t i = 0; i < repetitions; ++i) {
    V4_RETURN_IF_ERROR(prepare());
    int64_t started = monotonicNanoseconds();
    V4_RETURN_IF_ERROR(runOnce());
    double seconds = static_cast<double>(monotonicNanoseconds() - started) * 1e-9;
    MachineSpeed after = speedNow();
    rates.push_back(static_cast<double>(tokens) / seconds);
    speeds.push_back(meanOf(before, after));
    before = after;
  }
  const RunCounts &end = workload.session().runCounts();
  counted = {end.runs - begin.runs, end.replayed - begin.replayed, end.recorded - begin.recorded,
             end.launches - begin.launches};
  return Status();
}

Status Series::trace(Profile &profile) {
  V4_RETURN_IF_ERROR(prepare());
  profile.setSpeed(speeds.back());
  V4_RETURN_IF_ERROR(profile.attach(workload));
  Status status = runOnce();
  profile.detach();
  return status;
}

double Series::stepSeconds() const {
  double steps = static_cast<double>(counted.runs) / static_cast<double>(rates.size());
  return steps > 0 ? static_cast<double>(tokens) / spreadOf(rates).median / steps : 0;
}

void Series::fill(const plan::Cost &traced, Row &out) const {
  double perToken = 1.0 / static_cast<double>(tokens);
  out.bytesPerToken = traced.memoryBytes() * perToken;
  out.tokensPerSecond = spreadOf(rates);
  if (counted.runs) {
    out.launchesPerStep = static_cast<double>(counted.launches) / static_cast<double>(counted.runs);
    out.replayedFraction = static_cast<double>(counted.replayed) / static_cast<double>(counted.runs);
  }
  out.peakRss = peakRss() - (machine ? machine->ownBytes() : 0);
  if (!machine)
    return;
  std::vector<double> bandwidth, flops;
  for (size_t i = 0; i < rates.size(); ++i) {
    bandwidth.push_back(rates[i] * out.bytesPerToken / speeds[i].bytesPerSecond);
    flops.push_back(rates[i] * perToken *
                    (traced.dotFlops / speeds[i].dotFlopsPerSecond + traced.fmaFlops / speeds[i].fmaFlopsPerSecond));
  }
  out.bandwidthFraction = spreadOf(bandwidth).median;
  out.flopFraction = spreadOf(flops).median;
}

} // namespace

std::string Test::name() const { return joinText(kind == TestKind::Prefill ? "pp" : "tg", count); }

Spread bench::spreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  double median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

Status bench::measureGpu(CudaDevice &device, const plan::fb::Program &program, GpuRuns &out) {
  V4_RETURN_IF_ERROR(measureCopies(device, out.copies));
  return measureTensorRates(device, program, out.products);
}

/// 0 when nothing was measured.
static double medianOf(const std::vector<double> &values) { return values.empty() ? 0 : spreadOf(values).median; }

Status bench::measure(Engine &engine, MachinePass *machine, const RunOptions &options, const Test &test,
                      Profile &profile, Row &out) {
  WorkloadOptions load;
  load.batch = test.batch;
  load.threads = options.threads;
  load.stepTokens = options.stepTokens;
  load.plainLaunches = options.plainLaunches;
  // Warm-up, repetitions and the traced one; without a depth each begins anew.
  load.positions = test.depth ? test.depth + test.count * (options.repetitions + 2) : test.count;
  if (test.kind == TestKind::Decode)
    load.positions += 4;
  std::unique_ptr<Workload> workload;
  V4_RETURN_IF_ERROR(Workload::create(engine, load, workload));
  Series series(machine, test, *workload);
  V4_RETURN_IF_ERROR(series.repeat(options.repetitions));
  V4_RETURN_IF_ERROR(series.trace(profile));
  GpuRuns runs;
  if (CudaDevice *gpu = workload->session().gpu(); gpu && options.gpuSpeed)
    V4_RETURN_IF_ERROR(measureGpu(*gpu, engine.program(), runs));
  profile.setGpuSpeed(
      {medianOf(runs.copies), series.stepSeconds(), {medianOf(runs.products.fp8), medianOf(runs.products.bf16)}});
  // The speed of what computes nothing of use is none.
  for (uint64_t row = 0; row < workload->session().logitsCount(); ++row)
    V4_RETURN_IF_ERROR(workload->session().checkLogits(row));
  out.test = test;
  out.threads = workload->session().threads();
  series.fill(profile.cost(), out);
  return Status();
}

//===- RatePass.cpp - What the tensor cores of a GPU can do -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/RatePass.h"

#include "runtime/device/CudaEvents.h"

#include <algorithm>
#include <cstdio>

using namespace v4;
using namespace v4::bench;

static constexpr size_t kRuns = 5;
static constexpr int64_t kRunNanoseconds = 10000000;
/// So much longer is a run than the one in front, at most: the first ones hold what a launch itself takes.
static constexpr int64_t kMostGrowth = 64;
static constexpr int64_t kMostRounds = int64_t(1) << 24;

/// Of a block in one round.
static double flopsOf(const plan::fb::Kernel &kernel) {
  double flops = 0;
  if (kernel.costs())
    for (const plan::fb::CostTerm *term : *kernel.costs())
      if (term->kind() == plan::fb::CostKind::DotFlops && term->unit() == plan::fb::CostUnit::One)
        flops += static_cast<double>(term->count());
  return flops;
}

namespace {

/// One kernel, with blocks for all processors.
class RateKernel {
public:
  RateKernel(CudaDevice &device, uint32_t index, const plan::fb::Kernel &kernel)
      : device(device), index(index), kernel(kernel) {}

  Status measure(std::vector<double> &out);

private:
  /// At `place` of the events.
  void launch(size_t place, int64_t rounds);
  CudaWork work(int64_t rounds) const {
    return {index, {&result, device.processors(), rounds}, UnfinishedWork::kNoLaunch, 0};
  }
  /// REQUIRES: it has been waited for.
  int64_t nanoseconds(size_t place, int64_t rounds) { return events.read(place, place, work(rounds)).duration; }
  Status findRounds(int64_t &rounds);

  CudaDevice &device;
  const uint32_t index;
  const plan::fb::Kernel &kernel;
  DeviceBlock memory;
  void *result = nullptr; ///< A number for each thread.
  CudaEvents events;
};

void RateKernel::launch(size_t place, int64_t rounds) { events.launch(place, work(rounds)); }

/// Twice as many as a run needs are few enough.
Status RateKernel::findRounds(int64_t &rounds) {
  for (rounds = 1;;) {
    launch(0, rounds);
    V4_RETURN_IF_ERROR(device.status());
    int64_t took = std::max<int64_t>(nanoseconds(0, rounds), 1);
    if (took >= kRunNanoseconds / 2 || rounds >= kMostRounds)
      return device.status();
    rounds = std::min(rounds * std::clamp<int64_t>(kRunNanoseconds / took, 2, kMostGrowth), kMostRounds);
  }
}

Status RateKernel::measure(std::vector<double> &out) {
  auto threads = static_cast<uint64_t>(device.processors()) * kernel.block()->threads();
  V4_RETURN_IF_ERROR(DeviceBlock::create(device, "results of measured products", "give the test fewer positions",
                                         threads * sizeof(float), memory));
  result = memory.data();
  V4_RETURN_IF_ERROR(events.make(device, kRuns));
  int64_t rounds = 0;
  V4_RETURN_IF_ERROR(findRounds(rounds));
  for (size_t i = 0; i < kRuns; ++i)
    launch(i, rounds);
  V4_RETURN_IF_ERROR(device.status());
  double flops = flopsOf(kernel) * static_cast<double>(rounds * device.processors());
  for (size_t i = 0; i < kRuns; ++i)
    if (int64_t took = nanoseconds(i, rounds))
      out.push_back(flops * 1e9 / static_cast<double>(took));
  return device.status();
}

} // namespace

Status bench::measureTensorRates(CudaDevice &device, const plan::fb::Program &plan, TensorRuns &out) {
  out = TensorRuns();
  for (uint32_t i = 0; i < plan.kernels()->size(); ++i) {
    const plan::fb::Kernel &kernel = *plan.kernels()->Get(i);
    bool isFp8 = kernel.op()->string_view() == "fp8_tensor_rate";
    if (!isFp8 && kernel.op()->string_view() != "bf16_tensor_rate")
      continue;
    if (kernel.bindings() != 1)
      continue; // of another version
    Status status = RateKernel(device, i, kernel).measure(isFp8 ? out.fp8 : out.bf16);
    if (status.isOk())
      continue;
    if (device.hasFailed())
      return status;
    std::fprintf(stderr, "v4-bench: no rate of tensor cores: %s\n", status.message().c_str());
  }
  return Status();
}

//===- Profile.h - Time, cost and floor of every launch --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Listens to the traced steps of a workload. Between two launches it adds two
// numbers and nothing else, so that step time minus the sum of launch times is
// the runtime's own. On a GPU the times are the device's: there steps that nobody
// traces are compared with their sum.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_PROFILE_H
#define V4_TOOLS_BENCH_PROFILE_H

#include "tools/bench/MachinePass.h"
#include "tools/bench/TensorRate.h"
#include "tools/bench/Workload.h"

namespace v4::bench {

/// Launches of one kernel in layers of one kind.
struct ProfileGroup {
  std::string kernel;   ///< Symbol.
  std::string function; ///< What ran: the kernel, or a variant of it.
  std::string op;
  std::string layers; ///< "csa", "hca", "window", "mtp" or "-".
  uint64_t launches = 0;
  double seconds = 0;
  double floorSeconds = 0; ///< 0 when the speed of the machine is not known.
  plan::Cost cost;
};

/// What a plan for a GPU is compared with; zeros when it is not known.
struct GpuSpeed {
  double copyBytesPerSecond = 0; ///< CopyPass.h
  double stepSeconds = 0;        ///< Of the repetitions, which are not traced.
  TensorRates tensorRates;       ///< Measured (RatePass.h).
};

class Profile {
public:
  explicit Profile(const plan::fb::Program &program);

  /// From now on steps of `workload` are traced.
  Status attach(Workload &workload);
  void detach();
  /// Floors of the steps that follow use this; without, there are none.
  void setSpeed(const MachineSpeed &machine) { speed = machine; }
  void setGpuSpeed(const GpuSpeed &found) { gpu = found; }
  const GpuSpeed &gpuSpeed() const { return gpu; }
  /// On a GPU: why times of its launches may contain waits for the host (CudaHold.h); empty when they do not.
  const std::string &notHeld() const { return unheld; }
  bool isOfGpu() const;
  /// Whose published rates products are compared with; null = none.
  void setDevice(const inspect::Device *published) { device = published; }
  const inspect::Device *publishedDevice() const { return device; }
  /// Of the tensor cores, what products are compared with: of each kind what was measured, else what is published; 0
  /// when neither is known.
  TensorRates tensorRates() const { return gpu.tensorRates.orElse(ratesOf(device)); }
  bool hasFloors() const { return speed.bytesPerSecond > 0; }

  /// By falling time.
  std::vector<ProfileGroup> groups() const;
  uint64_t steps() const { return stepCount; }
  double stepSeconds() const { return stepTime; }
  double launchSeconds() const;
  uint64_t launches() const;
  /// Of all steps.
  const plan::Cost &cost() const { return total; }

private:
  struct Entry {
    uint32_t launch = 0;
    uint32_t variant = 0; ///< Of its kernel.
    uint64_t runs = 0;
    int64_t nanoseconds = 0; ///< All runs.
    int64_t last = 0;        ///< Of the running step.
    int32_t hits = 0;        ///< Of the running step.
    bool ran = false;        ///< In the running step,
    bool worked = false;     ///< and it had workgroups.
    double floorSeconds = 0;
    plan::Cost cost;
  };

  static void receive(void *profile, const LaunchSpan &span);
  static void readHits(void *profile, const LaunchSpan &span);
  int32_t &hitsOf(const LaunchSpan &span);
  Entry &entryOf(const LaunchSpan &span) { return entries[firstEntries[span.launch] + span.variant]; }
  static void endStep(void *profile, double seconds);
  double floorOf(const plan::Cost &cost) const;
  std::string layerKind(const plan::fb::Launch &launch) const;
  const plan::fb::Kernel &kernelOf(uint32_t launch) const {
    return *program.kernels()->Get(program.launches()->Get(launch)->kernel());
  }

  const plan::fb::Program &program;
  Workload *workload = nullptr;
  MachineSpeed speed;
  GpuSpeed gpu;
  std::string unheld;
  DeviceBlock pinnedHits; ///< int32_t for each entry, on a GPU: there when the step is over.
  const inspect::Device *device = nullptr;
  std::vector<Entry> entries;         ///< Of each launch the variants of its kernel, then the kernel itself.
  std::vector<uint32_t> firstEntries; ///< By launch.
  uint64_t stepCount = 0;
  double stepTime = 0;
  plan::Cost total;
};

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_PROFILE_H

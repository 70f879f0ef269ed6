//===- CudaDevice.h - Weights, memory and kernels of a plan on a GPU --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owns a context of the first GPU, the plan's modules, and a copy of its weights. All work
// goes through one stream, in the order of the calls: a launch sees what the one in front
// wrote, and no barrier is needed between phases.
//
// After load sessions of several threads may share it: each call is whole, the calls of a
// session keep their order, and no two sessions share memory but the weights.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CUDADEVICE_H
#define V4_RUNTIME_DEVICE_CUDADEVICE_H

#include "runtime/base/KernelMemory.h"
#include "runtime/device/CudaGraph.h"
#include "runtime/device/UnfinishedWork.h"
#include "runtime/plan/PlanLoader.h"

#include <map>
#include <mutex>

namespace v4 {

/// What the first session will take of the device, in bytes.
struct SessionRoom {
  uint64_t arena = 0;
  uint64_t cache = 0;
  uint64_t stepBlock = 0;
};

/// How the weights came to the device.
struct UploadTime {
  uint64_t bytes = 0;
  int64_t nanoseconds = 0;
};

class CudaDevice final : public DeviceMemory {
public:
  CudaDevice() = default;
  ~CudaDevice() override;
  CudaDevice(const CudaDevice &) = delete;
  CudaDevice &operator=(const CudaDevice &) = delete;

  /// Loads the code of `plan` and uploads its weights. Unsupported when there is no driver, no GPU of the plan's
  /// target, or no room for the weights and `room` behind them: then nothing is uploaded.
  Status load(const plan::Plan &plan, const char *library = kCudaLibrary, const SessionRoom &room = {});

  /// Whether the first GPU here runs plans of `target`; takes nothing of it. Unsupported, as of `load`, when not.
  static Status checkGpu(const std::string &planName, const plan::fb::Target &target,
                         const char *library = kCudaLibrary);
  /// Bytes of that GPU that nobody has taken. Unsupported as of `checkGpu`.
  static Status readFreeBytes(const std::string &planName, const plan::fb::Target &target, uint64_t &out,
                              const char *library = kCudaLibrary);

  /// By weight index: addresses of the device.
  const uint8_t *const *weights() const { return weightAddresses.data(); }

  const UploadTime &uploadTime() const { return uploaded; }

  /// Of the GPU: each runs blocks of its own.
  int processors() const { return processorCount; }

  /// Runs a kernel behind everything asked for so far. `number` is that of the launch in the plan, for messages.
  void launch(uint32_t index, const CudaLaunch &launch, uint32_t number);

  /// Runs `function` on a thread of the driver, behind everything asked for so far; what is asked for later begins when
  /// it returns. It must ask the driver for nothing. Unsupported with what the driver says: then nothing else changes.
  Status callHost(void (*function)(void *user), void *user);

  // CudaGraph.cpp
  /// Makes `works` one graph; runs nothing of it. `name` says of what, for messages. Unsupported with what the driver
  /// says: then `out` is as it was, and the launches can be made one by one. REQUIRES: `out` is not recorded.
  Status record(const std::vector<CudaWork> &works, const std::string &name, CudaGraph &out);
  /// Runs a recorded graph behind everything asked for so far.
  void replay(const CudaGraph &graph);

  /// Whether some call failed, of which status() will tell. Waits for nothing.
  bool hasFailed();

  // DeviceMemory
  Status allocate(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) override;
  void release(void *memory) override;
  Status allocatePinned(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) override;
  void releasePinned(void *memory) override;
  void copy(void *to, const void *from, uint64_t bytes) override;
  void fill(void *to, uint8_t value, uint64_t bytes) override;
  Status status() override;

private:
  /// A kernel, or a variant of one.
  struct Function {
    std::string name; ///< For messages.
    CudaHandle handle = nullptr;
    unsigned threads = 1;
    unsigned sharedBytes = 0;
    CudaCall call{nullptr, 0};
  };
  /// Tensor maps are encoded in place.
  struct alignas(plan::kMapAlignment) ArgumentLine {
    uint8_t bytes[plan::kMapAlignment];
  };

  friend class CudaEvents;
  friend class CudaGraph;
  struct GraphPhase;
  Status addNode(CudaHandle graph, const CudaWork &work, GraphPhase &phase);
  void drop(CudaHandle executable);
  const Function &functionOf(uint32_t kernel, const CudaLaunch &launch) const {
    return functions[firstFunctions[kernel] + launch.variant];
  }
  static std::string nameOf(const Function &function, uint32_t number) {
    return UnfinishedWork::launchName(function.name, number);
  }

  Status findDevice(const plan::fb::Target &target);
  Status checkArch(const plan::fb::Target &target);
  Status openContext();
  Status loadKernels(const plan::Plan &plan);
  Status loadModule(plan::Bytes image, CudaHandle &out);
  Status loadFunction(const plan::fb::Program &program, uint32_t kernel, uint32_t variant, CudaHandle module);
  Status askSharedBytes(const std::string &field, const Function &function) const;
  Status checkCluster(const plan::fb::Program &program, uint32_t kernel, const Function &function,
                      unsigned cluster) const;
  Status uploadWeights(const plan::Plan &plan, const SessionRoom &room);
  Status checkRoom(uint64_t weights, const SessionRoom &room) const;
  /// Memory of any contents. REQUIRES: `calls` is held.
  Status take(std::string_view what, std::string_view advice, uint64_t bytes, void *&out);
  Status check(const char *call, CudaResult result) const { return driver.check(planName, call, result); }
  /// Keeps the first failure of a call that returns nothing, with what it may be of: `where`, and all that is not
  /// finished. REQUIRES: `calls` is held.
  void keep(const char *call, CudaResult result, std::string where = "");

  CudaDriver driver;
  std::string planName;
  std::string deviceName;
  int device = -1;
  int processorCount = 0;
  CudaHandle context = nullptr;
  CudaHandle stream = nullptr;
  std::vector<CudaHandle> modules;
  std::vector<Function> functions;      ///< Of each kernel its variants, then itself.
  std::vector<uint32_t> firstFunctions; ///< By kernel index.
  void *weightMemory = nullptr;
  std::vector<const uint8_t *> weightAddresses;
  UploadTime uploaded;

  std::mutex calls;                    ///< Of what follows.
  std::vector<ArgumentLine> arguments; ///< Of the launch being made; room for the longest.
  UnfinishedWork unfinished;
  std::string failure;                 ///< Of the first call that failed and could not say so.
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CUDADEVICE_H

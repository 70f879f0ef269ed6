//===- CudaGraph.h - Launches that a GPU's driver has recorded --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Launches with their arguments, phase behind phase, which the driver starts in one call.
// Those of a phase wait for the phase in front and not for each other: they bind nothing
// that one of them writes (Launch in plan.fbs). A graph owns what the driver keeps of it
// and belongs to one thread at a time; the device it was recorded on outlives it, and so
// does all memory that its launches name.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CUDAGRAPH_H
#define V4_RUNTIME_DEVICE_CUDAGRAPH_H

#include "runtime/device/CudaCall.h"

#include <string>
#include <utility>

namespace v4 {

class CudaDevice;

/// A launch of the plan, as a step asks for it.
struct CudaWork {
  uint32_t kernel; ///< In the plan.
  CudaLaunch launch;
  uint32_t number; ///< Of the launch in the plan, for messages.
  uint32_t phase;  ///< Rises; works of one phase run side by side, behind those of the phase in front.
};

class CudaGraph {
public:
  CudaGraph() = default;
  ~CudaGraph();
  CudaGraph(CudaGraph &&other) noexcept { swap(other); }
  CudaGraph &operator=(CudaGraph &&other) noexcept {
    swap(other);
    return *this;
  }

  bool isRecorded() const { return executable != nullptr; }
  size_t size() const { return launches; }

private:
  friend class CudaDevice;

  void swap(CudaGraph &other) {
    std::swap(device, other.device);
    std::swap(executable, other.executable);
    std::swap(launches, other.launches);
    std::swap(name, other.name);
  }

  CudaDevice *device = nullptr;
  CudaHandle executable = nullptr;
  size_t launches = 0;
  std::string name; ///< For messages.
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CUDAGRAPH_H

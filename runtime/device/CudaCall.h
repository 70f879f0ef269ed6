//===- CudaCall.h - What a kernel's function on a GPU gets ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CUDACALL_H
#define V4_RUNTIME_DEVICE_CUDACALL_H

#include "runtime/device/CudaDriver.h"
#include "runtime/plan/PlanCall.h"

#include <vector>

namespace v4 {

/// What differs between the launches of a kernel.
struct CudaLaunch {
  void *const *bindings; ///< Addresses of the device.
  int64_t workgroups;
  int64_t rows;         ///< The step's count of the launch's rows.
  uint32_t variant = 0; ///< Of the kernel; their count = the kernel itself.
};

/// The arguments of a kernel's function, as they lie in memory one behind the other. Any thread.
class CudaCall {
public:
  /// Without a call: all bindings, then the number of workgroups (KernelAbi.h).
  CudaCall(const plan::fb::Call *call, uint32_t bindings);

  size_t bytes() const { return size; }
  /// Blocks of a launch.
  unsigned blocks(int64_t workgroups) const;
  /// Writes bytes() bytes to `memory`, which lies on kMapAlignment. What it gives is of `cuTensorMapEncodeTiled`.
  CudaResult write(const CudaDriver &driver, const CudaLaunch &launch, uint8_t *memory) const;

private:
  struct Place {
    plan::fb::Argument argument;
    size_t offset;
  };
  CudaResult writeOne(const CudaDriver &driver, const CudaLaunch &launch, const Place &place, uint8_t *memory) const;

  std::vector<Place> places; ///< Of a call.
  uint64_t size = 0;
  uint32_t bindings;
  uint32_t mostBlocks = 0;
  bool isTemplate;
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CUDACALL_H

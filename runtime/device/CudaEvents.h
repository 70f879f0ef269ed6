//===- CudaEvents.h - When launches ran, by a GPU's own clock ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two events stand around each launch or copy in the stream; the device notes when it comes to
// them, and the host asks once all are over. What another session's thread launches between
// the two counts. Where the host is slower than the device, so does its way from the first
// event to the launch, unless launches are held (CudaHold.h). Belongs to one thread at a time;
// the device outlives it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CUDAEVENTS_H
#define V4_RUNTIME_DEVICE_CUDAEVENTS_H

#include "runtime/base/Status.h"
#include "runtime/device/CudaCall.h"

#include <vector>

namespace v4 {

class CudaDevice;
struct CudaWork;

class CudaEvents {
public:
  CudaEvents() = default;
  ~CudaEvents();
  CudaEvents(const CudaEvents &) = delete;
  CudaEvents &operator=(const CudaEvents &) = delete;

  /// Events for `launches` launches on `device`, always the same one; those that are there stay.
  Status make(CudaDevice &device, size_t launches);

  /// CudaDevice::launch between the events of `place`, which must not be recorded again before its time is read.
  /// REQUIRES: place < launches.
  void launch(size_t place, const CudaWork &work);

  /// CudaDevice::copy between the events of `place`.
  void copy(size_t place, void *to, const void *from, uint64_t bytes);
  /// Nanoseconds of the copy at `place`; 0 as below. REQUIRES: it has been waited for.
  int64_t durationOfCopy(size_t place);

  struct Times {
    int64_t begin = 0, duration = 0; ///< Nanoseconds; the begin is counted from the launch of another place.
  };
  /// Of `work`, which was launched at `place`; `origin` is a place too. Zeros when a call fails or failed:
  /// CudaDevice::status tells. REQUIRES: both were launched with workgroups and have been waited for.
  Times read(size_t origin, size_t place, const CudaWork &work);

private:
  struct Pair {
    CudaHandle before = nullptr, after = nullptr;
  };

  // Without work: of a copy.
  std::string describe(const CudaWork *work) const;
  void record(CudaHandle event, const CudaWork *work);
  int64_t nanoseconds(CudaHandle from, CudaHandle to, const CudaWork *work);

  CudaDevice *device = nullptr;
  std::vector<Pair> pairs; ///< By place.
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CUDAEVENTS_H

//===- CudaHold.h - A GPU that begins when its launches are queued -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A GPU that is faster than the host waits for each launch, between the two events that are
// to time it. So a gate stands in the stream in front of every group of launches: a function
// of the host, which returns when the group is queued.
//
//   stream    gate 1 | launches 1 .. 64 | gate 2 | launches 65 .. 128 | gate 3 ...
//   host      queues 1 .. 64, gate 2; opens gate 1; queues 65 .. 128, gate 3; opens gate 2 ...
//
// The driver's queue is bounded (1024 entries or so), and who asks for more waits for room: a
// stream that is held must not fill it, so groups are small. A gate that nobody opens gives
// up after `patience`, in a thread of the driver: no fault of the host leaves the GPU waiting.
//
// Belongs to one thread at a time; the device outlives it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_DEVICE_CUDAHOLD_H
#define V4_RUNTIME_DEVICE_CUDAHOLD_H

#include "runtime/base/Status.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace v4 {

class CudaDevice;

class CudaHold {
public:
  /// Launches between two gates. With two events and a copy each they take a quarter of the driver's queue.
  static constexpr uint64_t kGroup = 64;
  static constexpr std::chrono::milliseconds kPatience{2000};

  explicit CudaHold(std::chrono::milliseconds patience = kPatience) : patience(patience) {}
  /// Opens, and waits for the gates: the driver must not come to them later.
  ~CudaHold();
  CudaHold(const CudaHold &) = delete;
  CudaHold &operator=(const CudaHold &) = delete;

  /// Before each launch on `device`, always the same one: puts a gate in front where a group begins.
  void beforeLaunch(CudaDevice &device);
  /// All that is queued may run. To be called before anything waits for the device, and at any other time.
  void open();

  /// Success when every launch since the last call was queued before its group began; else why not: the driver refused
  /// a gate, or one gave up. There are none from then to this call, so that a step waits once at most. REQUIRES: the
  /// launches have been waited for.
  Status takeVerdict();

private:
  static void standAt(void *hold);
  void openTo(uint64_t number);
  bool hasGivenUp();

  const std::chrono::milliseconds patience;
  CudaDevice *device = nullptr;
  uint64_t inGroup = 0; ///< Launches behind the last gate; 0 = the next one begins a group.
  uint64_t placed = 0;  ///< Gates.
  Status refused;       ///< Of the first gate that could not be placed.

  // Shared with the driver's thread.
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t opened = 0;  ///< Gates up to this number let everything pass.
  uint64_t reached = 0; ///< Gates that the stream came to: they are in its order.
  int standing = 0;     ///< Of them, those that it is at.
  bool gaveUp = false;  ///< One of these, and since then all let everything pass.
};

} // namespace v4

#endif // V4_RUNTIME_DEVICE_CUDAHOLD_H

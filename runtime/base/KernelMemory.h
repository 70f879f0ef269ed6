//===- KernelMemory.h - Memory that kernels see -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On a CPU it is the process's own; a device has its own, whose addresses mean nothing to
// this process. Buffers, cache and weights are reached through these calls alone, so that
// what keeps them need not know which of the two it is.
//
// Calls on a device can fail for reasons that have nothing to do with the call; they
// remember the failure, and `status` tells of the first one. Several threads may call.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_KERNELMEMORY_H
#define V4_RUNTIME_BASE_KERNELMEMORY_H

#include "runtime/base/Status.h"

#include <cstring>

namespace v4 {

/// Memory of a device. Outlives what it gave.
class DeviceMemory {
public:
  virtual ~DeviceMemory() = default;

  /// Zeroed; `what` names the user in messages. Unsupported, with both numbers and `advice`, which says what to do,
  /// when there is not as much.
  virtual Status allocate(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) = 0;
  virtual void release(void *memory) = 0;
  /// Memory of this process, zeroed, that copies to and from the device need no other memory for. What is copied from
  /// there is read by the next `status` at the latest, and must not change before. Unsupported as above.
  virtual Status allocatePinned(std::string_view what, std::string_view advice, uint64_t bytes, void *&out) = 0;
  /// REQUIRES: a `status` behind the last copy from or to it.
  virtual void releasePinned(void *memory) = 0;
  /// Between any two places, of the device or of this process; in order with launches. What goes to this process is
  /// there behind the next `status`.
  virtual void copy(void *to, const void *from, uint64_t bytes) = 0;
  virtual void fill(void *to, uint8_t value, uint64_t bytes) = 0;
  /// Waits for all that was asked for.
  virtual Status status() = 0;
};

/// `device` is null for memory of this process.
inline void copyMemory(DeviceMemory *device, void *to, const void *from, uint64_t bytes) {
  if (!bytes)
    return;
  if (device)
    device->copy(to, from, bytes);
  else
    std::memcpy(to, from, bytes);
}

inline void fillMemory(DeviceMemory *device, void *to, uint8_t value, uint64_t bytes) {
  if (!bytes)
    return;
  if (device)
    device->fill(to, value, bytes);
  else
    std::memset(to, value, bytes);
}

/// Waits for copies to this process; what fails is kept by the device.
inline void finishReads(DeviceMemory *device) {
  if (device)
    (void)device->status();
}

/// One piece of a device's memory, or of this process's that is pinned for it.
class DeviceBlock {
public:
  DeviceBlock() = default;
  ~DeviceBlock() {
    if (start)
      isPinned ? device->releasePinned(start) : device->release(start);
  }
  DeviceBlock(DeviceBlock &&other) noexcept { swap(other); }
  DeviceBlock &operator=(DeviceBlock &&other) noexcept {
    swap(other);
    return *this;
  }

  static Status create(DeviceMemory &device, std::string_view what, std::string_view advice, uint64_t bytes,
                       DeviceBlock &out) {
    DeviceBlock block;
    block.device = &device;
    if (bytes)
      V4_RETURN_IF_ERROR(device.allocate(what, advice, bytes, block.start));
    out = std::move(block);
    return Status();
  }
  static Status createPinned(DeviceMemory &device, std::string_view what, std::string_view advice, uint64_t bytes,
                             DeviceBlock &out) {
    DeviceBlock block;
    block.device = &device;
    block.isPinned = true;
    if (bytes)
      V4_RETURN_IF_ERROR(device.allocatePinned(what, advice, bytes, block.start));
    out = std::move(block);
    return Status();
  }

  uint8_t *data() const { return static_cast<uint8_t *>(start); }

private:
  void swap(DeviceBlock &other) {
    std::swap(device, other.device);
    std::swap(start, other.start);
    std::swap(isPinned, other.isPinned);
  }

  DeviceMemory *device = nullptr;
  void *start = nullptr;
  bool isPinned = false;
};

} // namespace v4

#endif // V4_RUNTIME_BASE_KERNELMEMORY_H

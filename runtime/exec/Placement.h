//===- Placement.h - Where the buffers of a session lie ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owns the memory of a fixed set of blocks whose sizes are known at once.
//
//   packed:   one piece of memory, blocks one after the other at multiples of 64
//   guarded:  each block in memory of its own, ending at an inaccessible memory
//             page and filled with kPoison; its start is a multiple of 4
//   pinned:   as packed, in memory that a device copies without a detour
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_PLACEMENT_H
#define V4_RUNTIME_EXEC_PLACEMENT_H

#include "runtime/base/AddressRange.h"
#include "runtime/base/Host.h"
#include "runtime/base/KernelMemory.h"

#include <vector>

namespace v4 {

class Placement {
public:
  Placement() = default;
  ~Placement();
  Placement(Placement &&other) noexcept { swap(other); }
  Placement &operator=(Placement &&other) noexcept {
    swap(other);
    return *this;
  }

  struct Options {
    bool guarded = false;              ///< Debug placement.
    uint64_t mostBytes = 0;            ///< Bound of bytes(); 0 = the memory that is available.
    DeviceMemory *pinnedFor = nullptr; ///< Not null: then no other memory is asked for, and none is guarded.
  };

  static Status create(std::string_view what, const std::vector<uint64_t> &sizes, const Options &options,
                       const Host &host, Placement &out);

  uint8_t *at(size_t block) const { return blocks[block].start; }
  /// Sum of the sizes, padding included, guards not.
  uint64_t bytes() const { return payloadBytes; }
  /// Fills every block with kPoison again.
  void poison();

private:
  struct Block {
    uint8_t *start;
    uint64_t bytes;
  };

  Status placePacked(std::string_view what, const Host &host);
  Status placeGuarded(std::string_view what);
  Status placePinned(std::string_view what, DeviceMemory &device);
  void placeFrom(uint8_t *start);
  void swap(Placement &other);

  std::vector<Block> blocks;
  uint64_t payloadBytes = 0;
  AddressRange range;
  void *hostMemory = nullptr;
  Host owner; ///< Whose hook gave `hostMemory`.
  DeviceBlock pinned;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_PLACEMENT_H

//===- BlockPool.h - Fixed-size blocks at stable addresses ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks of one size behind one base address. The address range is reserved
// for `count` blocks at once, memory is committed when a block is first used:
// nothing ever moves and allocation is O(1). Kernels get byte offsets from
// base().
//
//   packed:   [block 0][block 1][block 2] ...
//   guarded:  [  block 0|guard][  block 1|guard] ...   each block ends at an
//             inaccessible memory page and is filled with kPoison when taken
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_KV_BLOCKPOOL_H
#define V4_RUNTIME_KV_BLOCKPOOL_H

#include "runtime/base/AddressRange.h"
#include "runtime/base/KernelMemory.h"

namespace v4 {

/// A signalling pattern: NaN as bf16, f32, e4m3 and e8m0, -1 as an integer.
inline constexpr uint8_t kPoison = 0xFF;

class BlockPool {
public:
  /// `blockBytes` is a multiple of 64 (0 is allowed). `what` has static lifetime.
  /// On a `device` all blocks are taken at once, and none is guarded.
  static Status create(const char *what, uint64_t blockBytes, uint64_t count, bool guarded, DeviceMemory *device,
                       BlockPool &out);

  /// REQUIRES: available() != 0. Contents are undefined.
  Status take(uint32_t &block);
  /// REQUIRES: `block` is taken.
  void giveBack(uint32_t block);

  uint8_t *base() const { return device ? deviceBlocks.data() : range.data(); }
  /// From base(); a multiple of 64.
  int64_t offset(uint32_t block) const { return static_cast<int64_t>(block * stride + lead); }
  uint64_t blockBytes() const { return bytes; }
  uint64_t available() const { return count - used; }
  uint64_t inUse() const { return used; }
  bool isGuarded() const { return guarded; }
  /// Blocks from here on were never taken.
  uint64_t touched() const { return fresh; }

private:
  Status commitNext();

  const char *what = "";
  uint64_t bytes = 0;
  uint64_t stride = 0;
  uint64_t lead = 0; ///< From the start of a stride to its block.
  uint64_t count = 0;
  uint64_t used = 0;
  bool guarded = false;
  uint64_t fresh = 0;          ///< Blocks from here on were never used.
  uint64_t committedBytes = 0; ///< Packed: the accessible prefix of the range.
  AddressRange range;
  DeviceMemory *device = nullptr;
  DeviceBlock deviceBlocks;
  LazyArray<uint32_t> freeBlocks; ///< A stack.
  uint64_t freeCount = 0;
};

} // namespace v4

#endif // V4_RUNTIME_KV_BLOCKPOOL_H

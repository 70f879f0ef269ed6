//===- BlockPool.cpp - Fixed-size blocks at stable addresses --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/kv/BlockPool.h"

#include <algorithm>
#include <cstring>

using namespace v4;

/// Memory is committed in steps of this size, so that a step of a session rarely calls the kernel.
static constexpr uint64_t kCommitBytes = uint64_t(2) << 20;

Status BlockPool::create(const char *what, uint64_t blockBytes, uint64_t count, bool guarded, DeviceMemory *device,
                         BlockPool &out) {
  BlockPool pool;
  pool.what = what;
  pool.bytes = blockBytes;
  pool.count = count;
  pool.guarded = guarded;
  uint64_t rounded = alignUp(blockBytes, kMemoryPageBytes);
  pool.stride = guarded ? rounded + kMemoryPageBytes : blockBytes;
  pool.lead = guarded ? rounded - blockBytes : 0;
  if (count > UINT32_MAX || (pool.stride && count > (uint64_t(1) << 46) / pool.stride))
    return unsupported(what, ": ", count, " blocks of ", blockBytes,
                       " bytes do not fit the address space; lower the session's sequences or context");
  pool.device = device;
  if (device)
    V4_RETURN_IF_ERROR(DeviceBlock::create(*device, what, "lower the session's cache_bytes, sequences or context",
                                           blockBytes * count, pool.deviceBlocks));
  else
    V4_RETURN_IF_ERROR(AddressRange::reserve(what, pool.stride * count, pool.range));
  V4_RETURN_IF_ERROR(LazyArray<uint32_t>::create(what, count, pool.freeBlocks));
  out = std::move(pool);
  return Status();
}

Status BlockPool::take(uint32_t &block) {
  if (freeCount) {
    block = freeBlocks[--freeCount];
  } else {
    V4_RETURN_IF_ERROR(commitNext());
    block = static_cast<uint32_t>(fresh++);
  }
  ++used;
  if (guarded && bytes)
    std::memset(base() + offset(block), kPoison, bytes);
  return Status();
}

void BlockPool::giveBack(uint32_t block) {
  freeBlocks[freeCount++] = block;
  --used;
}

/// Makes block `fresh` accessible.
Status BlockPool::commitNext() {
  if (bytes == 0 || device)
    return Status();
  if (guarded)
    return range.commit(what, fresh * stride, stride - kMemoryPageBytes);
  uint64_t needed = (fresh + 1) * stride;
  if (needed <= committedBytes)
    return Status();
  uint64_t end = std::min(alignUp(needed, kCommitBytes), range.size());
  V4_RETURN_IF_ERROR(range.commit(what, committedBytes, end - committedBytes));
  committedBytes = end;
  return Status();
}

//===- AddressRange.cpp - Reserved addresses, committed as needed ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AddressRange.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

using namespace v4;

AddressRange::~AddressRange() {
  if (start)
    munmap(start, byteCount);
}

/// Of Linux 5.14.
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/// Gives back what lies in front of the first large page boundary and what is left behind.
static void *alignToLargePage(void *memory, uint64_t bytes) {
  auto *begin = static_cast<uint8_t *>(memory);
  uint64_t skip = alignUp(reinterpret_cast<uintptr_t>(memory), kLargePageBytes) - reinterpret_cast<uintptr_t>(memory);
  if (skip)
    munmap(begin, skip);
  munmap(begin + skip + bytes, kLargePageBytes - skip);
  // Only a wish: a kernel without large pages runs the same program, slower.
  (void)madvise(begin + skip, bytes, MADV_HUGEPAGE);
  return begin + skip;
}

static Status mapAnonymous(std::string_view what, uint64_t bytes, int protection, void *&out) {
  uint64_t extra = bytes >= kLargePageBytes ? kLargePageBytes : 0;
  // MAP_NORESERVE: a range is as large as the limits, not as what a session will use.
  out = mmap(nullptr, bytes + extra, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (out != MAP_FAILED) {
    if (extra)
      out = alignToLargePage(out, bytes);
    return Status();
  }
  out = nullptr;
  return unsupported(what, ": cannot map ", bytes, " bytes (", std::strerror(errno),
                     "); lower the session's tokens, sequences or context");
}

Status AddressRange::reserve(std::string_view what, uint64_t bytes, AddressRange &out) {
  AddressRange range;
  range.byteCount = alignUp(bytes ? bytes : 1, kMemoryPageBytes);
  void *memory = nullptr;
  V4_RETURN_IF_ERROR(mapAnonymous(what, range.byteCount, PROT_NONE, memory));
  range.start = static_cast<uint8_t *>(memory);
  out = std::move(range);
  return Status();
}

Status AddressRange::map(std::string_view what, uint64_t bytes, AddressRange &out) {
  AddressRange range;
  range.byteCount = alignUp(bytes ? bytes : 1, kMemoryPageBytes);
  void *memory = nullptr;
  V4_RETURN_IF_ERROR(mapAnonymous(what, range.byteCount, PROT_READ | PROT_WRITE, memory));
  range.start = static_cast<uint8_t *>(memory);
  out = std::move(range);
  return Status();
}

Status AddressRange::populate(std::string_view what) {
  // An older kernel does not know it: then memory is taken when it is touched.
  if (madvise(start, byteCount, MADV_POPULATE_WRITE) == 0 || (errno != ENOMEM && errno != EFAULT))
    return Status();
  return unsupported(what, ": cannot take ", byteCount, " bytes (", std::strerror(errno),
                     "); free memory or lower the session's tokens, sequences or context");
}

Status AddressRange::commit(std::string_view what, uint64_t offset, uint64_t bytes) {
  uint64_t begin = offset / kMemoryPageBytes * kMemoryPageBytes;
  uint64_t end = alignUp(offset + bytes, kMemoryPageBytes);
  if (mprotect(start + begin, end - begin, PROT_READ | PROT_WRITE) == 0)
    return Status();
  return unsupported(what, ": cannot commit ", end - begin, " bytes (", std::strerror(errno),
                     "); free memory or lower the session's limits");
}

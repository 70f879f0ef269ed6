//===- AvailableMemory.h - What a process may still take -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A session takes its arena at once. Asked for more than there is, the kernel does
// not refuse: it ends some process, later. So sizes are compared first.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_AVAILABLEMEMORY_H
#define V4_RUNTIME_BASE_AVAILABLEMEMORY_H

#include <cstdint>
#include <string_view>

namespace v4 {

/// Bytes of the entry MemAvailable in the text of /proc/meminfo; UINT64_MAX when it has none.
uint64_t parseMemAvailable(std::string_view text);
/// Bytes of a cgroup's memory.max; UINT64_MAX for "max" and for what is no number.
uint64_t parseMemoryMax(std::string_view text);

/// The smaller of what the kernel says is available and the limit of this process's container; UINT64_MAX when
/// neither is known.
uint64_t availableMemory();

} // namespace v4

#endif // V4_RUNTIME_BASE_AVAILABLEMEMORY_H

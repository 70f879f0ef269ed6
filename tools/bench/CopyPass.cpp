//===- CopyPass.cpp - What the memory of a GPU can do -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/CopyPass.h"

#include "runtime/device/CudaEvents.h"

#include <cstdio>

using namespace v4;
using namespace v4::bench;

/// More than any cache of a GPU holds.
static constexpr uint64_t kCopyBytes = uint64_t(256) << 20;
static constexpr size_t kCopies = 5;

Status bench::measureCopies(CudaDevice &device, std::vector<double> &out) {
  out.clear();
  DeviceBlock memory; // one half is copied to the other
  Status status =
      DeviceBlock::create(device, "memory that is copied", "give the test fewer positions", 2 * kCopyBytes, memory);
  if (!status.isOk() && !device.hasFailed()) {
    std::fprintf(stderr, "v4-bench: no bandwidth of copies: %s\n", status.message().c_str());
    return Status();
  }
  V4_RETURN_IF_ERROR(std::move(status));
  CudaEvents events;
  V4_RETURN_IF_ERROR(events.make(device, kCopies + 1));
  for (size_t i = 0; i <= kCopies; ++i) // the first one warms up
    events.copy(i, memory.data() + kCopyBytes, memory.data(), kCopyBytes);
  V4_RETURN_IF_ERROR(device.status());
  for (size_t i = 1; i <= kCopies; ++i)
    if (int64_t nanoseconds = events.durationOfCopy(i))
      out.push_back(2e9 * static_cast<double>(kCopyBytes) / static_cast<double>(nanoseconds));
  return device.status();
}

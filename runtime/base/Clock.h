//===- Clock.h - Time that only moves forward -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_CLOCK_H
#define V4_RUNTIME_BASE_CLOCK_H

#include <cstdint>
#include <time.h>

namespace v4 {

/// CLOCK_MONOTONIC; some 25 ns a call.
inline int64_t monotonicNanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

} // namespace v4

#endif // V4_RUNTIME_BASE_CLOCK_H

//===- CountedHost.h - Programs that count what sessions take ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_RUNTIME_COUNTEDHOST_H
#define V4_TEST_RUNTIME_COUNTEDHOST_H

#include "runtime/base/Host.h"
#include "runtime/base/Status.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace v4::test {

/// Ends the program with the status' exit code unless it is ok.
inline void require(const Status &status) {
  if (status.isOk())
    return;
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::exit(status.exitCode());
}

/// What the hooks gave and did not get back. Outlives the engine.
struct CountedHost {
  uint64_t bytes = 0;

  Host hooks() {
    Host host;
    host.user = this;
    host.allocate = allocate;
    host.release = release;
    return host;
  }

private:
  static void *allocate(void *user, size_t bytes, size_t alignment) {
    static_cast<CountedHost *>(user)->bytes += bytes;
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  static void release(void *user, void *memory, size_t bytes) {
    static_cast<CountedHost *>(user)->bytes -= bytes;
    std::free(memory);
  }
};

} // namespace v4::test

#endif // V4_TEST_RUNTIME_COUNTEDHOST_H

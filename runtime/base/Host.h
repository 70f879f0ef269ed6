//===- Host.h - Hooks of the embedding program ------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passed down from the options of the C API; nothing else reaches the outside
// world. Both hooks may be called from the thread that calls the runtime only.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_HOST_H
#define V4_RUNTIME_BASE_HOST_H

#include "runtime/base/Status.h"

namespace v4 {

struct Host {
  void *user = nullptr;
  /// Memory of the arena and the step block, `alignment` a power of two; null on failure. Both or neither are set;
  /// without them, and in debug placement, memory comes from the system; for a GPU it comes from its driver.
  void *(*allocate)(void *user, size_t bytes, size_t alignment) = nullptr;
  void (*release)(void *user, void *memory, size_t bytes) = nullptr;
  void (*logLine)(void *user, const char *text, size_t length) = nullptr;

  template <typename... Parts>
  void log(const Parts &...parts) const {
    if (!logLine)
      return;
    std::string text = joinText(parts...);
    logLine(user, text.data(), text.size());
  }
};

} // namespace v4

#endif // V4_RUNTIME_BASE_HOST_H

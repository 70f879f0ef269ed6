//===- AvailableMemory.cpp - What a process may still take ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AvailableMemory.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

using namespace v4;

/// The number at the front of `text`, spaces skipped, times `unit`; UINT64_MAX when there is none or it is too large.
static uint64_t takeBytes(std::string_view text, uint64_t unit) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc() || value > UINT64_MAX / unit)
    return UINT64_MAX;
  return value * unit;
}

uint64_t v4::parseMemAvailable(std::string_view text) {
  constexpr std::string_view key = "MemAvailable:";
  for (size_t line = 0; line < text.size(); line = std::min(text.find('\n', line), text.size() - 1) + 1)
    if (text.substr(line, key.size()) == key)
      return takeBytes(text.substr(line + key.size()), 1024);
  return UINT64_MAX;
}

uint64_t v4::parseMemoryMax(std::string_view text) { return takeBytes(text, 1); }

/// At most as much of the file as `buffer` holds; empty when there is no such file.
template <size_t N>
static std::string_view readFront(const char *path, char (&buffer)[N]) {
  std::FILE *file = std::fopen(path, "re");
  if (!file)
    return {};
  size_t length = std::fread(buffer, 1, N, file);
  std::fclose(file);
  return {buffer, length};
}

uint64_t v4::availableMemory() {
  char buffer[4096];
  uint64_t available = parseMemAvailable(readFront("/proc/meminfo", buffer));
  return std::min(available, parseMemoryMax(readFront("/sys/fs/cgroup/memory.max", buffer)));
}

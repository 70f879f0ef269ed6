//===- CpuFeatures.cpp - What this machine's CPU can do -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/CpuFeatures.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

using namespace v4;

Status v4::readCpuFeatures(std::string &out) {
  std::FILE *file = std::fopen("/proc/cpuinfo", "re");
  if (!file)
    return unsupported("/proc/cpuinfo: cannot be read, it is needed to see which CPU features this machine has");
  char *line = nullptr;
  size_t capacity = 0;
  out.clear();
  while (getline(&line, &capacity, file) > 0) {
    if (std::strncmp(line, "flags", 5) != 0)
      continue;
    const char *colon = std::strchr(line, ':');
    out = colon ? colon + 1 : "";
    while (!out.empty() && (out.back() == '\n' || out.back() == ' '))
      out.pop_back();
    out = " " + out + " ";
    break;
  }
  std::free(line);
  std::fclose(file);
  if (out.empty())
    return unsupported(
        "/proc/cpuinfo: has no 'flags' line; plans of targets 'cpu:x86-64-*' need an x86-64 Linux machine");
  return Status();
}

/// Linux gives a process the state of tile registers when it asks; some sandboxes refuse. "" or why not.
static std::string requestTiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0)
    return "";
  if (errno == ENOSPC)
    return "a signal stack of the process is too small to save them; give sigaltstack 16384 bytes or more before the "
           "plan "
           "is opened";
  return joinText("this system does not give them to the process (", std::strerror(errno), ")");
}

Status v4::checkCpuFeatures(std::string_view planName, const plan::fb::Target &target, const std::string &features) {
  std::string missing;
  bool tiles = false;
  if (target.features())
    for (const flatbuffers::String *feature : *target.features()) {
      tiles |= feature->string_view() == "amx_tile";
      if (features.find(" " + feature->str() + " ") == std::string::npos)
        missing += (missing.empty() ? "" : ", ") + feature->str();
    }
  if (missing.empty()) {
    std::string refused = tiles ? requestTiles() : "";
    if (refused.empty())
      return Status();
    return unsupported(planName, ": target '", target.name()->string_view(), "' needs tile registers (AMX), and ",
                       refused, "; or compile the plan again with --target=cpu:x86-64-v4-bf16");
  }
  return unsupported(planName, ": target '", target.name()->string_view(),
                     "' needs CPU features that this machine lacks: ", missing,
                     "; compile the plan again with a lower --target");
}

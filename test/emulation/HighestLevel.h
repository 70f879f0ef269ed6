//===- HighestLevel.h - The CPU level that tests run --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_EMULATION_HIGHESTLEVEL_H
#define V4_TEST_EMULATION_HIGHESTLEVEL_H

#include "codegen/cpu/CpuTarget.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace v4::test {

/// This machine's, or that of V4_TEST_LEVEL, which the test is then run under EmulatedCpu for. Null when this machine
/// is below the lowest; ends the process when there is no level of that name.
inline const CpuLevel *highestLevel() {
  const char *name = std::getenv("V4_TEST_LEVEL");
  if (!name)
    return hostCpuLevel();
  const CpuLevel *level = findCpuLevel(name);
  if (!level) {
    std::fprintf(stderr, "V4_TEST_LEVEL is '%s', expected one of v4-compile --list-targets\n", name);
    std::exit(1); // tests of no level would pass
  }
  return level;
}

/// Whether it has the level; the empty name stands for the highest.
inline bool runsHere(const std::string &level) {
  const CpuLevel *highest = highestLevel(), *wanted = findCpuLevel(level);
  return level.empty() || (highest && wanted && wanted <= highest);
}

} // namespace v4::test

#endif // V4_TEST_EMULATION_HIGHESTLEVEL_H

//===- FlagValues.h - A check in front of the flag parser -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_FLAGVALUES_H
#define V4_TOOLS_FLAGVALUES_H

#include <cstring>

/// The first "--flag=" without a value, or the first "--flag" with an empty argument behind it; null for none. CLI11 would
/// take the next argument for the value of the one, and the other would count as not given.
inline const char *flagWithoutValue(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    size_t length = std::strlen(argv[i]);
    if (length == 0 && argv[i - 1][0] == '-' && !std::strchr(argv[i - 1], '='))
      return argv[i - 1];
    if (length > 3 && argv[i][0] == '-' && argv[i][1] == '-' && argv[i][length - 1] == '=' &&
        std::strchr(argv[i], '=') == argv[i] + length - 1)
      return argv[i];
  }
  return nullptr;
}

#endif // V4_TOOLS_FLAGVALUES_H

//===- TextFile.h - A whole file of text ------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_TEXTFILE_H
#define V4_TOOLS_RUN_TEXTFILE_H

#include "tools/NpyFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace v4 {

/// Reads at most `most` bytes, a multiple of 1 MiB: a device would never end. Throws InputError, which says that
/// `expected` was.
inline std::string readTextFile(const std::string &path, size_t most, const std::string &expected) {
  std::FILE *file = std::fopen(path.c_str(), "re");
  if (!file)
    throw InputError(path + ": cannot be opened (" + std::strerror(errno) + "), expected " + expected);
  std::string text;
  char block[65536];
  while (size_t got = text.size() <= most ? std::fread(block, 1, sizeof(block), file) : 0)
    text.append(block, got);
  bool failed = std::ferror(file);
  int code = errno;
  std::fclose(file);
  if (failed)
    throw InputError(path + ": cannot be read (" + std::strerror(code) + "), expected " + expected);
  if (text.size() > most)
    throw InputError(path + ": has more than " + std::to_string(most >> 20) + " MiB, expected " + expected);
  return text;
}

} // namespace v4

#endif // V4_TOOLS_RUN_TEXTFILE_H

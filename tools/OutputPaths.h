//===- OutputPaths.h - No output takes the place of an input ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_OUTPUTPATHS_H
#define V4_TOOLS_OUTPUTPATHS_H

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace v4 {

/// A file by the flag that names it, or by what it is: "--report", "the plan". An empty path is none.
struct NamedPath {
  std::string name;
  std::string path;
};

/// Whether both name one file, which need not exist. Links are followed; devices are shared by nature.
inline bool isSameFile(const std::string &a, const std::string &b) {
  std::error_code error;
  if (std::filesystem::exists(a, error) && !std::filesystem::is_regular_file(a, error))
    return false;
  if (std::filesystem::equivalent(a, b, error))
    return true;
  std::filesystem::path left = std::filesystem::weakly_canonical(a, error);
  return !error && left == std::filesystem::weakly_canonical(b, error) && !error;
}

/// One sentence about the first output that is an input or an output named before; "" when all are files of their own.
inline std::string outputConflict(const std::vector<NamedPath> &outputs, std::vector<NamedPath> taken) {
  for (const NamedPath &output : outputs) {
    if (output.path.empty())
      continue;
    for (const NamedPath &other : taken)
      if (!other.path.empty() && isSameFile(output.path, other.path))
        return output.name + "=" + output.path + " is the file of " + other.name +
               " too, expected a file to write; name another one";
    taken.push_back(output);
  }
  return "";
}

/// A limit on the size of files makes a write fail, with a sentence, rather than end the process.
inline void outliveFileLimits() { std::signal(SIGXFSZ, SIG_IGN); }

} // namespace v4

#endif // V4_TOOLS_OUTPUTPATHS_H

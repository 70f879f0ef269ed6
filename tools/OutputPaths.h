//===- OutputPaths.h - Where outputs may be written -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_OUTPUTPATHS_H
#define V4_TOOLS_OUTPUTPATHS_H

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <unistd.h>
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

/// Why nothing can be written at `path`, as far as its folder tells; "" when it may be possible. Found out before the
/// work, not behind it.
inline std::string unwritableReason(const std::string &path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return "is a folder";
  // A device or a pipe is written where it is, and so are some files.
  if (std::filesystem::exists(path, error) &&
      (!std::filesystem::is_regular_file(path, error) || access(path.c_str(), W_OK) == 0))
    return "";
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (access((folder / ".").c_str(), W_OK | X_OK) == 0)
    return "";
  return "cannot be written: " + (folder.empty() ? std::string("this folder") : folder.string()) + ": " +
         std::strerror(errno);
}

/// One sentence about the first output that is an input, an output named before or in no folder to write to; "" when
/// all are files of their own.
inline std::string outputProblem(const std::vector<NamedPath> &outputs, std::vector<NamedPath> taken) {
  for (const NamedPath &output : outputs) {
    if (output.path.empty())
      continue;
    for (const NamedPath &other : taken)
      if (!other.path.empty() && isSameFile(output.path, other.path))
        return output.name + "=" + output.path + " is the file of " + other.name +
               " too, expected a file to write; name another one";
    if (std::string reason = unwritableReason(output.path); !reason.empty())
      return output.name + "=" + output.path + " " + reason + ", expected the name of a file; name another one";
    taken.push_back(output);
  }
  return "";
}

/// A limit on the size of files makes a write fail, with a sentence, rather than end the process.
inline void outliveFileLimits() { std::signal(SIGXFSZ, SIG_IGN); }

} // namespace v4

#endif // V4_TOOLS_OUTPUTPATHS_H

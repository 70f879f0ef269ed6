//===- PartFile.h - An output that is there when it is whole ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written beside its place, as PATH.part, and put there at the end: a run that
// fails leaves what was there. A device or a pipe is written where it is.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_PARTFILE_H
#define V4_TOOLS_PARTFILE_H

#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace v4 {

class PartFile {
public:
  explicit PartFile(std::string path) : path(std::move(path)) {
    struct stat information;
    bool isOther = stat(this->path.c_str(), &information) == 0 && !S_ISREG(information.st_mode);
    partial = isOther ? "" : this->path + ".part";
    // A pipe that nobody reads does not open.
    int how = isOther ? O_NONBLOCK : O_CREAT | O_TRUNC | O_NOFOLLOW;
    opened = open((isOther ? this->path : partial).c_str(), O_WRONLY | O_CLOEXEC | how, 0644);
    if (opened < 0)
      partial.clear(); // another's, if it is there
  }
  PartFile(const PartFile &) = delete;
  PartFile &operator=(const PartFile &) = delete;
  ~PartFile() {
    if (opened >= 0)
      close(opened);
    if (!partial.empty())
      unlink(partial.c_str());
  }

  /// -1, with errno, when it could not be opened.
  int descriptor() const { return opened; }

  /// Closes it and puts it in its place. False, with errno, when that fails; then nothing of it stays.
  bool finish() {
    if (close(std::exchange(opened, -1)) != 0)
      return false;
    if (!partial.empty() && std::rename(partial.c_str(), path.c_str()) != 0)
      return false;
    partial.clear();
    return true;
  }

private:
  std::string path;
  std::string partial; ///< "" for a device, and behind the end.
  int opened = -1;
};

} // namespace v4

#endif // V4_TOOLS_PARTFILE_H

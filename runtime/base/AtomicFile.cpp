//===- AtomicFile.cpp - A file that is there whole or not at all ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AtomicFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace v4;

static constexpr size_t kBufferBytes = size_t(1) << 20;

AtomicFile::~AtomicFile() {
  if (file < 0)
    return;
  // In this order: whoever gets the lock finds that the name is gone.
  ::unlink(temporary.c_str());
  ::close(file);
}

Status AtomicFile::failed(const char *what, int number) const {
  return invalidInput(path, ": cannot ", what, ": ", std::strerror(number),
                      "; the file that was there is unchanged, free the disk or choose another path");
}

Status AtomicFile::open() {
  // A device or a pipe would give way to a file.
  struct stat information;
  if (::stat(path.c_str(), &information) == 0 && !S_ISREG(information.st_mode))
    return invalidInput(path, ": exists and is no regular file, expected the name of a file to write; choose another path");
  temporary = path + ".part";
  do {
    if (file >= 0)
      ::close(file);
    file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (file < 0)
      return failed("create a file beside it", errno);
  } while (!ownPart());
  if (::ftruncate(file, 0) == 0)
    return Status();
  int number = errno;
  ::close(file);
  file = -1;
  return failed("empty the file beside it", number);
}

/// Locks the open file. False: it is no longer the part, its writer has put it in its place or dropped it.
bool AtomicFile::ownPart() {
  while (::flock(file, LOCK_EX) != 0)
    // Some file systems have no locks; there two writers at once spoil the part, which its hash shows.
    if (errno != EINTR)
      return true;
  struct stat open, named;
  return ::fstat(file, &open) == 0 && ::stat(temporary.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

void AtomicFile::write(const void *data, uint64_t bytes) {
  buffer.append(static_cast<const char *>(data), bytes);
  if (buffer.size() >= kBufferBytes)
    flush();
}

void AtomicFile::flush() {
  hasher.update(buffer.data(), buffer.size());
  for (size_t done = 0; done < buffer.size() && !firstError;) {
    ssize_t written = ::write(file, buffer.data() + done, buffer.size() - done);
    if (written < 0 && errno != EINTR)
      firstError = errno;
    done += written > 0 ? static_cast<size_t>(written) : 0;
  }
  buffer.clear();
}

Status AtomicFile::commit() {
  flush();
  Digest digest = hasher.finish();
  if (!firstError && ::write(file, digest.bytes, sizeof(digest.bytes)) != static_cast<ssize_t>(sizeof(digest.bytes)))
    firstError = errno ? errno : ENOSPC;
  return takePlace();
}

Status AtomicFile::commitUnhashed() {
  flush();
  return takePlace();
}

Status AtomicFile::takePlace() {
  if (!firstError && ::fsync(file) != 0)
    firstError = errno;
  if (firstError)
    return failed("write", firstError);
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    return failed("put the new file in its place", errno);
  ::close(file);
  file = -1;
  // The rename itself is durable with the folder.
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  return Status();
}

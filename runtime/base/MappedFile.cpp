//===- MappedFile.cpp - POSIX files -----------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/MappedFile.h"

#include "runtime/base/AddressRange.h"
#include "runtime/base/NumaNodes.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace v4;

namespace {

/// Closes on every way out.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
};

Status fileError(const std::string &path, std::string_view action, int error) {
  return invalidInput(path, ": cannot ", action, ": ", std::strerror(error));
}

Status readAll(int fd, const std::string &path, uint8_t *out, uint64_t size) {
  for (uint64_t done = 0; done < size;) {
    ssize_t got = pread(fd, out + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fileError(path, "read", errno);
    if (got == 0)
      return invalidInput(path, ": ended after ", done, " bytes, expected ", size, "; is it still being written?");
    done += static_cast<uint64_t>(got);
  }
  return Status();
}

} // namespace

MappedFile::~MappedFile() {
  if (reserved)
    munmap(reserved, reservedBytes);
}

Status MappedFile::open(const std::string &path, LoadMode mode, MappedFile &out) {
  // Without O_NONBLOCK the open of a named pipe would wait for a writer.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0)
    return fileError(path, "open", errno);
  struct stat info;
  if (fstat(file.fd, &info) != 0)
    return fileError(path, "read its size", errno);
  if (!S_ISREG(info.st_mode))
    return invalidInput(path, ": is a folder, a device or a pipe, expected a regular file");

  MappedFile result;
  result.byteCount = static_cast<uint64_t>(info.st_size);
  if (result.byteCount == 0) {
    out = std::move(result);
    return Status();
  }
  // Reserve with room to round the start up; the file or the copy takes the aligned part.
  uint64_t reserveBytes = result.byteCount + kLargePageBytes;
  void *range = mmap(nullptr, reserveBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED)
    return unsupported(path, ": no address space for ", result.byteCount, " bytes: ", std::strerror(errno));
  result.reserved = range;
  result.reservedBytes = reserveBytes;
  uint64_t start = (reinterpret_cast<uintptr_t>(range) + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  result.bytes = reinterpret_cast<uint8_t *>(start);

  if (mode == LoadMode::Map) {
    if (mmap(result.bytes, result.byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.fd, 0) == MAP_FAILED)
      return fileError(path, "map", errno);
    // Where the file system has large pages, a cold file then comes in by 2 MiB, and maps with 512 times fewer faults.
    // Nothing is read ahead here: with small pages that costs more than the faults of what a first token needs.
    (void)madvise(result.bytes, result.byteCount, MADV_HUGEPAGE);
  } else {
    if (mmap(result.bytes, result.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
      return unsupported(path, ": no memory for a copy of ", result.byteCount, " bytes: ", std::strerror(errno),
                         "; load it mapped");
    // Only a wish: a kernel without large pages runs the same program, slower.
    (void)madvise(result.bytes, result.byteCount, MADV_HUGEPAGE);
    spreadOverNodes(result.bytes, result.byteCount);
    V4_RETURN_IF_ERROR(readAll(file.fd, path, result.bytes, result.byteCount));
    (void)mprotect(result.bytes, result.byteCount, PROT_READ);
  }
  out = std::move(result);
  return Status();
}

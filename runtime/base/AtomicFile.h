//===- AtomicFile.h - A file that is there whole or not at all --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes PATH.part beside the destination and renames it at the end, so that
// whatever happens in between the destination is as it was. A process that is
// killed leaves the part behind, one at most: the next writer of the same path
// takes it over. Writers of one path wait for each other by a lock on the part.
//
// The last 32 bytes are the BLAKE2b-256 of all bytes in front of them, unless the
// file's format is not ours.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_ATOMICFILE_H
#define V4_RUNTIME_BASE_ATOMICFILE_H

#include "runtime/base/Hash.h"
#include "runtime/base/Status.h"

namespace v4 {

/// One thread. Destroyed without `commit`, it leaves nothing behind.
class AtomicFile {
public:
  explicit AtomicFile(std::string path) : path(std::move(path)) {}
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  Status open();
  /// After an error, `commit` gives it.
  void write(const void *data, uint64_t bytes);
  template <typename T>
  void writeValue(const T &value) {
    write(&value, sizeof(value));
  }
  /// Appends the hash, makes it durable and takes the destination's place.
  Status commit();
  /// The same for a format that has no room for a hash.
  Status commitUnhashed();

private:
  void flush();
  Status takePlace();
  bool ownPart();
  Status failed(const char *what, int number) const;

  std::string path, temporary;
  std::string buffer;
  Hasher hasher;
  int file = -1;
  int firstError = 0;
};

} // namespace v4

#endif // V4_RUNTIME_BASE_ATOMICFILE_H

//===- MappedFile.h - Read-only contents of a file --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owns the bytes of one file: mapped (pages come in when they are touched and
// are shared between processes) or copied into anonymous memory (nothing is
// read from the disk later; large pages where the kernel has them). The start is
// 2 MiB-aligned in both modes, so that an offset's alignment in the file is its
// alignment in memory. Movable; immutable after open, so any thread may read.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_BASE_MAPPEDFILE_H
#define V4_RUNTIME_BASE_MAPPEDFILE_H

#include "runtime/base/Status.h"

namespace v4 {

enum class LoadMode { Map, Copy };

class MappedFile {
public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept { swap(other); }
  MappedFile &operator=(MappedFile &&other) noexcept {
    swap(other);
    return *this;
  }

  /// Fails with a message that starts with `path`. An empty file is valid and has size 0.
  static Status open(const std::string &path, LoadMode mode, MappedFile &out);

  /// Null when the size is 0.
  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return byteCount; }

private:
  void swap(MappedFile &other) {
    std::swap(bytes, other.bytes);
    std::swap(byteCount, other.byteCount);
    std::swap(reserved, other.reserved);
    std::swap(reservedBytes, other.reservedBytes);
  }

  uint8_t *bytes = nullptr;
  uint64_t byteCount = 0;
  void *reserved = nullptr; ///< The address range that contains `bytes`.
  uint64_t reservedBytes = 0;
};

} // namespace v4

#endif // V4_RUNTIME_BASE_MAPPEDFILE_H

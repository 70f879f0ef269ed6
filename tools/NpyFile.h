//===- NpyFile.h - Writes an array row by row into a .npy file --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows may come in any order and the number of rows may shrink: the header has
// a fixed size and is written last. A file that was not finished is removed.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_NPYFILE_H
#define V4_TOOLS_NPYFILE_H

#include "tools/PartFile.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace v4 {

/// What the user gave cannot be used: exit code 1.
class InputError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

class NpyFile {
public:
  /// `type` is NumPy's, e.g. "<f4"; `rowShape` are the dimensions behind the rows.
  NpyFile(std::string path, std::string type, uint64_t elementBytes, std::vector<uint64_t> rowShape)
      : path(std::move(path)), type(std::move(type)), rowShape(std::move(rowShape)), bytesPerRow(elementBytes) {
    for (uint64_t dimension : this->rowShape)
      bytesPerRow *= dimension;
    if (file.descriptor() < 0)
      fail("cannot be created");
  }

  uint64_t rowBytes() const { return bytesPerRow; }

  /// `data` holds `count` rows.
  void write(uint64_t firstRow, const void *data, uint64_t count) {
    writeAt(kHeaderBytes + firstRow * bytesPerRow, data, count * bytesPerRow);
  }

  /// Keeps rows [0, rows) and closes the file.
  void finish(uint64_t rows) {
    std::string dictionary =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ",";
    for (size_t i = 0; i < rowShape.size(); ++i)
      dictionary += (i ? ", " : " ") + std::to_string(rowShape[i]);
    dictionary += "), }";
    std::string header("\x93NUMPY\x01\x00", 8);
    uint64_t length = kHeaderBytes - header.size() - 2;
    header += static_cast<char>(length & 0xFF);
    header += static_cast<char>(length >> 8);
    header += dictionary;
    header.resize(kHeaderBytes - 1, ' ');
    header += '\n';
    writeAt(0, header.data(), header.size());
    if (ftruncate(file.descriptor(), static_cast<off_t>(kHeaderBytes + rows * bytesPerRow)) != 0)
      fail("cannot be written");
    if (!file.finish())
      fail("cannot be written");
  }

private:
  /// Format version 1.0: a multiple of 64, enough for any shape here.
  static constexpr uint64_t kHeaderBytes = 256;

  void writeAt(uint64_t offset, const void *data, uint64_t bytes) {
    const char *next = static_cast<const char *>(data);
    while (bytes) {
      ssize_t written = pwrite(file.descriptor(), next, bytes, static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        fail("cannot be written");
      next += written;
      offset += static_cast<uint64_t>(written);
      bytes -= static_cast<uint64_t>(written);
    }
  }

  [[noreturn]] void fail(const char *what) {
    throw InputError(path + ": " + what + " (" + std::strerror(errno) + "); choose another place");
  }

  std::string path;
  PartFile file{path};
  std::string type;
  std::vector<uint64_t> rowShape;
  uint64_t bytesPerRow;
};

} // namespace v4

#endif // V4_TOOLS_NPYFILE_H

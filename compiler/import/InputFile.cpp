//===- InputFile.cpp - A file mapped for reading ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/InputFile.h"

#include "compiler/import/ImportError.h"

using namespace llvm;

Expected<v4::InputFile> v4::InputFile::open(const Twine &path) {
  // The kind is checked first: opening a pipe would block.
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return inputError(path + ": cannot be read (" + code.message() + ")");
  if (!sys::fs::is_regular_file(status))
    return inputError(path + ": not a regular file");
  Expected<sys::fs::file_t> handle = sys::fs::openNativeFileForRead(path);
  if (!handle)
    return inputError(path + ": cannot be opened (" + toString(handle.takeError()) + ")");

  InputFile file;
  std::error_code code;
  if (status.getSize() > 0)
    file.region =
        sys::fs::mapped_file_region(*handle, sys::fs::mapped_file_region::readonly, status.getSize(), 0, code);
  sys::fs::closeFile(*handle);
  if (code)
    return inputError(path + ": cannot be mapped (" + code.message() + ")");
  return file;
}

ArrayRef<uint8_t> v4::InputFile::bytes() const {
  if (!region)
    return {};
  return {reinterpret_cast<const uint8_t *>(region.const_data()), region.size()};
}

StringRef v4::InputFile::text() const {
  ArrayRef<uint8_t> data = bytes();
  return {reinterpret_cast<const char *>(data.data()), data.size()};
}

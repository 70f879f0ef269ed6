//===- InputFile.h - A file mapped for reading ------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_INPUTFILE_H
#define V4_COMPILER_IMPORT_INPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

namespace v4 {

/// The bytes of a regular file, mapped read-only for the life of the object.
class InputFile {
public:
  static llvm::Expected<InputFile> open(const llvm::Twine &path);

  llvm::ArrayRef<uint8_t> bytes() const;
  llvm::StringRef text() const;

private:
  llvm::sys::fs::mapped_file_region region; ///< Unset for an empty file.
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_INPUTFILE_H

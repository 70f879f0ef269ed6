//===- KernelSourceFolder.cpp - Sources where a compiler reads them -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelSources.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace v4;

KernelSourceFolder::~KernelSourceFolder() {
  if (!folder.empty())
    sys::fs::remove_directories(folder);
}

Error KernelSourceFolder::write() {
  SmallString<128> made;
  std::error_code code = sys::fs::createUniqueDirectory("v4-kernels", made);
  if (!code)
    folder = std::string(made);
  for (const KernelSource &source : kernelSources()) {
    if (code)
      break;
    SmallString<128> path(made);
    sys::path::append(path, source.path);
    if ((code = sys::fs::create_directories(sys::path::parent_path(path))))
      break;
    raw_fd_ostream os(path, code);
    if (code)
      break;
    os << source.text;
    os.close();
    code = os.error() ? os.error() : code;
    os.clear_error();
  }
  if (!code)
    return Error::success();
  return createStringError(code, made + ": " + code.message() + "; set TMPDIR to a folder with room");
}

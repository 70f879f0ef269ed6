//===- KernelSources.h - Sources of the kernel templates --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiler brings them along: where it runs there need be no sources of it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELSOURCES_H
#define V4_CODEGEN_CUDA_KERNELSOURCES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace v4 {

struct KernelSource {
  const char *path; ///< As includes name it.
  const char *text;
};

/// All of kernels/. Generated.
llvm::ArrayRef<KernelSource> kernelSources();

/// A folder of its own with all of them, for as long as it lives. Threads may share it.
class KernelSourceFolder {
public:
  KernelSourceFolder() = default;
  KernelSourceFolder(const KernelSourceFolder &) = delete;
  KernelSourceFolder &operator=(const KernelSourceFolder &) = delete;
  ~KernelSourceFolder();

  llvm::Error write();
  llvm::StringRef path() const { return folder; }

private:
  std::string folder;
};

} // namespace v4

#endif // V4_CODEGEN_CUDA_KERNELSOURCES_H

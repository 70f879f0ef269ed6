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
#include "llvm/ADT/StringRef.h"

#include <string>

namespace v4 {

struct KernelSource {
  const char *path; ///< As includes name it.
  const char *text;
};

/// All of kernels/, and runtime/plan/SampleRows.h. Generated.
llvm::ArrayRef<KernelSource> kernelSources();

/// `source` with those that it includes in the place of the first line that does: one file, and none beside it. An
/// include under a condition of the preprocessor is the only one of its file.
std::string withKernelSources(llvm::StringRef source);

} // namespace v4

#endif // V4_CODEGEN_CUDA_KERNELSOURCES_H

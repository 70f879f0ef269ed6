//===- CompiledKernels.h - Code of a set of kernels -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_COMPILEDKERNELS_H
#define V4_CODEGEN_COMPILEDKERNELS_H

#include "dialects/plan/PlanDialect.h"

#include <vector>

namespace v4 {

/// Code of a set of kernels. Vectors are in the order of the kernels.
struct CompiledKernels {
  std::vector<char> object;              ///< The code section without its seal.
  std::vector<uint64_t> stackBytes;      ///< Per kernel.
  std::vector<plan::BlockAttr> blocks;   ///< Per kernel on a GPU; empty on a CPU.
  std::vector<mlir::ArrayAttr> variants; ///< As blocks; null where a kernel has none.
};

} // namespace v4

#endif // V4_CODEGEN_COMPILEDKERNELS_H

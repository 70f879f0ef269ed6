//===- TemplateInstance.h - A kernel that is made of a template -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_TEMPLATEINSTANCE_H
#define V4_CODEGEN_CUDA_TEMPLATEINSTANCE_H

#include "codegen/cuda/CudaTarget.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace v4 {

/// The ops that are the body of `kernel`, those for few rows first; none when it is made of no template.
llvm::SmallVector<kernel::RunTemplateOp> templatesOf(mlir::func::FuncOp kernel);

/// What kernels share that differ in their arguments alone.
struct TemplateInstance {
  std::string function; ///< Its name.
  std::string source;   ///< CUDA C++, whole.
  int64_t threads = 0;
  int64_t sharedBytes = 0;
  int64_t cluster = 1; ///< Blocks that run together.
};

/// Checks `op` against the template that it names. Errors are diagnostics at it.
mlir::FailureOr<TemplateInstance> instantiate(kernel::RunTemplateOp op, const CudaArch &arch);

} // namespace v4

#endif // V4_CODEGEN_CUDA_TEMPLATEINSTANCE_H

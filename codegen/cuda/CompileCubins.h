//===- CompileCubins.h - Kernel functions to cubins -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_COMPILECUBINS_H
#define V4_CODEGEN_CUDA_COMPILECUBINS_H

#include "codegen/CompiledKernels.h"
#include "codegen/Target.h"
#include "codegen/cuda/CudaTarget.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace v4 {

/// Compiles `kernels` for `arch`, several at a time, each in a context of its own; the object is their cubins, one
/// behind the other. Errors are diagnostics at the kernel they belong to.
mlir::FailureOr<CompiledKernels> compileCubins(llvm::ArrayRef<mlir::func::FuncOp> kernels, const CudaArch &arch,
                                               const CompileKernelsOptions &options);

} // namespace v4

#endif // V4_CODEGEN_CUDA_COMPILECUBINS_H

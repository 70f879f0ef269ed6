//===- CompileKernels.h - Kernel functions to one shared object -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_COMPILEKERNELS_H
#define V4_CODEGEN_CPU_COMPILEKERNELS_H

#include "codegen/CompiledKernels.h"
#include "codegen/Target.h"
#include "codegen/cpu/CpuTarget.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace v4 {

/// Compiles `kernels` for `level`, several at a time, each in a context of its
/// own; the object is an ELF shared object that exports them. Errors are diagnostics at the kernel they belong to.
mlir::FailureOr<CompiledKernels> compileKernelFunctions(llvm::ArrayRef<mlir::func::FuncOp> kernels,
                                                        const CpuLevel &level, const CompileKernelsOptions &options);

} // namespace v4

#endif // V4_CODEGEN_CPU_COMPILEKERNELS_H

//===- LowerToNvvm.h - Kernel functions to GPU entry points -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_LOWERTONVVM_H
#define V4_CODEGEN_CUDA_LOWERTONVVM_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

namespace v4 {

/// Lowers `module`, which holds one verified kernel, to the LLVM dialect and adds the entry point of KernelAbi.h for
/// GPUs under the kernel's name: one thread block computes one workgroup.
mlir::LogicalResult lowerToNvvm(mlir::ModuleOp module);

} // namespace v4

#endif // V4_CODEGEN_CUDA_LOWERTONVVM_H

//===- LowerToLlvm.h - Kernel functions to the LLVM dialect ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_LOWERTOLLVM_H
#define V4_CODEGEN_CPU_LOWERTOLLVM_H

#include "codegen/cpu/CpuTarget.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"

namespace v4 {

/// Adds the dialects of kernel bodies and of their LLVM form.
void registerKernelBodyDialects(mlir::DialectRegistry &registry);

/// Checks what the rest of the back end relies on: arguments (index, index,
/// memrefs with a static identity layout but for the leading dimension), static
/// scratch of at most 256 KiB, no calls, no arithmetic on bf16.
mlir::LogicalResult verifyKernelForm(mlir::func::FuncOp kernel);

/// A kernel in the LLVM dialect, to be called by an entry point of its name.
struct LoweredBody {
  std::string name;                ///< Of the kernel.
  mlir::LLVM::LLVMFuncOp function; ///< Internal, inlined by LLVM.
  llvm::SmallVector<mlir::MemRefType> bindings;
};

/// Lowers the kernel of `module`, which has no contract op, to the LLVM dialect. Vector registers have `vectorBits`.
mlir::FailureOr<LoweredBody> lowerBody(mlir::ModuleOp module, int64_t vectorBits);

/// Calls `body` for workgroups [begin, end); `addresses` are those of its bindings.
void callBody(mlir::OpBuilder &builder, const LoweredBody &body, mlir::Value begin, mlir::Value end,
              llvm::ArrayRef<mlir::Value> addresses);

/// Lowers `module`, which holds one verified kernel, to the LLVM dialect and
/// adds the function of KernelAbi.h under the kernel's name.
mlir::LogicalResult lowerToLlvm(mlir::ModuleOp module, const CpuLevel &level);

} // namespace v4

#endif // V4_CODEGEN_CPU_LOWERTOLLVM_H

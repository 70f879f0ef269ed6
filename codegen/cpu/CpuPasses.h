//===- CpuPasses.h - Passes of the CPU back end -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_CPUPASSES_H
#define V4_CODEGEN_CPU_CPUPASSES_H

#include "dialects/kernel/KernelDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace v4 {

#define GEN_PASS_DECL
#include "codegen/cpu/CpuPasses.h.inc"

/// Makes the passes above known to pass pipelines and `v4-opt`.
void registerCpuPasses();

} // namespace v4

#endif // V4_CODEGEN_CPU_CPUPASSES_H

//===- Pipeline.h - The phases of a compilation -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_PIPELINE_H
#define V4_COMPILER_PIPELINE_H

#include "compiler/Compiler.h"
#include "mlir/IR/BuiltinOps.h"

namespace v4 {

class ReportCollector;

/// Runs one phase behind Import and in front of Plan on the module, in place. `collector` may be null.
llvm::LogicalResult runPhase(Phase phase, mlir::ModuleOp module, const CompileOptions &options,
                             ReportCollector *collector);

} // namespace v4

#endif // V4_COMPILER_PIPELINE_H

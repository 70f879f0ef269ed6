//===- EmitObject.h - LLVM dialect to an object file -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_EMITOBJECT_H
#define V4_CODEGEN_CPU_EMITOBJECT_H

#include "codegen/cpu/CpuTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace v4 {

/// One kernel's machine code.
struct KernelObject {
  llvm::SmallVector<char, 0> bytes; ///< A relocatable ELF object.
  uint64_t stackBytes = 0;          ///< Upper bound of what a call pushes.
  std::string llvmIr;               ///< After optimisation; only if asked for.
  std::string assembly;             ///< Only if asked for.
};

/// Optimises and compiles `module`, the result of lowerToLlvm. Uses an
/// LLVMContext of its own: calls for different modules may run in parallel.
mlir::FailureOr<KernelObject> emitObject(mlir::ModuleOp module, const CpuLevel &level, bool withText);

} // namespace v4

#endif // V4_CODEGEN_CPU_EMITOBJECT_H

//===- OptimiseModule.h - LLVM's optimiser for kernels ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_OPTIMISEMODULE_H
#define V4_CODEGEN_OPTIMISEMODULE_H

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace v4 {

/// O2 without unrolling, and without anything that calls a library; changes no bit of a result. `vectorise`: loops that
/// are not yet in vector form.
void optimiseModule(llvm::Module &module, llvm::TargetMachine &machine, bool vectorise);

} // namespace v4

#endif // V4_CODEGEN_OPTIMISEMODULE_H

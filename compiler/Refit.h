//===- Refit.h - A plan with the weights of another checkpoint -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_REFIT_H
#define V4_COMPILER_REFIT_H

#include "codegen/plan/FinishedPlan.h"
#include "compiler/Compiler.h"

namespace v4 {

/// Writes `plan` with the weights of the checkpoint `options.input` to `options.output`. The checkpoint must have the
/// same dimensions and the same tensors, of the same types; its values are its own. Of the other options those about
/// weights and threads count. Messages go to stderr.
ExitCode refit(const CompileOptions &options, const codegen::FinishedPlan &plan, llvm::StringRef planName);

} // namespace v4

#endif // V4_COMPILER_REFIT_H

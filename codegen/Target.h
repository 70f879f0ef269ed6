//===- Target.h - What a code generation target offers --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target turns kernels into code for one kind of hardware. Passes know it only
// as a #kernel.target attribute; the compiler calls the functions below.
//
// To add a target: a folder codegen/<name> that fills #kernel.target from a name
// on the command line and compiles functions with `kernel.entry`, and its place in
// the list in Target.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_TARGET_H
#define V4_CODEGEN_TARGET_H

#include "dialects/kernel/KernelDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace v4 {

/// Returns the target called `name`; "cpu" is the best level this machine has.
/// A name that is unknown, or "cpu" on a machine below the lowest level, is an
/// error at `loc`.
mlir::FailureOr<kernel::TargetAttr> resolveTarget(llvm::StringRef name, mlir::Location loc);

/// Text of --list-targets: each target and what it means, the one "cpu" stands for marked.
std::string listTargets();

/// One sentence on what this machine lacks to compile for the target called `name`; empty when it has all that every
/// plan for it needs.
std::string missingToolchain(llvm::StringRef name);
/// The same of what the kernels of `module` need beside it.
std::string missingTranslator(mlir::ModuleOp module);

struct CompileKernelsOptions {
  /// Kernels compiled at the same time; the code does not depend on it.
  unsigned threads = 1;
  /// Folder for <kernel>.mlir, <kernel>.ll and <kernel>.s, on a GPU <kernel>.ptx and <kernel>.ptxas (the assembler's
  /// report) instead of the last; empty: none.
  std::string dumpDirectory;
  /// Folder with the code of kernels compiled before (KernelCache.h); empty: none. Unused with a dump.
  std::string cacheDirectory;
};

/// Compiles every function with `kernel.entry` for the module's target
/// (`v4.target`, or the plan.program's `target`). The code becomes `plan.code`
/// at the end of the plan.program, each plan.kernel gets its `stack_bytes` and on a
/// GPU its `block`, and the functions are erased. Errors are diagnostics at the kernel; the module
/// is then unchanged.
/// Not for use in two threads at once: the linker keeps global state.
mlir::LogicalResult compileKernels(mlir::ModuleOp module, const CompileKernelsOptions &options);

} // namespace v4

#endif // V4_CODEGEN_TARGET_H

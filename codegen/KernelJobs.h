//===- KernelJobs.h - Kernels compiled side by side -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each kernel is compiled alone, in contexts of its own, on any number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_KERNELJOBS_H
#define V4_CODEGEN_KERNELJOBS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace v4 {

/// A kernel on its way through a worker thread.
struct KernelJob {
  std::string name;
  std::string bytecode; ///< The kernel alone in a module, without locations.
  std::string error;    ///< What went wrong, as one line.
};

/// Calls `compile` for every kernel with its job and its index; false is an error at that kernel, which the job names.
mlir::LogicalResult runKernelJobs(llvm::ArrayRef<mlir::func::FuncOp> kernels, unsigned threads,
                                  llvm::function_ref<bool(KernelJob &, size_t)> compile);

/// Calls `compile` with the job's module in a context of its own; the first error becomes the job's.
bool withKernelModule(KernelJob &job, llvm::function_ref<bool(mlir::ModuleOp)> compile);

/// Writes the job's file `<name><suffix>` into the folder of --dump-kernels-to.
bool dumpText(KernelJob &job, llvm::StringRef folder, llvm::StringRef suffix, llvm::StringRef text);
bool dumpModule(KernelJob &job, llvm::StringRef folder, mlir::ModuleOp module);

} // namespace v4

#endif // V4_CODEGEN_KERNELJOBS_H

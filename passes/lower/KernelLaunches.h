//===- KernelLaunches.h - Ops become kernels and launches -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_KERNELLAUNCHES_H
#define V4_PASSES_LOWER_KERNELLAUNCHES_H

#include "passes/lower/KernelEmitter.h"

#include "llvm/ADT/StringMap.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace v4 {

/// On a launch: bytes that each of its results has behind its rows.
inline constexpr llvm::StringLiteral kSlackName = "kernel.slack";

/// Replaces v4 ops by launches. Ops of equal name, attributes and types share one kernel.
class KernelLaunches {
public:
  explicit KernelLaunches(mlir::ModuleOp module) : module(module) {}

  using Body = llvm::function_ref<mlir::LogicalResult(KernelEmitter &)>;
  /// `body` writes the kernel, if there is none yet; `op` is erased.
  mlir::LogicalResult replace(mlir::Operation *op, Body body);
  /// A part of an op. Parts of equal names, constants and types share one kernel.
  struct Step {
    llvm::StringRef name;
    llvm::ArrayRef<int64_t> constants; ///< All that the kernel's body holds beside types.
    bool bearsCost;                    ///< Of the op.
  };
  /// Puts the launch of a step of `op` in front of it.
  kernel::LaunchOp insert(mlir::Operation *op, const Step &step, mlir::ValueRange inputs, mlir::TypeRange outputs,
                          llvm::function_ref<void(KernelEmitter &)> body);

private:
  struct Kernel {
    mlir::FlatSymbolRefAttr symbol;
    kernel::GridAttr grid;
    llvm::SmallVector<int64_t> step;
  };

  std::string freeName(llvm::StringRef mnemonic);

  mlir::ModuleOp module;
  llvm::StringMap<Kernel> kernels; ///< By what makes two ops equal.
  llvm::StringMap<unsigned> counters;
};

/// Puts the parts of a fused op in its place.
void replaceByParts(FusedOpInterface op);

} // namespace v4

#endif // V4_PASSES_LOWER_KERNELLAUNCHES_H

//===- CpuTarget.h - x86-64 levels -----------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_CPUTARGET_H
#define V4_CODEGEN_CPU_CPUTARGET_H

#include "dialects/kernel/KernelDialect.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace v4 {

/// A CPU flag under its two names.
struct CpuFeature {
  llvm::StringRef llvmName;
  llvm::StringRef cpuinfoName;
};

/// One x86-64 level. Code for a level runs on every machine that has its
/// features, and gives the same bits there; levels round sums of products differently.
struct CpuLevel {
  llvm::StringRef name;                ///< On the command line: "cpu:x86-64-v3".
  llvm::StringRef cpu;                 ///< LLVM's processor.
  llvm::StringRef llvmFeatures;        ///< Beyond those of `cpu`, "+a,+b".
  llvm::ArrayRef<CpuFeature> features; ///< What this level adds to the one below.
  unsigned vectorBits;

  /// Whether tile registers multiply bf16 (AMX).
  bool hasTiles() const { return llvmFeatures.contains("+amx-bf16"); }
};

/// All levels, lowest first.
llvm::ArrayRef<CpuLevel> cpuLevels();

/// The level called `name`, or null.
const CpuLevel *findCpuLevel(llvm::StringRef name);

/// The highest level that this machine can run, or null.
const CpuLevel *hostCpuLevel();

kernel::TargetAttr describeCpuLevel(const CpuLevel &level, mlir::MLIRContext *context);

/// The highest level of this machine; an error at `loc` when it is below the lowest.
mlir::FailureOr<kernel::TargetAttr> describeHost(mlir::Location loc);

/// A line per level and one on what it adds, the one of this machine marked.
std::string listCpuLevels();

} // namespace v4

#endif // V4_CODEGEN_CPU_CPUTARGET_H

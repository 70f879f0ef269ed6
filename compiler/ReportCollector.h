//===- ReportCollector.h - Fills a CompileReport ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_REPORTCOLLECTOR_H
#define V4_COMPILER_REPORTCOLLECTOR_H

#include "codegen/plan/PlanWriter.h"
#include "compiler/CompileReport.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

#include <chrono>

namespace v4 {

/// All that can be learned of a compilation while it runs.
class ReportCollector {
public:
  explicit ReportCollector(CompileReport &report) : report(report) {}

  /// What the module says of its options, which may have been read from a file.
  void options(mlir::ModuleOp module);
  void remark(mlir::Diagnostic &diagnostic);
  void beginPhase(llvm::StringRef name);
  void endPhase();
  /// Passes of the current phase are listed as they run.
  void watch(mlir::PassManager &pm);
  /// Kernels of the module behind the lower phase, launches and weights of the one behind the schedule phase.
  void module(mlir::ModuleOp module);
  void quantized(llvm::ArrayRef<codegen::QuantizedWeight> weights);
  void pass(llvm::StringRef flag, double seconds);

private:
  CompileReport &report;
  std::chrono::steady_clock::time_point phaseBegin;
};

} // namespace v4

#endif // V4_COMPILER_REPORTCOLLECTOR_H

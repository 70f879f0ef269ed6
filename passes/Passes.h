//===- Passes.h - Passes and pipelines of v4c -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Use the build functions rather than adding passes by hand: the order in
// Pipelines.cpp is the order that is tested.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_PASSES_H
#define V4_PASSES_PASSES_H

#include "dialects/kernel/KernelDialect.h"
#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace v4 {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// What a caller may choose about a stage.
struct StageOptions : public mlir::PassPipelineOptions<StageOptions> {
  Option<bool> optional{*this, "optional", llvm::cl::desc("Run optional passes; false is -O0 and -O1"),
                        llvm::cl::init(true)};
  Option<bool> tuned{*this, "tuned", llvm::cl::desc("Use tuned kernels and the layouts they read; false is -O0"),
                     llvm::cl::init(true)};
  Option<bool> gpu{*this, "gpu", llvm::cl::desc("Tuned kernels are templates for GPUs"), llvm::cl::init(false)};
  Option<std::string> quantize{*this, "quantize", llvm::cl::desc("Formats for v4-quantize-weights; empty: not run")};
  ListOption<std::string> disabled{*this, "disable-pass",
                                   llvm::cl::desc("Optional passes to leave out, by flag without dashes")};
};

/// Flags, without dashes, of all passes that `disable-pass` may name.
llvm::ArrayRef<llvm::StringRef> optionalPasses();

/// One function per stage; each starts or ends with its Verify pass. Every pass runs on the module.
void buildGraphPipeline(mlir::OpPassManager &pm, const StageOptions &options);
void buildQuantPipeline(mlir::OpPassManager &pm, const StageOptions &options);
void buildLowerPipeline(mlir::OpPassManager &pm, const StageOptions &options);
void buildSchedulePipeline(mlir::OpPassManager &pm, const StageOptions &options);

/// Makes every pass known by its flag (v4-opt, pass pipelines in text form).
void registerPasses();
/// Makes --v4-graph-pipeline, --v4-quant-pipeline, --v4-lower-pipeline and --v4-schedule-pipeline known.
void registerPipelines();

} // namespace v4

#endif // V4_PASSES_PASSES_H

//===- Pipelines.cpp - The order of passes inside each stage ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace v4 {

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

llvm::ArrayRef<llvm::StringRef> optionalPasses() {
  static const llvm::StringRef names[] = {"v4-quantize-weights",
                                          "cse",
                                          "v4-fuse-moe-dispatch",
                                          "v4-fuse-projections",
                                          "v4-fuse-csa-indexer",
                                          "v4-fuse-attention",
                                          "v4-fuse-compressor",
                                          "v4-fuse-hyper-connections",
                                          "v4-merge-activation-quant",
                                          "v4-pack-weights",
                                          "v4-prove-exact-forms",
                                          "v4-choose-kernels",
                                          "v4-choose-gpu-kernels",
                                          "v4-overlap-launches",
                                          "v4-add-sampling",
                                          "v4-add-tensor-rates"};
  return names;
}

static bool isOn(llvm::StringRef name, const StageOptions &options) {
  return options.optional && !llvm::is_contained(options.disabled, name);
}

/// Layouts belong to tuned kernels, which -O1 has too.
static bool isTuned(llvm::StringRef name, const StageOptions &options) {
  return options.tuned && !llvm::is_contained(options.disabled, name);
}

/// The pass that chooses tuned kernels, if it runs.
static bool hasKernels(const StageOptions &options) {
  return isTuned(options.gpu ? "v4-choose-gpu-kernels" : "v4-choose-kernels", options);
}

void buildGraphPipeline(OpPassManager &pm, const StageOptions &options) {
  // First: the others assume what it checks.
  pm.addPass(createVerifyImportedPass());
  // Counts the model, not what becomes of it.
  pm.addPass(createCountWorkPass());
  // Before everything else: fusions see the graph that a narrow checkpoint would give. Asked for by a flag of its own.
  if (!options.quantize.empty() && !llvm::is_contained(options.disabled, "v4-quantize-weights")) {
    QuantizeWeightsPassOptions formats;
    formats.formats = options.quantize;
    pm.addPass(createQuantizeWeightsPass(formats));
  }
  // Equal rope tables and quantizations of one layer; cache effects keep reads and writes in order.
  if (isOn("cse", options))
    pm.addNestedPass<func::FuncOp>(createCSEPass());
  // First the products that an epilogue joins, then those that only share their input.
  if (isOn("v4-fuse-moe-dispatch", options))
    pm.addNestedPass<func::FuncOp>(createFuseMoeDispatchPass());
  if (isOn("v4-fuse-projections", options))
    pm.addNestedPass<func::FuncOp>(createFuseProjectionsPass());
  // Before rotations go to other chains: scores and heads have one reader each.
  if (isOn("v4-fuse-csa-indexer", options))
    pm.addNestedPass<func::FuncOp>(createFuseCsaIndexerPass());
  if (isOn("v4-fuse-attention", options))
    pm.addNestedPass<func::FuncOp>(createFuseAttentionPass());
  if (isOn("v4-fuse-compressor", options))
    pm.addNestedPass<func::FuncOp>(createFuseCompressorPass());
  // Behind passes that look for a quantized input: the op that makes it is another one then.
  if (isOn("v4-fuse-hyper-connections", options))
    pm.addNestedPass<func::FuncOp>(createFuseHyperConnectionsPass());
  // Takes what the fusions above left.
  if (isOn("v4-merge-activation-quant", options))
    pm.addNestedPass<func::FuncOp>(createMergeActivationQuantPass());
}

void buildQuantPipeline(OpPassManager &pm, const StageOptions &options) {
  // Before layouts: whatever moved a quantization is checked here.
  pm.addPass(createVerifyQuantizedPass());
  // No layout without the kernels that read it.
  if (isTuned("v4-pack-weights", options) && hasKernels(options))
    pm.addPass(createPackWeightsPass());
  // Looks at codes and scales in whatever form they have now.
  if (isOn("v4-prove-exact-forms", options))
    pm.addPass(createProveExactFormsPass());
}

void buildLowerPipeline(OpPassManager &pm, const StageOptions &options) {
  if (hasKernels(options))
    pm.addPass(options.gpu ? createChooseGpuKernelsPass() : createChooseKernelsPass());
  // What no tuned kernel took.
  pm.addPass(createDecomposePass());
  pm.addPass(createVerifyKernelsPass());
}

void buildSchedulePipeline(OpPassManager &pm, const StageOptions &options) {
  pm.addPass(createInlineLayersPass());
  // Needs one flat list of launches.
  pm.addPass(createBuildProgramPass());
  // The arena's slots depend on what runs together.
  if (isOn("v4-overlap-launches", options))
    pm.addPass(createOverlapLaunchesPass());
  // A template, as those that this pass chooses.
  if (options.gpu && hasKernels(options) && isTuned("v4-add-sampling", options))
    pm.addPass(createAddSamplingPass());
  // Last, so that kernels which run keep their numbers.
  if (options.gpu && hasKernels(options) && isTuned("v4-add-tensor-rates", options))
    pm.addPass(createAddTensorRatesPass());
  // Both need the program and nothing of each other.
  pm.addPass(createPlanArenaPass());
  pm.addPass(createPlanKvCachePass());
  pm.addPass(createVerifyPlanPass());
}

void registerPasses() { registerV4Passes(); }

void registerPipelines() {
  PassPipelineRegistration<StageOptions>("v4-graph-pipeline", "v4 to v4: the structure of the model",
                                         buildGraphPipeline);
  PassPipelineRegistration<StageOptions>("v4-quant-pipeline", "v4 to v4: number formats and layouts",
                                         buildQuantPipeline);
  PassPipelineRegistration<StageOptions>("v4-lower-pipeline", "v4 to kernel: every op becomes a kernel",
                                         buildLowerPipeline);
  PassPipelineRegistration<StageOptions>("v4-schedule-pipeline", "kernel to plan: launch order and memory",
                                         buildSchedulePipeline);
}

} // namespace v4

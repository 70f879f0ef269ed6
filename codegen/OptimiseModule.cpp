//===- OptimiseModule.cpp - LLVM's optimiser for kernels ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/OptimiseModule.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Passes/PassBuilder.h"

void v4::optimiseModule(llvm::Module &module, llvm::TargetMachine &machine, bool vectorise) {
  llvm::PipelineTuningOptions tuning;
  // Unrolling runs before the loop vectoriser and destroys 16-lane loops; SLP
  // then repairs them badly.
  tuning.LoopUnrolling = false;
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = false;
  tuning.LoopVectorization = vectorise;
  llvm::PassBuilder passes(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager calls;
  llvm::ModuleAnalysisManager modules;
  // Without library functions nothing turns a loop into memset or memcpy. Must
  // precede registerFunctionAnalyses, which keeps the first registration.
  llvm::TargetLibraryInfoImpl library((llvm::Triple(module.getTargetTriple())));
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(calls);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, calls, modules);
  // Measured on whole plans: -O3 and an aggressive back end take a tenth longer and give no faster kernels.
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

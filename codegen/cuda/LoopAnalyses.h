//===- LoopAnalyses.h - What LLVM knows of a kernel's loops -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_LOOPANALYSES_H
#define V4_CODEGEN_CUDA_LOOPANALYSES_H

#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Module.h"

namespace v4 {

/// Of `kernel` as it was when these were made.
struct LoopAnalyses {
  explicit LoopAnalyses(llvm::Function &kernel)
      : library(llvm::Triple(kernel.getParent()->getTargetTriple())), libraries(library), assumptions(kernel),
        dominators(kernel), loops(dominators), evolution(kernel, libraries, assumptions, dominators, loops) {}

  llvm::TargetLibraryInfoImpl library;
  llvm::TargetLibraryInfo libraries;
  llvm::AssumptionCache assumptions;
  llvm::DominatorTree dominators;
  llvm::LoopInfo loops;
  llvm::ScalarEvolution evolution;
};

} // namespace v4

#endif // V4_CODEGEN_CUDA_LOOPANALYSES_H

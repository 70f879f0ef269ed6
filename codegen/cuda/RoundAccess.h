//===- RoundAccess.h - What the rounds of a loop touch ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_ROUNDACCESS_H
#define V4_CODEGEN_CUDA_ROUNDACCESS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"

#include <optional>

namespace llvm {
class SCEVAddRecExpr;
} // namespace llvm

namespace v4 {

/// Objects that `pointer` may point to.
llvm::SmallVector<const llvm::Value *, 4> placesOf(const llvm::Value *pointer);

/// A load or store in round r of a loop touches bytes [low, high) from start + r * stride of its place at most.
struct RoundAccess {
  const llvm::SCEV *start;
  int64_t stride, low, high;
  bool writes;
};

/// Whether the rounds of a loop are independent.
class LoopRounds {
public:
  LoopRounds(llvm::ScalarEvolution &evolution, const llvm::DominatorTree &dominators)
      : evolution(evolution), dominators(dominators) {}

  /// Whether no round of `loop` stores what another one touches. Scratch in which each round finds only what it has
  /// stored itself does not count: it goes to `own`.
  bool areIndependent(const llvm::Loop &loop, llvm::SmallVectorImpl<llvm::AllocaInst *> &own);

private:
  std::optional<RoundAccess> describe(const llvm::Loop &loop, llvm::Instruction &access);
  bool meet(const RoundAccess &a, const RoundAccess &b, std::optional<uint64_t> rounds);
  bool keepApart(const llvm::Loop &loop, llvm::ArrayRef<llvm::Instruction *> accesses);
  const llvm::SCEVAddRecExpr *innerSteps(const llvm::Loop &loop, llvm::Instruction &access);
  bool isOwnScratch(const llvm::Loop &loop, const llvm::Value *place);
  bool isWrittenBefore(const llvm::Loop &loop, llvm::LoadInst &load, llvm::ArrayRef<llvm::StoreInst *> stores);

  llvm::ScalarEvolution &evolution;
  const llvm::DominatorTree &dominators;
};

/// Rounds of a loop that is entered, where they are known.
std::optional<uint64_t> countRounds(llvm::ScalarEvolution &evolution, const llvm::Loop &loop);

} // namespace v4

#endif // V4_CODEGEN_CUDA_ROUNDACCESS_H

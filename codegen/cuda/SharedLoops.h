//===- SharedLoops.h - Loops that groups of lanes share ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A workgroup is one row, as a rule, and a decode step has one row: so the more threads
// work on it the better. A block has several groups of kSpreadLanes threads:
//
//   outside of shared loops  ->  all groups compute the same, group 0 stores
//   a shared loop            ->  group g has the rounds g, g + groups, g + 2 * groups, ..
//
// A loop is shared when its rounds are independent: it carries nothing, and what a round
// stores no other round touches. So each round computes what it did, and no sum has
// another order. Sums themselves are carried and stay the work of every group.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_SHAREDLOOPS_H
#define V4_CODEGEN_CUDA_SHAREDLOOPS_H

#include "codegen/cuda/LaneForm.h"

#include "llvm/ADT/DenseMap.h"

namespace v4 {

inline constexpr unsigned kWarpThreads = 32;

/// Groups of a block: with one for each scheduler of a processor and two in a warp, there is work for all of it.
inline constexpr unsigned kMostGroups = 8;

struct LaneGroups {
  unsigned count = 1;
  // With more than one:
  llvm::Value *thread = nullptr; ///< Number in the block, i32.
  llvm::Value *mask = nullptr;   ///< Of this group in its warp, i32.
  /// Of blocks within a shared loop its number, from 1.
  llvm::DenseMap<const llvm::BasicBlock *, unsigned> loopOf;
  llvm::SmallVector<const llvm::BasicBlock *> headers; ///< By number - 1.

  unsigned threads() const { return count * kSpreadLanes; }
  unsigned loopNumber(const llvm::BasicBlock *block) const { return loopOf.lookup(block); }
};

/// Shares the loops of `kernel` among as many groups as they are worth. Scratch that a shared loop has for itself is
/// given to each group anew, as far as `scratchLimit` goes.
/// REQUIRES: findLaneObstacle(kernel) is empty; scratch is still on the stack.
LaneGroups shareLoops(llvm::Function &kernel, uint64_t scratchLimit);

} // namespace v4

#endif // V4_CODEGEN_CUDA_SHAREDLOOPS_H

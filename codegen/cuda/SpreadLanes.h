//===- SpreadLanes.h - Vectors of a kernel over a warp ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_SPREADLANES_H
#define V4_CODEGEN_CUDA_SPREADLANES_H

#include "codegen/cuda/SharedLoops.h"

namespace v4 {

/// Vectors longer than the lanes that are only moved become kSpreadLanes wider integers, each of elements that lie one
/// behind the other.
void widenMoves(llvm::Function &kernel);

/// Puts barriers between accesses of different threads to the same memory of which one writes.
/// REQUIRES: findLaneObstacle(kernel) is empty; scratch is still on the stack, a place of its own each.
void placeLaneBarriers(llvm::Function &kernel, const LaneGroups &groups);

/// Makes `kernel` what kSpreadLanes threads of each group of a block run, see LaneForm.h and SharedLoops.h.
/// REQUIRES: placeLaneBarriers has run, and scratch lies in shared memory.
void spreadLanes(llvm::Function &kernel, const LaneGroups &groups);

} // namespace v4

#endif // V4_CODEGEN_CUDA_SPREADLANES_H

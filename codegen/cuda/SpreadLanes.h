//===- SpreadLanes.h - Vectors of a kernel over a warp ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_SPREADLANES_H
#define V4_CODEGEN_CUDA_SPREADLANES_H

#include "codegen/cuda/LaneForm.h"

namespace v4 {

/// Vectors longer than the lanes that are only moved become kSpreadLanes wider integers, each of elements that lie one
/// behind the other.
void widenMoves(llvm::Function &kernel);

/// Puts llvm.nvvm.bar.warp.sync between accesses of different lanes to the same memory of which one writes.
/// REQUIRES: findLaneObstacle(kernel) is empty; scratch is still on the stack, a place of its own each.
void placeLaneBarriers(llvm::Function &kernel);

/// Makes `kernel` what kSpreadLanes threads of a block run, see LaneForm.h.
/// REQUIRES: placeLaneBarriers has run, and scratch lies in shared memory.
void spreadLanes(llvm::Function &kernel);

} // namespace v4

#endif // V4_CODEGEN_CUDA_SPREADLANES_H

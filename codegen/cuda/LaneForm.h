//===- LaneForm.h - Which kernels can lie in lanes --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a decomposition is written for one thread with vectors of up to 16
// elements. Spread over lanes, 16 threads of a warp run it:
//
//   vector<16xf32> %v    ->  thread i holds element i; of shorter vectors the threads
//                            behind the last element hold anything
//   scalar               ->  every thread computes it, and all get the same bits
//   load, store          ->  of a vector: an element a thread; of a scalar: loaded by all,
//                            stored by thread 0
//   shuffle, extract     ->  shfl.sync
//
// Nothing is computed in another order, so the bits are those of one thread. Several such
// groups of threads may share the work of a block: SharedLoops.h.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_LANEFORM_H
#define V4_CODEGEN_CUDA_LANEFORM_H

#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"

#include <string>

namespace v4 {

/// Lanes of the longest vector, threads of a group that runs a spread kernel.
inline constexpr unsigned kSpreadLanes = 16;

/// Why `kernel` must stay the work of one thread, naming the instruction; empty when it can be spread. `scratchLimit`
/// is the shared memory of a block: what all lanes see must lie there.
std::string findLaneObstacle(const llvm::Function &kernel, uint64_t scratchLimit);

/// One call per element: what an intrinsic does to element i depends on element i of its operands alone.
bool isElementwise(const llvm::Instruction &instruction);

/// Parts of each element, when the instruction takes integers apart into that many narrower ones, the lowest first;
/// else 0.
unsigned countParts(const llvm::Instruction &instruction);

/// Whether a vector is read or made.
bool touchesVectors(const llvm::Instruction &instruction);

/// The integer operation of a llvm.vector.reduce intrinsic that has no order; 0 of others. Minima and maxima are
/// intrinsics: `select` is theirs.
struct LaneReduction {
  unsigned opcode = 0; ///< Of a binary operator.
  llvm::Intrinsic::ID select = llvm::Intrinsic::not_intrinsic;
  explicit operator bool() const { return opcode || select != llvm::Intrinsic::not_intrinsic; }
};
LaneReduction laneReductionOf(const llvm::Instruction &instruction);

} // namespace v4

#endif // V4_CODEGEN_CUDA_LANEFORM_H

//===- LaneValues.h - Values of one lane ------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_LANEVALUES_H
#define V4_CODEGEN_CUDA_LANEVALUES_H

#include "codegen/cuda/SharedLoops.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/IR/IRBuilder.h"

namespace v4 {

/// What each lane holds of the vectors of a function, and how lanes give each other values.
class LaneValues {
public:
  using Value = llvm::Value;

  LaneValues(llvm::Function &kernel, const LaneGroups &groups);

  /// Emits in front of `place` from now on.
  llvm::IRBuilder<> &at(llvm::Instruction *place);
  llvm::IRBuilder<> &builder() { return b; }

  /// Number of this lane in its group, an i32.
  Value *index() { return lane; }
  /// Number of this thread among those that run the same where the next instruction comes: in its group, within a
  /// shared loop, else in the block.
  Value *thread();
  bool isOwn(const llvm::Instruction &instruction) const { return &instruction == lane; }

  void set(const Value *vector, Value *value, bool same);
  /// This lane's element; a scalar is the same everywhere. A constant is made in front of `place`, or where at() is.
  Value *of(Value *value, llvm::Instruction *place = nullptr);
  /// Whether all lanes are known to hold the same.
  bool isSame(const Value *value) const;

  /// Element `index` of `vector`, in all lanes.
  Value *element(Value *vector, Value *index);
  /// In lane i element from[i] of `vector`, or anything where that is negative.
  Value *gather(Value *vector, llvm::ArrayRef<int> from);
  /// The `value` of lane `other`, or of the lane whose number differs in the bits `other`.
  Value *exchange(Value *value, Value *other, bool isXor);
  /// Whether this lane is in the set.
  Value *isOneOf(uint32_t lanes);

private:
  Value *constant(llvm::Constant *vector);
  Value *choose(llvm::ArrayRef<llvm::Constant *> perLane);
  Value *numberOf(llvm::ArrayRef<int> perLane);
  Value *exchangeWord(Value *word, Value *other, bool isXor);

  bool isShared() const { return groups.loopNumber(b.GetInsertBlock()) != 0; }

  llvm::IRBuilder<> b;
  const LaneGroups &groups;
  llvm::Instruction *lane;
  llvm::DenseMap<const Value *, Value *> values;
  llvm::DenseSet<const Value *> same;
};

} // namespace v4

#endif // V4_CODEGEN_CUDA_LANEVALUES_H

//===- StepBlock.h - The per-step arrays that kernels read ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The step block of KernelAbi.h: allocated once, filled anew for every step, at
// addresses that never change. `fill` allocates nothing and checks nothing.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_STEPBLOCK_H
#define V4_RUNTIME_EXEC_STEPBLOCK_H

#include "runtime/exec/Placement.h"
#include "runtime/exec/Step.h"
#include "runtime/kv/KvStore.h"
#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanMemory.h"

namespace v4 {

class StepBlock {
public:
  /// `limits.context` counts all positions of a sequence, drafts included.
  static Status create(const plan::Limits &limits, const Placement::Options &options, const Host &host, StepBlock &out);

  /// REQUIRES: the entries fit the limits, no sequence comes twice, and its pages cover its tokens.
  void fill(const BatchEntry *entries, uint64_t count, const KvStore &cache);

  void *field(plan::StepField field) const { return arrays.at(static_cast<size_t>(field)); }
  int64_t count(plan::StepCount which) const { return array<int64_t>(plan::StepField::Counts)[which]; }
  template <typename T>
  T *array(plan::StepField which) const {
    return reinterpret_cast<T *>(field(which));
  }
  uint64_t bytes() const { return arrays.bytes(); }

private:
  void fillSlot(const BatchEntry &entry, int64_t slot, const KvStore &cache);
  void copyPages(const Sequence &sequence, int64_t slot, const KvStore &cache);
  void appendChunks(const BatchEntry &entry, int64_t slot, int64_t ratio, plan::StepCount which,
                    plan::StepField slotField, plan::StepField indexField);

  /// A page table of one serial only grows, so a slot that keeps it needs its new pages alone.
  struct SlotPages {
    uint64_t serial;
    uint32_t pages;
  };

  Placement arrays; ///< By StepField.
  int64_t pagesPerSequence = 0;
  LazyArray<SlotPages> slots;
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_STEPBLOCK_H

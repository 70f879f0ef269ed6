//===- LaneBarriers.cpp - Where lanes wait for each other -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One thread sees its own accesses in their order; those of other lanes only across a
// barrier. Two accesses of a place need one between them when one writes and they may
// be of different lanes. They are of the same lane, whatever the address, when
//  * both store scalars, or vectors of one element: lane 0 does,
//  * both are of whole vectors of elements of one size, at multiples of the vector's size
//    from the start of the place: then the address alone says which lane it is.
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/SpreadLanes.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace v4 {
namespace {

/// Which lane touches an address. Below kOwner + 4: the owner of elements of 1 << (lane - kOwner) bytes.
enum Lane : unsigned { kAnyLane, kZero, kOwner, kLanes = kOwner + 4 };

struct Access {
  SmallVector<unsigned, 2> places;
  Lane lane;
  bool writes;
};

/// Accesses since the last barrier, a bit per place, lane and direction.
class Pending {
public:
  /// True when it grows.
  bool join(const Pending &other) {
    uint64_t grown = 0;
    bits.resize(std::max(bits.size(), other.bits.size()));
    for (size_t i = 0; i < other.bits.size(); ++i) {
      grown |= other.bits[i] & ~bits[i];
      bits[i] |= other.bits[i];
    }
    return grown != 0;
  }
  void add(const Access &access) {
    for (unsigned place : access.places) {
      bits.resize(std::max<size_t>(bits.size(), place + 1));
      bits[place] |= bitOf(access.lane, access.writes);
    }
  }
  /// Whether one of them must be over, for all lanes, before `access`.
  bool conflictsWith(const Access &access) const {
    for (unsigned place : access.places)
      if (place < bits.size() && (bits[place] & ~harmless(access)) != 0)
        return true;
    return false;
  }
  void clear() { bits.clear(); }

private:
  static uint32_t bitOf(unsigned lane, bool writes) { return uint32_t(1) << (2 * lane + writes); }

  /// What may be pending where `access` comes.
  static uint32_t harmless(const Access &access) {
    uint32_t loads = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      loads |= bitOf(lane, false);
    if (!access.writes)
      return loads | (access.lane >= kOwner ? bitOf(access.lane, true) : 0);
    if (access.lane >= kOwner)
      return bitOf(access.lane, true) | bitOf(access.lane, false);
    return access.lane == kZero ? bitOf(kZero, true) : 0;
  }

  SmallVector<uint32_t, 16> bits;
};

class LaneBarriers {
public:
  explicit LaneBarriers(Function &kernel)
      : kernel(kernel), library(Triple(kernel.getParent()->getTargetTriple())), libraries(library), assumptions(kernel),
        dominators(kernel), loops(dominators), evolution(kernel, libraries, assumptions, dominators, loops) {}

  void run() {
    collect();
    // Each barrier takes away conflicts behind it: one at a time, in the order of execution.
    while (Instruction *conflict = findConflict())
      insertBefore(hoisted(conflict));
  }

private:
  void collect() {
    MapVector<const Value *, unsigned> places;
    for (Instruction &instruction : instructions(kernel))
      if (auto *store = dyn_cast<StoreInst>(&instruction))
        for (const Value *place : placesOf(store->getPointerOperand()))
          places.insert({place, places.size()});
    for (Instruction &instruction : instructions(kernel)) {
      const Value *pointer = getLoadStorePointerOperand(&instruction);
      if (!pointer)
        continue;
      Access access{{}, laneOf(instruction, pointer), isa<StoreInst>(instruction)};
      // Nothing can go wrong where nobody writes.
      for (const Value *place : placesOf(pointer))
        if (auto found = places.find(place); found != places.end())
          access.places.push_back(found->second);
      if (!access.places.empty())
        accesses.try_emplace(&instruction, std::move(access));
    }
  }

  static SmallVector<const Value *, 4> placesOf(const Value *pointer) {
    SmallVector<const Value *, 4> places;
    getUnderlyingObjects(pointer, places, nullptr, /*MaxLookup=*/0);
    return places;
  }

  Lane laneOf(Instruction &instruction, const Value *pointer) {
    auto *type = dyn_cast<FixedVectorType>(getLoadStoreType(&instruction));
    if (!type || type->getNumElements() == 1)
      return isa<StoreInst>(instruction) ? kZero : kAnyLane;
    uint64_t size = kernel.getParent()->getDataLayout().getTypeStoreSize(type->getElementType());
    if (type->getNumElements() != kSpreadLanes || placesOf(pointer).size() != 1)
      return kAnyLane;
    const SCEV *offset = evolution.removePointerBase(evolution.getSCEV(const_cast<Value *>(pointer)));
    if (evolution.getPointerBase(evolution.getSCEV(const_cast<Value *>(pointer))) !=
        evolution.getSCEV(const_cast<Value *>(placesOf(pointer).front())))
      return kAnyLane;
    return evolution.getConstantMultiple(offset).urem(kSpreadLanes * size) == 0 ? Lane(kOwner + Log2_64(size))
                                                                                : kAnyLane;
  }

  bool isBarrier(const Instruction &instruction) const { return barriers.contains(&instruction); }

  /// The first access, in reverse postorder, that needs a barrier in front.
  Instruction *findConflict() {
    DenseMap<BasicBlock *, Pending> before;
    ReversePostOrderTraversal<Function *> order(&kernel);
    for (bool grown = true; grown;) {
      grown = false;
      for (BasicBlock *block : order) {
        Pending pending = before[block];
        for (Instruction &instruction : *block)
          step(instruction, pending);
        for (BasicBlock *next : successors(block))
          grown |= before[next].join(pending);
      }
    }
    for (BasicBlock *block : order) {
      Pending pending = before[block];
      for (Instruction &instruction : *block) {
        auto found = accesses.find(&instruction);
        if (found != accesses.end() && pending.conflictsWith(found->second))
          return &instruction;
        step(instruction, pending);
      }
    }
    return nullptr;
  }

  void step(Instruction &instruction, Pending &pending) {
    if (isBarrier(instruction))
      return pending.clear();
    auto found = accesses.find(&instruction);
    if (found != accesses.end())
      pending.add(found->second);
  }

  /// In front of the outermost loop around `conflict` that has nothing itself for which it must wait.
  Instruction *hoisted(Instruction *conflict) {
    Instruction *place = conflict;
    const Access &access = accesses.find(conflict)->second;
    for (Loop *loop = loops.getLoopFor(conflict->getParent()); loop; loop = loop->getParentLoop()) {
      Pending inside;
      for (BasicBlock *block : loop->blocks())
        for (Instruction &instruction : *block)
          if (auto found = accesses.find(&instruction); found != accesses.end())
            inside.add(found->second);
      if (inside.conflictsWith(access) || !loop->getLoopPreheader())
        break;
      place = loop->getLoopPreheader()->getTerminator();
    }
    return place;
  }

  void insertBefore(Instruction *place) {
    IRBuilder<> b(place);
    barriers.insert(b.CreateIntrinsic(Intrinsic::nvvm_bar_warp_sync, {b.getInt32((1u << kSpreadLanes) - 1)}));
  }

  Function &kernel;
  TargetLibraryInfoImpl library;
  TargetLibraryInfo libraries;
  AssumptionCache assumptions;
  DominatorTree dominators;
  LoopInfo loops;
  ScalarEvolution evolution;
  DenseMap<const Instruction *, Access> accesses;
  SmallPtrSet<const Instruction *, 16> barriers;
};

} // namespace

void placeLaneBarriers(Function &kernel) { LaneBarriers(kernel).run(); }

} // namespace v4

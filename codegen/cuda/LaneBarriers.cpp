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
// Where a block has several groups of lanes (SharedLoops.h) that is so within a group. What
// one group stores and another one touches needs a barrier of the whole block, outside of
// shared loops: group 0 stores outside of them, and in two of them, or outside and in one,
// any two groups may meet. In one loop no group touches what another one stores.
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/LoopAnalyses.h"
#include "codegen/cuda/RoundAccess.h"
#include "codegen/cuda/SpreadLanes.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsNVPTX.h"

using namespace llvm;

namespace v4 {
namespace {

/// Which lane touches an address. Below kOwner + 4: the owner of elements of 1 << (lane - kOwner) bytes.
enum Lane : unsigned { kAnyLane, kZero, kOwner, kLanes = kOwner + 4 };

/// Who waits at a barrier.
enum class Meeting { Lanes, Groups };

struct Access {
  SmallVector<unsigned, 2> places;
  Lane lane;
  bool writes;
  unsigned loop; ///< Number of the shared loop around it, 0 for none.
};

/// Accesses since the last barrier: of each place a bit for each kind, and direction.
class Pending {
public:
  explicit Pending(Meeting meeting = Meeting::Lanes) : meeting(meeting) {}

  /// True when it grows.
  bool join(const Pending &other) {
    uint32_t grown = 0;
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
      bits[place] |= bitOf(kindOf(access), access.writes);
    }
  }
  /// Whether one of them must be over, for all who meet, before `access`.
  bool conflictsWith(const Access &access) const {
    uint32_t harmless = meeting == Meeting::Lanes ? harmlessLanes(access) : harmlessGroups(access);
    for (unsigned place : access.places)
      if (place < bits.size() && (bits[place] & ~harmless) != 0)
        return true;
    return false;
  }
  void clear() { bits.clear(); }
  /// Whoever comes next to the loop may find rounds of other groups.
  void leaveLoop() {
    for (uint32_t &of : bits) {
      for (bool writes : {false, true})
        of |= of & bitOf(kRound, writes) ? bitOf(kEarlierRound, writes) : 0;
      of &= ~(bitOf(kRound, true) | bitOf(kRound, false));
    }
  }

private:
  /// Of groups that meet: rounds of the shared loop that runs, and of those that have run. Behind the lanes.
  static constexpr unsigned kRound = kLanes, kEarlierRound = kLanes + 1;
  static constexpr uint32_t kLoads = 0x55555555;

  static uint32_t bitOf(unsigned kind, bool writes) { return uint32_t(1) << (2 * kind + writes); }
  unsigned kindOf(const Access &access) const {
    return meeting == Meeting::Groups && access.loop ? kRound : access.lane;
  }

  /// What may be pending where `access` comes.
  static uint32_t harmlessLanes(const Access &access) {
    if (!access.writes)
      return kLoads | (access.lane >= kOwner ? bitOf(access.lane, true) : 0);
    if (access.lane >= kOwner)
      return bitOf(access.lane, true) | bitOf(access.lane, false);
    return access.lane == kZero ? bitOf(kZero, true) : 0;
  }
  /// The same where all groups run what only group 0 stores.
  uint32_t harmlessGroups(const Access &access) const {
    unsigned kind = kindOf(access);
    if (access.loop)
      return bitOf(kind, true) | (access.writes ? bitOf(kind, false) : kLoads);
    if (!access.writes)
      return kLoads;
    return access.lane != kAnyLane ? bitOf(kind, true) : 0;
  }

  Meeting meeting;
  SmallVector<uint32_t, 16> bits;
};

class LaneBarriers : LoopAnalyses {
public:
  LaneBarriers(Function &kernel, const LaneGroups &groups) : LoopAnalyses(kernel), kernel(kernel), groups(groups) {}

  void run() {
    collect();
    if (groups.count == 1)
      return place(Meeting::Lanes, 0);
    place(Meeting::Groups, 0);
    for (unsigned loop = 1; loop <= groups.headers.size(); ++loop)
      place(Meeting::Lanes, loop);
  }

private:
  /// Each barrier takes away conflicts behind it: one at a time, in the order of execution. Of lanes of several groups
  /// only those in the shared loop `within`.
  void place(Meeting who, unsigned loop) {
    meeting = who;
    within = loop;
    while (Instruction *conflict = findConflict())
      insertBefore(hoisted(conflict));
  }

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
      Access access{
          {}, laneOf(instruction, pointer), isa<StoreInst>(instruction), groups.loopNumber(instruction.getParent())};
      // Nothing can go wrong where nobody writes.
      for (const Value *place : placesOf(pointer))
        if (auto found = places.find(place); found != places.end())
          access.places.push_back(found->second);
      if (!access.places.empty())
        accesses.try_emplace(&instruction, std::move(access));
    }
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

  bool isInside(const BasicBlock *block) const { return within == 0 || groups.loopNumber(block) == within; }

  /// The first access, in reverse postorder, that needs a barrier in front.
  Instruction *findConflict() {
    DenseMap<BasicBlock *, Pending> before;
    ReversePostOrderTraversal<Function *> all(&kernel);
    SmallVector<BasicBlock *> order;
    for (BasicBlock *block : all)
      if (isInside(block)) {
        order.push_back(block);
        before.try_emplace(block, meeting);
      }
    for (bool grown = true; grown;) {
      grown = false;
      for (BasicBlock *block : order) {
        Pending pending = before[block];
        for (Instruction &instruction : *block)
          step(instruction, pending);
        for (BasicBlock *next : successors(block)) {
          Pending behind = pending;
          if (groups.loopNumber(block) != groups.loopNumber(next))
            behind.leaveLoop();
          if (isInside(next))
            grown |= before[next].join(behind);
        }
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

  /// In front of the outermost loop around `conflict` that has nothing itself for which it must wait. Groups wait
  /// outside of the loops that they share, their lanes within.
  Instruction *hoisted(Instruction *conflict) {
    Instruction *place = conflict;
    const Access &access = accesses.find(conflict)->second;
    Loop *loop = loops.getLoopFor(conflict->getParent());
    if (meeting == Meeting::Groups && access.loop) {
      Loop *shared = loops.getLoopFor(groups.headers[access.loop - 1]);
      place = shared->getLoopPredecessor()->getTerminator();
      loop = shared->getParentLoop();
    }
    for (; loop && !(within && loop->getHeader() == groups.headers[within - 1]); loop = loop->getParentLoop()) {
      Pending inside(meeting);
      for (BasicBlock *block : loop->blocks())
        for (Instruction &instruction : *block)
          if (auto found = accesses.find(&instruction); found != accesses.end())
            inside.add(found->second);
      inside.leaveLoop();
      if (inside.conflictsWith(access) || !loop->getLoopPreheader())
        break;
      place = loop->getLoopPreheader()->getTerminator();
    }
    return place;
  }

  void insertBefore(Instruction *place) {
    IRBuilder<> b(place);
    constexpr int kGroup = (1 << kSpreadLanes) - 1, kWarp = -1;
    if (meeting == Meeting::Groups && groups.threads() > kWarpThreads) {
      barriers.insert(b.CreateIntrinsic(Intrinsic::nvvm_barrier_cta_sync_aligned_all, {b.getInt32(0)}));
      return;
    }
    Value *mask = within ? groups.mask : b.getInt32(meeting == Meeting::Groups ? kWarp : kGroup);
    barriers.insert(b.CreateIntrinsic(Intrinsic::nvvm_bar_warp_sync, {mask}));
  }

  Function &kernel;
  const LaneGroups &groups;
  Meeting meeting = Meeting::Lanes;
  unsigned within = 0;
  DenseMap<const Instruction *, Access> accesses;
  SmallPtrSet<const Instruction *, 16> barriers;
};

} // namespace

void placeLaneBarriers(Function &kernel, const LaneGroups &groups) { LaneBarriers(kernel, groups).run(); }

} // namespace v4

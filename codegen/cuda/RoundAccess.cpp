//===- RoundAccess.cpp - What the rounds of a loop touch ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/RoundAccess.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace v4 {

SmallVector<const Value *, 4> placesOf(const Value *pointer) {
  SmallVector<const Value *, 4> places;
  getUnderlyingObjects(pointer, places, nullptr, /*MaxLookup=*/0);
  return places;
}

std::optional<uint64_t> countRounds(ScalarEvolution &evolution, const Loop &loop) {
  auto *last = dyn_cast<SCEVConstant>(evolution.getBackedgeTakenCount(&loop));
  if (!last || last->getAPInt().getActiveBits() > 32)
    return std::nullopt;
  return last->getAPInt().getZExtValue() + 1;
}

namespace {

using WrittenPlaces = MapVector<const Value *, SmallVector<Instruction *>>;

/// Beyond it sums of offsets might not fit.
constexpr int64_t kMostStride = int64_t(1) << 24;

std::optional<int64_t> smallConstant(const SCEV *value) {
  auto *constant = dyn_cast<SCEVConstant>(value);
  if (!constant || constant->getAPInt().getSignificantBits() > 62)
    return std::nullopt;
  return constant->getAPInt().getSExtValue();
}

bool touchesMemory(const Instruction &instruction) {
  return instruction.mayReadOrWriteMemory() && !isa<AssumeInst, DbgInfoIntrinsic, NoAliasScopeDeclInst>(instruction);
}

} // namespace

/// Inner loops widen the range that the round touches.
std::optional<RoundAccess> LoopRounds::describe(const Loop &loop, Instruction &access) {
  Value *pointer = getLoadStorePointerOperand(&access);
  SmallVector<const Value *, 4> places = placesOf(pointer);
  const SCEV *address = evolution.getSCEV(pointer);
  if (places.size() != 1 || evolution.getPointerBase(address) != evolution.getSCEV(const_cast<Value *>(places.front())))
    return std::nullopt;
  uint64_t bytes = access.getModule()->getDataLayout().getTypeStoreSize(getLoadStoreType(&access));
  RoundAccess result{evolution.removePointerBase(address), 0, 0, int64_t(bytes), isa<StoreInst>(access)};
  while (auto *steps = dyn_cast<SCEVAddRecExpr>(result.start)) {
    if (steps->getLoop() != &loop && !loop.contains(steps->getLoop()))
      break;
    std::optional<int64_t> by = smallConstant(steps->getStepRecurrence(evolution));
    if (!steps->isAffine() || !by || std::abs(*by) > kMostStride)
      return std::nullopt;
    result.start = steps->getStart();
    if (steps->getLoop() == &loop) {
      result.stride = *by;
      continue;
    }
    std::optional<int64_t> most = smallConstant(evolution.getConstantMaxBackedgeTakenCount(steps->getLoop()));
    if (!most || *most < 0 || *most > kMostStride)
      return std::nullopt;
    (*by < 0 ? result.low : result.high) += *by * *most;
  }
  if (!evolution.isLoopInvariant(result.start, &loop))
    return std::nullopt;
  return result;
}

/// Whether two different rounds may touch one byte, one by `a` and the other by `b`.
bool LoopRounds::meet(const RoundAccess &a, const RoundAccess &b, std::optional<uint64_t> rounds) {
  std::optional<int64_t> apart = smallConstant(evolution.getMinusSCEV(b.start, a.start));
  if (!apart)
    return true;
  // Round r of `a` and r + m of `b` meet where below < m * stride < above.
  int64_t below = a.low - *apart - b.high, above = a.high - *apart - b.low, most = rounds ? int64_t(*rounds) - 1 : 0;
  if (a.stride != b.stride) {
    if (!rounds)
      return true;
    auto whole = [&](const RoundAccess &access) {
      int64_t end = access.stride * most;
      return std::pair(access.low + std::min<int64_t>(0, end), access.high + std::max<int64_t>(0, end));
    };
    auto [firstA, endA] = whole(a);
    auto [firstB, endB] = whole(b);
    return firstA < *apart + endB && *apart + firstB < endA;
  }
  int64_t stride = std::abs(a.stride);
  if (stride == 0)
    return below < 0 && 0 < above;
  auto floorDiv = [](int64_t value, int64_t by) { return value / by - (value % by < 0); };
  int64_t first = floorDiv(below, stride) + 1, last = -floorDiv(-above, stride) - 1;
  if (rounds) {
    first = std::max(first, -most);
    last = std::min(last, most);
  }
  return first <= last && (first != 0 || last != 0);
}

/// The address that a loop within `loop` steps through, once in each of its rounds; null of other accesses.
const SCEVAddRecExpr *LoopRounds::innerSteps(const Loop &loop, Instruction &access) {
  auto *steps = dyn_cast<SCEVAddRecExpr>(evolution.getSCEV(getLoadStorePointerOperand(&access)));
  if (!steps || !steps->isAffine() || steps->getLoop()->getParentLoop() != &loop)
    return nullptr;
  BasicBlock *latch = steps->getLoop()->getLoopLatch();
  bool always =
      latch && steps->getLoop()->getExitingBlock() == latch && dominators.dominates(access.getParent(), latch);
  return always || isa<LoadInst>(access) ? steps : nullptr;
}

/// The same place was stored in this round: at the same address, or all of it by a loop of the same steps.
bool LoopRounds::isWrittenBefore(const Loop &loop, LoadInst &load, ArrayRef<StoreInst *> stores) {
  const SCEV *address = evolution.getSCEV(load.getPointerOperand());
  const SCEVAddRecExpr *reads = innerSteps(loop, load);
  return any_of(stores, [&](StoreInst *store) {
    if (store->getValueOperand()->getType() != load.getType())
      return false;
    if (evolution.getSCEV(store->getPointerOperand()) == address && dominators.dominates(store, &load))
      return true;
    const SCEVAddRecExpr *writes = innerSteps(loop, *store);
    if (!reads || !writes || reads->getLoop() == writes->getLoop())
      return false;
    const SCEV *rounds = evolution.getBackedgeTakenCount(writes->getLoop());
    return writes->getStart() == reads->getStart() &&
           writes->getStepRecurrence(evolution) == reads->getStepRecurrence(evolution) &&
           !isa<SCEVCouldNotCompute>(rounds) && rounds == evolution.getBackedgeTakenCount(reads->getLoop()) &&
           dominators.dominates(writes->getLoop()->getLoopLatch(), reads->getLoop()->getHeader());
  });
}

bool LoopRounds::isOwnScratch(const Loop &loop, const Value *place) {
  auto *scratch = dyn_cast<AllocaInst>(place);
  if (!scratch || !scratch->isStaticAlloca())
    return false;
  SmallVector<LoadInst *> loads;
  SmallVector<StoreInst *> stores;
  for (Instruction &instruction : instructions(*const_cast<Function *>(scratch->getFunction()))) {
    const Value *pointer = getLoadStorePointerOperand(&instruction);
    if (!pointer || !is_contained(placesOf(pointer), place))
      continue;
    if (!loop.contains(&instruction) || placesOf(pointer).size() != 1)
      return false;
    if (auto *load = dyn_cast<LoadInst>(&instruction))
      loads.push_back(load);
    else
      stores.push_back(cast<StoreInst>(&instruction));
  }
  return all_of(loads, [&](LoadInst *load) { return isWrittenBefore(loop, *load, stores); });
}

/// By place that the loop stores to all accesses of it; none where memory is touched in another way.
static std::optional<WrittenPlaces> collectWritten(const Loop &loop) {
  WrittenPlaces written;
  for (BasicBlock *block : loop.blocks())
    for (Instruction &instruction : *block) {
      if (!isa<LoadInst, StoreInst>(instruction) && touchesMemory(instruction))
        return std::nullopt;
      if (auto *store = dyn_cast<StoreInst>(&instruction))
        for (const Value *place : placesOf(store->getPointerOperand()))
          written.insert({place, {}});
    }
  for (BasicBlock *block : loop.blocks())
    for (Instruction &instruction : *block)
      if (const Value *pointer = getLoadStorePointerOperand(&instruction))
        for (const Value *place : placesOf(pointer))
          if (auto found = written.find(place); found != written.end())
            found->second.push_back(&instruction);
  return written;
}

/// Whether no round stores what another one touches by `accesses`, all those of one place.
bool LoopRounds::keepApart(const Loop &loop, ArrayRef<Instruction *> accesses) {
  std::optional<uint64_t> rounds = countRounds(evolution, loop);
  SmallVector<RoundAccess> list;
  for (Instruction *access : accesses) {
    std::optional<RoundAccess> described = describe(loop, *access);
    if (!described)
      return false;
    list.push_back(*described);
  }
  for (const RoundAccess &a : list)
    for (const RoundAccess &b : list)
      if ((a.writes || b.writes) && meet(a, b, rounds))
        return false;
  return true;
}

bool LoopRounds::areIndependent(const Loop &loop, SmallVectorImpl<AllocaInst *> &own) {
  std::optional<WrittenPlaces> written = collectWritten(loop);
  if (!written)
    return false;
  for (auto &[place, accesses] : *written) {
    if (isOwnScratch(loop, place))
      own.push_back(const_cast<AllocaInst *>(cast<AllocaInst>(place)));
    else if (!keepApart(loop, accesses))
      return false;
  }
  return true;
}

} // namespace v4

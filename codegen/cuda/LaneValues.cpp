//===- LaneValues.cpp - Values of one lane --------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/LaneValues.h"

#include "llvm/IR/ConstantRange.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IntrinsicsNVPTX.h"

using namespace llvm;

namespace v4 {
namespace {

/// Lanes of a block's only group.
constexpr int kAllLanes = (1 << kSpreadLanes) - 1;
constexpr int kWholeWarp = -1;

/// PTX: the highest lane, and above eight bits those of a lane's number that stay: segments are the warp, or the groups
/// of one.
constexpr uint32_t kOneSegment = 31, kGroupSegments = kSpreadLanes << 8 | 31;

} // namespace

LaneValues::LaneValues(Function &kernel, const LaneGroups &groups) : b(kernel.getContext()), groups(groups) {
  if (groups.count > 1) {
    b.SetInsertPoint(cast<Instruction>(groups.thread)->getNextNode());
    lane = cast<Instruction>(b.CreateAnd(groups.thread, b.getInt32(kSpreadLanes - 1)));
    return;
  }
  b.SetInsertPoint(&kernel.getEntryBlock(), kernel.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  CallInst *thread = b.CreateIntrinsic(Intrinsic::nvvm_read_ptx_sreg_tid_x, {});
  thread->addRangeRetAttr(ConstantRange(APInt(32, 0), APInt(32, kSpreadLanes)));
  lane = thread;
}

Value *LaneValues::thread() { return groups.count > 1 && !isShared() ? groups.thread : lane; }

IRBuilder<> &LaneValues::at(Instruction *place) {
  b.SetInsertPoint(place);
  return b;
}

void LaneValues::set(const Value *vector, Value *value, bool isSame) {
  values[vector] = value;
  if (isSame)
    same.insert(vector);
}

Value *LaneValues::of(Value *value, Instruction *place) {
  if (!value->getType()->isVectorTy())
    return value;
  auto *vector = dyn_cast<Constant>(value);
  if (!vector)
    return values.lookup(value);
  IRBuilder<>::InsertPointGuard guard(b);
  if (place)
    b.SetInsertPoint(place);
  return constant(vector);
}

bool LaneValues::isSame(const Value *value) const {
  if (!value->getType()->isVectorTy() || same.contains(value))
    return true;
  auto *vector = dyn_cast<Constant>(value);
  return vector && vector->getSplatValue();
}

Value *LaneValues::constant(Constant *vector) {
  if (Constant *splat = vector->getSplatValue(/*AllowPoison=*/true))
    return splat;
  unsigned count = cast<FixedVectorType>(vector->getType())->getNumElements();
  SmallVector<Constant *> perLane;
  for (unsigned i = 0; i < kSpreadLanes; ++i)
    perLane.push_back(vector->getAggregateElement(i % count));
  return choose(perLane);
}

/// A tree of selects on the bits of the lane's number, the highest at the root, without those that choose nothing.
Value *LaneValues::choose(ArrayRef<Constant *> perLane) {
  if (all_equal(perLane))
    return perLane.front();
  ArrayRef<Constant *> lower = perLane.take_front(perLane.size() / 2), upper = perLane.drop_front(perLane.size() / 2);
  Value *low = choose(lower);
  if (lower == upper)
    return low;
  Value *high = choose(upper), *bit = b.CreateAnd(lane, b.getInt32(perLane.size() / 2));
  return b.CreateSelect(b.CreateICmpEQ(bit, b.getInt32(0)), low, high);
}

Value *LaneValues::numberOf(ArrayRef<int> perLane) {
  // Four bits a lane.
  uint64_t packed = 0;
  for (auto [i, number] : enumerate(perLane))
    packed |= uint64_t(number < 0 ? 0 : number) << 4 * i;
  Value *shift = b.CreateZExt(b.CreateShl(lane, b.getInt32(2)), b.getInt64Ty());
  return b.CreateAnd(b.CreateTrunc(b.CreateLShr(b.getInt64(packed), shift), b.getInt32Ty()), b.getInt32(15));
}

Value *LaneValues::isOneOf(uint32_t lanes) {
  return b.CreateTrunc(b.CreateLShr(b.getInt32(lanes), lane), b.getInt1Ty());
}

Value *LaneValues::element(Value *vector, Value *index) {
  Value *value = of(vector);
  if (isSame(vector))
    return value;
  return exchange(value, b.CreateZExtOrTrunc(index, b.getInt32Ty()), /*isXor=*/false);
}

Value *LaneValues::gather(Value *vector, ArrayRef<int> from) {
  Value *value = of(vector);
  if (isSame(vector))
    return value;
  int first = -1, difference = -1;
  bool oneLane = true, oneXor = true;
  for (int i = 0; i < int(from.size()); ++i) {
    if (from[i] < 0)
      continue;
    oneLane &= first < 0 || first == from[i];
    oneXor &= difference < 0 || difference == (from[i] ^ i);
    first = from[i];
    difference = from[i] ^ i;
  }
  if (oneXor)
    return difference <= 0 ? value : exchange(value, b.getInt32(difference), /*isXor=*/true);
  return exchange(value, oneLane ? b.getInt32(first) : numberOf(from), /*isXor=*/false);
}

Value *LaneValues::exchangeWord(Value *word, Value *other, bool isXor) {
  bool isFloat = word->getType()->isFloatTy();
  Intrinsic::ID id = isFloat ? (isXor ? Intrinsic::nvvm_shfl_sync_bfly_f32 : Intrinsic::nvvm_shfl_sync_idx_f32)
                             : (isXor ? Intrinsic::nvvm_shfl_sync_bfly_i32 : Intrinsic::nvvm_shfl_sync_idx_i32);
  // All of a group take part, always: nothing that they exchange depends on the lane. Groups of a warp go their own
  // ways only within shared loops.
  Value *mask = groups.count == 1 ? b.getInt32(kAllLanes) : isShared() ? groups.mask : b.getInt32(kWholeWarp);
  return b.CreateIntrinsic(id, {mask, word, other, b.getInt32(groups.count == 1 ? kOneSegment : kGroupSegments)});
}

Value *LaneValues::exchange(Value *value, Value *other, bool isXor) {
  Type *type = value->getType();
  if (type->isFloatTy() || type->isIntegerTy(32))
    return exchangeWord(value, other, isXor);
  unsigned bits = type->isPointerTy() ? 64 : type->getPrimitiveSizeInBits();
  Type *integer = b.getIntNTy(bits);
  Value *raw = type->isPointerTy() ? b.CreatePtrToInt(value, integer) : b.CreateBitCast(value, integer);
  if (bits < 32) {
    raw = b.CreateTrunc(exchangeWord(b.CreateZExt(raw, b.getInt32Ty()), other, isXor), integer);
  } else {
    Value *low = exchangeWord(b.CreateTrunc(raw, b.getInt32Ty()), other, isXor);
    Value *high = exchangeWord(b.CreateTrunc(b.CreateLShr(raw, 32), b.getInt32Ty()), other, isXor);
    raw = b.CreateOr(b.CreateZExt(low, integer), b.CreateShl(b.CreateZExt(high, integer), 32));
  }
  return type->isPointerTy() ? b.CreateIntToPtr(raw, type) : b.CreateBitCast(raw, type);
}

} // namespace v4

//===- LaneForm.cpp - Which kernels can lie in lanes ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/LaneForm.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Analysis/VectorUtils.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace v4 {
namespace {

/// Elements that a register of a thread, or two, can hold and that lie in memory one behind the other.
bool hasLaneElements(const FixedVectorType *type) {
  Type *element = type->getElementType();
  if (element->isPointerTy() || element->isFloatTy() || element->isDoubleTy() || element->isBFloatTy() ||
      element->isHalfTy())
    return true;
  return element->isIntegerTy(1) || element->isIntegerTy(8) || element->isIntegerTy(16) || element->isIntegerTy(32) ||
         element->isIntegerTy(64);
}

bool fits(const Type *type) {
  if (auto *vector = dyn_cast<FixedVectorType>(type))
    return vector->getNumElements() <= kSpreadLanes && hasLaneElements(vector);
  return type->isSingleValueType() || type->isVoidTy();
}

/// Every place that `pointer` may point to is known: bindings and scratch.
bool hasKnownPlaces(const Value *pointer) {
  SmallVector<const Value *, 4> places;
  getUnderlyingObjects(pointer, places, nullptr, /*MaxLookup=*/0);
  return all_of(places, [](const Value *place) {
    return isa<Argument, AllocaInst, UndefValue>(place) ||
           (isa<GlobalVariable>(place) && cast<GlobalVariable>(place)->isConstant());
  });
}

/// A scalar is in every lane.
bool fillsLanes(const Type *type) {
  auto *vector = dyn_cast<FixedVectorType>(type);
  return !vector || vector->getNumElements() == kSpreadLanes;
}

bool isBitMemory(const Type *type) { return type->isIntOrIntVectorTy(1) && type->isVectorTy(); }

bool canSpreadMemory(const Instruction &instruction) {
  if (auto *load = dyn_cast<LoadInst>(&instruction))
    return load->isSimple() && !isBitMemory(load->getType()) && hasKnownPlaces(load->getPointerOperand());
  auto *store = cast<StoreInst>(&instruction);
  return store->isSimple() && !isBitMemory(store->getValueOperand()->getType()) &&
         !store->getValueOperand()->getType()->isPointerTy() && hasKnownPlaces(store->getPointerOperand());
}

bool canSpreadCall(const CallInst &call) {
  if (isa<DbgInfoIntrinsic, LifetimeIntrinsic, AssumeInst, NoAliasScopeDeclInst>(call))
    return true;
  auto *intrinsic = dyn_cast<IntrinsicInst>(&call);
  if (!intrinsic)
    return false;
  if (touchesVectors(call)) {
    if (laneReductionOf(call))
      return isPowerOf2_32(cast<FixedVectorType>(call.getArgOperand(0)->getType())->getNumElements());
    return isElementwise(call);
  }
  return !call.mayReadOrWriteMemory() && !call.isConvergent();
}

bool canSpread(const Instruction &instruction) {
  auto fitsHere = [](const Value *value) {
    return value->getType()->isLabelTy() || value->getType()->isMetadataTy() || fits(value->getType());
  };
  if (!isa<CallInst>(instruction) &&
      !all_of(instruction.operands(), [&](const Use &use) { return fitsHere(use.get()); }))
    return false;
  if (isa<LoadInst, StoreInst>(instruction))
    return fits(instruction.getType()) && canSpreadMemory(instruction);
  if (auto *call = dyn_cast<CallInst>(&instruction))
    return canSpreadCall(*call) && fits(call->getType()) &&
           all_of(call->args(), [&](const Use &use) { return fitsHere(use.get()); });
  if (isa<AllocaInst>(instruction))
    return true;
  if (instruction.mayReadOrWriteMemory() || instruction.isEHPad() || !fits(instruction.getType()))
    return false;
  // Lanes behind the last element divide by anything.
  if (instruction.isIntDivRem() && !fillsLanes(instruction.getType()))
    return false;
  return !touchesVectors(instruction) || isElementwise(instruction) || countParts(instruction) ||
         isa<ExtractElementInst, InsertElementInst, ShuffleVectorInst>(instruction);
}

std::string textOf(const Instruction &instruction) {
  std::string text;
  raw_string_ostream(text) << instruction;
  return StringRef(text).trim().str();
}

} // namespace

bool touchesVectors(const Instruction &instruction) {
  return instruction.getType()->isVectorTy() ||
         any_of(instruction.operands(), [](const Use &use) { return use->getType()->isVectorTy(); });
}

bool isElementwise(const Instruction &instruction) {
  if (auto *cast = dyn_cast<CastInst>(&instruction)) {
    auto *from = dyn_cast<FixedVectorType>(cast->getSrcTy()), *to = dyn_cast<FixedVectorType>(cast->getDestTy());
    return from && to && from->getNumElements() == to->getNumElements();
  }
  if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
    return instruction.getType()->isVectorTy() && isTriviallyVectorizable(intrinsic->getIntrinsicID());
  return instruction.getType()->isVectorTy() &&
         isa<UnaryOperator, BinaryOperator, CmpInst, SelectInst, FreezeInst, PHINode, GetElementPtrInst>(instruction);
}

unsigned countParts(const Instruction &instruction) {
  auto *cast = dyn_cast<BitCastInst>(&instruction);
  auto *from = cast ? dyn_cast<FixedVectorType>(cast->getSrcTy()) : nullptr;
  auto *to = cast ? dyn_cast<FixedVectorType>(cast->getDestTy()) : nullptr;
  if (!from || !to || !from->isIntOrIntVectorTy() || !to->isIntOrIntVectorTy() ||
      to->getNumElements() <= from->getNumElements())
    return 0;
  return to->getNumElements() / from->getNumElements();
}

LaneReduction laneReductionOf(const Instruction &instruction) {
  auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction);
  switch (intrinsic ? intrinsic->getIntrinsicID() : Intrinsic::not_intrinsic) {
  case Intrinsic::vector_reduce_add:
    return {Instruction::Add};
  case Intrinsic::vector_reduce_and:
    return {Instruction::And};
  case Intrinsic::vector_reduce_or:
    return {Instruction::Or};
  case Intrinsic::vector_reduce_xor:
    return {Instruction::Xor};
  case Intrinsic::vector_reduce_smax:
    return {0, Intrinsic::smax};
  case Intrinsic::vector_reduce_smin:
    return {0, Intrinsic::smin};
  case Intrinsic::vector_reduce_umax:
    return {0, Intrinsic::umax};
  case Intrinsic::vector_reduce_umin:
    return {0, Intrinsic::umin};
  default:
    return {};
  }
}

std::string findLaneObstacle(const Function &kernel, uint64_t scratchLimit) {
  const DataLayout &layout = kernel.getParent()->getDataLayout();
  bool hasVectors = false;
  uint64_t scratch = 0;
  for (const Instruction &instruction : instructions(kernel)) {
    if (!canSpread(instruction))
      return "no lanes for '" + textOf(instruction) + "'";
    hasVectors |= touchesVectors(instruction);
    if (auto *alloca = dyn_cast<AllocaInst>(&instruction)) {
      std::optional<TypeSize> size = alloca->getAllocationSize(layout);
      scratch += size ? alignTo(size->getFixedValue(), 64) : scratchLimit + 1;
    }
  }
  if (scratch > scratchLimit)
    return "scratch of " + std::to_string(scratch) + " bytes, a block has " + std::to_string(scratchLimit);
  return hasVectors ? "" : "it has no vectors";
}

} // namespace v4

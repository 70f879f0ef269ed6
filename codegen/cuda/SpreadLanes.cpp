//===- SpreadLanes.cpp - Vectors of a kernel over a warp ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/SpreadLanes.h"
#include "codegen/cuda/LaneValues.h"

#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

using namespace llvm;

namespace v4 {
namespace {

class LaneSpreader {
public:
  LaneSpreader(Function &kernel, const LaneGroups &groups) : kernel(kernel), groups(groups), lanes(kernel, groups) {}

  void run() {
    // Definitions come before uses but for those of phis, whose operands wait for the end.
    ReversePostOrderTraversal<Function *> order(&kernel);
    SmallVector<Instruction *> all;
    for (BasicBlock *block : order)
      for (Instruction &instruction : *block)
        if (!lanes.isOwn(instruction))
          all.push_back(&instruction);
    for (Instruction *instruction : all)
      spread(*instruction);
    for (auto [from, to] : phis)
      for (auto [value, block] : zip_equal(from->incoming_values(), from->blocks())) {
        // One value for all edges from a block.
        int known = to->getBasicBlockIndex(block);
        to->addIncoming(known < 0 ? lanes.of(value, block->getTerminator()) : to->getIncomingValue(known), block);
      }
    for (Instruction *instruction : dead)
      instruction->dropAllReferences();
    for (Instruction *instruction : dead)
      instruction->eraseFromParent();
    for (auto [store, condition] : guarded)
      guard(store, condition);
  }

private:
  void spread(Instruction &instruction) {
    if (auto *store = dyn_cast<StoreInst>(&instruction))
      return spreadStore(*store);
    if (!touchesVectors(instruction))
      return;
    if (auto *phi = dyn_cast<PHINode>(&instruction)) {
      PHINode *one =
          PHINode::Create(phi->getType()->getScalarType(), phi->getNumIncomingValues(), "", phi->getIterator());
      phis.push_back({phi, one});
      return replace(instruction, one, false);
    }
    lanes.at(&instruction);
    if (auto *load = dyn_cast<LoadInst>(&instruction))
      return replace(instruction, spreadLoad(*load), false);
    if (auto *extract = dyn_cast<ExtractElementInst>(&instruction))
      return replaceScalar(instruction, lanes.element(extract->getVectorOperand(), extract->getIndexOperand()));
    if (auto *insert = dyn_cast<InsertElementInst>(&instruction))
      return spreadInsert(*insert);
    if (auto *shuffle = dyn_cast<ShuffleVectorInst>(&instruction))
      return spreadShuffle(*shuffle);
    if (unsigned parts = countParts(instruction))
      return spreadParts(instruction, parts);
    if (LaneReduction reduction = laneReductionOf(instruction))
      return replaceScalar(instruction, reduce(instruction, reduction));
    spreadElementwise(instruction);
  }

  void replace(Instruction &instruction, Value *value, bool same) {
    lanes.set(&instruction, value, same);
    dead.push_back(&instruction);
  }

  void replaceScalar(Instruction &instruction, Value *value) {
    instruction.replaceAllUsesWith(value);
    dead.push_back(&instruction);
  }

  void spreadElementwise(Instruction &instruction) {
    bool same = all_of(instruction.operands(), [&](const Use &use) { return isa<Function>(use) || lanes.isSame(use); });
    IRBuilder<> &b = lanes.builder();
    if (auto *call = dyn_cast<IntrinsicInst>(&instruction)) {
      SmallVector<Value *> operands;
      for (Value *operand : call->args())
        operands.push_back(lanes.of(operand));
      CallInst *one = b.CreateIntrinsic(call->getType()->getScalarType(), call->getIntrinsicID(), operands);
      if (isa<FPMathOperator>(one))
        one->copyFastMathFlags(call);
      return replace(instruction, one, same);
    }
    SmallVector<Value *> operands;
    for (Value *operand : instruction.operands())
      operands.push_back(lanes.of(operand));
    Instruction *one = instruction.clone();
    one->mutateType(instruction.getType()->getScalarType());
    for (auto [i, operand] : enumerate(operands))
      one->setOperand(i, operand);
    replace(instruction, b.Insert(one), same);
  }

  void spreadInsert(InsertElementInst &insert) {
    Value *into = insert.getOperand(0), *element = insert.getOperand(1);
    if (isa<UndefValue>(into))
      return replace(insert, element, true);
    IRBuilder<> &b = lanes.builder();
    Value *index = b.CreateZExtOrTrunc(insert.getOperand(2), b.getInt32Ty());
    replace(insert, b.CreateSelect(b.CreateICmpEQ(lanes.index(), index), element, lanes.of(into)), false);
  }

  /// Lane i gets part i % parts of element i / parts.
  void spreadParts(Instruction &instruction, unsigned parts) {
    SmallVector<int> from;
    for (unsigned i = 0; i < kSpreadLanes; ++i)
      from.push_back(i / parts);
    Value *whole = lanes.gather(instruction.getOperand(0), from);
    IRBuilder<> &b = lanes.builder();
    Type *part = instruction.getType()->getScalarType();
    Value *number = b.CreateURem(lanes.index(), b.getInt32(parts));
    Value *shift = b.CreateMul(number, b.getInt32(part->getPrimitiveSizeInBits()));
    Value *shifted = b.CreateLShr(whole, b.CreateZExtOrTrunc(shift, whole->getType()));
    replace(instruction, b.CreateTrunc(shifted, part), false);
  }

  /// Lane i gets element mask[i] of the two operands, one behind the other.
  void spreadShuffle(ShuffleVectorInst &shuffle) {
    int count = cast<FixedVectorType>(shuffle.getOperand(0)->getType())->getNumElements();
    SmallVector<int> first(kSpreadLanes, -1), second(kSpreadLanes, -1);
    uint32_t fromSecond = 0;
    for (auto [i, source] : enumerate(shuffle.getShuffleMask())) {
      if (source < 0)
        continue;
      (source < count ? first : second)[i] = source % count;
      fromSecond |= source < count ? 0 : 1u << i;
    }
    auto moved = [&](unsigned operand, ArrayRef<int> from) {
      bool used = any_of(from, [](int lane) { return lane >= 0; });
      return used ? lanes.gather(shuffle.getOperand(operand), from) : nullptr;
    };
    Value *a = moved(0, first), *c = moved(1, second);
    bool same = !(a && c) && lanes.isSame(shuffle.getOperand(a ? 0 : 1));
    if (a && c)
      a = lanes.builder().CreateSelect(lanes.isOneOf(fromSecond), c, a);
    Value *none = PoisonValue::get(shuffle.getType()->getScalarType());
    replace(shuffle, a ? a : c ? c : none, same);
  }

  /// Integers, in any order.
  Value *reduce(Instruction &instruction, LaneReduction reduction) {
    Value *vector = instruction.getOperand(0), *value = lanes.of(vector);
    IRBuilder<> &b = lanes.builder();
    unsigned count = cast<FixedVectorType>(vector->getType())->getNumElements();
    for (unsigned span = count / 2; span; span /= 2) {
      Value *other = lanes.exchange(value, b.getInt32(span), /*isXor=*/true);
      value = reduction.opcode ? b.CreateBinOp(Instruction::BinaryOps(reduction.opcode), value, other)
                               : b.CreateBinaryIntrinsic(reduction.select, value, other);
    }
    return count == kSpreadLanes ? value : lanes.exchange(value, b.getInt32(0), false);
  }

  /// Address of this lane's element; lanes behind the last one take that.
  Value *address(Value *pointer, FixedVectorType *type) {
    IRBuilder<> &b = lanes.builder();
    Value *index = lanes.index();
    if (type->getNumElements() < kSpreadLanes)
      index = b.CreateBinaryIntrinsic(Intrinsic::umin, index, b.getInt32(type->getNumElements() - 1));
    return b.CreateInBoundsGEP(type->getElementType(), pointer, b.CreateZExt(index, b.getInt64Ty()));
  }

  Align alignOf(Align whole, Type *element) {
    return commonAlignment(whole, kernel.getParent()->getDataLayout().getTypeStoreSize(element).getFixedValue());
  }

  Value *spreadLoad(LoadInst &load) {
    auto *type = cast<FixedVectorType>(load.getType());
    Type *element = type->getElementType();
    LoadInst *one = lanes.builder().CreateAlignedLoad(element, address(load.getPointerOperand(), type),
                                                      alignOf(load.getAlign(), element));
    one->setAAMetadata(load.getAAMetadata());
    one->copyMetadata(load, {LLVMContext::MD_invariant_load});
    return one;
  }

  void spreadStore(StoreInst &store) {
    IRBuilder<> &b = lanes.at(&store);
    auto *type = dyn_cast<FixedVectorType>(store.getValueOperand()->getType());
    if (!type) {
      guarded.push_back({&store, b.CreateICmpEQ(lanes.thread(), b.getInt32(0))});
      return;
    }
    Type *element = type->getElementType();
    unsigned count = type->getNumElements();
    // Everybody in a group has an element; outside of shared loops groups behind the first one have the same.
    bool allHave = count == kSpreadLanes && (groups.count == 1 || groups.loopNumber(store.getParent()));
    Value *isInside = allHave ? nullptr : b.CreateICmpULT(lanes.thread(), b.getInt32(count));
    StoreInst *one = b.CreateAlignedStore(lanes.of(store.getValueOperand()), address(store.getPointerOperand(), type),
                                          alignOf(store.getAlign(), element));
    one->setAAMetadata(store.getAAMetadata());
    dead.push_back(&store);
    if (isInside)
      guarded.push_back({one, isInside});
  }

  static void guard(StoreInst *store, Value *condition) {
    Instruction *then = SplitBlockAndInsertIfThen(condition, store->getIterator(), /*Unreachable=*/false);
    store->moveBefore(then->getIterator());
  }

  Function &kernel;
  const LaneGroups &groups;
  LaneValues lanes;
  SmallVector<std::pair<PHINode *, PHINode *>> phis;
  SmallVector<Instruction *> dead;
  SmallVector<std::pair<StoreInst *, Value *>> guarded;
};

/// What was true of one thread that has the bindings for itself: between two of its accesses another one may come.
void forgetSingleThread(Function &kernel) {
  kernel.removeFnAttr(Attribute::Memory);
  kernel.removeFnAttr(Attribute::NoSync);
  SmallPtrSet<const Value *, 8> written;
  for (Instruction &instruction : instructions(kernel))
    if (auto *store = dyn_cast<StoreInst>(&instruction)) {
      SmallVector<const Value *, 4> places;
      getUnderlyingObjects(store->getPointerOperand(), places, nullptr, /*MaxLookup=*/0);
      written.insert(places.begin(), places.end());
    }
  for (Argument &argument : kernel.args())
    if (written.contains(&argument))
      argument.removeAttr(Attribute::NoAlias);
}

/// The integers that a load can be of which only stores use; null of others.
Type *movedAs(const LoadInst &load) {
  auto *type = dyn_cast<FixedVectorType>(load.getType());
  if (!type || !load.isSimple() || type->getNumElements() <= kSpreadLanes || type->getNumElements() % kSpreadLanes != 0)
    return nullptr;
  uint64_t bits = type->getPrimitiveSizeInBits().getFixedValue() / kSpreadLanes;
  bool onlyMoved = all_of(load.users(), [](const User *user) {
    auto *store = dyn_cast<StoreInst>(user);
    return store && store->isSimple() && store->getValueOperand()->getType()->isVectorTy();
  });
  // A bit of a vector of bits has no address.
  if (!onlyMoved || type->getScalarSizeInBits() % 8 != 0 || !isPowerOf2_64(bits) || bits > 64)
    return nullptr;
  return FixedVectorType::get(IntegerType::get(load.getContext(), bits), kSpreadLanes);
}

/// A lane waits for memory as long as a whole vector did; several rounds at once wait together: of instructions that
/// make one up so many, of half as many twice the rounds.
constexpr unsigned kRoundsAtOnce = 8;
constexpr unsigned kMostUnrolled = 48;

/// Short innermost loops in which lanes do not meet.
void unrollLoops(Function &kernel) {
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  for (Loop *loop : loops.getLoopsInPreorder()) {
    unsigned count = 0;
    bool meets = !loop->isInnermost();
    for (BasicBlock *block : loop->blocks())
      for (Instruction &instruction : *block) {
        auto *call = dyn_cast<CallInst>(&instruction);
        meets |= call && call->isConvergent();
        ++count;
      }
    if (!meets && count <= kMostUnrolled)
      addStringMetadataToLoop(loop, "llvm.loop.unroll.count",
                              count <= kMostUnrolled / 2 ? 2 * kRoundsAtOnce : kRoundsAtOnce);
  }
}

} // namespace

void widenMoves(Function &kernel) {
  for (Instruction &instruction : make_early_inc_range(instructions(kernel))) {
    auto *load = dyn_cast<LoadInst>(&instruction);
    Type *type = load ? movedAs(*load) : nullptr;
    if (!type)
      continue;
    auto *wide = new LoadInst(type, load->getPointerOperand(), "", false, load->getAlign(), load->getIterator());
    wide->setAAMetadata(load->getAAMetadata());
    for (User *user : make_early_inc_range(load->users()))
      cast<StoreInst>(user)->setOperand(0, wide);
    load->eraseFromParent();
  }
}

void spreadLanes(Function &kernel, const LaneGroups &groups) {
  LaneSpreader(kernel, groups).run();
  forgetSingleThread(kernel);
  unrollLoops(kernel);
}

} // namespace v4

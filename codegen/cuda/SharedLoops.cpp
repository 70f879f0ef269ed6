//===- SharedLoops.cpp - Loops that groups of lanes share -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/SharedLoops.h"
#include "codegen/cuda/LoopAnalyses.h"
#include "codegen/cuda/RoundAccess.h"

#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/IR/ConstantRange.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"
#include "llvm/Transforms/Utils/ScalarEvolutionExpander.h"

using namespace llvm;

namespace v4 {
namespace {

/// Rounds of an innermost loop that a group should have: fewer are not worth the others' waiting.
constexpr uint64_t kLeastRounds = 4;
/// What stands for those that depend on the step, and for what is in no loop.
constexpr uint64_t kSomeRounds = 32, kOutside = 8;
constexpr uint64_t kScratchAlignment = 64;

/// A value that a loop steps through.
struct Steps {
  PHINode *phi;
  int64_t by;
};

struct Candidate {
  Loop *loop;
  std::optional<uint64_t> rounds;
  SmallVector<Steps> steps;
  SmallVector<AllocaInst *> own; ///< Scratch that each group needs for itself.
  Value *count = nullptr;        ///< Of rounds, i64.
};

class LoopSharing : LoopAnalyses {
public:
  explicit LoopSharing(Function &kernel) : LoopAnalyses(kernel), kernel(kernel) {}

  LaneGroups run(uint64_t scratchLimit) {
    // So that each has a place in front of it, and one behind it that belongs to no other.
    for (Loop *loop : SmallVector<Loop *>(loops.begin(), loops.end()))
      simplifyLoop(loop, &dominators, &loops, &evolution, &assumptions, nullptr, /*PreserveLCSSA=*/false);
    for (Loop *loop : loops)
      visit(loop, 1);
    groups.count = chooseCount(scratchLimit);
    if (groups.count == 1)
      return std::move(groups);
    nameThreads();
    for (Candidate &candidate : candidates)
      prepare(candidate);
    for (Candidate &candidate : candidates)
      share(candidate);
    return std::move(groups);
  }

private:
  /// The outermost loops that can be shared. The loop is run `times` times.
  void visit(Loop *loop, double times) {
    if (std::optional<Candidate> candidate = describe(loop)) {
      sharedRounds += times * roundsWithin(*loop);
      candidates.push_back(std::move(*candidate));
      return;
    }
    auto rounds = double(countRounds(evolution, *loop).value_or(kSomeRounds));
    if (loop->isInnermost())
      everyRounds += times * rounds;
    for (Loop *inner : *loop)
      visit(inner, times * rounds);
  }

  /// Of the innermost loops.
  double roundsWithin(const Loop &loop) {
    double each = loop.isInnermost();
    for (const Loop *inner : loop)
      each += roundsWithin(*inner);
    return double(countRounds(evolution, loop).value_or(kSomeRounds)) * each;
  }

  std::optional<Candidate> describe(Loop *loop) {
    Candidate candidate{loop, countRounds(evolution, *loop), {}, {}};
    BasicBlock *latch = loop->getLoopLatch();
    if (!loop->isLoopSimplifyForm() || loop->getExitingBlock() != latch || !loop->getUniqueExitBlock() ||
        candidate.rounds == 1)
      return std::nullopt;
    const SCEV *last = evolution.getBackedgeTakenCount(loop);
    if (isa<SCEVCouldNotCompute>(last) || !SCEVExpander(evolution, "").isSafeToExpand(last) || hasResults(*loop))
      return std::nullopt;
    for (PHINode &phi : loop->getHeader()->phis()) {
      auto *steps = evolution.isSCEVable(phi.getType()) ? dyn_cast<SCEVAddRecExpr>(evolution.getSCEV(&phi)) : nullptr;
      auto *by = steps && steps->isAffine() ? dyn_cast<SCEVConstant>(steps->getStepRecurrence(evolution)) : nullptr;
      if (!by || by->getAPInt().getSignificantBits() > 64)
        return std::nullopt;
      candidate.steps.push_back({&phi, by->getAPInt().getSExtValue()});
    }
    if (!LoopRounds(evolution, dominators).areIndependent(*loop, candidate.own))
      return std::nullopt;
    return candidate;
  }

  static bool hasResults(const Loop &loop) {
    for (BasicBlock *block : loop.blocks())
      for (Instruction &instruction : *block)
        for (User *user : instruction.users())
          if (!loop.contains(cast<Instruction>(user)))
            return true;
    return false;
  }

  uint64_t bytesOf(const AllocaInst &scratch) const {
    return alignTo(scratch.getAllocationSize(kernel.getParent()->getDataLayout())->getFixedValue(), kScratchAlignment);
  }

  unsigned chooseCount(uint64_t scratchLimit) const {
    uint64_t most = 1, once = 0, each = 0;
    for (const Candidate &candidate : candidates) {
      uint64_t rounds = candidate.rounds.value_or(kSomeRounds);
      most =
          std::max<uint64_t>(most, candidate.loop->isInnermost() ? bit_floor(rounds / kLeastRounds)
                                                                 : bit_ceil(std::min<uint64_t>(rounds, kMostGroups)));
      for (const AllocaInst *scratch : candidate.own)
        each += bytesOf(*scratch);
    }
    for (const Instruction &instruction : instructions(kernel))
      if (auto *scratch = dyn_cast<AllocaInst>(&instruction))
        once += bytesOf(*scratch);
    unsigned best = 1;
    for (unsigned count = 2; count <= std::min<uint64_t>(most, kMostGroups); count *= 2)
      if (once - each + count * each <= scratchLimit && priceOf(count) < priceOf(best))
        best = count;
    return best;
  }

  /// The time that a decode step waits for a workgroup, and what it takes of a processor from the other workgroups of a
  /// prompt; the former counts twice: most steps decode.
  double priceOf(unsigned count) const {
    double waits = everyRounds + sharedRounds / count;
    // Two groups of a warp are issued together.
    double issues = (everyRounds * count + sharedRounds) / (count == 1 ? 1 : 2);
    return waits * waits * issues;
  }

  void nameThreads() {
    IRBuilder<> b(&kernel.getEntryBlock(), kernel.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
    CallInst *thread = b.CreateIntrinsic(Intrinsic::nvvm_read_ptx_sreg_tid_x, {});
    thread->addRangeRetAttr(ConstantRange(APInt(32, 0), APInt(32, groups.threads())));
    groups.thread = thread;
    groups.mask = b.CreateShl(b.getInt32((1u << kSpreadLanes) - 1), b.CreateAnd(thread, b.getInt32(kSpreadLanes)));
    group = b.CreateZExt(b.CreateLShr(thread, b.getInt32(Log2_32(kSpreadLanes))), b.getInt64Ty());
  }

  /// What asks the analyses: these know nothing of what share() changes.
  void prepare(Candidate &candidate) {
    if (!candidate.rounds) {
      SCEVExpander expander(evolution, "rounds");
      Type *i64 = Type::getInt64Ty(kernel.getContext());
      const SCEV *last = evolution.getTruncateOrZeroExtend(evolution.getBackedgeTakenCount(candidate.loop), i64);
      candidate.count = expander.expandCodeFor(evolution.getAddExpr(last, evolution.getOne(i64)), i64,
                                               candidate.loop->getLoopPreheader()->getTerminator()->getIterator());
    }
    groups.headers.push_back(candidate.loop->getHeader());
    for (BasicBlock *block : candidate.loop->blocks())
      groups.loopOf[block] = unsigned(groups.headers.size());
    for (AllocaInst *scratch : candidate.own)
      giveToEach(*scratch);
  }

  void giveToEach(AllocaInst &scratch) {
    uint64_t bytes = bytesOf(scratch);
    Type *byte = Type::getInt8Ty(kernel.getContext());
    auto *all = new AllocaInst(ArrayType::get(byte, bytes * groups.count), scratch.getAddressSpace(), nullptr,
                               std::max(scratch.getAlign(), Align(kScratchAlignment)), "", scratch.getIterator());
    IRBuilder<> b(cast<Instruction>(group)->getNextNode());
    Value *mine = b.CreateInBoundsGEP(byte, all, b.CreateMul(group, b.getInt64(bytes)));
    for (User *user : make_early_inc_range(scratch.users()))
      if (cast<Instruction>(user)->isLifetimeStartOrEnd())
        cast<Instruction>(user)->eraseFromParent();
    scratch.replaceAllUsesWith(mine);
    scratch.eraseFromParent();
  }

  /// Round `r` of a group is round r * count + group of the loop.
  void share(Candidate &candidate) {
    BasicBlock *before = candidate.loop->getLoopPreheader(), *header = candidate.loop->getHeader(),
               *latch = candidate.loop->getLoopLatch(), *exit = candidate.loop->getUniqueExitBlock();
    // As many for each group: the loop's length is known, and no group waits for another one.
    bool even = candidate.rounds && *candidate.rounds % groups.count == 0;
    Value *count = candidate.count;
    IRBuilder<> b(header, header->begin());
    if (candidate.rounds)
      count = b.getInt64(*candidate.rounds);
    PHINode *round = b.CreatePHI(b.getInt64Ty(), 2);
    b.SetInsertPoint(header, header->getFirstInsertionPt());
    Value *number = b.CreateNUWAdd(b.CreateNUWMul(round, b.getInt64(groups.count)), group);
    for (const Steps &steps : candidate.steps)
      replace(b, steps, before, number);
    Instruction *end = latch->getTerminator();
    b.SetInsertPoint(end);
    Value *next = b.CreateNUWAdd(round, b.getInt64(1));
    Value *again = even ? b.CreateICmpNE(next, b.getInt64(*candidate.rounds / groups.count))
                        : b.CreateICmpULT(b.CreateNUWAdd(number, b.getInt64(groups.count)), count);
    b.CreateCondBr(again, header, exit);
    end->eraseFromParent();
    round->addIncoming(b.getInt64(0), before);
    round->addIncoming(next, latch);
    if (!even)
      guard(before, header, latch, exit, count);
  }

  void replace(IRBuilder<> &b, const Steps &steps, BasicBlock *before, Value *number) {
    PHINode *phi = steps.phi;
    Value *start = phi->getIncomingValueForBlock(before), *value;
    if (phi->getType()->isPointerTy()) {
      value = b.CreateGEP(b.getInt8Ty(), start, b.CreateMul(number, b.getInt64(steps.by)));
    } else {
      Value *distance =
          b.CreateMul(b.CreateZExtOrTrunc(number, phi->getType()), ConstantInt::getSigned(phi->getType(), steps.by));
      value = b.CreateAdd(start, distance);
    }
    phi->replaceAllUsesWith(value);
    phi->eraseFromParent();
  }

  /// A group whose first round there is not passes the loop by.
  void guard(BasicBlock *before, BasicBlock *header, BasicBlock *latch, BasicBlock *exit, Value *count) {
    Instruction *end = before->getTerminator();
    IRBuilder<> b(end);
    b.CreateCondBr(b.CreateICmpULT(group, count), header, exit);
    end->eraseFromParent();
    for (PHINode &phi : exit->phis())
      phi.addIncoming(phi.getIncomingValueForBlock(latch), before);
  }

  Function &kernel;
  SmallVector<Candidate> candidates;
  /// Of innermost loops, in shared ones and in those that every group runs. Products of any trip counts fit.
  double sharedRounds = 0, everyRounds = kOutside;
  LaneGroups groups;
  Value *group = nullptr; ///< Number of this thread's, i64.
};

} // namespace

LaneGroups shareLoops(Function &kernel, uint64_t scratchLimit) { return LoopSharing(kernel).run(scratchLimit); }

} // namespace v4

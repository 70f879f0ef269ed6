//===- PlanArena.cpp - Lifetimes and arena slots of buffers -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/schedule/BufferSize.h"
#include "passes/schedule/LaunchPhases.h"
#include "passes/schedule/ProgramIndex.h"

#include <map>

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_PLANARENAPASS
#include "passes/Passes.h.inc"

namespace {

/// A buffer from the launch that writes it to the last one that needs it.
struct Life {
  plan::BufferOp buffer;
  int64_t first;
  int64_t last;
  uint64_t bytes; ///< At the envelope.
  int64_t firstPhase = 0;
  int64_t lastPhase = 0;
  size_t slot = 0;
};

/// Memory that buffers with disjoint lives share.
struct Slot {
  uint64_t bytes;                   ///< Of its largest buffer, which is its first one.
  std::map<int64_t, int64_t> lives; ///< First to last phase, disjoint.

  bool isFree(const Life &life) const {
    auto next = lives.upper_bound(life.lastPhase);
    return next == lives.begin() || std::prev(next)->second < life.firstPhase;
  }
};

class Lifetimes {
public:
  explicit Lifetimes(ProgramIndex &index) : index(index) {}

  /// One entry per buffer in plan order.
  FailureOr<SmallVector<Life>> compute() {
    if (failed(open()) || failed(readLaunches()))
      return failure();
    // The runtime copies right behind that launch, in front of the next.
    for (plan::ProbeOp probe : index.probes)
      keepUntil(probe.getBufferAttr(), static_cast<int64_t>(probe.getAfterLaunch()));
    // Callers read logits when the step is over.
    int64_t end = static_cast<int64_t>(index.launches.size()) - 1;
    keepUntil(index.program.getLogitsAttr(), end);
    if (FlatSymbolRefAttr mtp = index.program.getMtpLogitsAttr())
      keepUntil(mtp, end);
    SmallVector<int64_t> phases = phasesOf(index.launches);
    for (Life &life : lives) {
      if (life.first > life.last)
        return life.buffer.emitOpError() << "'" << life.buffer.getSymName()
                                         << "' is written by no launch in front of its readers";
      life.firstPhase = phases[life.first];
      life.lastPhase = phases[life.last];
    }
    return std::move(lives);
  }

private:
  LogicalResult open() {
    SessionLimits limits = limitsOf(envelopeOf(index.program));
    for (plan::BufferOp buffer : index.buffers) {
      std::optional<uint64_t> bytes = evaluateTerms(buffer.getBytes(), limits);
      if (!bytes)
        return buffer.emitOpError() << "'" << buffer.getSymName() << "' has no size below " << kMaxPlanBytes
                                    << " bytes at the envelope; lower its tokens, sequences or context";
      places[buffer.getSymNameAttr()] = lives.size();
      lives.push_back({buffer, std::numeric_limits<int64_t>::max(), -1, *bytes});
    }
    return success();
  }

  Life &find(FlatSymbolRefAttr symbol) { return lives[places.lookup(symbol.getAttr())]; }

  LogicalResult readLaunches() {
    for (auto [position, launch] : llvm::enumerate(index.launches))
      for (auto binding : launch.getBindings().getAsRange<plan::BindingAttr>()) {
        if (binding.getKind() != plan::BindingKind::Buffer)
          continue;
        Life &life = find(binding.getSymbol());
        int64_t now = static_cast<int64_t>(position);
        if (binding.getAccess() == plan::Access::Out)
          life.first = std::min(life.first, now);
        else if (now < life.first)
          return launch.emitOpError() << "reads " << binding.getSymbol() << ", which no launch in front of it writes";
        life.last = std::max(life.last, now);
      }
    return success();
  }

  void keepUntil(FlatSymbolRefAttr symbol, int64_t launch) {
    Life &life = find(symbol);
    life.last = std::max(life.last, launch);
  }

  ProgramIndex &index;
  SmallVector<Life> lives;
  llvm::DenseMap<StringAttr, size_t> places;
};

/// Falling size, then order of the plan: deterministic, and the slots' sizes only grow at their first buffer.
SmallVector<Slot> assignSlots(MutableArrayRef<Life> lives) {
  SmallVector<size_t> order = llvm::to_vector(llvm::seq<size_t>(0, lives.size()));
  llvm::stable_sort(order, [&](size_t a, size_t b) { return lives[a].bytes > lives[b].bytes; });
  SmallVector<Slot> slots;
  for (size_t i : order) {
    Life &life = lives[i];
    // Slots are there by falling size: the last one that is free is the nearest in size.
    size_t slot = slots.size();
    for (size_t candidate = slots.size(); candidate-- > 0 && slot == slots.size();)
      if (slots[candidate].isFree(life))
        slot = candidate;
    if (slot == slots.size())
      slots.push_back({life.bytes, {}});
    slots[slot].lives[life.firstPhase] = life.lastPhase;
    life.slot = slot;
  }
  return slots;
}

struct PlanArena : public impl::PlanArenaPassBase<PlanArena> {
  using PlanArenaPassBase::PlanArenaPassBase;

  void report(plan::ProgramOp program, ArrayRef<Life> lives, ArrayRef<Slot> slots) {
    uint64_t arena = 0;
    uint64_t buffers = 0;
    for (const Slot &slot : slots)
      arena += llvm::alignTo(slot.bytes, 64);
    for (Life life : lives) {
      buffers += llvm::alignTo(life.bytes, 64);
      life.buffer.emitRemark() << "'" << life.buffer.getSymName() << "' lives in slot " << life.slot << " from launch "
                               << life.first << " to " << life.last << " with " << life.bytes
                               << " bytes at the envelope";
    }
    program.emitRemark() << lives.size() << " buffers of " << buffers << " bytes share " << slots.size() << " slots of "
                         << arena << " bytes at the envelope";
  }

  void runOnOperation() override {
    FailureOr<plan::ProgramOp> program = findProgram(getOperation());
    if (failed(program))
      return signalPassFailure();
    ProgramIndex index(*program);
    FailureOr<SmallVector<Life>> lives = Lifetimes(index).compute();
    if (failed(lives))
      return signalPassFailure();
    SmallVector<Slot> slots = assignSlots(*lives);
    for (Life &life : *lives) {
      life.buffer.setSlot(life.slot);
      life.buffer.setFirstLaunch(life.first);
      life.buffer.setLastLaunch(life.last);
    }
    program->setSlots(slots.size());
    if (dumpLifetimes)
      report(*program, *lives, slots);
  }
};

} // namespace
} // namespace v4

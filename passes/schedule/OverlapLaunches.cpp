//===- OverlapLaunches.cpp - Drops barriers between launches --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// List scheduling by dependency level. Only launches of one layer move: a value
// that a later layer could have computed early would hold memory all the way.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/schedule/LaunchPhases.h"
#include "passes/schedule/ProgramIndex.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_OVERLAPLAUNCHESPASS
#include "passes/Passes.h.inc"

namespace {

/// A launch and where it goes.
struct Placed {
  plan::LaunchOp launch;
  int64_t from; ///< Index before the pass.
  int64_t level;
};

bool sameLayer(plan::LaunchOp a, plan::LaunchOp b) {
  return a.getGroup() == b.getGroup() && a.getLayer() == b.getLayer();
}

/// The launches of the program in their new order, barriers set.
SmallVector<Placed> schedule(ArrayRef<plan::LaunchOp> launches) {
  SmallVector<Placed> order;
  for (size_t begin = 0; begin < launches.size();) {
    DependencyLevels levels;
    size_t end = begin;
    for (; end < launches.size() && sameLayer(launches[end], launches[begin]); ++end)
      order.push_back({launches[end], static_cast<int64_t>(end), levels.add(launches[end])});
    auto layer = MutableArrayRef(order).drop_front(begin);
    // Stable: launches of a phase keep their order, which is that of their weights in the file.
    llvm::stable_sort(layer, [](const Placed &a, const Placed &b) { return a.level < b.level; });
    for (size_t i = 0; i < layer.size(); ++i)
      layer[i].launch.setBarrier(i == 0 || layer[i].level != layer[i - 1].level);
    begin = end;
  }
  return order;
}

struct OverlapLaunches : public impl::OverlapLaunchesPassBase<OverlapLaunches> {
  using OverlapLaunchesPassBase::OverlapLaunchesPassBase;

  void report(plan::ProgramOp program, MutableArrayRef<Placed> order) {
    size_t phases = llvm::count_if(order, [](Placed placed) { return placed.launch.getBarrier(); });
    program.emitRemark() << order.size() << " launches run in " << phases << " phases";
    for (size_t position = 0; position < order.size(); ++position)
      if (Placed placed = order[position]; !placed.launch.getBarrier())
        placed.launch.emitRemark() << "launch " << position << " runs together with the one in front of it"
                                   << (placed.from == static_cast<int64_t>(position)
                                           ? ""
                                           : "; it was launch " + std::to_string(placed.from));
  }

  void runOnOperation() override {
    FailureOr<plan::ProgramOp> program = findProgram(getOperation());
    if (failed(program))
      return signalPassFailure();
    ProgramIndex index(*program);
    if (index.launches.empty())
      return markAllAnalysesPreserved();
    if (index.program.getSlots()) {
      program->emitOpError() << "has arena slots already, which new phases may break; run this pass before "
                                "--v4-plan-arena";
      return signalPassFailure();
    }
    Operation *behind = index.launches.back()->getNextNode();
    SmallVector<Placed> order = schedule(index.launches);
    SmallVector<int64_t> movedTo(order.size());
    for (auto [position, placed] : llvm::enumerate(order)) {
      movedTo[placed.from] = position;
      if (behind)
        placed.launch->moveBefore(behind);
      else
        placed.launch->moveBefore(&program->getBody().front(), program->getBody().front().end());
    }
    for (plan::ProbeOp probe : index.probes)
      probe.setAfterLaunch(movedTo[probe.getAfterLaunch()]);
    if (dumpPhases)
      report(*program, order);
  }
};

} // namespace
} // namespace v4

//===- LaunchPhases.cpp - Launches without a barrier between them ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/schedule/LaunchPhases.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace v4 {

namespace {

bool isShared(plan::BindingAttr binding) {
  return binding.getKind() == plan::BindingKind::Buffer || binding.getKind() == plan::BindingKind::Pool;
}

bool isWrite(plan::BindingAttr binding) { return binding.getAccess() == plan::Access::Out; }

} // namespace

int64_t DependencyLevels::add(plan::LaunchOp launch) {
  int64_t level = 0;
  for (auto binding : launch.getBindings().getAsRange<plan::BindingAttr>()) {
    if (!isShared(binding))
      continue;
    const Uses &known = uses[binding.getSymbol().getAttr()];
    level = std::max(level, known.afterWrites);
    if (isWrite(binding))
      level = std::max(level, known.afterReads);
  }
  for (auto binding : launch.getBindings().getAsRange<plan::BindingAttr>()) {
    if (!isShared(binding))
      continue;
    Uses &known = uses[binding.getSymbol().getAttr()];
    int64_t &after = isWrite(binding) ? known.afterWrites : known.afterReads;
    after = std::max(after, level + 1);
  }
  return level;
}

SmallVector<int64_t> phasesOf(ArrayRef<plan::LaunchOp> launches) {
  SmallVector<int64_t> phases;
  int64_t phase = -1;
  for (plan::LaunchOp launch : launches) {
    phase += launch.getBarrier() || phase < 0;
    phases.push_back(phase);
  }
  return phases;
}

LogicalResult verifyPhases(ArrayRef<plan::LaunchOp> launches) {
  DependencyLevels levels;
  plan::LaunchOp first;
  for (plan::LaunchOp launch : launches) {
    if (!first && !launch.getBarrier())
      return launch.emitOpError() << "is the first and has no barrier, expected one: no phase is in front of it";
    if (launch.getBarrier()) {
      first = launch;
      levels = DependencyLevels();
    }
    if (launch.getGroup() != first.getGroup())
      return launch.emitOpError() << "of group " << launch.getGroup() << " runs in a phase of group "
                                  << first.getGroup() << ", expected a barrier: a step may leave out one of them";
    if (levels.add(launch) != 0)
      return launch.emitOpError()
             << "has no barrier, but depends on a launch of its phase: one of them writes what the "
                "other binds";
  }
  return success();
}

} // namespace v4

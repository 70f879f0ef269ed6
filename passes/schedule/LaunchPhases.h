//===- LaunchPhases.h - Launches without a barrier between them -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A phase is a launch with a barrier and those behind it without one. Its
// launches run together and in any order, so memory is shared by phases: a buffer
// is in use from the start of its first phase to the end of its last one.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_SCHEDULE_LAUNCHPHASES_H
#define V4_PASSES_SCHEDULE_LAUNCHPHASES_H

#include "dialects/plan/PlanDialect.h"

namespace v4 {

/// Earliest phase of each launch of a list: one more than that of every launch in front whose order with it matters,
/// because one of the two writes a buffer or a pool that the other binds.
class DependencyLevels {
public:
  /// The level of the next launch in program order.
  int64_t add(plan::LaunchOp launch);

private:
  /// Levels behind the last use of a buffer or a pool.
  struct Uses {
    int64_t afterWrites = 0;
    int64_t afterReads = 0;
  };
  llvm::DenseMap<mlir::StringAttr, Uses> uses;
};

/// Number of the phase of each launch.
llvm::SmallVector<int64_t> phasesOf(llvm::ArrayRef<plan::LaunchOp> launches);

/// Every phase has one group, and none of its launches writes what another of them binds.
mlir::LogicalResult verifyPhases(llvm::ArrayRef<plan::LaunchOp> launches);

} // namespace v4

#endif // V4_PASSES_SCHEDULE_LAUNCHPHASES_H

//===- PlanState.h - Which part of a state block a position needs -- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A state block holds the rings of one sequence. A ring keeps the last `rows`
// rows, addressed by position, so that a few tokens can be taken back without
// touching it; what the next step reads of it is known from the position alone.
// A snapshot stores just that: at a page boundary no partial window, elsewhere
// the filled rows of partial windows too.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANSTATE_H
#define V4_RUNTIME_PLAN_PLANSTATE_H

#include "runtime/plan/plan_generated.h"

#include <vector>

namespace v4::plan {

/// A state pool (Pool in plan.fbs says what period, history and lag mean).
struct StateRing {
  uint64_t offset; ///< In the state block.
  uint64_t rowBytes;
  uint64_t rows;
  uint64_t period; ///< 0 = no ring: of use as a whole, where it was written.
  uint64_t history;
  uint64_t lag;
};

/// In plan order; without those of the MTP block when `mtp` is false.
std::vector<StateRing> stateRings(const fb::Program &program, bool mtp);

/// Positions [begin, end) of ring rows.
struct RowSpan {
  uint64_t begin;
  uint64_t end;
};
/// What the next step reads when `position` tokens are fed. REQUIRES: ring.period != 0.
RowSpan liveRows(const StateRing &ring, uint64_t position);

/// Whether the state of `position` tokens is still whole in rings that have seen `fed` tokens, fed >= position.
bool holdsState(const std::vector<StateRing> &rings, uint64_t fed, uint64_t position);

/// Bytes of a snapshot of the state of `position` tokens.
uint64_t snapshotBytes(const std::vector<StateRing> &rings, uint64_t position);

/// What the cache of a session can come to need, and what its parts are made of.
struct CacheFunction {
  uint64_t boundaryBytes;     ///< Most bytes of a snapshot at a page boundary.
  uint64_t boundaryBlocks;    ///< The cache pages that it takes; 0 = none can be kept.
  uint64_t offBoundaryBytes;  ///< Most bytes elsewhere: partial windows that are all but full.
  uint64_t offBoundaryBlocks; ///< The cache pages that it takes.
};
CacheFunction cacheFunction(const fb::Program &program, uint64_t context, bool mtp);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANSTATE_H

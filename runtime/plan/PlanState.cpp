//===- PlanState.cpp - Which part of a state block a position needs  -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanState.h"

#include "runtime/plan/Format.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

static uint64_t reduced(uint64_t value, uint64_t by) { return value > by ? value - by : 0; }

std::vector<StateRing> plan::stateRings(const fb::Program &program, bool mtp) {
  std::vector<StateRing> rings;
  for (const fb::Pool *pool : *program.pools())
    if (pool->kind() == fb::PoolKind::State && (mtp || pool->group() == fb::LaunchGroup::Main))
      rings.push_back({pool->offset(), pool->row_bytes(), pool->rows(), pool->period(), pool->history(), pool->lag()});
  return rings;
}

RowSpan plan::liveRows(const StateRing &ring, uint64_t position) {
  uint64_t begin = reduced(position - position % ring.period, ring.history);
  return {begin, std::max(begin, reduced(position, ring.lag))};
}

bool plan::holdsState(const std::vector<StateRing> &rings, uint64_t fed, uint64_t position) {
  if (fed == position)
    return true;
  return std::all_of(rings.begin(), rings.end(), [&](const StateRing &ring) {
    if (ring.period == 0)
      return false;
    RowSpan span = liveRows(ring, position);
    // The last row written is that of fed - 1 - lag.
    return span.begin == span.end || span.begin >= reduced(fed, ring.lag + ring.rows);
  });
}

CacheFunction plan::cacheFunction(const fb::Program &program, uint64_t context, bool mtp) {
  std::vector<StateRing> rings = stateRings(program, mtp);
  // Windows are full, and partial windows as full as ever, within the first pages.
  uint64_t reach = kPageTokens;
  for (const StateRing &ring : rings)
    reach = std::max(reach, ring.rows + kPageTokens);
  CacheFunction function = {};
  for (uint64_t position = 1; position <= std::min(context, 2 * reach); ++position) {
    uint64_t &most = position % kPageTokens ? function.offBoundaryBytes : function.boundaryBytes;
    most = std::max(most, snapshotBytes(rings, position));
  }
  if (uint64_t page = program.page_bytes()) {
    function.boundaryBlocks = (function.boundaryBytes + page - 1) / page;
    function.offBoundaryBlocks = (function.offBoundaryBytes + page - 1) / page;
  }
  return function;
}

uint64_t plan::snapshotBytes(const std::vector<StateRing> &rings, uint64_t position) {
  uint64_t bytes = 0;
  for (const StateRing &ring : rings) {
    RowSpan span = ring.period ? liveRows(ring, position) : RowSpan{0, ring.rows};
    bytes += (span.end - span.begin) * ring.rowBytes;
  }
  return bytes;
}

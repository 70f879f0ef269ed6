//===- MemoryView.h - Bytes of a session as JSON -------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_MEMORYVIEW_H
#define V4_TOOLS_MEMORYVIEW_H

#include "runtime/plan/PlanLoader.h"
#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanState.h"

#include <nlohmann/json.hpp>

namespace v4 {

/// What a session of `limits` takes, by kind, to the byte, and the sum. Its sequences have room for drafts behind the
/// context.
inline nlohmann::ordered_json viewMemory(const plan::Plan &plan, const plan::Limits &limits) {
  const plan::fb::Program &program = plan.program();
  plan::Limits held = plan::heldLimits(program, limits);
  uint64_t arena = plan::arenaOf(program, held).bytes;
  uint64_t step = plan::stepBytes(held);
  uint64_t cache = plan::cacheBytes(program, held.context, held.sequences).value_or(0);
  plan::CacheFunction snapshots = plan::cacheFunction(program, limits.context, program.mtp_logits_buffer() >= 0);
  uint64_t weights = plan.weightsBytes();
  uint64_t tables = plan.tablesBytes();
  uint64_t code = plan.code().size;
  return {{"context", limits.context},
          {"sequences", limits.sequences},
          {"tokens", limits.tokens},
          {"weights_bytes", weights},
          {"tables_bytes", tables},
          {"code_bytes", code},
          {"arena_bytes", arena},
          {"step_bytes", step},
          {"page_bytes", program.page_bytes()},
          {"pages_per_sequence", plan::pagesOf(held.context)},
          {"state_bytes_per_sequence", program.state_bytes()},
          {"snapshot_bytes_at_page_boundary", snapshots.boundaryBytes},
          {"snapshot_pages_at_page_boundary", snapshots.boundaryBlocks},
          {"snapshot_bytes_elsewhere_at_most", snapshots.offBoundaryBytes},
          {"snapshot_pages_elsewhere_at_most", snapshots.offBoundaryBlocks},
          {"cache_bytes", cache},
          {"stack_bytes_per_thread", plan::stackBytes(program)},
          {"total_bytes", weights + tables + code + arena + step + cache}};
}

} // namespace v4

#endif // V4_TOOLS_MEMORYVIEW_H

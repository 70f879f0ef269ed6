//===- PlanMemory.h - How many bytes a session of given limits needs -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The memory function of a plan, for the executor and for v4-inspect. REQUIRES a
// checked plan and limits of at least 1 and at most those of the envelope: then
// no sum here overflows (PlanValidator bounds them at the envelope).
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANMEMORY_H
#define V4_RUNTIME_PLAN_PLANMEMORY_H

#include "runtime/plan/plan_generated.h"

#include <optional>
#include <vector>

namespace v4::plan {

/// Limits of a session.
struct Limits {
  uint64_t tokens;
  uint64_t sequences;
  uint64_t context;
};

/// No size in a plan reaches this many bytes.
inline constexpr uint64_t kMaxBytes = uint64_t(1) << 46;

Limits envelopeLimits(const fb::Program &program);
/// What a session of these limits has room for: its sequences hold the plan's max_draft positions more.
Limits heldLimits(const fb::Program &program, Limits limits);

/// Pages of a sequence of `context` tokens.
uint64_t pagesOf(uint64_t context);
/// Ratio-4 rows of a full context, a multiple of 16 (kCountIndexRows).
uint64_t indexRowsOf(uint64_t context);
/// Most rows that a step within `limits` has of this kind.
uint64_t rowCapacity(fb::RowSpace rows, const Limits &limits);

uint64_t bitsOf(fb::ElementType element);
/// Sum of the terms; none when it reaches kMaxBytes.
std::optional<uint64_t> evaluateTerms(const fb::Buffer &buffer, const Limits &limits);
/// Bytes of all rows without padding; none when they reach kMaxBytes.
std::optional<uint64_t> payloadBytes(const fb::Buffer &buffer, const Limits &limits);
/// Capacity of a buffer: its terms, and never less than its rows need.
uint64_t bufferBytes(const fb::Buffer &buffer, const Limits &limits);

struct Arena {
  std::vector<uint64_t> slotOffsets; ///< Multiples of 64, one per slot.
  std::vector<uint64_t> slotBytes;   ///< Multiples of 64.
  uint64_t bytes = 0;
};
Arena arenaOf(const fb::Program &program, const Limits &limits);

/// Bytes of each field of the step block, by StepField; `limits.context` counts all positions.
std::vector<uint64_t> stepFieldBytes(const Limits &limits);
/// Of all fields, each at a multiple of 64.
uint64_t stepBytes(const Limits &limits);

/// Values at the end of a kv_compact row that are stored as bf16; none when no number gives the row's size.
std::optional<uint64_t> rotaryValues(const fb::Pool &pool);

/// Deepest stack of any kernel.
uint64_t stackBytes(const fb::Program &program);
/// Pages and state blocks of `sequences` sequences of `context` tokens; none on overflow.
std::optional<uint64_t> cacheBytes(const fb::Program &program, uint64_t context, uint64_t sequences);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANMEMORY_H

//===- PlanMemory.cpp - Evaluates the size functions of a plan --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanMemory.h"

#include "runtime/plan/Format.h"
#include "runtime/plan/KernelAbi.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

/// A product or sum that remembers whether it left 64 bits.
struct Checked {
  uint64_t value;
  bool overflow = false;

  void multiply(uint64_t factor) { overflow |= __builtin_mul_overflow(value, factor, &value); }
  void add(const Checked &other) { overflow |= other.overflow | __builtin_add_overflow(value, other.value, &value); }
};

std::optional<uint64_t> bounded(const Checked &sum) {
  if (sum.overflow || sum.value >= kMaxBytes)
    return std::nullopt;
  return sum.value;
}

uint64_t roundUp(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

} // namespace

Limits plan::envelopeLimits(const fb::Program &program) {
  const fb::Envelope *envelope = program.envelope();
  return {envelope->max_tokens(), envelope->max_sequences(), envelope->max_context()};
}

Limits plan::heldLimits(const fb::Program &program, Limits limits) {
  limits.context += program.envelope()->max_draft();
  return limits;
}

uint64_t plan::pagesOf(uint64_t context) { return (context + kPageTokens - 1) / kPageTokens; }

uint64_t plan::indexRowsOf(uint64_t context) { return roundUp((context + 3) / 4, 16); }

uint64_t plan::rowCapacity(fb::RowSpace rows, const Limits &limits) {
  // t consecutive tokens finish at most ceil(t / ratio) chunks, and every sequence of a step has a token.
  auto chunks = [&](uint64_t ratio) {
    uint64_t sequences = std::min(limits.sequences, limits.tokens);
    return std::min(limits.tokens, (limits.tokens + (ratio - 1) * sequences) / ratio);
  };
  switch (rows) {
  case fb::RowSpace::One:
    return 1;
  case fb::RowSpace::Tokens:
  case fb::RowSpace::Logits:
    return limits.tokens;
  case fb::RowSpace::Sequences:
    return limits.sequences;
  case fb::RowSpace::Chunks4:
    return chunks(4);
  case fb::RowSpace::Chunks128:
    return chunks(128);
  }
  return 0;
}

uint64_t plan::bitsOf(fb::ElementType element) {
  switch (element) {
  case fb::ElementType::I8:
  case fb::ElementType::F8E4M3:
  case fb::ElementType::F8E8M0:
    return 8;
  case fb::ElementType::I32:
  case fb::ElementType::F32:
    return 32;
  case fb::ElementType::I64:
    return 64;
  case fb::ElementType::BF16:
    return 16;
  case fb::ElementType::F4E2M1:
    return 4;
  }
  return 0;
}

std::optional<uint64_t> plan::evaluateTerms(const fb::Buffer &buffer, const Limits &limits) {
  Checked sum{0};
  for (const fb::SizeTerm *term : *buffer.bytes()) {
    Checked product{term->coefficient()};
    for (unsigned i = 0; i < term->tokens_power(); ++i)
      product.multiply(limits.tokens);
    for (unsigned i = 0; i < term->sequences_power(); ++i)
      product.multiply(limits.sequences);
    for (unsigned i = 0; i < term->context_power(); ++i)
      product.multiply(limits.context);
    sum.add(product);
  }
  return bounded(sum);
}

std::optional<uint64_t> plan::payloadBytes(const fb::Buffer &buffer, const Limits &limits) {
  Checked bits{rowCapacity(buffer.rows(), limits)};
  for (uint64_t dimension : *buffer.row_shape())
    bits.multiply(dimension == 0 ? indexRowsOf(limits.context) : dimension);
  bits.multiply(bitsOf(buffer.element()));
  return bounded({bits.value / 8 + (bits.value % 8 != 0), bits.overflow});
}

uint64_t plan::bufferBytes(const fb::Buffer &buffer, const Limits &limits) {
  return std::max(evaluateTerms(buffer, limits).value_or(kMaxBytes), payloadBytes(buffer, limits).value_or(kMaxBytes));
}

Arena plan::arenaOf(const fb::Program &program, const Limits &limits) {
  Arena arena;
  arena.slotBytes.assign(program.slots(), 0);
  for (const fb::Buffer *buffer : *program.buffers()) {
    uint64_t &slot = arena.slotBytes[buffer->slot()];
    slot = std::max(slot, roundUp(bufferBytes(*buffer, limits), 64));
  }
  for (uint64_t bytes : arena.slotBytes) {
    arena.slotOffsets.push_back(arena.bytes);
    arena.bytes += bytes;
  }
  return arena;
}

std::vector<uint64_t> plan::stepFieldBytes(const Limits &limits) {
  uint64_t chunks4 = rowCapacity(fb::RowSpace::Chunks4, limits);
  uint64_t chunks128 = rowCapacity(fb::RowSpace::Chunks128, limits);
  std::vector<uint64_t> sizes(kStepFieldCount);
  auto size = [&](StepField field) -> uint64_t & { return sizes[static_cast<size_t>(field)]; };
  size(StepField::Counts) = kCountEntries * sizeof(int64_t);
  size(StepField::TokenIds) = limits.tokens * sizeof(int32_t);
  size(StepField::Positions) = limits.tokens * sizeof(int32_t);
  size(StepField::TokenSlots) = limits.tokens * sizeof(int32_t);
  size(StepField::SlotRows) = (limits.sequences + 1) * sizeof(int32_t);
  size(StepField::SlotStarts) = limits.sequences * sizeof(int32_t);
  size(StepField::PageOffsets) = limits.sequences * pagesOf(limits.context) * sizeof(int64_t);
  size(StepField::StateOffsets) = limits.sequences * sizeof(int64_t);
  size(StepField::Chunks4Slots) = chunks4 * sizeof(int32_t);
  size(StepField::Chunks4Indices) = chunks4 * sizeof(int32_t);
  size(StepField::Chunks128Slots) = chunks128 * sizeof(int32_t);
  size(StepField::Chunks128Indices) = chunks128 * sizeof(int32_t);
  size(StepField::LogitsRows) = limits.tokens * sizeof(int32_t);
  return sizes;
}

uint64_t plan::stepBytes(const Limits &limits) {
  uint64_t sum = 0;
  for (uint64_t bytes : stepFieldBytes(limits))
    sum += roundUp(bytes, 64);
  return sum;
}

std::optional<uint64_t> plan::rotaryValues(const fb::Pool &pool) {
  uint64_t values = pool.row_values();
  for (uint64_t rotary = values % 64; rotary <= values; rotary += 64)
    if (kvCompactRowBytes(values, rotary) == pool.row_bytes())
      return rotary;
  return std::nullopt;
}

uint64_t plan::stackBytes(const fb::Program &program) {
  uint64_t most = 0;
  for (const fb::Kernel *kernel : *program.kernels())
    most = std::max<uint64_t>(most, kernel->stack_bytes());
  return most;
}

std::optional<uint64_t> plan::cacheBytes(const fb::Program &program, uint64_t context, uint64_t sequences) {
  Checked sum{program.page_bytes()};
  sum.multiply(pagesOf(context));
  sum.add({program.state_bytes()});
  sum.multiply(sequences);
  if (sum.overflow)
    return std::nullopt;
  return sum.value;
}

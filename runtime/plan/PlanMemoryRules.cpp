//===- PlanMemoryRules.cpp - Rules for buffers, weights and pools ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/Format.h"
#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanRules.h"
#include "runtime/plan/PlanText.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

constexpr uint64_t kMaxTerms = 32;
constexpr uint64_t kMaxPower = 2;
/// A step block field or a cache offset stays far from 63 bits.
constexpr uint64_t kMaxSequenceBytes = uint64_t(1) << 40;
/// Behind each pool of a page or a state block.
constexpr uint64_t kMaxPoolPadding = 4096;
/// The cache function goes through each ring at as many positions as the longest has rows.
constexpr uint64_t kMaxRingRows = 1u << 24;
constexpr uint32_t kAllExactForms = static_cast<uint32_t>(fb::ExactForm::ANY);

/// A part of a larger piece of memory, for the test of overlap.
struct Place {
  uint64_t offset;
  uint64_t bytes;
  uint32_t index;
};

/// Index of the first place that begins before its predecessor ends, in the order of offsets; 0 = none.
size_t findOverlap(std::vector<Place> &places) {
  std::sort(places.begin(), places.end(), [](const Place &a, const Place &b) {
    return a.offset != b.offset ? a.offset < b.offset : a.index < b.index;
  });
  for (size_t i = 1; i < places.size(); ++i)
    if (places[i].offset < places[i - 1].offset + places[i - 1].bytes)
      return i;
  return 0;
}

} // namespace

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Status PlanRules::checkBuffers() {
  uint32_t lastLaunch = program.launches()->size() - 1;
  V4_RETURN_IF_ERROR(expectRange("slots", program.slots(), 0, program.buffers()->size()));
  for (uint32_t i = 0; i < program.buffers()->size(); ++i) {
    const fb::Buffer &buffer = *program.buffers()->Get(i);
    V4_RETURN_IF_ERROR(checkName(at("buffers", i, "name"), buffer.name()));
    V4_RETURN_IF_ERROR(expectEnum(at("buffers", i, "element"), buffer.element()));
    V4_RETURN_IF_ERROR(expectEnum(at("buffers", i, "rows"), buffer.rows()));
    V4_RETURN_IF_ERROR(checkShape(at("buffers", i, "row_shape"), buffer.row_shape(), 0));
    V4_RETURN_IF_ERROR(checkSize(at("buffers", i, "bytes"), buffer));
    if (buffer.slot() >= program.slots())
      return fail(at("buffers", i, "slot"), " is ", buffer.slot(), ", expected less than slots = ", program.slots());
    V4_RETURN_IF_ERROR(expectRange(at("buffers", i, "last_launch"), buffer.last_launch(), 0, lastLaunch));
    V4_RETURN_IF_ERROR(expectRange(at("buffers", i, "first_launch"), buffer.first_launch(), 0, buffer.last_launch()));
    V4_RETURN_IF_ERROR(expectRange(at("buffers", i, "rank"), buffer.rank(), 0, 0));
  }
  return checkArena();
}

/// Slots lie one after the other: their sum must fit too, at all that a session may ask for.
Status PlanRules::checkArena() {
  std::vector<uint64_t> slots(program.slots());
  Limits most = heldLimits(program, envelopeLimits(program));
  uint64_t sum = 0;
  for (uint32_t i = 0; i < program.buffers()->size(); ++i) {
    const fb::Buffer &buffer = *program.buffers()->Get(i);
    uint64_t bytes = bufferBytes(buffer, most), &slot = slots[buffer.slot()];
    sum += bytes > slot ? bytes - slot : 0;
    slot = std::max(slot, bytes);
    if (sum >= kMaxBytes)
      return fail(at("buffers", i, "bytes"), ": the slots up to it reach ", kMaxBytes, " bytes at the envelope");
  }
  return Status();
}

Status PlanRules::checkSize(const std::string &field, const fb::Buffer &buffer) {
  V4_RETURN_IF_ERROR(expectPresent(field, buffer.bytes()));
  V4_RETURN_IF_ERROR(expectRange(field + ".size", buffer.bytes()->size(), 1, kMaxTerms));
  V4_RETURN_IF_ERROR(expectAligned(field, buffer.bytes()->Data()));
  V4_RETURN_IF_ERROR(spend(field, buffer.bytes()->size()));
  for (const fb::SizeTerm *term : *buffer.bytes())
    if (uint64_t most = std::max({term->tokens_power(), term->sequences_power(), term->context_power()});
        most > kMaxPower)
      return fail(field, " has a power of ", most, ", expected at most ", kMaxPower);
  Limits limits = envelopeLimits(program);
  std::optional<uint64_t> bytes = evaluateTerms(buffer, limits);
  if (!bytes)
    return fail(field, " reaches ", kMaxBytes, " bytes at the envelope");
  std::optional<uint64_t> payload = payloadBytes(buffer, limits);
  if (!payload)
    return fail(field, ": rows of the buffer's shape reach ", kMaxBytes, " bytes at the envelope");
  if (*bytes < *payload)
    return fail(field, " is ", *bytes, " at the envelope, expected at least ", *payload, " for ",
                rowCapacity(buffer.rows(), limits), " rows");
  return Status();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Status PlanRules::checkWeights(uint64_t tablesBytes, uint64_t weightsBytes) {
  for (uint32_t i = 0; i < program.weights()->size(); ++i) {
    const fb::Weight &weight = *program.weights()->Get(i);
    V4_RETURN_IF_ERROR(checkName(at("weights", i, "name"), weight.name()));
    V4_RETURN_IF_ERROR(expectEnum(at("weights", i, "element"), weight.element()));
    V4_RETURN_IF_ERROR(checkShape(at("weights", i, "shape"), weight.shape(), 1));
    V4_RETURN_IF_ERROR(checkString(at("weights", i, "layout"), weight.layout()));
    V4_RETURN_IF_ERROR(checkString(at("weights", i, "recipe"), weight.recipe()));
    V4_RETURN_IF_ERROR(expectPresent(at("weights", i, "sources"), weight.sources()));
    for (const flatbuffers::String *source : *weight.sources())
      V4_RETURN_IF_ERROR(checkString(at("weights", i, "sources"), source));
    V4_RETURN_IF_ERROR(spend(at("weights", i, "sources"), weight.sources()->size()));
    V4_RETURN_IF_ERROR(expectRange(at("weights", i, "exact_forms"), weight.exact_forms(), 0, kAllExactForms));
    uint64_t section = weight.in_tables() ? tablesBytes : weightsBytes;
    if (weight.offset() % kTensorAlignment != 0)
      return fail(at("weights", i, "offset"), " is ", weight.offset(), ", expected a multiple of ", kTensorAlignment);
    if (weight.bytes() == 0 || weight.offset() > section || weight.bytes() > section - weight.offset())
      return fail(at("weights", i, "bytes"), " is ", weight.bytes(), " at offset ", weight.offset(),
                  ", expected to end within the ", section, " bytes of its section");
    uint64_t bits = bitsOf(weight.element());
    bool overflow = false;
    for (uint64_t dimension : *weight.shape())
      overflow |= __builtin_mul_overflow(bits, dimension, &bits);
    if (overflow || weight.bytes() < bits / 8 + (bits % 8 != 0))
      return fail(at("weights", i, "bytes"), " is ", weight.bytes(), ", too little for its shape");
    V4_RETURN_IF_ERROR(expectRange(at("weights", i, "rank"), weight.rank(), 0, 0));
  }
  V4_RETURN_IF_ERROR(checkWeightPlaces(true, tablesBytes));
  return checkWeightPlaces(false, weightsBytes);
}

Status PlanRules::checkWeightPlaces(bool inTables, uint64_t sectionBytes) {
  std::vector<Place> places;
  for (uint32_t i = 0; i < program.weights()->size(); ++i)
    if (const fb::Weight *weight = program.weights()->Get(i); weight->in_tables() == inTables)
      places.push_back({weight->offset(), weight->bytes(), i});
  if (size_t i = findOverlap(places))
    return fail(at("weights", places[i].index, "offset"), " is ", places[i].offset, ", inside weights[",
                places[i - 1].index, "], which ends at ", places[i - 1].offset + places[i - 1].bytes);
  return Status();
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

Status PlanRules::checkPools() {
  for (uint32_t i = 0; i < program.pools()->size(); ++i) {
    const fb::Pool &pool = *program.pools()->Get(i);
    V4_RETURN_IF_ERROR(checkName(at("pools", i, "name"), pool.name()));
    V4_RETURN_IF_ERROR(expectEnum(at("pools", i, "kind"), pool.kind()));
    V4_RETURN_IF_ERROR(expectEnum(at("pools", i, "encoding"), pool.encoding()));
    V4_RETURN_IF_ERROR(expectEnum(at("pools", i, "group"), pool.group()));
    if (pool.group() > fb::LaunchGroup::Mtp)
      return fail(at("pools", i, "group"), " is ", groupName(pool.group()), ", expected main or mtp");
    if (pool.group() == fb::LaunchGroup::Mtp && !program.model()->has_mtp())
      return fail(at("pools", i, "group"), " is mtp, but model.has_mtp is false");
    V4_RETURN_IF_ERROR(expectRange(at("pools", i, "rank"), pool.rank(), 0, 0));
    V4_RETURN_IF_ERROR(expectRange(at("pools", i, "row_values"), pool.row_values(), 1, 1u << 24));
    V4_RETURN_IF_ERROR(expectRange(at("pools", i, "rows"), pool.rows(), 1, 1u << 24));
    V4_RETURN_IF_ERROR(checkRowBytes(at("pools", i, "row_bytes"), pool));
    bool page = pool.kind() == fb::PoolKind::Page;
    V4_RETURN_IF_ERROR(expectRange(at("pools", i, "ratio"), pool.ratio(), page ? 1 : 0, kPageTokens));
    if (page && pool.rows() * uint64_t(pool.ratio()) != kPageTokens)
      return fail(at("pools", i, "rows"), " is ", pool.rows(), " with ratio ", pool.ratio(), ", expected ", kPageTokens,
                  " source tokens in a page");
    if (pool.offset() % 64 != 0)
      return fail(at("pools", i, "offset"), " is ", pool.offset(), ", expected a multiple of 64");
    V4_RETURN_IF_ERROR(checkRing(i, pool));
  }
  V4_RETURN_IF_ERROR(checkRings());
  V4_RETURN_IF_ERROR(checkPoolPlaces(fb::PoolKind::Page, "page_bytes", program.page_bytes()));
  return checkPoolPlaces(fb::PoolKind::State, "state_bytes", program.state_bytes());
}

Status PlanRules::checkRings() {
  uint64_t rings = 0, longest = 0;
  for (const fb::Pool *pool : *program.pools())
    if (pool->kind() == fb::PoolKind::State) {
      ++rings;
      longest = std::max<uint64_t>(longest, pool->rows());
    }
  if (rings * longest <= kMaxRingRows)
    return Status();
  return fail("pools: ", rings, " rings of up to ", longest, " rows, expected a product of at most ", kMaxRingRows);
}

/// What a step reads of a ring fits the ring.
Status PlanRules::checkRing(uint32_t i, const fb::Pool &pool) {
  uint32_t most = pool.kind() == fb::PoolKind::State ? kPageTokens : 0;
  V4_RETURN_IF_ERROR(expectRange(at("pools", i, "period"), pool.period(), 0, most));
  V4_RETURN_IF_ERROR(expectRange(at("pools", i, "lag"), pool.lag(), 0, pool.period() ? 1 : 0));
  // Snapshots lie on page boundaries and leave out what lies behind the last whole period.
  if (pool.period() && kPageTokens % pool.period() != 0)
    return fail(at("pools", i, "period"), " is ", pool.period(), ", expected a divisor of ", kPageTokens);
  uint64_t longest = pool.period() ? pool.rows() + pool.lag() + 1 - pool.period() : 0;
  if (pool.period() > pool.rows() + pool.lag() || pool.history() > longest)
    return fail(at("pools", i, "history"), " is ", pool.history(), " with period ", pool.period(), ", expected what ",
                pool.rows(), " rows hold");
  return Status();
}

Status PlanRules::checkRowBytes(const std::string &field, const fb::Pool &pool) {
  uint64_t values = pool.row_values();
  uint64_t expected = 0;
  switch (pool.encoding()) {
  case fb::RowEncoding::KvCompact:
    V4_RETURN_IF_ERROR(spend(field, values / 64));
    return rotaryValues(pool)
               ? Status()
               : fail(field, " is ", pool.row_bytes(), ", no kv_compact row of ", values, " values has that size");
  case fb::RowEncoding::IndexFp4:
    expected = indexFp4RowBytes(values);
    break;
  case fb::RowEncoding::F32:
    expected = 4 * values;
    break;
  case fb::RowEncoding::BF16:
    expected = 2 * values;
    break;
  }
  if (pool.row_bytes() == expected)
    return Status();
  return fail(field, " is ", pool.row_bytes(), ", expected ", expected, " for ", values, " values");
}

Status PlanRules::checkPoolPlaces(fb::PoolKind kind, const char *field, uint64_t bytes) {
  V4_RETURN_IF_ERROR(expectRange(field, bytes, 0, kMaxSequenceBytes));
  if (bytes % 64 != 0)
    return fail(field, " is ", bytes, ", expected a multiple of 64");
  std::vector<Place> places;
  for (uint32_t i = 0; i < program.pools()->size(); ++i) {
    const fb::Pool &pool = *program.pools()->Get(i);
    if (pool.kind() != kind)
      continue;
    // rows and row_bytes are bounded by 2^24 and 2^27 above.
    uint64_t poolBytes = pool.rows() * pool.row_bytes();
    if (pool.offset() > bytes || poolBytes > bytes - pool.offset())
      return fail(at("pools", i, "offset"), " is ", pool.offset(), " with ", poolBytes,
                  " bytes, expected to end within ", field, " = ", bytes);
    places.push_back({pool.offset(), poolBytes, i});
  }
  if (size_t i = findOverlap(places))
    return fail(at("pools", places[i].index, "offset"), " is ", places[i].offset, ", inside pools[",
                places[i - 1].index, "], which ends at ", places[i - 1].offset + places[i - 1].bytes);
  // State is cleared for each sequence: without a bound, a damaged size would take minutes.
  uint64_t most = 0;
  for (const Place &place : places)
    most += place.bytes + kMaxPoolPadding;
  if (bytes > most)
    return fail(field, " is ", bytes, ", its ", places.size(), " pools need at most ", most, " with padding");
  return Status();
}

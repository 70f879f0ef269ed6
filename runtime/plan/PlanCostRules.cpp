//===- PlanCostRules.cpp - Rules of costs and parts -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanRules.h"

using namespace v4;
using namespace v4::plan;

namespace {
/// More than any model: sums of all parts stay within 64 bits.
constexpr uint64_t kMaxParts = 256;
constexpr uint64_t kMaxParameters = uint64_t(1) << 54;
} // namespace

Status PlanRules::checkTerm(const std::string &field, fb::CostUnit unit, uint64_t ratio, uint64_t count) {
  V4_RETURN_IF_ERROR(expectEnum(field + ".unit", unit));
  V4_RETURN_IF_ERROR(expectRange(field + ".ratio", ratio, 1, kMaxBytes));
  return expectRange(field + ".count", count, 1, kMaxBytes);
}

Status PlanRules::checkCosts(uint32_t index) {
  const fb::Kernel &kernel = *program.kernels()->Get(index);
  if (kernel.hits() < -1 || kernel.hits() >= static_cast<int64_t>(kernel.bindings()))
    return fail(at("kernels", index, "hits"), " is ", kernel.hits(), ", expected one of its ", kernel.bindings(),
                " bindings, or -1");
  if (!kernel.costs() || kernel.costs()->size() == 0)
    return Status();
  std::string field = at("kernels", index, "costs");
  V4_RETURN_IF_ERROR(expectAligned(field, kernel.costs()->Data()));
  V4_RETURN_IF_ERROR(spend(field, kernel.costs()->size()));
  for (const fb::CostTerm *term : *kernel.costs()) {
    V4_RETURN_IF_ERROR(expectEnum(field + ".kind", term->kind()));
    V4_RETURN_IF_ERROR(checkTerm(field, term->unit(), term->ratio(), term->count()));
  }
  return Status();
}

Status PlanRules::checkParts() {
  if (!program.parts())
    return Status();
  V4_RETURN_IF_ERROR(expectRange("parts.size", program.parts()->size(), 0, kMaxParts));
  for (uint32_t i = 0; i < program.parts()->size(); ++i) {
    const fb::Part &part = *program.parts()->Get(i);
    V4_RETURN_IF_ERROR(checkName(at("parts", i, "name"), part.name()));
    V4_RETURN_IF_ERROR(expectRange(at("parts", i, "group"), static_cast<uint64_t>(part.group()), 0,
                                   static_cast<uint64_t>(fb::LaunchGroup::Mtp)));
    V4_RETURN_IF_ERROR(expectRange(at("parts", i, "parameters"), part.parameters(), 0, kMaxParameters));
    V4_RETURN_IF_ERROR(
        expectRange(at("parts", i, "active_parameters"), part.active_parameters(), 0, part.parameters()));
    V4_RETURN_IF_ERROR(expectRange(at("parts", i, "stored_bytes"), part.stored_bytes(), 0, kMaxParameters));
    std::string field = at("parts", i, "work");
    V4_RETURN_IF_ERROR(expectPresent(field, part.work()));
    // An empty vector has no elements to align.
    if (part.work()->size())
      V4_RETURN_IF_ERROR(expectAligned(field, part.work()->Data()));
    V4_RETURN_IF_ERROR(spend(field, part.work()->size() + 1));
    for (const fb::WorkTerm *term : *part.work()) {
      V4_RETURN_IF_ERROR(expectEnum(field + ".arithmetic", term->arithmetic()));
      V4_RETURN_IF_ERROR(checkTerm(field, term->unit(), term->ratio(), term->products()));
      if (term->unit() == fb::CostUnit::Hits)
        return fail(field, ".unit is hits, expected one that the step alone tells");
    }
  }
  return expectRange("experts_per_token", program.experts_per_token(), 0, 1u << 16);
}

//===- PlanCost.cpp - What a launch spends in one step --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanCost.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

uint64_t bounded(uint64_t rows, uint64_t most) { return most ? std::min(rows, most) : rows; }

/// Rows that the token at `position` reads.
uint64_t rowsOfToken(const fb::CostTerm &term, uint64_t position) {
  return bounded((position + 1) / term.ratio(), term.most());
}

double sumOverTokens(const fb::CostTerm &term, const TokenRange &range) {
  uint64_t sum = 0;
  for (uint64_t position = range.begin; position < range.end; ++position)
    sum += rowsOfToken(term, position);
  return static_cast<double>(sum);
}

/// Rows that some token of a range reads. Which ones the indexer selects is not known: as many as there can be.
double unionOverTokens(const fb::CostTerm &term, const TokenRange &range) {
  if (term.unit() == fb::CostUnit::WindowUnion)
    return static_cast<double>(bounded(range.end, term.most() ? term.most() + range.end - range.begin - 1 : 0));
  return std::min(static_cast<double>(range.end / term.ratio()), sumOverTokens(term, range));
}

uint64_t chunks(const StepShape &step, uint64_t ratio) {
  uint64_t sum = 0;
  for (const TokenRange &range : step.ranges)
    sum += range.end / ratio - range.begin / ratio;
  return sum;
}

} // namespace

uint64_t StepShape::tokens() const {
  uint64_t sum = 0;
  for (const TokenRange &range : ranges)
    sum += range.end - range.begin;
  return sum;
}

Cost &Cost::operator+=(const Cost &other) {
  dotFlops += other.dotFlops;
  fmaFlops += other.fmaFlops;
  weightBytes += other.weightBytes;
  cacheBytes += other.cacheBytes;
  activationBytes += other.activationBytes;
  return *this;
}

double plan::unitsOf(const fb::CostTerm &term, const StepShape &step, uint64_t hits) {
  double sum = 0;
  switch (term.unit()) {
  case fb::CostUnit::One:
    return 1;
  case fb::CostUnit::Tokens:
    return static_cast<double>(step.tokens());
  case fb::CostUnit::Sequences:
    return static_cast<double>(step.ranges.size());
  case fb::CostUnit::Chunks4:
    return static_cast<double>(chunks(step, 4));
  case fb::CostUnit::Chunks128:
    return static_cast<double>(chunks(step, 128));
  case fb::CostUnit::Logits:
    return static_cast<double>(step.logits);
  case fb::CostUnit::Hits:
    return static_cast<double>(hits);
  case fb::CostUnit::Window:
  case fb::CostUnit::Visible:
    for (const TokenRange &range : step.ranges)
      sum += sumOverTokens(term, range);
    return sum;
  case fb::CostUnit::WindowUnion:
  case fb::CostUnit::VisibleUnion:
    for (const TokenRange &range : step.ranges)
      sum += unionOverTokens(term, range);
    return sum;
  }
  return 0;
}

double plan::productsOf(const fb::WorkTerm &term, const StepShape &step) {
  fb::CostTerm unit(fb::CostKind::DotFlops, term.unit(), term.ratio(), term.most(), 1);
  return static_cast<double>(term.products()) * unitsOf(unit, step, 0);
}

Cost plan::costOf(const fb::Kernel &kernel, const StepShape &step, uint64_t hits) {
  Cost cost;
  double *const sums[] = {&cost.dotFlops, &cost.fmaFlops, &cost.weightBytes, &cost.cacheBytes, &cost.activationBytes};
  if (kernel.costs())
    for (const fb::CostTerm *term : *kernel.costs())
      *sums[static_cast<int>(term->kind())] += static_cast<double>(term->count()) * unitsOf(*term, step, hits);
  return cost;
}

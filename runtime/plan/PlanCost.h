//===- PlanCost.h - What a launch spends in one step ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates the cost terms of a plan. REQUIRES a checked plan.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_PLAN_PLANCOST_H
#define V4_RUNTIME_PLAN_PLANCOST_H

#include "runtime/plan/plan_generated.h"

#include <vector>

namespace v4::plan {

/// The tokens that a step feeds to one sequence.
struct TokenRange {
  uint64_t begin; ///< Position of the first one.
  uint64_t end;
};

/// A step as cost terms see it.
struct StepShape {
  std::vector<TokenRange> ranges; ///< One per sequence.
  uint64_t logits = 0;            ///< Rows that want logits.

  uint64_t tokens() const;
};

struct Cost {
  double dotFlops = 0;
  double fmaFlops = 0;
  double weightBytes = 0;
  double cacheBytes = 0;
  double activationBytes = 0;

  double flops() const { return dotFlops + fmaFlops; }
  /// What comes from memory in a step that is larger than the processor's caches.
  double memoryBytes() const { return weightBytes + cacheBytes; }
  Cost &operator+=(const Cost &other);
};

/// How many of a term's unit a step has; `hits` is the number of experts that the launch goes to.
double unitsOf(const fb::CostTerm &term, const StepShape &step, uint64_t hits);

/// Multiply-adds of a term in a step. REQUIRES: the term does not count hits.
double productsOf(const fb::WorkTerm &term, const StepShape &step);

/// Sum of the terms of one launch.
Cost costOf(const fb::Kernel &kernel, const StepShape &step, uint64_t hits);

} // namespace v4::plan

#endif // V4_RUNTIME_PLAN_PLANCOST_H

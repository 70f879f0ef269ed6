//===- LaunchCost.cpp - What a launch spends and needs at least -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/LaunchCost.h"

#include <algorithm>
#include <cmath>

using namespace v4;
using namespace v4::plan;

StepShape inspect::lastTokensOf(uint64_t context, uint64_t tokens) {
  return {{{context - std::min(context, tokens), context}}, 1};
}

double inspect::routedExperts(const fb::Program &program) {
  for (const fb::Part *part : *program.parts())
    if (part->name()->string_view() == "routed_experts" && part->active_parameters() > 0)
      return std::round(static_cast<double>(program.experts_per_token()) * static_cast<double>(part->parameters()) /
                        static_cast<double>(part->active_parameters()));
  return 0;
}

double inspect::expertHits(const fb::Program &program, uint64_t tokens) {
  double chosen = program.experts_per_token(), all = routedExperts(program);
  if (tokens <= 1 || all <= chosen)
    return chosen;
  return all * (1 - std::pow(1 - chosen / all, static_cast<double>(tokens)));
}

Cost inspect::launchCost(const fb::Program &program, const fb::Launch &launch, const StepShape &step) {
  // The first units are the row spaces.
  fb::CostTerm rows(fb::CostKind::DotFlops, static_cast<fb::CostUnit>(launch.rows()), 1, 0, 1);
  if (unitsOf(rows, step, 0) == 0)
    return Cost();
  return costOf(*program.kernels()->Get(launch.kernel()), step, std::llround(expertHits(program, step.tokens())));
}

double inspect::floorOf(const Cost &cost, const Device &device) {
  double dots = device.flopsPerSecond(fb::Arithmetic::BF16), others = device.flopsPerSecond(fb::Arithmetic::F32);
  double arithmetic = (dots > 0 ? cost.dotFlops / dots : 0) + (others > 0 ? cost.fmaFlops / others : 0);
  return std::max(cost.memoryBytes() / device.bytesPerSecond, arithmetic);
}

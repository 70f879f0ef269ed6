//===- CostTest.cpp - Cost terms and their rules --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanCost.h"
#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

double units(fb::CostUnit unit, uint16_t ratio, uint32_t most) {
  // Two sequences: positions 0 .. 9, and position 300.
  StepShape step{{{0, 10}, {300, 301}}, 2};
  return unitsOf(fb::CostTerm(fb::CostKind::DotFlops, unit, ratio, most, 1), step, 5);
}

TEST(Cost, countsOfTheStep) {
  EXPECT_EQ(units(fb::CostUnit::One, 1, 0), 1);
  EXPECT_EQ(units(fb::CostUnit::Tokens, 1, 0), 11);
  EXPECT_EQ(units(fb::CostUnit::Sequences, 1, 0), 2);
  EXPECT_EQ(units(fb::CostUnit::Chunks4, 1, 0), 2); // 3 and 7 end a chunk, 300 does not
  EXPECT_EQ(units(fb::CostUnit::Chunks128, 1, 0), 0);
  EXPECT_EQ(units(fb::CostUnit::Logits, 1, 0), 2);
  EXPECT_EQ(units(fb::CostUnit::Hits, 1, 0), 5);
}

TEST(Cost, rowsOfTheCache) {
  EXPECT_EQ(units(fb::CostUnit::Window, 1, 4), 1 + 2 + 3 + 7 * 4 + 4);
  EXPECT_EQ(units(fb::CostUnit::WindowUnion, 1, 4), 10 + 4);
  EXPECT_EQ(units(fb::CostUnit::Visible, 4, 0), 4 * 1 + 3 * 2 + 75);
  EXPECT_EQ(units(fb::CostUnit::VisibleUnion, 4, 0), 2 + 75);
  EXPECT_EQ(units(fb::CostUnit::Visible, 4, 16), 4 * 1 + 3 * 2 + 16);
  EXPECT_EQ(units(fb::CostUnit::VisibleUnion, 4, 16), 2 + 16);
  EXPECT_EQ(units(fb::CostUnit::VisibleUnion, 128, 0), 2);
}

/// A plan whose second kernel has one cost term.
FakePlan withCost(fb::CostTerm term, int32_t hits = -1) {
  FakePlan fake;
  fake.program.kernels[1]->costs = {term};
  fake.program.kernels[1]->hits = hits;
  return fake;
}

std::string load(const FakePlan &fake, Cost *cost = nullptr) {
  PlanBytes file = fake.build();
  Plan plan;
  Status status = checkPlan("engine.v4plan", file.view(), plan);
  if (status.isOk() && cost)
    *cost = costOf(*plan.program().kernels()->Get(1), StepShape{{{0, 3}}, 1}, 0);
  return status.message();
}

TEST(Cost, isReadFromThePlan) {
  Cost cost;
  ASSERT_EQ(load(withCost({fb::CostKind::CacheBytes, fb::CostUnit::Tokens, 1, 0, 584}), &cost), "");
  EXPECT_EQ(cost.cacheBytes, 3 * 584);
  EXPECT_EQ(cost.memoryBytes(), 3 * 584);
  EXPECT_EQ(cost.flops(), 0);
}

TEST(Cost, badTermsAreRefused) {
  const std::string head = "engine.v4plan: ", tail = "; rebuild the plan with v4-compile";
  EXPECT_EQ(load(withCost({static_cast<fb::CostKind>(5), fb::CostUnit::One, 1, 0, 1})),
            head + "kernels[1].costs.kind is 5, expected 0 to 4" + tail);
  EXPECT_EQ(load(withCost({fb::CostKind::DotFlops, static_cast<fb::CostUnit>(11), 1, 0, 1})),
            head + "kernels[1].costs.unit is 11, expected 0 to 10" + tail);
  EXPECT_EQ(load(withCost({fb::CostKind::DotFlops, fb::CostUnit::Visible, 0, 0, 1})),
            head + "kernels[1].costs.ratio is 0, expected 1 to 70368744177664" + tail);
  EXPECT_EQ(load(withCost({fb::CostKind::DotFlops, fb::CostUnit::One, 1, 0, 0})),
            head + "kernels[1].costs.count is 0, expected 1 to 70368744177664" + tail);
  EXPECT_EQ(load(withCost({fb::CostKind::DotFlops, fb::CostUnit::One, 1, 0, 1}, 4)),
            head + "kernels[1].hits is 4, expected one of its 4 bindings, or -1" + tail);
  EXPECT_EQ(load(withCost({fb::CostKind::DotFlops, fb::CostUnit::One, 1, 0, 1}, 0)),
            head + "launches[1].bindings[0] is the hits of its kernel, expected an I32 buffer" + tail);
}

} // namespace

//===- PartTest.cpp - Parts of the model and their rules ------------------===//
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

fb::PartT part(std::vector<fb::WorkTerm> work) {
  fb::PartT part;
  part.name = "attention";
  part.parameters = 100;
  part.active_parameters = 50;
  part.stored_bytes = 200;
  part.work = std::move(work);
  return part;
}

/// The message about a plan with one part; `products` gets those of its first term in a step of tokens 0 .. 2.
std::string load(const fb::PartT &part, double *products = nullptr, uint32_t experts = 2) {
  FakePlan fake;
  fake.program.parts.emplace_back(new fb::PartT(part));
  fake.program.experts_per_token = experts;
  PlanBytes file = fake.build();
  Plan plan;
  Status status = checkPlan("engine.v4plan", file.view(), plan);
  if (status.isOk() && products)
    *products = productsOf(*plan.program().parts()->Get(0)->work()->Get(0), StepShape{{{0, 3}}, 1});
  return status.message();
}

TEST(Part, isReadFromThePlan) {
  double products = 0;
  ASSERT_EQ(load(part({{fb::Arithmetic::Fp8, fb::CostUnit::Tokens, 1, 0, 64}}), &products), "");
  EXPECT_EQ(products, 3 * 64);
  ASSERT_EQ(load(part({{fb::Arithmetic::BF16, fb::CostUnit::Window, 1, 2, 10}}), &products), "");
  EXPECT_EQ(products, (1 + 2 + 2) * 10);
  EXPECT_EQ(load(part({})), "");
}

TEST(Part, badOnesAreRefused) {
  const std::string head = "engine.v4plan: ", tail = "; rebuild the plan with v4-compile";
  fb::PartT bad = part({});
  bad.name = "a b";
  EXPECT_NE(load(bad).find("parts[0].name is 'a b'"), std::string::npos);
  bad = part({});
  bad.group = fb::LaunchGroup::MtpStep;
  EXPECT_EQ(load(bad), head + "parts[0].group is 2, expected 0 to 1" + tail);
  bad = part({});
  bad.active_parameters = 101;
  EXPECT_EQ(load(bad), head + "parts[0].active_parameters is 101, expected 0 to 100" + tail);
  EXPECT_EQ(load(part({{static_cast<fb::Arithmetic>(4), fb::CostUnit::One, 1, 0, 1}})),
            head + "parts[0].work.arithmetic is 4, expected 0 to 3" + tail);
  EXPECT_EQ(load(part({{fb::Arithmetic::Fp8, fb::CostUnit::Visible, 0, 0, 1}})),
            head + "parts[0].work.ratio is 0, expected 1 to 70368744177664" + tail);
  EXPECT_EQ(load(part({{fb::Arithmetic::Fp8, fb::CostUnit::Hits, 1, 0, 1}})),
            head + "parts[0].work.unit is hits, expected one that the step alone tells" + tail);
  EXPECT_EQ(load(part({}), nullptr, 70000), head + "experts_per_token is 70000, expected 0 to 65536" + tail);
}

TEST(Part, thereMayBeNone) {
  FakePlan fake;
  PlanBytes file = fake.build();
  Plan plan;
  EXPECT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
}

} // namespace

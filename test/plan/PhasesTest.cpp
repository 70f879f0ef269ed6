//===- PhasesTest.cpp - What launches without a barrier may share ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

std::string load(const FakePlan &fake) {
  PlanBytes file = fake.build();
  Plan plan;
  return checkPlan("engine.v4plan", file.view(), plan).message();
}

std::string refusal(const char *message) {
  return joinText("engine.v4plan: ", message, "; rebuild the plan with v4-compile");
}

/// A second launch that reads the pools that the third one reads, and writes a buffer of its own.
FakePlan withTwins() {
  FakePlan fake;
  auto twin = std::make_unique<fb::BufferT>(*fake.program.buffers[1]);
  twin->name = "twin";
  twin->slot = 3;
  fake.program.slots = 4;
  fake.program.buffers.push_back(std::move(twin));
  auto launch = std::make_unique<fb::LaunchT>(*fake.program.launches[2]);
  launch->bindings.front() = bind(fb::BindingKind::Weight, fb::Access::In, 0);
  launch->bindings.back() = bind(fb::BindingKind::Buffer, fb::Access::Out, 4);
  launch->barrier = false;
  fake.program.launches.insert(fake.program.launches.begin() + 3, std::move(launch));
  for (auto &buffer : fake.program.buffers) {
    buffer->first_launch += buffer->first_launch > 2;
    buffer->last_launch += buffer->last_launch > 2;
  }
  fake.program.buffers[4]->first_launch = 3;
  return fake;
}

TEST(Phases, independentLaunchesNeedNoBarrier) { EXPECT_EQ(load(withTwins()), ""); }

TEST(Phases, theFirstLaunchStartsOne) {
  FakePlan fake;
  fake.program.launches[0]->barrier = false;
  EXPECT_EQ(load(fake), refusal("launches[0].barrier is false, expected true: no phase is in front of it"));
}

TEST(Phases, readerNeedsBarrier) {
  FakePlan fake;
  fake.program.launches[3]->barrier = false;
  EXPECT_EQ(load(fake),
            refusal("launches[2] writes Buffer 1, which launches[3] of the same phase binds too, expected a "
                    "barrier between them"));
}

TEST(Phases, readerOfPoolNeedsBarrier) {
  FakePlan fake;
  fake.program.launches[2]->barrier = false;
  EXPECT_EQ(load(fake), refusal("launches[1] writes Pool 0, which launches[2] of the same phase binds too, expected a "
                                "barrier between them"));
}

TEST(Phases, groupsNeedBarrier) {
  FakePlan fake;
  fake.program.launches[4]->barrier = false;
  EXPECT_EQ(load(fake), refusal("launches[4].group is Mtp, expected Main, the group of its phase, which begins with "
                                "launches[3]"));
}

TEST(Phases, slotsAreHeldForWholePhases) {
  // Buffer 0 is read by launch 2 alone; launch 3 of the same phase may not write into its slot.
  FakePlan fake = withTwins();
  fake.program.buffers[4]->slot = 0;
  fake.program.buffers[4]->last_launch = 3;
  EXPECT_EQ(load(fake),
            refusal("buffers[4].first_launch is 3, but buffers[0] lives in the same slot 0 until launch 2"));
  fake.program.launches[3]->barrier = true;
  EXPECT_EQ(load(fake), "");
}

} // namespace

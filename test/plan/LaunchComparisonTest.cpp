//===- LaunchComparisonTest.cpp - Which launch is blamed ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/LaunchComparison.h"
#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::certify;
using namespace v4::plan::test;
namespace fb = v4::plan::fb;

namespace {

constexpr uint32_t kEmbed = 0, kStore = 1, kAttend = 2;

/// A step of three tokens, then one of one token.
LaunchRecords somethingRecorded(const FakePlan &plan, const std::vector<uint32_t> &launches) {
  LaunchRecords records;
  records.steps = {{{0, 0, 3}, launches}, {{0, 3, 1}, launches}};
  for (uint32_t launch : launches) {
    const auto &bindings = plan.program.launches[launch]->bindings;
    for (uint32_t i = 0; i < bindings.size(); ++i) {
      if (bindings[i].kind() != fb::BindingKind::Buffer || bindings[i].access() != fb::Access::Out)
        continue;
      std::string function = plan.program.kernels[plan.program.launches[launch]->kernel]->symbol;
      LaunchRecord &made = records.outputs.emplace_back(LaunchRecord{launch, i, function, {}});
      made.record.name = joinText(launch, ".", i, ".", function);
      made.record.rowValues = kHidden;
      made.record.width = 1;
      for (uint32_t position = 0; position < 4; ++position) {
        made.record.rows.push_back({0, position, 100 + position, 1.0f});
        made.record.sketch.push_back(0.5f);
      }
    }
  }
  return records;
}

/// By its launch, in the rows of one step.
void spoil(LaunchRecords &records, uint32_t launch, uint32_t from, uint32_t to) {
  for (LaunchRecord &output : records.outputs)
    for (uint32_t row = from; output.launch == launch && row < to; ++row) {
      output.record.rows[row].hash++;
      output.record.sketch[row] += 0.5f;
    }
}

class LaunchComparisonTest : public testing::Test {
protected:
  Status compareWith(const LaunchRecords &fresh) {
    Certificate recorded;
    for (const LaunchRecord &output : somethingRecorded(plan, launches).outputs)
      recorded.probes.push_back(output.record);
    if (lacksOne)
      recorded.probes.pop_back();
    metadata = plan.metadata();
    return compareLaunches(*fb::GetProgram(metadata.data()), "record", recorded, fresh, found);
  }

  FakePlan plan;
  std::vector<uint32_t> launches{kEmbed, kStore, kAttend};
  bool lacksOne = false;
  std::vector<uint8_t> metadata;
  LaunchComparison found;
};

TEST_F(LaunchComparisonTest, BlamesWhoseInputsAreRight) {
  LaunchRecords fresh = somethingRecorded(plan, launches);
  ASSERT_TRUE(compareWith(fresh).isOk());
  EXPECT_EQ(found.probe, "");
  EXPECT_EQ(found.compared, 4u);
  for (uint32_t launch : {kEmbed, kAttend})
    spoil(fresh, launch, 3, 4);
  found = {};
  ASSERT_TRUE(compareWith(fresh).isOk());
  EXPECT_EQ(found.probe, "layers.0.streams");
  EXPECT_EQ(found.step.first, 3u);
  ASSERT_EQ(found.wrong.size(), 1u);
  EXPECT_EQ(found.wrong[0].launch, kEmbed);
}

/// What fills the cache behind a launch that reads it is made of what that one gave a step earlier.
TEST_F(LaunchComparisonTest, BlamesSomebodyThoughACacheGoesRound) {
  std::swap(plan.program.launches[kStore], plan.program.launches[kAttend]);
  plan.program.launches[2]->bindings[0] = bind(fb::BindingKind::Buffer, fb::Access::In, 1); // store_0 keeps `mixed`
  LaunchRecords fresh = somethingRecorded(plan, launches);
  spoil(fresh, 1, 3, 4);
  ASSERT_TRUE(compareWith(fresh).isOk());
  EXPECT_EQ(found.probe, "layers.0.streams");
  ASSERT_EQ(found.wrong.size(), 1u);
  EXPECT_EQ(found.wrong[0].launch, 1u);
  EXPECT_EQ(found.wrong[0].function, "attend_0");
}

/// What is not compared must not pass.
TEST_F(LaunchComparisonTest, ARecordHasAllLaunches) {
  lacksOne = true;
  Status status = compareWith(somethingRecorded(plan, launches));
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_NE(status.message().find("has 1 of the 2 outputs"), std::string::npos) << status.message();
}

} // namespace

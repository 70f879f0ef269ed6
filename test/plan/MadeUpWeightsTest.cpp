//===- MadeUpWeightsTest.cpp - Values for a plan that has none -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

constexpr uint64_t kValues = 4096;

/// A plan of --weights=none with a weight of each kind behind those of FakePlan.
class MadeUp : public ::testing::Test {
protected:
  MadeUp() {
    uint64_t offset = 4096;
    auto add = [&](const char *name, fb::ElementType element, std::vector<uint64_t> shape, uint64_t bytes) {
      auto weight = std::make_unique<fb::WeightT>(*fake.program.weights[0]);
      weight->name = name;
      weight->element = element;
      weight->shape = std::move(shape);
      weight->offset = offset;
      weight->bytes = bytes;
      offset += (bytes + 4095) / 4096 * 4096;
      fake.program.weights.push_back(std::move(weight));
    };
    add("e4m3", fb::ElementType::F8E4M3, {64, 64}, kValues);              // 2
    add("e8m0", fb::ElementType::F8E8M0, {64, 64}, kValues);              // 3
    add("f32", fb::ElementType::F32, {64, 64}, 4 * kValues);              // 4
    add("gain", fb::ElementType::BF16, {kValues}, 2 * kValues);           // 5
    add("odd", fb::ElementType::F32, {3}, 12);                            // 6
    add("layers.0.ffn.gate.weight", fb::ElementType::BF16, {5, 64}, 640); // 7
    auto table = std::make_unique<fb::WeightT>(*fake.program.weights[1]); // 8
    table->name = "layers.0.ffn.gate.tid2eid";
    table->shape = {kVocab, 3};
    table->bytes = kVocab * 3 * 4;
    table->offset = 4096;
    fake.program.weights.push_back(std::move(table));
    load(plan);
  }

  void load(Plan &out) {
    fake.tables.clear();
    fake.weights.clear();
    files.push_back(fake.build());
    files.back().header().requiredFeatures |= kFeatureNoWeights;
    files.back().rehashHeader();
    ASSERT_EQ(checkPlan("engine.v4plan", files.back().view(), out).message(), "");
    ASSERT_EQ(out.weight(0), nullptr);
    ASSERT_FALSE(out.hasMadeUpWeights());
    ASSERT_EQ(makeUpWeights(out).message(), "");
    ASSERT_TRUE(out.hasMadeUpWeights());
  }

  FakePlan fake;
  std::vector<PlanBytes> files;
  Plan plan;
};

float bf16At(const uint8_t *values, uint64_t index) {
  uint32_t bits = uint32_t(values[2 * index] | values[2 * index + 1] << 8) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

TEST_F(MadeUp, CodesAreFinite) {
  std::set<uint8_t> codes(plan.weight(2), plan.weight(2) + kValues);
  EXPECT_EQ(codes.count(0x7F) + codes.count(0xFF), 0u);
  EXPECT_GT(codes.size(), 100u);
  // The same for every block, so that each form of ExactForm holds.
  EXPECT_EQ(std::set<uint8_t>(plan.weight(3), plan.weight(3) + kValues), std::set<uint8_t>{120});
}

TEST_F(MadeUp, MatricesAreSmallAndGainsLieAroundOne) {
  double sum = 0;
  for (uint64_t i = 0; i < kValues; ++i) {
    float value;
    std::memcpy(&value, plan.weight(4) + 4 * i, sizeof(value));
    ASSERT_TRUE(std::fabs(value) >= 0x1p-9f && std::fabs(value) < 0x1p-5f) << value;
    sum += value;
    ASSERT_TRUE(bf16At(plan.weight(5), i) >= 1 && bf16At(plan.weight(5), i) < 1.25f) << bf16At(plan.weight(5), i);
  }
  EXPECT_LT(std::fabs(sum / kValues), 1e-3);
  for (uint64_t i = 0; i < kVocab * kHidden; ++i)
    ASSERT_LT(std::fabs(bf16At(plan.weight(0), i)), 0x1p-5f);
}

TEST_F(MadeUp, FillsNothingBehindAWeight) {
  EXPECT_NE(plan.weight(6)[11], 0);
  EXPECT_EQ(plan.weight(6)[12], 0);
}

TEST_F(MadeUp, TokensGoToDifferentExpertsThatThereAre) {
  std::set<int32_t> all;
  for (uint64_t token = 0; token < kVocab; ++token) {
    int32_t experts[3];
    std::memcpy(experts, plan.weight(8) + token * sizeof(experts), sizeof(experts));
    EXPECT_EQ(std::set<int32_t>(experts, experts + 3).size(), 3u);
    all.insert(experts, experts + 3);
  }
  EXPECT_EQ(all, (std::set<int32_t>{0, 1, 2, 3, 4}));
}

TEST_F(MadeUp, IsTheSameEachTime) {
  Plan again;
  load(again);
  Bytes first = plan.section(SectionKind::Weights), second = again.section(SectionKind::Weights);
  ASSERT_EQ(first.size, second.size);
  EXPECT_NE(first.data, second.data);
  EXPECT_EQ(std::memcmp(first.data, second.data, first.size), 0);
  EXPECT_NE(std::memcmp(plan.weight(4), plan.weight(0), 512), 0);
}

TEST(MadeUpWeights, AreForPlansThatHaveNone) {
  FakePlan fake;
  PlanBytes file = fake.build();
  Plan plan;
  ASSERT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
  EXPECT_EQ(makeUpWeights(plan).message(),
            "engine.v4plan: has weights of its own, expected a plan of v4-compile --weights=none to make some up for; "
            "leave --made-up-weights out");
  EXPECT_EQ(plan.weight(0)[0], 7);
}

} // namespace

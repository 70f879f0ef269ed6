//===- SamplingTest.cpp - Launches that pick tokens -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include "runtime/plan/PlanValidator.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

/// The message about a plan that samples, changed.
template <typename Change>
std::string load(Change change) {
  FakePlan fake;
  fake.addSampling();
  change(fake.program);
  std::vector<uint8_t> metadata = fake.metadata();
  Status status = validateProgram("engine.v4plan", *fb::GetProgram(metadata.data()), fake.code.size(),
                                  fake.tables.size(), fake.weights.size());
  return status.message();
}

std::string refusal(const std::string &text) { return "engine.v4plan: " + text + "; rebuild the plan with v4-compile"; }

TEST(Sampling, isTakenBehindAllElse) {
  EXPECT_EQ(load([](auto &) {}), "");
  EXPECT_EQ(load([](auto &p) { p.launches[5]->group = fb::LaunchGroup::MtpSample; }),
            refusal("launches[5].group is mtp_sample of 7 launches, expected the last of all to be sample and "
                    "mtp_sample"));
  EXPECT_EQ(load([](auto &p) { p.launches[6]->group = fb::LaunchGroup::MtpDraft; }),
            refusal("launches[6].group is mtp_draft of 7 launches, expected the last of all to be sample and "
                    "mtp_sample"));
  EXPECT_EQ(load([](auto &p) { p.launches[1]->group = fb::LaunchGroup::Sample; }),
            refusal("launches[1].group is sample of 7 launches, expected the last of all to be sample and mtp_sample"));
}

TEST(Sampling, hasALaunchOfTheModelAloneWithoutTheBlock) {
  auto change = [](auto &p) {
    p.model->has_mtp = false;
    p.mtp_logits_buffer = -1;
    p.launches.erase(p.launches.begin() + 6);
    p.launches.erase(p.launches.begin() + 4);
    p.buffers.pop_back();
    p.buffers[1]->last_launch = 3;
    p.buffers[2]->last_launch = 4;
    p.buffers[3]->first_launch = p.buffers[3]->last_launch = 4;
    p.buffers[3]->slot = 2;
    p.buffers[4]->first_launch = p.buffers[4]->last_launch = 4;
  };
  EXPECT_EQ(load(change), "");
}

TEST(Sampling, hasOneWorkgroupForEachRow) {
  EXPECT_EQ(
      load([](auto &p) { p.launches[5]->tiles = 2; }),
      refusal("launches[5] samples and has rows logits, row_tile 1, tiles 2, expected logits, 1, 1 and a barrier"));
  EXPECT_EQ(
      load([](auto &p) { p.launches[6]->rows = fb::RowSpace::Tokens; }),
      refusal("launches[6] samples and has rows tokens, row_tile 1, tiles 1, expected logits, 1, 1 and a barrier"));
}

TEST(Sampling, hasOneKernelForAnyNumberOfRows) {
  auto change = [](auto &p) {
    p.target->name = "cuda:sm_90a";
    for (auto &kernel : p.kernels) {
      kernel->block = std::make_unique<fb::BlockT>();
      kernel->block->threads = 1;
      kernel->block->image_bytes = 8;
    }
    fb::KernelT &kernel = *p.kernels[p.launches[6]->kernel];
    fb::VariantT &variant = *kernel.variants.emplace_back(std::make_unique<fb::VariantT>());
    variant.most_rows = variant.row_tile = variant.tiles = 1;
    variant.block = std::make_unique<fb::BlockT>(*kernel.block);
  };
  EXPECT_EQ(load(change), refusal("launches[6] samples and its kernel has 1 variants, expected none"));
}

TEST(Sampling, readsItsLogitsAndWritesItsRows) {
  using Kind = fb::BindingKind;
  EXPECT_EQ(load([](auto &p) { p.launches[6]->bindings[0] = bind(Kind::Buffer, fb::Access::In, 2); }),
            refusal("launches[6].bindings[0] is Buffer 2, expected to read buffers[3], the logits that it samples"));
  EXPECT_EQ(load([](auto &p) { p.buffers[4]->row_shape[0] = 11; }),
            refusal("launches[5].bindings[1] is Buffer 4, expected to write an I32 buffer of Logits rows and [12]"));
  EXPECT_EQ(load([](auto &p) { p.launches[5]->bindings[1] = bind(Kind::Weight, fb::Access::In, 0); }),
            refusal("launches[5].bindings[1] is Weight 0, expected to write an I32 buffer of Logits rows and [12]"));
}

/// Nothing that runs in a step may depend on whether somebody asked for tokens.
TEST(Sampling, isReadByNobody) {
  EXPECT_EQ(load([](auto &p) {
              p.buffers[4]->last_launch = 6;
              p.buffers[5]->slot = 4;
              p.slots = 5;
              p.launches[6]->bindings[0] = bind(fb::BindingKind::Buffer, fb::Access::In, 4);
            }),
            refusal("launches[6].bindings[0] reads buffers[4], which no launch before it in its group writes"));
}

} // namespace

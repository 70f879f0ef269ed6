//===- MemoryTest.cpp - The memory function and the text of a plan --------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanMemory.h"

#include "runtime/plan/PlanText.h"
#include "runtime/plan/PlanValidator.h"
#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

TEST(Memory, rowCapacity) {
  using fb::RowSpace;
  EXPECT_EQ(rowCapacity(RowSpace::One, {8, 2, 256}), 1u);
  EXPECT_EQ(rowCapacity(RowSpace::Tokens, {8, 2, 256}), 8u);
  EXPECT_EQ(rowCapacity(RowSpace::Sequences, {8, 2, 256}), 2u);
  EXPECT_EQ(rowCapacity(RowSpace::Logits, {8, 2, 256}), 8u);
  // Two sequences of 1 and 7 tokens can finish 1 + 2 chunks.
  EXPECT_EQ(rowCapacity(RowSpace::Chunks4, {8, 2, 256}), 3u);
  EXPECT_EQ(rowCapacity(RowSpace::Chunks4, {2, 8, 256}), 2u);
  EXPECT_EQ(rowCapacity(RowSpace::Chunks128, {512, 8, 1024}), 11u);
}

TEST(Memory, chunkCapacityHolds) {
  // Every split of T tokens over S sequences at every phase stays within the capacity.
  for (uint64_t first = 1; first < 12; ++first)
    for (uint64_t second = 1; second < 12; ++second)
      for (uint64_t start = 0; start < 4; ++start) {
        uint64_t chunks = (start + first) / 4 + (start + second) / 4 - 2 * (start / 4);
        EXPECT_LE(chunks, rowCapacity(fb::RowSpace::Chunks4, {first + second, 2, 256}));
      }
}

TEST(Memory, contextRows) {
  EXPECT_EQ(pagesOf(1), 1u);
  EXPECT_EQ(pagesOf(128), 1u);
  EXPECT_EQ(pagesOf(129), 2u);
  EXPECT_EQ(indexRowsOf(1), 16u);
  EXPECT_EQ(indexRowsOf(64), 16u);
  EXPECT_EQ(indexRowsOf(65), 32u);
}

TEST(Memory, arenaAndCache) {
  PlanBytes file = FakePlan().build();
  Plan plan;
  ASSERT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
  Arena arena = arenaOf(plan.program(), envelopeLimits(plan.program()));
  EXPECT_EQ(arena.slotBytes, (std::vector<uint64_t>{8 * 128 + 64, 8 * 256 + 64, 8 * 64 + 64}));
  EXPECT_EQ(arena.slotOffsets, (std::vector<uint64_t>{0, 1088, 1088 + 2112}));
  EXPECT_EQ(arena.bytes, 1088u + 2112u + 576u);
  EXPECT_EQ(cacheBytes(plan.program(), 129, 3), 3 * (2 * 20864u + 8448u));
  EXPECT_EQ(cacheBytes(plan.program(), ~uint64_t(0) - 200, 3), std::nullopt);
  EXPECT_EQ(stackBytes(plan.program()), 1024u);
}

TEST(Memory, capacityNeverBelowTheRows) {
  // Right at the envelope (8 tokens), too small below it: 16 * T * T against 128 * T.
  FakePlan fake;
  fake.program.buffers[0]->bytes = {fb::SizeTerm(16, 2, 0, 0)};
  PlanBytes file = fake.build();
  Plan plan;
  ASSERT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
  EXPECT_EQ(bufferBytes(*plan.program().buffers()->Get(0), {2, 1, 1}), 256u);
}

TEST(Text, escapes) { EXPECT_EQ(escapeText("a\"b\\\n\xC3"), "a\\22b\\5C\\0A\\C3"); }

TEST(Text, oneOpPerTable) {
  PlanBytes file = FakePlan().build();
  Plan plan;
  ASSERT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
  std::string text = printPlan(plan);
  EXPECT_NE(
      text.find("\"plan.pool\"() <{sym_name = \"layers.0.rows\", type = !v4.cache<page, ratio = 4, kv_compact, rows "
                "= 32, values = 512, rope = 64>, group = \"main\", offset = 0 : i64, rank = 0 : i64}> : () -> ()"),
      std::string::npos);
  EXPECT_NE(text.find("\"plan.launch\"() <{kernel = @\"embed_0\", grid = #kernel.grid<rows = 1, tile = 4, tiles = 2>, "
                      "bindings = [#plan.binding<step, in, @step, 1>, #plan.binding<weight, in, @\"embed\">, "
                      "#plan.binding<buffer, out, @\"hidden\">], group = \"main\", layer = 0 : i64, rank = 0 : i64, "
                      "barrier = true}>"),
            std::string::npos);
}

} // namespace

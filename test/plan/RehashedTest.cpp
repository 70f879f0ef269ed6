//===- RehashedTest.cpp - Damage behind correct hashes --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever can compute a hash can reach the verifier and the validator with any
// metadata. What they accept must be safe for everything that reads a plan; the
// sanitizers watch.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanText.h"
#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>
#include <random>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

/// Everything that follows a reference or multiplies a size. Returns whether the plan was accepted.
bool loadAndUse(PlanBytes &file) {
  Plan plan;
  if (!checkPlan("engine.v4plan", file.view(), plan).isOk())
    return false;
  const fb::Program &program = plan.program();
  Limits envelope = envelopeLimits(program);
  Arena arena = arenaOf(program, envelope);
  Arena least = arenaOf(program, {1, 1, 1});
  EXPECT_LE(least.bytes, arena.bytes);
  EXPECT_TRUE(cacheBytes(program, envelope.context, envelope.sequences).has_value());
  unsigned sum = 0;
  for (uint32_t i = 0; i < program.weights()->size(); ++i)
    sum += plan.weight(i)[0] + plan.weight(i)[program.weights()->Get(i)->bytes() - 1];
  EXPECT_GE(sum, 0u);
  EXPECT_FALSE(printPlan(plan).empty());
  return true;
}

TEST(Rehashed, headerBytes) {
  PlanBytes file = FakePlan().build();
  for (uint64_t i = 0; i < sizeof(Header) - kHashBytes; ++i)
    for (unsigned value = 0; value < 256; ++value) {
      uint8_t old = file[i];
      if (value == old)
        continue;
      file[i] = static_cast<uint8_t>(value);
      file.rehashHeader();
      // Nothing in the header may change alone.
      EXPECT_FALSE(loadAndUse(file)) << "byte " << i << " = " << value;
      file[i] = old;
    }
}

TEST(Rehashed, metadataBytes) {
  PlanBytes file = FakePlan().build();
  Section metadata = file.section(SectionKind::Metadata);
  std::mt19937 random(1);
  unsigned accepted = 0;
  for (uint64_t i = metadata.offset; i < metadata.offset + metadata.bytes; ++i) {
    uint8_t old = file[i];
    for (unsigned change = 0; change < 11; ++change) {
      unsigned value = change < 8 ? old ^ (1u << change) : change == 8 ? 0u : change == 9 ? 255u : random();
      file[i] = static_cast<uint8_t>(value);
      file.rehash();
      accepted += loadAndUse(file);
    }
    file[i] = old;
  }
  // Names, for example, may change freely; so the loop did reach the readers.
  EXPECT_GT(accepted, 500u);
}

TEST(Rehashed, metadataWords) {
  PlanBytes file = FakePlan().build();
  Section metadata = file.section(SectionKind::Metadata);
  std::mt19937 random(2);
  for (uint64_t i = metadata.offset; i + 4 <= metadata.offset + metadata.bytes; i += 2) {
    uint8_t old[4];
    std::memcpy(old, file.data() + i, 4);
    for (uint32_t value :
         {0u, 1u, 4u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu, uint32_t(random() % metadata.bytes), uint32_t(random())}) {
      std::memcpy(file.data() + i, &value, 4);
      file.rehash();
      loadAndUse(file);
    }
    std::memcpy(file.data() + i, old, 4);
  }
}

TEST(Rehashed, severalBytes) {
  PlanBytes file = FakePlan().build();
  Section metadata = file.section(SectionKind::Metadata);
  std::vector<uint8_t> original(file.data() + metadata.offset, file.data() + metadata.offset + metadata.bytes);
  std::mt19937 random(3);
  for (unsigned round = 0; round < 5000; ++round) {
    for (unsigned i = 0, count = 2 + random() % 6; i < count; ++i)
      file[metadata.offset + random() % metadata.bytes] = static_cast<uint8_t>(random() % 4 ? random() % 9 : random());
    file.rehash();
    loadAndUse(file);
    std::memcpy(file.data() + metadata.offset, original.data(), original.size());
  }
}

} // namespace

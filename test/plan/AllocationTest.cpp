//===- AllocationTest.cpp - Memory that a foreign plan can ask for --------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Until a plan is validated, no size in it may be believed: whatever it says, the
// loader's own lists stay below 64 MiB together.
//
//===----------------------------------------------------------------------===//

#include "test/plan/FakePlan.h"

#include <atomic>
#include <gtest/gtest.h>
#include <malloc.h>
#include <new>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

/// Bytes of operator new in this process, and the most there were.
static std::atomic<uint64_t> live{0}, peak{0};

void *operator new(size_t bytes) {
  void *memory = std::malloc(bytes ? bytes : 1);
  if (!memory)
    throw std::bad_alloc();
  uint64_t now = live += malloc_usable_size(memory);
  if (now > peak)
    peak = now;
  return memory;
}
void operator delete(void *memory) noexcept {
  if (memory)
    live -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void *memory, size_t) noexcept { operator delete(memory); }

namespace {

constexpr uint64_t kMost = 64u << 20;

/// The most that loading took beyond what there was; the message in `out`.
uint64_t peakOfLoad(PlanBytes &file, std::string &out) {
  uint64_t before = live;
  peak = before;
  Plan plan;
  out = checkPlan("engine.v4plan", file.view(), plan).message();
  return peak - before;
}

TEST(Allocation, isCounted) {
  uint64_t before = live;
  std::vector<char> block(1 << 20);
  EXPECT_GE(live - before, uint64_t(1) << 20);
}

TEST(Allocation, everyWordOfHeaderAndMetadata) {
  PlanBytes file = FakePlan().build();
  Section metadata = file.section(SectionKind::Metadata);
  uint64_t most = 0;
  std::string message;
  for (uint64_t i = 0; i + 4 <= metadata.offset + metadata.bytes; i += i < sizeof(Header) ? 4 : 2) {
    uint8_t old[4];
    std::memcpy(old, file.data() + i, 4);
    for (uint32_t value : {0x7FFFFFFFu, 0xFFFFFFFFu, 0x00FFFFFFu, 0x01000000u}) {
      std::memcpy(file.data() + i, &value, 4);
      if (i < sizeof(Header))
        file.rehashHeader();
      else
        file.rehash();
      most = std::max(most, peakOfLoad(file, message));
    }
    std::memcpy(file.data() + i, old, 4);
  }
  EXPECT_LT(most, kMost);
}

/// A plan whose buffers, weights, pools or launches of one phase are one and the same table, `count` times.
PlanBytes planOfOneTable(const FakePlan &fake, const char *list, uint32_t count) {
  const fb::ProgramT &p = fake.program;
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<fb::Launch>> phase(std::strcmp(list, "launches") ? 1 : count,
                                                     fb::CreateLaunch(builder, p.launches[1].get()));
  phase[0] = fb::CreateLaunch(builder, p.launches[0].get());
  auto kernel = fb::CreateKernel(builder, p.kernels[0].get());
  auto buffer = fb::CreateBuffer(builder, p.buffers[0].get());
  auto weight = fb::CreateWeight(builder, p.weights[0].get());
  auto pool = fb::CreatePool(builder, p.pools[0].get());
  auto repeat = [&](auto table, const char *name) {
    return builder.CreateVector(std::vector<decltype(table)>(std::strcmp(list, name) ? 1 : count, table));
  };
  auto producer = builder.CreateString("v4c fake");
  auto options = builder.CreateVector(std::vector<flatbuffers::Offset<fb::Option>>());
  auto kernels = builder.CreateVector(&kernel, 1);
  auto probes = builder.CreateVector(std::vector<flatbuffers::Offset<fb::Probe>>());
  auto target = fb::CreateTarget(builder, p.target.get());
  auto model = fb::CreateModel(builder, p.model.get());
  auto envelope = fb::CreateEnvelope(builder, p.envelope.get());
  auto buffers = repeat(buffer, "buffers");
  auto weights = repeat(weight, "weights");
  auto pools = repeat(pool, "pools");
  auto launches = builder.CreateVector(phase);
  fb::FinishProgramBuffer(builder, fb::CreateProgram(builder, producer, options, target, model, envelope, buffers,
                                                     weights, pools, kernels, launches, probes, 1, p.page_bytes, 0));
  return fake.build({builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()});
}

TEST(Allocation, asManyTablesAsThereMayBe) {
  FakePlan fake;
  fake.program.buffers[0]->first_launch = fake.program.buffers[0]->last_launch = 0;
  std::string message;
  for (const char *list : {"buffers", "weights", "pools"}) {
    PlanBytes file = planOfOneTable(fake, list, 990'000);
    EXPECT_LT(peakOfLoad(file, message), kMost) << list;
    EXPECT_EQ(message.find("FlatBuffer"), std::string::npos) << message;
    EXPECT_NE(message, "");
  }
  PlanBytes file = planOfOneTable(fake, "buffers", 1'100'000);
  EXPECT_LT(peakOfLoad(file, message), kMost);
  EXPECT_NE(message.find("not a well-formed FlatBuffer"), std::string::npos) << message;
}

TEST(Allocation, asManyBindingsAsThereMayBe) {
  FakePlan fake;
  fake.program.buffers[0]->first_launch = fake.program.buffers[0]->last_launch = 0;
  fake.program.kernels[0]->bindings = 256;
  fake.program.launches[1]->kernel = 0;
  fake.program.launches[1]->barrier = false;
  for (int i = 0; i < 2; ++i)
    fake.program.launches[i]->bindings.assign(256, bind(fb::BindingKind::Pool, fb::Access::In, 0));
  std::string message;
  for (uint32_t count : {4096, 4097}) {
    PlanBytes file = planOfOneTable(fake, "launches", count);
    EXPECT_LT(peakOfLoad(file, message), kMost);
    EXPECT_EQ(message.find("of all bindings, expected at most 1048576") != std::string::npos, count > 4096) << message;
  }
}

} // namespace

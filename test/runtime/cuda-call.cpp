//===- cuda-call.cpp - Arguments of kernels made of a template ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"
#include "FakeTemplates.h"

#include "runtime/device/CudaCall.h"

using namespace v4;
using namespace v4::test;
using plan::fb::Argument;
using plan::fb::ArgumentKind;
using plan::fb::ElementType;

namespace {

/// A call with these arguments, in memory as in a plan.
class CallTable {
public:
  explicit CallTable(const std::vector<Argument> &arguments, uint32_t mostBlocks = 0) {
    auto function = builder.CreateString("f");
    builder.Finish(plan::fb::CreateCall(builder, function, mostBlocks, builder.CreateVectorOfStructs(arguments)));
  }
  const plan::fb::Call *get() const { return flatbuffers::GetRoot<plan::fb::Call>(builder.GetBufferPointer()); }

private:
  flatbuffers::FlatBufferBuilder builder;
};

Argument plain(ArgumentKind kind, uint32_t binding, uint32_t value) {
  return Argument(kind, ElementType::I8, 0, 0, 0, 0, binding, value);
}

/// Of bf16 rows of 256, box 64 x 64.
Argument mapOf(uint32_t binding, uint32_t value) {
  return Argument(ArgumentKind::Map, ElementType::BF16, 128, 64, 64, 256, binding, value);
}

class CudaCallTest : public FakeGpuTest {
protected:
  void SetUp() override {
    FakeGpuTest::SetUp();
    ASSERT_TRUE(CudaDriver::open("fake.v4plan", V4_FAKE_CUDA, driver).isOk());
    ASSERT_EQ(driver.allocate(&matrix, 4 * 3 * 512), 0);
    bindings[1] = reinterpret_cast<void *>(matrix);
  }
  void TearDown() override {
    driver.release(matrix);
    FakeGpuTest::TearDown();
  }

  template <typename T>
  T at(size_t offset) const {
    T value;
    std::memcpy(&value, memory + offset, sizeof(T));
    return value;
  }

  CudaDriver driver;
  CudaAddress matrix = 0;
  void *bindings[2] = {reinterpret_cast<void *>(0x1000), nullptr};
  alignas(plan::kMapAlignment) uint8_t memory[512] = {};
};

TEST_F(CudaCallTest, WithoutACallBindingsAndTheEnd) {
  CudaCall call(nullptr, 2);
  EXPECT_EQ(call.bytes(), 24u);
  EXPECT_EQ(call.blocks(1000), 1000u);
  EXPECT_EQ(call.write(driver, {bindings, 7, 3}, memory), 0);
  EXPECT_EQ(at<void *>(0), bindings[0]);
  EXPECT_EQ(at<void *>(8), bindings[1]);
  EXPECT_EQ(at<int64_t>(16), 7);
}

TEST_F(CudaCallTest, EachAtAMultipleOfItsSize) {
  CallTable table({plain(ArgumentKind::Word, 0, 0x80000001), plain(ArgumentKind::Address, 1, 0), mapOf(1, 2),
                   plain(ArgumentKind::Rows, 0, 2)},
                  /*mostBlocks=*/5);
  CudaCall call(table.get(), 2);
  EXPECT_EQ(call.bytes(), 64u + 128 + 4);
  EXPECT_EQ(call.blocks(4), 4u);
  EXPECT_EQ(call.blocks(1000), 5u);
  EXPECT_EQ(call.write(driver, {bindings, 7, 3}, memory), 0);
  EXPECT_EQ(at<uint32_t>(0), 0x80000001);
  EXPECT_EQ(at<void *>(8), bindings[1]);
  EXPECT_EQ(at<int32_t>(192), 6);
  auto map = at<FakeMap>(64);
  EXPECT_EQ(map.magic, FakeMap::kMagic);
  EXPECT_EQ(map.base, bindings[1]);
  EXPECT_EQ(std::vector<uint64_t>({map.rows, map.columns, map.boxRows, map.boxColumns, map.elementBytes, map.swizzle}),
            std::vector<uint64_t>({6, 256, 64, 64, 2, 3}));
}

TEST_F(CudaCallTest, WhatTheDriverSaysOfAMap) {
  CallTable table({mapOf(1, 4)});
  CudaCall call(table.get(), 2);
  EXPECT_EQ(call.write(driver, {bindings, 1, 3}, memory), 0);
  // One row more than there is.
  EXPECT_NE(call.write(driver, {bindings, 1, 4}, memory), 0);
  setenv("V4_FAKE_CUDA_FAIL", "cuTensorMapEncodeTiled:3", 1);
  EXPECT_EQ(call.write(driver, {bindings, 1, 3}, memory), 999);
}

} // namespace

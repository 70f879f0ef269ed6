//===- cuda-upload.cpp - Weights on their way to a played GPU -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include "runtime/device/WeightUpload.h"

using namespace v4;
using namespace v4::test;

namespace {

constexpr uint64_t kAlignment = 256;

class CudaUploadTest : public FakeGpuTest {
protected:
  void SetUp() override {
    FakeGpuTest::SetUp();
    ASSERT_TRUE(CudaDriver::open(name, V4_FAKE_CUDA, driver).isOk());
    // Lengths that end in front of, at and behind a multiple, and over several pieces.
    for (uint64_t bytes : {1, 0, 255, 256, 257, 3000, 0, 4096, 1000, 77}) {
      std::vector<uint8_t> &weight = weights.emplace_back(bytes);
      for (uint64_t i = 0; i < bytes; ++i)
        weight[i] = static_cast<uint8_t>(i * 7 + weights.size() * 31 + 1);
    }
  }

  Status upload(WeightUpload::Options options, std::vector<uint8_t> &out) {
    WeightUpload upload(driver, nullptr, name);
    std::vector<uint8_t> expected;
    for (const std::vector<uint8_t> &weight : weights) {
      EXPECT_EQ(upload.add(weight.data(), weight.size()), expected.size());
      expected.insert(expected.end(), weight.begin(), weight.end());
      expected.resize((expected.size() + kAlignment - 1) / kAlignment * kAlignment);
    }
    EXPECT_EQ(upload.bytes(), expected.size());
    CudaAddress memory = 0;
    EXPECT_EQ(driver.allocate(&memory, expected.size()), 0); // its contents are none of ours
    Status status = upload.run(memory, options);
    const auto *bytes = reinterpret_cast<const uint8_t *>(memory);
    out.assign(bytes, bytes + expected.size());
    driver.release(memory);
    if (status.isOk())
      EXPECT_EQ(out, expected);
    return status;
  }

  const std::string name = "fake.v4plan";
  CudaDriver driver;
  std::vector<std::vector<uint8_t>> weights;
};

TEST_F(CudaUploadTest, EveryByteArrivesHoweverItIsCut) {
  std::vector<uint8_t> out;
  for (uint64_t piece : {1, 100, 256, 1000, 1 << 20})
    for (unsigned threads : {1, 2, 8}) {
      SCOPED_TRACE(joinText("pieces of ", piece, " bytes, ", threads, " threads"));
      Status status = upload({piece, threads}, out);
      EXPECT_TRUE(status.isOk()) << status.message();
    }
}

TEST_F(CudaUploadTest, NothingIsPinnedForNoWeights) {
  weights.clear();
  std::vector<uint8_t> out;
  WeightUpload empty(driver, nullptr, name);
  EXPECT_EQ(empty.bytes(), 0u);
  EXPECT_TRUE(empty.run(0, {}).isOk());
  EXPECT_EQ(fakeCall<int(const char *)>("fakeCudaCalls")("cuMemAllocHost_v2"), 0);
}

/// TearDown sees that nothing stays pinned.
TEST_F(CudaUploadTest, ACallThatFailsEndsEveryThread) {
  std::vector<uint8_t> out;
  for (unsigned threads : {1, 2})
    for (const char *call :
         {"cuCtxSetCurrent", "cuStreamCreate", "cuMemAllocHost_v2", "cuMemcpyAsync", "cuStreamSynchronize"}) {
      SCOPED_TRACE(joinText(call, ", ", threads, " threads"));
      fakeCall<void()>("fakeCudaForgetCalls")();
      setenv("V4_FAKE_CUDA_FAIL", joinText(call, ":1").c_str(), 1);
      Status status = upload({100, threads}, out);
      EXPECT_EQ(status.code(), StatusCode::Unsupported);
      EXPECT_EQ(status.message().find("fake.v4plan: the CUDA driver fails at cu"), 0u) << status.message();
      EXPECT_NE(status.message().find("fake failure"), std::string::npos) << status.message();
      if (threads == 1) // of several, others may be through with all pieces before they see it
        EXPECT_EQ(fakeCall<int(const char *)>("fakeCudaCalls")("cuMemcpyAsync"), std::string(call) == "cuMemcpyAsync");
    }
}

TEST_F(CudaUploadTest, ASessionWithoutRoomIsRefusedBeforeTheUpload) {
  GpuPlan gpu;
  auto load = [&](uint64_t bytes) {
    fakeCall<void()>("fakeCudaForgetCalls")();
    setenv("V4_FAKE_CUDA_BYTES", std::to_string(bytes).c_str(), 1);
    return CudaDevice().load(gpu.plan, V4_FAKE_CUDA, {1000, 200, 30});
  };
  Status status = load(256 + 1229);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(),
            "fake.v4plan: weights of 256 bytes and a session of 1230 (arena 1000, cache 200, step block 30) do not fit "
            "the GPU 'Fake H200', which has 1485 of 1485 free; end what else runs on it, lower the session's "
            "cache_bytes, tokens, sequences or context, or use a GPU with more memory");
  EXPECT_EQ(fakeCall<int(const char *)>("fakeCudaCalls")("cuMemAlloc_v2"), 0);
  EXPECT_TRUE(load(256 + 1230).isOk());
}

TEST_F(CudaUploadTest, WhatASessionTakesIsKnownBefore) {
  GpuPlan gpu;
  for (uint64_t cacheBytes : {0, 5000}) {
    CudaDevice device;
    ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
    SessionOptions options;
    options.mtp = true;
    options.maxSequences = 3;
    options.cacheBytes = cacheBytes;
    ASSERT_TRUE(resolveSessionOptions(gpu.program(device), options).isOk());
    SessionMemory before = deviceMemory(gpu.plan.program(), options);
    std::unique_ptr<Session> session;
    ASSERT_TRUE(Session::create(gpu.program(device), options, {}, session).isOk());
    SessionMemory taken = session->memory();
    EXPECT_EQ(before.arenaBytes, taken.arenaBytes);
    EXPECT_EQ(before.stepBytes, taken.stepBytes);
    EXPECT_EQ(before.pageBytes, taken.pageBytes);
    EXPECT_EQ(before.stateBytes, taken.stateBytes);
  }
}

} // namespace

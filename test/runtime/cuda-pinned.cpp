//===- cuda-pinned.cpp - Memory of the host that a GPU copies by itself ---===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SamplingGpu.h"

using namespace v4;
using namespace v4::test;

namespace {

int callsOf(const char *name) { return fakeCall<int(const char *)>("fakeCudaCalls")(name); }
size_t pinned() { return fakeCall<size_t()>("fakeCudaPinned")(); }
size_t pageableCopies() { return fakeCall<size_t()>("fakeCudaPageableCopies")(); }

using CudaPinnedTest = SamplingGpuTest;

TEST_F(CudaPinnedTest, ASessionPinsItsStepBlockAndWhatItSamples) {
  open(false);
  EXPECT_EQ(pinned(), 1u);
  open(true);
  EXPECT_EQ(pinned(), 2u);
  session.reset();
  EXPECT_EQ(pinned(), 0u);
}

TEST_F(CudaPinnedTest, StepsAndPicksCopyNothingElse) {
  open(true);
  auto drawn = sampler(kOptions.back());
  Sequence *sequence = nullptr;
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  size_t before = pageableCopies();
  int copies = callsOf("cuMemcpyAsync");
  for (uint64_t i = 0; i < 12; ++i) {
    session->batch()[0] = {sequence, tokens.data() + i, 1, 1};
    ASSERT_TRUE(session->step(1).isOk());
    EXPECT_EQ(pick(LogitsOf::Model, 0, *drawn), pickOnHost(expectedLogits(firstTokens(i + 1)), 0, *drawn)) << i;
    session->batch()[0] = {sequence, tokens.data() + i + 1, 1, 1};
    ASSERT_TRUE(session->draft(1).isOk());
    pick(LogitsOf::Mtp, 0, *drawn);
  }
  EXPECT_EQ(callsOf("cuMemcpyAsync") - copies, 12 * 6); // up, and for what is picked up and down
  EXPECT_EQ(pageableCopies(), before);
  ASSERT_NE(session->mtpLogits(0), nullptr);
  EXPECT_EQ(pageableCopies(), before + 1); // logits are large, and rarely asked for
}

TEST_F(CudaPinnedTest, SaysWhatDoesNotFit) {
  open(true);
  uint64_t stepBytes = session->memory().stepBytes, rowBytes = session->sampleCapacity() * sizeof(plan::SampleRow);
  const std::string what[] = {joinText("step block needs ", stepBytes), joinText("rows to sample needs ", rowBytes)};
  for (int i = 0; i < 2; ++i) {
    session.reset();
    setenv("V4_FAKE_CUDA_FAIL", joinText("cuMemAllocHost_v2:", callsOf("cuMemAllocHost_v2") + 1 + i).c_str(), 1);
    SessionOptions options;
    options.mtp = true;
    Status status = Session::create(gpu->program(*device), options, {}, session);
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    EXPECT_EQ(status.message(),
              joinText("fake.v4plan: ", what[i],
                       " bytes of this machine's memory, pinned for the GPU 'Fake H200': cuMemAllocHost: fake failure "
                       "(999); free memory or lower the session's tokens, sequences or context"));
    EXPECT_EQ(pinned(), 0u);
  }
  SessionOptions options;
  options.fixedBytes = stepBytes - 1;
  EXPECT_EQ(Session::create(gpu->program(*device), options, {}, session).message(),
            joinText("step block: needs ", stepBytes, " bytes, ", stepBytes - 1,
                     " are allowed; free memory or lower the session's tokens, sequences or context"));
}

TEST_F(CudaPinnedTest, TheHostsHooksGiveNoneOfIt) {
  open(true);
  int asked = 0;
  Host host;
  host.user = &asked;
  host.allocate = [](void *user, size_t, size_t) -> void * {
    ++*static_cast<int *>(user);
    return nullptr;
  };
  host.release = [](void *, void *, size_t) {};
  session.reset();
  ASSERT_TRUE(Session::create(gpu->program(*device), {}, host, session).isOk());
  EXPECT_EQ(asked, 0);
}

TEST_F(CudaPinnedTest, IsZeroAndFitsAnyType) {
  open(true);
  DeviceBlock block, empty;
  ASSERT_TRUE(DeviceBlock::createPinned(*device, "memory", "", 1000, block).isOk());
  EXPECT_EQ(std::vector<uint8_t>(block.data(), block.data() + 1000), std::vector<uint8_t>(1000));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block.data()) % 64, 0u);
  EXPECT_TRUE(DeviceBlock::createPinned(*device, "memory", "", 0, empty).isOk());
  EXPECT_EQ(empty.data(), nullptr);
  EXPECT_EQ(pinned(), 3u);
}

/// What this process plays sees it when a copy would read something else, or nothing.
TEST_F(CudaPinnedTest, ThePlayedDriverKnowsMemoryThatChangesTooEarly) {
  for (bool goes : {false, true}) {
    open(true);
    DeviceBlock from, to;
    ASSERT_TRUE(DeviceBlock::createPinned(*device, "memory", "", 64, from).isOk());
    ASSERT_TRUE(DeviceBlock::create(*device, "memory", "", 64, to).isOk());
    device->copy(to.data(), from.data(), 64);
    EXPECT_TRUE(device->status().isOk());
    from.data()[3] = 1;
    device->copy(to.data(), from.data(), 64);
    EXPECT_TRUE(device->status().isOk());
    device->copy(to.data(), from.data(), 64);
    if (goes)
      from = DeviceBlock();
    else
      from.data()[3] = 2;
    EXPECT_FALSE(device->status().isOk()) << goes;
  }
}

} // namespace

//===- cuda-session.cpp - Sessions of a plan for a GPU --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include <thread>

using namespace v4;
using namespace v4::test;

namespace {

using CudaSessionTest = FakeGpuTest;

TEST_F(CudaSessionTest, HasNoDebugPlacementAndNoCanary) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  std::unique_ptr<Session> session;
  SessionOptions options;
  options.debugPlacement = true;
  EXPECT_EQ(Session::create(gpu.program(device), options, {}, session).message(),
            "fake.v4plan: session option debug_placement is set, a plan for a GPU runs without; clear it");
  options.debugPlacement = false;
  options.canary = true;
  Status status = Session::create(gpu.program(device), options, {}, session);
  // A build that seals every cache leaves it out: nobody has asked.
  EXPECT_EQ(status.message(),
            kCanaryDefault ? "" : "fake.v4plan: session option canary is set, a plan for a GPU runs without; clear it");
}

TEST_F(CudaSessionTest, KeepsNeitherStagingNorThreads) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  EXPECT_GT(fakeCall<int(const char *)>("fakeCudaCalls")("cuMemAllocHost_v2"), 0);
  EXPECT_EQ(fakeCall<size_t()>("fakeCudaPinned")(), 0u);
  SessionOptions options;
  options.threads = 2;
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(gpu.program(device), options, {}, session).isOk());
  EXPECT_EQ(session->threads(), 1u);
}

/// Feeds `prompt` in small steps; every one must give the logits of its tokens.
void feedChecked(const GpuPlan &gpu, CudaDevice &device, const std::vector<int32_t> &prompt, int &failures) {
  std::unique_ptr<Session> session;
  Sequence *sequence = nullptr;
  failures = !Session::create(gpu.program(device), {}, {}, session).isOk() || !session->createSequence(sequence).isOk();
  for (uint64_t at = 0; at < prompt.size() && !failures; at += 2) {
    session->batch()[0] = {sequence, prompt.data() + at, 2, 1};
    std::vector<int32_t> fed(prompt.begin(), prompt.begin() + static_cast<int64_t>(at) + 2);
    failures = !session->step(1).isOk() ||
               std::vector<float>(session->logits(0), session->logits(0) + kVocabulary) != expectedLogits(fed);
  }
}

TEST_F(CudaSessionTest, SessionsOfTwoThreadsShareIt) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  std::vector<int32_t> one = somePrompt(600, 1), two = somePrompt(600, 2);
  int failures[2] = {};
  std::thread other([&] { feedChecked(gpu, device, two, failures[1]); });
  feedChecked(gpu, device, one, failures[0]);
  other.join();
  EXPECT_EQ(failures[0], 0);
  EXPECT_EQ(failures[1], 0);
}

TEST_F(CudaSessionTest, TellsNothingOfAStepThatFailed) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  int told = 0;
  SessionOptions options;
  options.probes = {&told, [](void *user, const ProbeRows &) { ++*static_cast<int *>(user); }};
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(gpu.program(device), options, {}, session).isOk());
  Sequence *sequence = nullptr;
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  session->batch()[0] = {sequence, tokens.data(), 8, 1};
  setenv("V4_FAKE_CUDA_FAIL", "cuLaunchKernel:1", 1);
  EXPECT_FALSE(session->step(1).isOk());
  session->setTrace({&told, [](void *user, const LaunchSpan &) { ++*static_cast<int *>(user); }});
  EXPECT_FALSE(session->step(1).isOk()); // what failed stays failed
  EXPECT_EQ(told, 0);
  EXPECT_NE(device.status().message().find("launches[0]"), std::string::npos) << device.status().message();
}

TEST_F(CudaSessionTest, SpansReachWhatALaunchGot) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(gpu.program(device), {}, {}, session).isOk());
  std::vector<int32_t> seen(8);
  session->setTrace({&seen, [](void *user, const LaunchSpan &span) {
                       if (span.launch != 0)
                         return;
                       auto &ids = *static_cast<std::vector<int32_t> *>(user);
                       ASSERT_TRUE(span.device);
                       copyMemory(span.device, ids.data(), span.bindings[0], ids.size() * sizeof(int32_t));
                       EXPECT_TRUE(span.device->status().isOk());
                     }});
  Sequence *sequence = nullptr;
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  session->batch()[0] = {sequence, tokens.data(), seen.size(), 1};
  ASSERT_TRUE(session->step(1).isOk());
  EXPECT_EQ(seen, std::vector<int32_t>(tokens.begin(), tokens.begin() + 8));
}

} // namespace

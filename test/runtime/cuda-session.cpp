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

// What goes wrong in a kernel is told by the call that waits for it.
class CudaFaultTest : public FakeGpuTest {
protected:
  /// Of the last of `steps` steps of one token, whose `number`-th call of that name fails.
  std::string faultOf(const char *call, int number, int steps, const TraceSink &trace = {}) {
    GpuPlan gpu;
    CudaDevice device;
    std::unique_ptr<Session> session;
    Sequence *sequence = nullptr;
    EXPECT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
    EXPECT_TRUE(Session::create(gpu.program(device), {}, {}, session).isOk());
    EXPECT_TRUE(session->createSequence(sequence).isOk());
    session->setTrace(trace);
    Status status;
    for (int i = 0; i < steps; ++i) {
      EXPECT_TRUE(status.isOk()) << i << ": " << status.message();
      if (i + 1 == steps) {
        number += fakeCall<int(const char *)>("fakeCudaCalls")(call);
        setenv("V4_FAKE_CUDA_FAIL", joinText(call, ":", number).c_str(), 1);
      }
      session->batch()[0] = {sequence, tokens.data() + i, 1, 1};
      status = session->step(1);
    }
    unsetenv("V4_FAKE_CUDA_FAIL");
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    return status.message();
  }
};

constexpr const char *kFaultAt = ": the CUDA driver fails at cuStreamSynchronize: fake failure (999); end this "
                                 "process, its GPU context is of no further use";

TEST_F(CudaFaultTest, OfAStepNamesItsFirstAndItsLastLaunch) {
  EXPECT_EQ(faultOf("cuStreamSynchronize", 1, 1),
            joinText("fake.v4plan: between launches[0] of kernel 'fake_scan' and launches[3] of kernel 'fake_save'",
                     kFaultAt));
}

TEST_F(CudaFaultTest, OfARecordedStepNamesIt) {
  EXPECT_EQ(faultOf("cuStreamSynchronize", 1, 3),
            joinText("fake.v4plan: step of 1 tokens in 1 sequences, recorded as 3 launches", kFaultAt));
}

TEST_F(CudaFaultTest, OfATracedStepNamesTheLaunch) {
  // Of one token, which ends no chunk: launch 1 has nothing to do, and is waited for all the same.
  TraceSink trace{this, [](void *, const LaunchSpan &) {}};
  EXPECT_EQ(faultOf("cuStreamSynchronize", 1, 1, trace),
            joinText("fake.v4plan: launches[0] of kernel 'fake_scan'", kFaultAt));
  EXPECT_EQ(faultOf("cuStreamSynchronize", 3, 1, trace),
            joinText("fake.v4plan: launches[2] of kernel 'fake_logits'", kFaultAt));
}

TEST_F(CudaFaultTest, IsToldByALaterLaunchToo) {
  EXPECT_EQ(faultOf("cuLaunchKernel", 1, 1).find("fake.v4plan: launches[0] of kernel 'fake_scan': the CUDA driver"),
            0u);
  EXPECT_EQ(faultOf("cuLaunchKernel", 3, 1),
            "fake.v4plan: launches[3] of kernel 'fake_save', or of what was not finished before it, between "
            "launches[0] of kernel 'fake_scan' and launches[2] of kernel 'fake_logits': the CUDA driver fails at "
            "cuLaunchKernel: fake failure (999); end this process, its GPU context is of no further use");
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

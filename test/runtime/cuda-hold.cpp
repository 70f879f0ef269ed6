//===- cuda-hold.cpp - A GPU that begins when its launches are queued -----===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include "runtime/base/Clock.h"
#include "runtime/device/CudaHold.h"

#include <thread>

using namespace v4;
using namespace v4::test;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kForEver{60000};
constexpr int64_t kSecond = 1000000000;

int callsOf(const char *name) { return fakeCall<int(const char *)>("fakeCudaCalls")(name); }

/// A host that sleeps behind each launch, and what it is told.
struct SlowHost {
  static constexpr milliseconds kSleep{20};
  std::vector<LaunchSpan> spans;

  TraceSink sink(bool held) {
    auto receive = [](void *user, const LaunchSpan &span) { static_cast<SlowHost *>(user)->spans.push_back(span); };
    auto asked = [](void *, const LaunchSpan &) { std::this_thread::sleep_for(kSleep); };
    return {this, receive, asked, /*before=*/nullptr, held};
  }
  /// From the first begin to the last end.
  int64_t nanoseconds() const { return spans.back().endNanoseconds - spans.front().beginNanoseconds; }
  int64_t slept() const { return static_cast<int64_t>(spans.size()) * kSleep.count() * 1000000; }
};

class CudaHoldTest : public FakeGpuTest {
protected:
  void SetUp() override {
    FakeGpuTest::SetUp();
    gpu = std::make_unique<GpuPlan>();
    device = std::make_unique<CudaDevice>();
    ASSERT_TRUE(device->load(gpu->plan, V4_FAKE_CUDA).isOk());
    ASSERT_TRUE(Session::create(gpu->program(*device), {}, {}, session).isOk());
    ASSERT_TRUE(session->createSequence(sequence).isOk());
    ASSERT_TRUE(DeviceBlock::create(*device, "memory", "", kWorks, memory).isOk());
  }
  void TearDown() override {
    memory = DeviceBlock();
    session.reset();
    device.reset();
    FakeGpuTest::TearDown();
  }

  Status feed(uint64_t count) {
    session->batch()[0] = {sequence, tokens.data() + sequence->position, count, 1};
    return session->step(1);
  }
  std::vector<float> logits() { return {session->logits(0), session->logits(0) + kVocabulary}; }
  std::vector<float> expected() {
    return expectedLogits({tokens.begin(), tokens.begin() + static_cast<int64_t>(sequence->position)});
  }
  /// Works that are held.
  void queue(CudaHold &hold, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      hold.beforeLaunch(*device);
      device->fill(memory.data() + i, 7, 1);
    }
  }

  static constexpr uint64_t kWorks = 3 * CudaHold::kGroup + 8;
  std::unique_ptr<GpuPlan> gpu;
  std::unique_ptr<CudaDevice> device;
  std::unique_ptr<Session> session;
  Sequence *sequence = nullptr;
  DeviceBlock memory;
};

TEST_F(CudaHoldTest, LaunchesDoNotWaitForTheHost) {
  SlowHost plain, held;
  session->setTrace(plain.sink(false));
  ASSERT_TRUE(feed(5).isOk());
  EXPECT_GE(plain.nanoseconds(), plain.slept() - SlowHost::kSleep.count() * 1000000);
  EXPECT_EQ(callsOf("cuLaunchHostFunc"), 0);
  session->setTrace(held.sink(true));
  ASSERT_TRUE(feed(1).isOk());
  EXPECT_EQ(held.spans.size(), plain.spans.size());
  EXPECT_LT(held.nanoseconds(), held.slept() / 2);
  EXPECT_EQ(callsOf("cuLaunchHostFunc"), 1);
  EXPECT_TRUE(session->takeHoldVerdict().isOk());
  EXPECT_EQ(logits(), expected());
}

TEST_F(CudaHoldTest, AGroupNeedsNoMoreOfTheQueueThanItself) {
  setenv("V4_FAKE_CUDA_QUEUE", std::to_string(CudaHold::kGroup + 2).c_str(), 1);
  CudaHold hold(kForEver);
  for (int run = 1; run <= 2; ++run) {
    queue(hold, kWorks);
    hold.open();
    ASSERT_TRUE(device->status().isOk());
    EXPECT_EQ(callsOf("cuLaunchHostFunc"), 4 * run);
    EXPECT_TRUE(hold.takeVerdict().isOk());
  }
}

TEST_F(CudaHoldTest, AFullQueueIsNoEnd) {
  setenv("V4_FAKE_CUDA_QUEUE", "8", 1);
  CudaHold hold(milliseconds(50));
  queue(hold, kWorks);
  hold.open();
  ASSERT_TRUE(device->status().isOk());
  EXPECT_EQ(callsOf("cuLaunchHostFunc"), 1); // and none behind the one that gave up
  EXPECT_EQ(hold.takeVerdict().message(),
            "the GPU began behind 50 ms, before its launches were queued, expected a group of 64 within that; unset "
            "CUDA_LAUNCH_BLOCKING, leave debuggers out, or give the host more CPU");
  unsetenv("V4_FAKE_CUDA_QUEUE");
  queue(hold, 1);
  hold.open();
  ASSERT_TRUE(device->status().isOk());
  EXPECT_TRUE(hold.takeVerdict().isOk());
  EXPECT_EQ(callsOf("cuLaunchHostFunc"), 2);
}

TEST_F(CudaHoldTest, NobodyWaitsForAHoldThatGoes) {
  int64_t begin = monotonicNanoseconds();
  {
    CudaHold hold(kForEver);
    queue(hold, 3);
  }
  EXPECT_LT(monotonicNanoseconds() - begin, 30 * kSecond);
}

TEST_F(CudaHoldTest, OthersWaitUntilItIsOpen) {
  CudaHold hold(kForEver);
  queue(hold, 3);
  Status status;
  std::thread other([&] { status = device->status(); });
  std::this_thread::sleep_for(milliseconds(30));
  queue(hold, CudaHold::kGroup);
  hold.open();
  other.join();
  EXPECT_TRUE(status.isOk());
  ASSERT_TRUE(device->status().isOk());
  EXPECT_TRUE(hold.takeVerdict().isOk());
}

TEST_F(CudaHoldTest, ADriverThatRefusesIsNamedOnce) {
  SlowHost host;
  session->setTrace(host.sink(true));
  setenv("V4_FAKE_CUDA_FAIL", "cuLaunchHostFunc:1", 1);
  ASSERT_TRUE(feed(5).isOk());
  EXPECT_EQ(logits(), expected());
  EXPECT_EQ(session->takeHoldVerdict().message(),
            "fake.v4plan: the CUDA driver fails at cuLaunchHostFunc: fake failure (999); see that the GPU is free and "
            "healthy (nvidia-smi)");
  EXPECT_TRUE(session->takeHoldVerdict().isOk());
  ASSERT_TRUE(feed(1).isOk());
  EXPECT_TRUE(session->takeHoldVerdict().isOk());
  EXPECT_EQ(callsOf("cuLaunchHostFunc"), 2);
}

TEST_F(CudaHoldTest, AFaultWhileItIsClosedIsToldAtOnce) {
  SlowHost host;
  session->setTrace(host.sink(true));
  setenv("V4_FAKE_CUDA_FAIL", "cuLaunchKernel:2", 1);
  int64_t begin = monotonicNanoseconds();
  Status status = feed(5);
  EXPECT_LT(monotonicNanoseconds() - begin, kSecond);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_NE(status.message().find("cuLaunchKernel"), std::string::npos) << status.message();
}

} // namespace

//===- cuda-events.cpp - Traces with the times of a GPU -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include "runtime/base/Clock.h"

#include <tuple>

using namespace v4;
using namespace v4::test;

namespace {

int callsOf(const char *name) { return fakeCall<int(const char *)>("fakeCudaCalls")(name); }
size_t eventsHeld() { return fakeCall<size_t()>("fakeCudaEvents")(); }

/// What a trace tells, and what its launches began with when they had just been asked for.
struct Told {
  std::vector<LaunchSpan> asked, spans;
  int32_t firstToken = -1; ///< Is there when the run is over.

  TraceSink sink(bool isTimed) {
    auto receive = [](void *user, const LaunchSpan &span) { static_cast<Told *>(user)->spans.push_back(span); };
    auto asked = [](void *user, const LaunchSpan &span) {
      auto &told = *static_cast<Told *>(user);
      told.asked.push_back(span);
      if (span.launch == 0)
        copyMemory(span.device, &told.firstToken, span.bindings[0], sizeof(int32_t));
    };
    return {this, receive, isTimed ? +asked : nullptr};
  }
};

/// All of a span but its times.
auto placeOf(const LaunchSpan &span) {
  return std::make_tuple(span.launch, span.variant, span.workgroups, span.bindings, span.device, span.counts);
}

class CudaEventsTest : public FakeGpuTest {
protected:
  void TearDown() override {
    session.reset();
    device.reset();
    FakeGpuTest::TearDown();
  }

  void open(const FakeOptions &plan = {}) {
    session.reset(); // of a plan and a device that go
    device.reset();
    gpu = std::make_unique<GpuPlan>(plan);
    device = std::make_unique<CudaDevice>();
    ASSERT_TRUE(device->load(gpu->plan, V4_FAKE_CUDA).isOk());
    SessionOptions options;
    options.mtp = true;
    ASSERT_TRUE(Session::create(gpu->program(*device), options, {}, session).isOk());
    ASSERT_TRUE(session->createSequence(sequence).isOk());
  }
  Status feed(uint64_t count) {
    session->batch()[0] = {sequence, tokens.data() + sequence->position, count, 1};
    return session->step(1);
  }
  Status draft() {
    session->batch()[0] = {sequence, tokens.data() + sequence->position, 1, 0};
    return session->draft(1);
  }
  /// Of the first traced step, whose `number`-th call of that name fails.
  std::string faultOf(const char *call, int number) {
    open();
    Told told;
    session->setTrace(told.sink(true));
    setenv("V4_FAKE_CUDA_FAIL", joinText(call, ":", number + callsOf(call)).c_str(), 1);
    Status status = feed(1);
    unsetenv("V4_FAKE_CUDA_FAIL");
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    return status.message();
  }

  std::unique_ptr<GpuPlan> gpu;
  std::unique_ptr<CudaDevice> device;
  std::unique_ptr<Session> session;
  Sequence *sequence = nullptr;
};

TEST_F(CudaEventsTest, TellTheSameSpansInOrder) {
  open();
  Told plain, timed;
  session->setTrace(plain.sink(false));
  ASSERT_TRUE(feed(1).isOk());
  ASSERT_TRUE(draft().isOk());
  session->setTrace(timed.sink(true));
  int64_t begin = monotonicNanoseconds();
  ASSERT_TRUE(feed(1).isOk());
  ASSERT_TRUE(draft().isOk());
  int64_t end = monotonicNanoseconds();
  ASSERT_FALSE(plain.spans.empty());
  ASSERT_EQ(timed.spans.size(), plain.spans.size());
  ASSERT_EQ(timed.asked.size(), plain.spans.size());
  int64_t last = begin;
  for (size_t i = 0; i < plain.spans.size(); ++i) {
    const LaunchSpan &span = timed.spans[i];
    EXPECT_EQ(placeOf(span), placeOf(plain.spans[i])) << i;
    EXPECT_EQ(placeOf(span), placeOf(timed.asked[i])) << i;
    EXPECT_EQ(span.step, plain.spans[i].step + 2) << i;
    EXPECT_GE(span.beginNanoseconds, last - 1000) << i; // the driver's numbers are floats of milliseconds
    EXPECT_EQ(span.endNanoseconds > span.beginNanoseconds, span.workgroups > 0) << i;
    last = span.endNanoseconds;
  }
  EXPECT_LE(last, end + 1000);
  EXPECT_EQ(timed.firstToken, tokens[1]);
}

TEST_F(CudaEventsTest, TakeOneWaitAndAreMadeOnce) {
  open();
  Told told;
  ASSERT_TRUE(feed(1).isOk());
  EXPECT_EQ(callsOf("cuEventCreate"), 0);
  session->setTrace(told.sink(true));
  ASSERT_TRUE(feed(1).isOk());
  int made = callsOf("cuEventCreate"), waits = callsOf("cuStreamSynchronize"), records = callsOf("cuEventRecord");
  int launches = callsOf("cuLaunchKernel");
  EXPECT_EQ(static_cast<size_t>(made), 2 * gpu->plan.program().launches()->size());
  EXPECT_EQ(eventsHeld(), static_cast<size_t>(made));
  ASSERT_TRUE(feed(1).isOk());
  EXPECT_EQ(callsOf("cuStreamSynchronize") - waits, 1);
  EXPECT_EQ(callsOf("cuEventCreate"), made);
  EXPECT_EQ(callsOf("cuEventRecord") - records, 2 * (callsOf("cuLaunchKernel") - launches));
  session.reset();
  EXPECT_EQ(eventsHeld(), 0u);
}

TEST_F(CudaEventsTest, TimeWhatSamples) {
  FakeOptions plan;
  plan.sampling = true;
  open(plan);
  Told told;
  session->setTrace(told.sink(true));
  ASSERT_TRUE(feed(1).isOk());
  LaunchSpan last = told.spans.back();
  told.spans.clear();
  int waits = callsOf("cuStreamSynchronize");
  session->sampleRows()[0] = {};
  ASSERT_TRUE(session->sample(LogitsOf::Model, 1).isOk());
  EXPECT_EQ(callsOf("cuStreamSynchronize") - waits, 1);
  ASSERT_EQ(told.spans.size(), 1u);
  EXPECT_EQ(gpu->plan.program().launches()->Get(told.spans[0].launch)->group(), plan::fb::LaunchGroup::Sample);
  EXPECT_EQ(told.spans[0].workgroups, 1);
  EXPECT_GE(told.spans[0].beginNanoseconds, last.endNanoseconds);
  EXPECT_GT(told.spans[0].endNanoseconds, told.spans[0].beginNanoseconds);
}

TEST_F(CudaEventsTest, TimeCopies) {
  open();
  CudaEvents events;
  DeviceBlock memory;
  ASSERT_TRUE(events.make(*device, 2).isOk());
  ASSERT_TRUE(DeviceBlock::create(*device, "memory", "", 2 << 20, memory).isOk());
  events.copy(1, memory.data() + (1 << 20), memory.data(), 1 << 20);
  ASSERT_TRUE(device->status().isOk());
  EXPECT_GT(events.durationOfCopy(1), 0);
  setenv("V4_FAKE_CUDA_FAIL", joinText("cuEventRecord:", callsOf("cuEventRecord") + 2).c_str(), 1);
  events.copy(0, memory.data() + (1 << 20), memory.data(), 1 << 20);
  EXPECT_EQ(device->status().message().find("fake.v4plan: a copy: the CUDA driver fails at cuEventRecord"), 0u)
      << device->status().message();
  EXPECT_EQ(events.durationOfCopy(1), 0);
}

TEST_F(CudaEventsTest, FaultsNameTheirLaunches) {
  EXPECT_EQ(faultOf("cuStreamSynchronize", 1)
                .find("fake.v4plan: between launches[0] of kernel 'fake_scan' and "
                      "launches["),
            0u);
  constexpr const char *first = "fake.v4plan: launches[0] of kernel 'fake_scan'";
  EXPECT_EQ(faultOf("cuLaunchKernel", 1).find(first), 0u);
  EXPECT_EQ(faultOf("cuEventRecord", 1),
            joinText(first, ": the CUDA driver fails at cuEventRecord: fake failure (999); end this process, its GPU "
                            "context is of no further use"));
  EXPECT_EQ(faultOf("cuEventElapsedTime", 1),
            joinText(first, ": the CUDA driver fails at cuEventElapsedTime: fake failure (999); end this process, its "
                            "GPU context is of no further use"));
}

TEST_F(CudaEventsTest, AreMadeBeforeAStepChangesAnything) {
  EXPECT_EQ(faultOf("cuEventCreate", 3), "fake.v4plan: the CUDA driver fails at cuEventCreate: fake failure (999); see "
                                         "that the GPU is free and healthy (nvidia-smi)");
  Told told;
  session->setTrace(told.sink(true));
  ASSERT_TRUE(feed(5).isOk()); // the missing ones are made now
  EXPECT_EQ(eventsHeld(), 2 * gpu->plan.program().launches()->size());
  EXPECT_EQ(std::vector<float>(session->logits(0), session->logits(0) + kVocabulary),
            expectedLogits({tokens.begin(), tokens.begin() + 5}));
}

} // namespace

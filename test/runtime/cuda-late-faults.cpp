//===- cuda-late-faults.cpp - What goes wrong in a step that runs on ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SamplingGpu.h"
#include "SchedulerFixture.h"

#include <v4/runtime.hpp>

using namespace v4;
using namespace v4::test;

namespace {

class CudaLateFaultTest : public WaitingGpuTest {
protected:
  /// Behind a step that runs on, where the wait fails that `ask` makes.
  template <typename Ask>
  Status failureOf(Ask ask) {
    begin(1);
    EXPECT_TRUE(feed(1, 1).isOk());
    setenv("V4_FAKE_CUDA_FAIL", joinText("cuStreamSynchronize:", waits() + 1).c_str(), 1);
    Status status = ask();
    unsetenv("V4_FAKE_CUDA_FAIL");
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    EXPECT_FALSE(session->deviceStatus().isOk()); // and remembered
    return status;
  }
};

/// One request wants a token of the step that fails, the other one's prompt is longer than a step.
TEST_F(CudaLateFaultTest, TheSchedulerEndsRequestsWithTheGpu) {
  open(true);
  std::unique_ptr<Scheduler> scheduler;
  SchedulerOptions options;
  options.stepTokens = 16;
  ASSERT_TRUE(Scheduler::create(*session, options, scheduler).isOk());
  std::deque<Client> clients(2);
  for (uint32_t i = 0; i < 2; ++i) {
    Request request;
    request.tokens = somePrompt(5 + 50 * i, i + 1);
    request.count = 4;
    request.hooks = {&clients[i], Client::token, nullptr, Client::done};
    ASSERT_TRUE(scheduler->submit(std::move(request), clients[i].id).isOk());
  }
  setenv("V4_FAKE_CUDA_FAIL", joinText("cuStreamSynchronize:", waits() + 1).c_str(), 1);
  EXPECT_TRUE(scheduler->step().isOk());
  EXPECT_EQ(clients[0].finish, Finish::Failed);
  EXPECT_NE(clients[0].error.find("between launches[0] of kernel 'fake_scan' and launches[8] of kernel "),
            std::string::npos)
      << clients[0].error;
  EXPECT_EQ(clients[1].calls, 0);
  EXPECT_EQ(scheduler->step().message(), clients[0].error);
}

constexpr const char *kFaultAt = ": the CUDA driver fails at cuStreamSynchronize: fake failure (999); end this "
                                 "process, its GPU context is of no further use";

TEST_F(CudaLateFaultTest, TheCallThatWaitsNamesTheStep) {
  std::string step = "fake.v4plan: between launches[0] of kernel 'fake_scan' and launches[6] of kernel 'fake_mtp_save'";
  auto greedy = sampler({});
  RowPicks picks;
  int32_t token = -1;
  picks.add({LogitsOf::Model, 0, greedy.get(), 0, 0});
  EXPECT_EQ(failureOf([&] {
              picks.run(*session);
              return picks.take(*session, 0, token);
            }).message(),
            joinText("fake.v4plan: between launches[0] of kernel 'fake_scan' and launches[8] of kernel "
                     "'sample_rows_0'",
                     kFaultAt));
  EXPECT_EQ(failureOf([&] { return session->deviceStatus(); }).message(), joinText(step, kFaultAt));
  EXPECT_EQ(failureOf([&] {
              EXPECT_EQ(session->logits(0), nullptr);
              return session->checkLogits(0);
            }).message(),
            joinText(step, kFaultAt));
  EXPECT_EQ(failureOf([&] { return draft(0); }).message(), joinText(step, kFaultAt));
}

TEST_F(CudaLateFaultTest, TheNextStepFailsBeforeItChangesAnything) {
  EXPECT_FALSE(failureOf([&] { return feed(3, 1); }).isOk());
  EXPECT_EQ(sequence->position, 2); // of the step that ran on
}

TEST_F(CudaLateFaultTest, NothingIsSavedOfAStepThatFailed) {
  EXPECT_FALSE(failureOf([&] { return session->save(state, &sequence, 1); }).isOk());
  EXPECT_FALSE(std::ifstream(state).good());
  EXPECT_FALSE(std::ifstream(state + ".part").good());
}

TEST_F(CudaLateFaultTest, AStepThatFailedIsNoFaultOfAFile) {
  std::vector<Sequence *> loaded;
  Status status = failureOf([&] { return session->load("absent.state", loaded); });
  EXPECT_EQ(status.message().find("fake.v4plan: between launches[0] of "), 0u) << status.message();
}

/// The driver that is played has the real one's name, and is loaded already.
TEST_F(CudaLateFaultTest, TheCApiTellsWhatWentWrongInAStep) {
  FakeOptions options = samplingOptions(true);
  std::vector<uint8_t> cubin = fakeCubin();
  options.imageBytes = cubin.size();
  std::vector<uint8_t> plan = buildFakePlan(options, cubin);
  std::ofstream(state, std::ios::binary)
      .write(reinterpret_cast<const char *>(plan.data()), static_cast<std::streamsize>(plan.size()));
  api::Engine engine(state);
  api::Session stepped = engine.createSession();
  api::Sequence fed = stepped.createSequence();
  api::Sampler greedy(kVocabulary);
  stepped.step(fed, tokens.data(), 3, 1);
  stepped.wait();
  int before = waits();
  EXPECT_GE(stepped.pick(greedy, 0, 3), 0);
  stepped.step(fed, tokens.data() + 3, 1, 1);
  EXPECT_EQ(waits(), before + 1);
  setenv("V4_FAKE_CUDA_FAIL", joinText("cuStreamSynchronize:", before + 2).c_str(), 1);
  EXPECT_THROW((void)stepped.logits(), api::Error);
  unsetenv("V4_FAKE_CUDA_FAIL");
  EXPECT_THROW(stepped.wait(), api::Error);
  v4_error error;
  EXPECT_EQ(v4_session_logits(stepped.get(), 0), nullptr);
  EXPECT_EQ(v4_session_check_logits(stepped.get(), 0, &error), V4_UNSUPPORTED);
  EXPECT_NE(std::string(error.message).find("between launches[0] of kernel 'fake_scan' and"), std::string::npos)
      << error.message;
}

TEST_F(CudaLateFaultTest, WhatTheDriverRefusesIsToldAtOnce) {
  for (const char *name : {"cuMemcpyAsync", "cuLaunchKernel"}) {
    begin(1);
    int calls = fakeCall<int(const char *)>("fakeCudaCalls")(name);
    setenv("V4_FAKE_CUDA_FAIL", joinText(name, ":", calls + 1).c_str(), 1);
    EXPECT_FALSE(feed(1, 1).isOk()) << name;
    EXPECT_EQ(sequence->position, 1) << name;
    unsetenv("V4_FAKE_CUDA_FAIL");
  }
}

} // namespace

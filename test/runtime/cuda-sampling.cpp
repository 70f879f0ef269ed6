//===- cuda-sampling.cpp - Tokens that a GPU picks ------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On a driver that is played, with the kernel's source as host code.
//
//===----------------------------------------------------------------------===//

#include "SamplingGpu.h"
#include "SchedulerFixture.h"

#include <thread>

using namespace v4;
using namespace v4::test;

namespace {

using CudaSamplingTest = SamplingGpuTest;

/// Of a step of two sequences, every row with all options; more picks than rows.
TEST_F(CudaSamplingTest, PicksTheTokensOfTheHost) {
  for (bool sampling : {true, false}) {
    open(sampling);
    feed({5, 9});
    std::vector<std::unique_ptr<Sampler>> samplers;
    RowPicks picks;
    std::vector<int32_t> expected;
    for (const SamplerOptions &options : kOptions) {
      samplers.push_back(sampler(options));
      for (uint64_t row = 14; row-- > 0;)
        for (LogitsOf of : {LogitsOf::Model, LogitsOf::Mtp}) {
          uint64_t length = row < 5 ? row + 1 : row - 4;
          if (of == LogitsOf::Mtp && length == 1)
            continue; // it has no position before it
          picks.add({of, row, samplers.back().get(), 7, row + 100});
          std::vector<float> logits =
              of == LogitsOf::Mtp ? expectedMtpLogits(firstTokens(length)) : expectedLogits(firstTokens(length));
          expected.push_back(0);
          ASSERT_TRUE(samplers.back()->pick(logits.data(), 7, row + 100, expected.back()).isOk());
        }
    }
    EXPECT_GT(expected.size() / 2, session->sampleCapacity());
    picks.run(*session);
    std::vector<int32_t> picked(expected.size());
    for (size_t i = 0; i < picked.size(); ++i)
      ASSERT_TRUE(picks.take(*session, i, picked[i]).isOk());
    EXPECT_EQ(picked, expected) << sampling;
  }
}

TEST_F(CudaSamplingTest, CopiesTokensAndNoLogits) {
  open(true);
  feed({4, 4});
  auto greedy = sampler({});
  RowPicks picks;
  size_t before = readBytes();
  for (uint64_t row : {3, 7})
    picks.add({LogitsOf::Model, row, greedy.get(), 0, 4});
  picks.run(*session);
  EXPECT_EQ(readBytes() - before, 2 * sizeof(plan::SampleRow));
  EXPECT_TRUE(session->checkLogits(3).isOk());
  EXPECT_EQ(readBytes() - before, 4 * sizeof(plan::SampleRow));
}

TEST_F(CudaSamplingTest, SaysWhatTheDriverRefuses) {
  auto greedy = sampler({});
  const char *names[] = {"cuLaunchKernel", "cuMemcpyAsync", "cuStreamSynchronize"};
  for (const char *name : names) {
    open(true);
    feed({3});
    int calls = fakeCall<int(const char *)>("fakeCudaCalls")(name);
    setenv("V4_FAKE_CUDA_FAIL", (std::string(name) + ":" + std::to_string(calls + 1)).c_str(), 1);
    RowPicks picks;
    picks.add({LogitsOf::Model, 2, greedy.get(), 0, 3});
    picks.run(*session);
    int32_t token = -1;
    Status status = picks.take(*session, 0, token);
    EXPECT_EQ(status.code(), StatusCode::Unsupported) << name;
    EXPECT_NE(status.message().find("fake failure (999); end this process"), std::string::npos) << status.message();
    if (name == names[0])
      EXPECT_NE(status.message().find("launches[8] of kernel 'sample_rows_0'"), std::string::npos) << status.message();
    EXPECT_EQ(session->logits(0), nullptr);
    EXPECT_FALSE(session->checkLogits(0).isOk());
    unsetenv("V4_FAKE_CUDA_FAIL");
  }
}

TEST_F(CudaSamplingTest, NoStepAllocates) {
  open(true);
  driverRuns = fakeCall<bool()>("fakeCudaRuns");
  Sequence *sequence = nullptr;
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  auto drawn = sampler({300.0f, 0, 0.9f, 0, 2});
  RowPicks picks;
  uint64_t before = 0;
  for (uint64_t i = 0; i < 24; ++i) {
    if (i == 12) // all shapes of a step are recorded
      before = allocations;
    session->batch()[0] = {sequence, tokens.data() + i, 1, 1};
    ASSERT_TRUE(session->step(1).isOk());
    picks.clear();
    picks.add({LogitsOf::Model, 0, drawn.get(), 0, i + 1});
    picks.run(*session);
    int32_t token = -1;
    ASSERT_TRUE(picks.take(*session, 0, token).isOk());
  }
  EXPECT_EQ(allocations, before);
  driverRuns = nullptr;
}

TEST_F(CudaSamplingTest, GoesWithoutTheBlock) {
  open(true, /*mtp=*/false);
  feed({5});
  auto drawn = sampler(kOptions.back());
  size_t before = readBytes();
  EXPECT_EQ(pick(LogitsOf::Model, 2, *drawn), pickOnHost(expectedLogits(firstTokens(3)), 2, *drawn));
  EXPECT_TRUE(session->checkLogits(4).isOk());
  EXPECT_EQ(readBytes() - before, 2 * sizeof(plan::SampleRow));
  EXPECT_EQ(session->mtpLogits(2), nullptr);
}

/// Rows of a draft, of the one behind it, and of the step that feeds both.
TEST_F(CudaSamplingTest, PicksDrafts) {
  open(true);
  feed({5});
  auto drawn = sampler(kOptions.back());
  Sequence *sequence = session->batch()[0].sequence;
  for (uint64_t drafts = 1; drafts <= 2; ++drafts) {
    session->batch()[0] = {sequence, &tokens[4 + drafts], 1, 1};
    ASSERT_TRUE(session->draft(1).isOk());
    std::vector<float> expected = expectedDraft(firstTokens(5 + drafts), drafts);
    EXPECT_EQ(pick(LogitsOf::Mtp, 0, *drawn), pickOnHost(expected, 0, *drawn)) << drafts;
    EXPECT_TRUE(equal(session->mtpLogits(0), expected)) << drafts;
    EXPECT_EQ(session->logits(0), nullptr);
  }
  session->batch()[0] = {sequence, &tokens[5], 2, 2};
  ASSERT_TRUE(session->step(1).isOk());
  EXPECT_EQ(pick(LogitsOf::Model, 1, *drawn), pickOnHost(expectedLogits(firstTokens(7)), 1, *drawn));
  EXPECT_TRUE(equal(session->mtpLogits(0), expectedMtpLogits(firstTokens(6))));
}

TEST_F(CudaSamplingTest, IsTraced) {
  open(true);
  std::vector<LaunchSpan> spans;
  session->setTrace({&spans, [](void *user, const LaunchSpan &span) {
                       static_cast<std::vector<LaunchSpan> *>(user)->push_back(span);
                     }});
  feed({3});
  ASSERT_FALSE(spans.empty());
  LaunchSpan last = spans.back();
  spans.clear();
  auto greedy = sampler({});
  RowPicks picks;
  for (uint64_t row : {0, 2})
    picks.add({LogitsOf::Model, row, greedy.get(), 0, row});
  picks.run(*session);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(gpu->plan.program().launches()->Get(spans[0].launch)->group(), plan::fb::LaunchGroup::Sample);
  EXPECT_EQ(spans[0].workgroups, 2);
  EXPECT_EQ(spans[0].step, last.step);
  EXPECT_GE(spans[0].beginNanoseconds, last.endNanoseconds);
  EXPECT_GE(spans[0].endNanoseconds, spans[0].beginNanoseconds);
}

/// Feeds `prompt` in small steps; every one must give the tokens of its logits.
void pickChecked(const GpuPlan &gpu, CudaDevice &device, const std::vector<int32_t> &prompt, int &failures) {
  std::unique_ptr<Session> session;
  Sequence *sequence = nullptr;
  auto drawn = sampler(kOptions.back());
  failures = !Session::create(gpu.program(device), {}, {}, session).isOk() || !session->createSequence(sequence).isOk();
  for (uint64_t at = 0; at < prompt.size() && !failures; at += 2) {
    session->batch()[0] = {sequence, prompt.data() + at, 2, 1};
    failures = !session->step(1).isOk();
    RowPicks picks;
    picks.add({LogitsOf::Model, 0, drawn.get(), 1, at});
    picks.run(*session);
    std::vector<float> logits = expectedLogits({prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(at) + 2});
    int32_t token = -1, expected = -2;
    failures += !picks.take(*session, 0, token).isOk() || !drawn->pick(logits.data(), 1, at, expected).isOk() ||
                token != expected;
  }
}

TEST_F(CudaSamplingTest, SessionsOfTwoThreadsShareTheGpu) {
  open(true);
  std::vector<int32_t> one = somePrompt(100, 1), two = somePrompt(100, 2);
  int failures[2] = {};
  std::thread other([&] { pickChecked(*gpu, *device, two, failures[1]); });
  pickChecked(*gpu, *device, one, failures[0]);
  other.join();
  EXPECT_EQ(failures[0], 0);
  EXPECT_EQ(failures[1], 0);
}

//===----------------------------------------------------------------------===//
// The scheduler
//===----------------------------------------------------------------------===//

/// Three requests, which draft or not; their tokens.
std::vector<std::vector<int32_t>> serve(Session &session, const SamplerOptions &sampling, uint64_t draft,
                                        bool wantRows) {
  std::unique_ptr<Scheduler> scheduler;
  EXPECT_TRUE(Scheduler::create(session, {}, scheduler).isOk());
  std::deque<Client> clients;
  for (uint32_t i = 0; i < 3; ++i) {
    Client &client = clients.emplace_back();
    Request request;
    request.tokens = client.prompt = somePrompt(5 + 7 * i, i + 1);
    request.count = client.count = 8 + i;
    request.sampling = sampling;
    request.stream = i;
    request.draft = draft;
    request.wantRows = wantRows;
    request.hooks = {&client, Client::token, wantRows ? Client::takeRows : nullptr, Client::done};
    EXPECT_TRUE(scheduler->submit(std::move(request), client.id).isOk());
  }
  for (int i = 0; scheduler->pending() && i < 1000; ++i)
    EXPECT_TRUE(scheduler->step().isOk());
  std::vector<std::vector<int32_t>> all;
  for (const Client &client : clients) {
    EXPECT_EQ(client.error, "");
    all.push_back(client.tokens);
  }
  return all;
}

TEST_F(CudaSamplingTest, ServesTheTokensOfACpu) {
  FakeProgram cpu{threeDrafts()};
  SessionOptions options;
  options.mtp = true;
  options.threads = 1;
  for (uint64_t draft : {0, 3})
    for (const SamplerOptions &sampling : kOptions)
      for (bool wantRows : {false, true}) {
        std::unique_ptr<Session> host;
        ASSERT_TRUE(Session::create(cpu.runnable(), options, {}, host).isOk());
        auto expected = serve(*host, sampling, draft, wantRows);
        open(true);
        EXPECT_EQ(serve(*session, sampling, draft, wantRows), expected)
            << draft << " drafts, temperature " << sampling.temperature << ", rows " << wantRows;
      }
}

/// Greedy drafts and tokens, and those that are drawn without drafts: not one row of logits comes to the host.
TEST_F(CudaSamplingTest, ServesWithoutCopyingLogits) {
  for (uint64_t draft : {0, 2})
    for (const SamplerOptions &sampling : kOptions) {
      open(true);
      size_t before = readBytes();
      auto all = serve(*session, sampling, draft, /*wantRows=*/false);
      size_t bytes = readBytes() - before, most = 0;
      for (const auto &tokens : all)
        most += (2 * draft + 1) * tokens.size() * sizeof(plan::SampleRow);
      if (sampling.temperature > 0 && draft) {
        EXPECT_GT(bytes, most);
        continue;
      }
      EXPECT_EQ(bytes % sizeof(plan::SampleRow), 0u);
      EXPECT_LE(bytes, most) << draft << " drafts, temperature " << sampling.temperature;
    }
}

TEST_F(CudaSamplingTest, RequestsEndWithTheGpu) {
  open(true);
  std::unique_ptr<Scheduler> scheduler;
  ASSERT_TRUE(Scheduler::create(*session, {}, scheduler).isOk());
  Client client;
  Request request;
  request.tokens = client.prompt = somePrompt(5, 1);
  request.count = 4;
  request.hooks = {&client, Client::token, nullptr, Client::done};
  ASSERT_TRUE(scheduler->submit(std::move(request), client.id).isOk());
  // The step block goes there first, then what is asked of the rows.
  int copies = fakeCall<int(const char *)>("fakeCudaCalls")("cuMemcpyAsync");
  setenv("V4_FAKE_CUDA_FAIL", ("cuMemcpyAsync:" + std::to_string(copies + 2)).c_str(), 1);
  EXPECT_TRUE(scheduler->step().isOk());
  EXPECT_EQ(client.calls, 1);
  EXPECT_EQ(client.finish, Finish::Failed);
  EXPECT_NE(client.error.find("the CUDA driver fails at cuMemcpyAsync: fake failure (999)"), std::string::npos)
      << client.error;
  EXPECT_EQ(scheduler->pending(), 0u);
}

} // namespace

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

#include "FakeGpu.h"
#include "SchedulerFixture.h"

#include <cmath>

using namespace v4;
using namespace v4::test;

namespace {

FakeOptions samplingOptions(bool sampling) {
  FakeOptions options = threeDrafts();
  options.sampling = sampling;
  options.calls = true;
  return options;
}

std::unique_ptr<Sampler> sampler(const SamplerOptions &options) {
  std::unique_ptr<Sampler> result;
  EXPECT_TRUE(Sampler::create(kVocabulary, options, result).isOk());
  return result;
}

const std::vector<SamplerOptions> kOptions = {{},
                                              {1.0f, 0, 1, 0, 1},
                                              {300.0f, 0, 1, 0, 2},
                                              {200.0f, 5, 1, 0, 3},
                                              {200.0f, 0, 0.7f, 0, 4},
                                              {200.0f, 0, 1, 0.2f, 5},
                                              {500.0f, 20, 0.9f, 0.1f, 6}};

class CudaSamplingTest : public FakeGpuTest {
protected:
  void open(bool sampling, SessionOptions options = {}) {
    close();
    gpu = std::make_unique<GpuPlan>(samplingOptions(sampling));
    device = std::make_unique<CudaDevice>();
    Status status = device->load(gpu->plan, V4_FAKE_CUDA);
    ASSERT_TRUE(status.isOk()) << status.message();
    options.mtp = true;
    status = Session::create(gpu->program(*device), options, {}, session);
    ASSERT_TRUE(status.isOk()) << status.message();
    EXPECT_EQ(session->samplesOnDevice(), sampling);
  }
  void close() {
    session.reset();
    device.reset();
    gpu.reset();
  }
  void TearDown() override {
    close();
    FakeGpuTest::TearDown();
  }

  /// Feeds `lengths` tokens of the prompt to as many sequences, in one step; all of them want logits.
  void feed(const std::vector<uint64_t> &lengths) {
    for (uint64_t i = 0; i < lengths.size(); ++i) {
      Sequence *sequence = nullptr;
      ASSERT_TRUE(session->createSequence(sequence).isOk());
      session->batch()[i] = {sequence, tokens.data(), lengths[i], lengths[i]};
    }
    Status status = session->step(lengths.size());
    ASSERT_TRUE(status.isOk()) << status.message();
  }
  std::vector<int32_t> firstTokens(uint64_t count) const {
    return {tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(count)};
  }
  static size_t readBytes() { return fakeCall<size_t()>("fakeCudaReadBytes")(); }

  std::unique_ptr<GpuPlan> gpu;
  std::unique_ptr<CudaDevice> device;
  std::unique_ptr<Session> session;
};

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

TEST_F(CudaSamplingTest, CopiesLogitsOnceWhenTheyAreAskedFor) {
  open(true);
  size_t before = readBytes();
  feed({3});
  EXPECT_EQ(readBytes(), before);
  const float *row = session->logits(1);
  EXPECT_EQ(std::vector<float>(row, row + kVocabulary), expectedLogits(firstTokens(2)));
  size_t logits = 3 * kVocabulary * sizeof(float);
  EXPECT_EQ(readBytes() - before, logits);
  EXPECT_EQ(session->logits(0), row - kVocabulary);
  EXPECT_EQ(session->logits(3), nullptr);
  EXPECT_TRUE(session->checkLogits(2, /*mtp=*/false).isOk());
  EXPECT_EQ(readBytes() - before, logits);
  row = session->mtpLogits(2);
  EXPECT_EQ(std::vector<float>(row, row + kVocabulary), expectedMtpLogits(firstTokens(3)));
  EXPECT_EQ(readBytes() - before, 2 * logits);
  feed({2});
  row = session->logits(1);
  EXPECT_EQ(std::vector<float>(row, row + kVocabulary), expectedLogits(firstTokens(2)));
}

/// Overwrites an entry of the logits behind the launch that computes them: memory of this GPU is that of the process.
struct Spoiler {
  uint32_t launch, binding, entry;
  static void spoil(void *user, const LaunchSpan &span) {
    auto &self = *static_cast<Spoiler *>(user);
    if (span.launch == self.launch)
      static_cast<float *>(span.bindings[self.binding])[self.entry] = NAN;
  }
};

TEST_F(CudaSamplingTest, ReportsRowsThatAreNotFinite) {
  for (bool sampling : {true, false}) {
    open(sampling);
    Spoiler model{2, 7, kVocabulary + 9};
    session->setTrace({&model, Spoiler::spoil});
    feed({3});
    const char *message =
        "logits row 1: entry 9 is not finite, expected numbers; end this request, its tokens lead the "
        "model astray";
    EXPECT_EQ(session->checkLogits(1).message(), message);
    EXPECT_TRUE(session->checkLogits(2).isOk());
    auto greedy = sampler({});
    RowPicks picks;
    for (uint64_t row : {0, 1})
      picks.add({LogitsOf::Model, row, greedy.get(), 0, 4});
    picks.run(*session);
    int32_t token = -1;
    EXPECT_TRUE(picks.take(*session, 0, token).isOk());
    EXPECT_GE(token, 0);
    EXPECT_EQ(picks.take(*session, 1, token).message(), message);
    Spoiler mtp{5, 2, 2 * kVocabulary + 31};
    session->setTrace({&mtp, Spoiler::spoil});
    feed({3});
    EXPECT_TRUE(session->checkLogits(2, /*mtp=*/false).isOk());
    EXPECT_EQ(session->checkLogits(2).message(), "logits row 2: entry 31 of the MTP block is not finite, expected "
                                                 "numbers; end this request, its tokens lead the model astray");
  }
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

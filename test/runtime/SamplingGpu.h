//===- SamplingGpu.h - Sessions of a plan that samples on a GPU --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_SAMPLINGGPU_H
#define V4_TEST_RUNTIME_SAMPLINGGPU_H

#include "FakeGpu.h"

#include "runtime/schedule/RowPicks.h"

namespace v4::test {

inline FakeOptions samplingOptions(bool sampling) {
  FakeOptions options;
  options.maxDraft = 3;
  options.sampling = sampling;
  options.calls = true;
  return options;
}

inline std::unique_ptr<Sampler> sampler(const SamplerOptions &options) {
  std::unique_ptr<Sampler> result;
  EXPECT_TRUE(Sampler::create(kVocabulary, options, result).isOk());
  return result;
}

inline const std::vector<SamplerOptions> kOptions = {{},
                                                     {1.0f, 0, 1, 0, 1},
                                                     {300.0f, 0, 1, 0, 2},
                                                     {200.0f, 5, 1, 0, 3},
                                                     {200.0f, 0, 0.7f, 0, 4},
                                                     {200.0f, 0, 1, 0.2f, 5},
                                                     {500.0f, 20, 0.9f, 0.1f, 6}};

class SamplingGpuTest : public FakeGpuTest {
protected:
  void open(bool sampling, bool mtp = true) {
    close();
    gpu = std::make_unique<GpuPlan>(samplingOptions(sampling));
    device = std::make_unique<CudaDevice>();
    Status status = device->load(gpu->plan, V4_FAKE_CUDA);
    ASSERT_TRUE(status.isOk()) << status.message();
    SessionOptions options;
    options.mtp = mtp;
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
  /// Of `row`, by itself.
  int32_t pick(LogitsOf of, uint64_t row, Sampler &sampler) {
    RowPicks picks;
    picks.add({of, row, &sampler, 7, row});
    picks.run(*session);
    int32_t token = -1;
    Status status = picks.take(*session, 0, token);
    EXPECT_TRUE(status.isOk()) << status.message();
    return token;
  }
  static int32_t pickOnHost(const std::vector<float> &logits, uint64_t row, Sampler &sampler) {
    int32_t token = -1;
    EXPECT_TRUE(sampler.pick(logits.data(), 7, row, token).isOk());
    return token;
  }
  static bool equal(const float *found, const std::vector<float> &expected) {
    return found && std::vector<float>(found, found + kVocabulary) == expected;
  }
  std::vector<int32_t> firstTokens(uint64_t count) const {
    return {tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(count)};
  }
  static size_t readBytes() { return fakeCall<size_t()>("fakeCudaReadBytes")(); }

  std::unique_ptr<GpuPlan> gpu;
  std::unique_ptr<CudaDevice> device;
  std::unique_ptr<Session> session;
};

/// With one sequence, and a count of the waits.
class WaitingGpuTest : public SamplingGpuTest {
protected:
  /// A session with one sequence of `count` tokens, which were waited for.
  void begin(uint64_t count, bool sampling = true) {
    open(sampling);
    ASSERT_TRUE(session->createSequence(sequence).isOk());
    ASSERT_TRUE(feed(count, 0).isOk());
  }
  Status feed(uint64_t count, uint64_t logits) {
    session->batch()[0] = {sequence, tokens.data() + sequence->position, count, logits};
    return session->step(1);
  }
  Status draft(uint64_t depth) {
    session->batch()[0] = {sequence, tokens.data() + sequence->position + depth, 1, 1};
    return session->draft(1);
  }
  void pickChecked() {
    auto drawn = sampler(kOptions.back());
    auto fed = static_cast<uint64_t>(sequence->position);
    EXPECT_EQ(pick(LogitsOf::Model, 0, *drawn), pickOnHost(expectedLogits(firstTokens(fed)), 0, *drawn)) << fed;
  }
  static int waits() { return fakeCall<int(const char *)>("fakeCudaCalls")("cuStreamSynchronize"); }

  Sequence *sequence = nullptr;
};

} // namespace v4::test

#endif // V4_TEST_RUNTIME_SAMPLINGGPU_H

//===- phases.cpp - Tests of launches without a barrier between them ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include <gtest/gtest.h>

using namespace v4;
using namespace v4::test;

namespace {

/// Marks workgroups of one call; binding 0 is an array of counters.
void count(const v4_kernel_args *args, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    static_cast<std::atomic<int> *>(args->bindings[0])[i].fetch_add(1);
}

TEST(Phase, RunsEveryWorkgroupOfEveryCallOnce) {
  const int64_t sizes[] = {3, 0, 1, 500, 2};
  std::vector<std::atomic<int>> marks[5];
  void *bindings[5];
  std::vector<KernelCall> calls;
  for (size_t i = 0; i < 5; ++i) {
    marks[i] = std::vector<std::atomic<int>>(static_cast<size_t>(sizes[i]));
    bindings[i] = marks[i].data();
    calls.push_back({count, {&bindings[i]}, (i ? calls[i - 1].end : 0) + sizes[i]});
  }
  for (unsigned threads : {1u, 2u, 3u}) {
    std::unique_ptr<ThreadPool> pool;
    ASSERT_TRUE(ThreadPool::create(threads, 0, pool).isOk());
    CpuDevice::run(*pool, calls.data(), calls.size());
    for (auto &call : marks)
      for (std::atomic<int> &mark : call)
        EXPECT_EQ(mark.exchange(0), 1) << threads << " threads";
  }
}

/// Collects what leaves a step.
struct Seen {
  std::vector<std::vector<float>> twins;
  std::vector<uint32_t> launches;
  std::vector<int64_t> workgroups;

  static void probe(void *user, const ProbeRows &rows) {
    if (rows.shape->name != "twin_logits")
      return;
    const float *values = static_cast<const float *>(rows.data);
    static_cast<Seen *>(user)->twins.emplace_back(values, values + rows.rowCount * kVocabulary);
  }
  static void trace(void *user, const LaunchSpan &span) {
    EXPECT_LE(span.beginNanoseconds, span.endNanoseconds);
    static_cast<Seen *>(user)->launches.push_back(span.launch);
    static_cast<Seen *>(user)->workgroups.push_back(span.workgroups);
  }
};

/// Feeds one prompt; logits of its last three tokens.
std::vector<float> feed(const FakeProgram &program, const SessionOptions &options, const TraceSink &trace = {}) {
  std::unique_ptr<Session> session;
  Status status = Session::create(program.runnable(), options, {}, session);
  EXPECT_TRUE(status.isOk()) << status.message();
  session->setTrace(trace);
  Sequence *sequence = nullptr;
  EXPECT_TRUE(session->createSequence(sequence).isOk());
  std::vector<int32_t> prompt = somePrompt(50, 3);
  session->batch()[0] = {sequence, prompt.data(), prompt.size(), 3};
  EXPECT_TRUE(session->step(1).isOk());
  return std::vector<float>(session->logits(0), session->logits(0) + 3 * kVocabulary);
}

TEST(Phase, LaunchesOfAPhaseComputeWhatTheyComputeAlone) {
  FakeOptions twin;
  twin.twinLogits = true;
  FakeProgram program(twin);
  for (unsigned threads : {1u, 3u})
    for (bool mtp : {false, true}) {
      Seen seen;
      SessionOptions options;
      options.threads = threads;
      options.mtp = mtp;
      options.probes = {&seen, Seen::probe};
      std::vector<float> logits = feed(program, options);
      EXPECT_EQ(logits, feed(FakeProgram(), options));
      ASSERT_EQ(seen.twins.size(), 1u);
      EXPECT_EQ(seen.twins[0], logits);
    }
}

TEST(Trace, SeesEveryLaunchAlone) {
  FakeOptions twin;
  twin.twinLogits = true;
  FakeProgram program(twin);
  Seen seen;
  SessionOptions options;
  TraceSink trace{&seen, Seen::trace};
  std::vector<float> logits = feed(program, options, trace);
  EXPECT_EQ(logits, feed(FakeProgram(), {}));
  EXPECT_EQ(seen.launches, (std::vector<uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(seen.workgroups, (std::vector<int64_t>{1, 12, 6, 6, 1}));
  options.mtp = true;
  seen = {};
  feed(program, options, trace);
  EXPECT_EQ(seen.launches, (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

} // namespace

//===- cuda-graphs.cpp - Steps that a GPU has recorded --------------------===//
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

int callsOf(const char *name) { return fakeCall<int(const char *)>("fakeCudaCalls")(name); }
size_t graphsHeld() { return fakeCall<size_t()>("fakeCudaGraphs")(); }

/// A session on a played GPU.
class Decoder {
public:
  explicit Decoder(SessionOptions options = {}, const FakeOptions &plan = {}) : gpu(plan) {
    options.mtp = true;
    EXPECT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
    Host host;
    host.user = &logged;
    host.logLine = [](void *user, const char *text, size_t length) {
      static_cast<std::vector<std::string> *>(user)->emplace_back(text, length);
    };
    Status status = Session::create(gpu.program(device), options, host, session);
    EXPECT_TRUE(status.isOk()) << status.message();
  }

  Sequence *add() {
    Sequence *sequence = nullptr;
    EXPECT_TRUE(session->createSequence(sequence).isOk());
    return sequence;
  }
  /// Feeds the next `count` tokens of `prompt` to each sequence; logits of the last one.
  Status feed(const std::vector<Sequence *> &sequences, const std::vector<int32_t> &prompt, uint64_t count) {
    for (size_t i = 0; i < sequences.size(); ++i)
      session->batch()[i] = {sequences[i], prompt.data() + sequences[i]->position, count, 1};
    V4_RETURN_IF_ERROR(session->step(sequences.size()));
    for (size_t i = 0; i < sequences.size(); ++i) {
      seen.insert(seen.end(), session->logits(i), session->logits(i) + kVocabulary);
      seen.insert(seen.end(), session->mtpLogits(i), session->mtpLogits(i) + kVocabulary);
    }
    return Status();
  }
  Status draft(Sequence *sequence, int32_t token) {
    session->batch()[0] = {sequence, &token, 1, 1};
    V4_RETURN_IF_ERROR(session->draft(1));
    seen.insert(seen.end(), session->mtpLogits(0), session->mtpLogits(0) + kVocabulary);
    return Status();
  }
  const RunCounts &counts() const { return session->runCounts(); }

  GpuPlan gpu;
  std::vector<std::string> logged;
  CudaDevice device;
  std::unique_ptr<Session> session;
  std::vector<float> seen; ///< All logits, in order.
};

class CudaGraphsTest : public FakeGpuTest {
protected:
  /// Prompts, decodes, drafts, batches that grow and shrink, a rewind, a file: all logits, and every launch.
  std::vector<float> runAll(bool plain, RunCounts &counts, std::vector<std::string> &launches) {
    std::remove(log.c_str());
    setenv("V4_FAKE_CUDA_LOG", log.c_str(), 1);
    std::vector<float> seen;
    {
      SessionOptions options;
      options.plainLaunches = plain;
      Decoder decoder(options);
      runAll(decoder);
      counts = decoder.counts();
      seen = decoder.seen;
    }
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);)
      launches.push_back(line);
    return seen;
  }

  void runAll(Decoder &decoder) {
    Sequence *one = decoder.add(), *two = decoder.add();
    ASSERT_TRUE(decoder.feed({one}, prompt, 37).isOk());
    ASSERT_TRUE(decoder.feed({two}, prompt, 22).isOk());
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(decoder.feed({one}, prompt, 1).isOk());
      ASSERT_TRUE(decoder.draft(one, prompt[static_cast<size_t>(one->position)]).isOk());
      ASSERT_TRUE(decoder.feed({one, two}, prompt, 1).isOk());
    }
    ASSERT_TRUE(decoder.session->rewind(*one, static_cast<uint64_t>(one->position) - 1).isOk());
    for (int i = 0; i < 12; ++i)
      ASSERT_TRUE(decoder.feed({two, one}, prompt, 2).isOk());
    Sequence *both[] = {one, two};
    ASSERT_TRUE(decoder.session->save(state, both, 2).isOk());
    decoder.session->releaseSequence(*one);
    decoder.session->releaseSequence(*two);
    std::vector<Sequence *> loaded;
    ASSERT_TRUE(decoder.session->load(state, loaded).isOk());
    for (int i = 0; i < 12; ++i)
      ASSERT_TRUE(decoder.feed(loaded, prompt, 1).isOk());
  }

  std::vector<int32_t> prompt = somePrompt(400, 9);
};

TEST_F(CudaGraphsTest, SameBitsAndLaunchesAsWithout) {
  RunCounts plain, replayed;
  std::vector<std::string> plainLaunches, replayedLaunches;
  std::vector<float> expected = runAll(true, plain, plainLaunches);
  EXPECT_EQ(callsOf("cuGraphCreate"), 0);
  std::vector<float> seen = runAll(false, replayed, replayedLaunches);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(replayedLaunches, plainLaunches);
  EXPECT_EQ(plain.replayed, 0u);
  EXPECT_EQ(replayed.runs, plain.runs);
  EXPECT_GT(replayed.replayed, replayed.runs / 2);
}

/// Tokens 80 to 143: without a finished chunk, with one of 4, and once with one of 128 too.
TEST_F(CudaGraphsTest, ADecodeHasThreeShapes) {
  Decoder decoder;
  Sequence *sequence = decoder.add();
  ASSERT_TRUE(decoder.feed({sequence}, prompt, 40).isOk());
  ASSERT_TRUE(decoder.feed({sequence}, prompt, 40).isOk());
  RunCounts before = decoder.counts();
  int launches = callsOf("cuLaunchKernel"), replays = callsOf("cuGraphLaunch");
  for (int i = 0; i < 64; ++i)
    ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  EXPECT_EQ(decoder.counts().runs - before.runs, 64u);
  EXPECT_EQ(decoder.counts().replayed - before.replayed, 61u);
  EXPECT_EQ(decoder.counts().recorded - before.recorded, 2u);
  EXPECT_EQ(callsOf("cuGraphLaunch") - replays, 61);
  // Main group, MTP step: 7 kernels, of which one appends chunks.
  EXPECT_EQ(callsOf("cuLaunchKernel") - launches, 6 + 7 + 7);
  std::vector<int32_t> fed(prompt.begin(), prompt.begin() + sequence->position);
  EXPECT_EQ(std::vector<float>(decoder.session->logits(0), decoder.session->logits(0) + kVocabulary),
            expectedLogits(fed));
}

// Two launches of logits have no barrier between them, all others have; one in front of them has nothing to do in most
// steps. The played driver runs what waits for nothing in the opposite order.
TEST_F(CudaGraphsTest, LaunchesOfAPhaseWaitForThePhaseInFrontAlone) {
  for (bool twin : {false, true}) {
    FakeOptions plan;
    plan.twinLogits = twin;
    SessionOptions plain;
    plain.plainLaunches = true;
    Decoder expected(plain, plan), decoder({}, plan);
    Sequence *one = decoder.add(), *other = expected.add();
    for (int i = 0; i < 12; ++i) {
      uint64_t replayed = decoder.counts().replayed;
      ASSERT_TRUE(decoder.feed({one}, prompt, 1).isOk());
      ASSERT_TRUE(expected.feed({other}, prompt, 1).isOk());
      if (decoder.counts().replayed > replayed)
        EXPECT_EQ(fakeCall<size_t()>("fakeCudaWidth")(), twin ? 2u : 1u) << i;
    }
    EXPECT_GT(decoder.counts().replayed, 8u);
    EXPECT_EQ(decoder.seen, expected.seen);
  }
}

TEST_F(CudaGraphsTest, AnotherBatchIsRecordedAnew) {
  Decoder decoder;
  std::vector<Sequence *> sequences;
  for (uint64_t batch = 1; batch <= 3; ++batch) {
    sequences.push_back(decoder.add());
    RunCounts before = decoder.counts();
    for (int i = 0; i < 16; ++i)
      ASSERT_TRUE(decoder.feed(sequences, prompt, 1).isOk());
    EXPECT_EQ(decoder.counts().recorded - before.recorded, 2u) << batch;
    EXPECT_EQ(decoder.counts().replayed - before.replayed, 14u) << batch;
  }
}

TEST_F(CudaGraphsTest, AReplayedStepAllocatesNothing) {
  Decoder decoder;
  Sequence *sequence = decoder.add();
  for (int i = 0; i < 9; ++i)
    ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  RunCounts counts = decoder.counts();
  driverRuns = fakeCall<bool()>("fakeCudaRuns");
  uint64_t before = allocations.load();
  bool failed = false;
  for (int i = 0; i < 40; ++i) {
    decoder.session->batch()[0] = {sequence, prompt.data() + sequence->position, 1, 1};
    failed |= !decoder.session->step(1).isOk();
  }
  uint64_t made = allocations.load() - before;
  driverRuns = nullptr;
  EXPECT_FALSE(failed);
  EXPECT_EQ(made, 0u);
  EXPECT_EQ(decoder.counts().replayed - counts.replayed, 40u);
}

TEST_F(CudaGraphsTest, AStepWithTimesOfTheDeviceAllocatesNothing) {
  Decoder decoder;
  Sequence *sequence = decoder.add();
  auto ignore = [](void *, const LaunchSpan &) {};
  decoder.session->setTrace({nullptr, ignore, ignore});
  ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  driverRuns = fakeCall<bool()>("fakeCudaRuns");
  uint64_t before = allocations.load();
  decoder.session->batch()[0] = {sequence, prompt.data() + 1, 1, 1};
  bool isOk = decoder.session->step(1).isOk();
  uint64_t made = allocations.load() - before;
  driverRuns = nullptr;
  EXPECT_TRUE(isOk);
  EXPECT_EQ(made, 0u);
}

TEST_F(CudaGraphsTest, KeepsSoManyAndNoMore) {
  Decoder decoder;
  Sequence *sequence = decoder.add();
  auto feedBatch = [&](uint64_t count) {
    decoder.session->batch()[0] = {sequence, prompt.data(), count, 1};
    ASSERT_TRUE(decoder.session->step(1).isOk());
  };
  for (uint64_t count = 1; count <= RunGraphs::kMostShapes + 4; ++count)
    for (int twice = 0; twice < 2; ++twice) {
      decoder.session->releaseSequence(*sequence);
      sequence = decoder.add();
      feedBatch(count);
    }
  EXPECT_EQ(decoder.counts().recorded, RunGraphs::kMostShapes + 4);
  EXPECT_EQ(graphsHeld(), RunGraphs::kMostShapes);
  decoder.session.reset();
  EXPECT_EQ(graphsHeld(), 0u);
}

// Each prompt has a shape of its own.
TEST_F(CudaGraphsTest, PromptsLeaveTheGraphsOfDecoding) {
  Decoder decoder;
  Sequence *decoding = decoder.add();
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(decoder.feed({decoding}, prompt, 1).isOk());
  for (uint64_t count = 2; count <= RunGraphs::kMostShapes + RunGraphs::kMostNew; ++count) {
    Sequence *other = decoder.add();
    ASSERT_TRUE(decoder.feed({other}, prompt, count).isOk());
    decoder.session->releaseSequence(*other);
  }
  RunCounts before = decoder.counts();
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(decoder.feed({decoding}, prompt, 1).isOk());
  EXPECT_EQ(decoder.counts().replayed - before.replayed, 8u);
  EXPECT_EQ(decoder.counts().recorded, before.recorded);
}

TEST_F(CudaGraphsTest, TracedStepsAreLaunched) {
  Decoder decoder;
  Sequence *sequence = decoder.add();
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  uint64_t replayed = decoder.counts().replayed;
  int spans = 0;
  decoder.session->setTrace({&spans, [](void *user, const LaunchSpan &) { ++*static_cast<int *>(user); }});
  ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  EXPECT_GT(spans, 0);
  EXPECT_EQ(decoder.counts().replayed, replayed);
  decoder.session->setTrace({});
  ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  EXPECT_EQ(decoder.counts().replayed, replayed + 1);
}

TEST_F(CudaGraphsTest, ProbesAreSeenInEveryStep) {
  int probes = 0;
  SessionOptions options;
  options.probes = {&probes, [](void *user, const ProbeRows &) { ++*static_cast<int *>(user); }};
  Decoder decoder(options);
  Sequence *sequence = decoder.add();
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  EXPECT_EQ(probes, 8 * 3);
  EXPECT_EQ(decoder.counts().replayed, 0u);
}

TEST_F(CudaGraphsTest, ThreadsRecordAndReplayOnOneDevice) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  auto decode = [&](const std::vector<int32_t> &tokens, std::vector<float> &last, uint64_t &replayed) {
    std::unique_ptr<Session> session;
    Sequence *sequence = nullptr;
    bool failed = !Session::create(gpu.program(device), {}, {}, session).isOk();
    failed = failed || !session->createSequence(sequence).isOk();
    for (uint64_t at = 0; at < tokens.size() && !failed; ++at) {
      session->batch()[0] = {sequence, tokens.data() + at, 1, 1};
      failed = !session->step(1).isOk();
    }
    if (!failed)
      last.assign(session->logits(0), session->logits(0) + kVocabulary), replayed = session->runCounts().replayed;
  };
  std::vector<int32_t> one = somePrompt(300, 1), two = somePrompt(300, 2);
  std::vector<float> lastOne, lastTwo;
  uint64_t replayedOne = 0, replayedTwo = 0;
  std::thread other([&] { decode(two, lastTwo, replayedTwo); });
  decode(one, lastOne, replayedOne);
  other.join();
  EXPECT_EQ(lastOne, expectedLogits(one));
  EXPECT_EQ(lastTwo, expectedLogits(two));
  EXPECT_EQ(replayedOne, 297u);
  EXPECT_EQ(replayedTwo, 297u);
}

TEST_F(CudaGraphsTest, WhereNothingCanBeRecordedStepsAreLaunched) {
  for (const char *call : {"cuGraphCreate", "cuGraphAddKernelNode_v2", "cuGraphInstantiateWithFlags", "cuGraphUpload"})
    for (int number : {1, 2}) {
      SCOPED_TRACE(joinText(call, " ", number));
      fakeCall<void()>("fakeCudaForgetCalls")();
      setenv("V4_FAKE_CUDA_FAIL", joinText(call, ":", number).c_str(), 1);
      Decoder decoder;
      Sequence *sequence = decoder.add();
      decoder.logged.clear();
      for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
      std::vector<int32_t> fed(prompt.begin(), prompt.begin() + 20);
      EXPECT_EQ(std::vector<float>(decoder.session->logits(0), decoder.session->logits(0) + kVocabulary),
                expectedLogits(fed));
      ASSERT_EQ(decoder.logged.size(), 1u);
      EXPECT_EQ(decoder.logged[0].find("session: steps are launched kernel by kernel, since none can be recorded: "
                                       "fake.v4plan: "),
                0u)
          << decoder.logged[0];
      if (std::string(call) == "cuGraphAddKernelNode_v2") {
        EXPECT_NE(decoder.logged[0].find("] of kernel 'fake_"), std::string::npos) << decoder.logged[0];
      }
      EXPECT_EQ(graphsHeld(), 0u);
      EXPECT_EQ(callsOf(call), number);
    }
}

// The copy of what the second step reads: graphs have no part in it.
TEST_F(CudaGraphsTest, AFailureBeforeTheRecordingIsNoneOfIt) {
  Decoder decoder;
  Sequence *sequence = decoder.add();
  ASSERT_TRUE(decoder.feed({sequence}, prompt, 1).isOk());
  decoder.logged.clear();
  setenv("V4_FAKE_CUDA_FAIL", joinText("cuMemcpyAsync:", callsOf("cuMemcpyAsync") + 1).c_str(), 1);
  Status status = decoder.feed({sequence}, prompt, 1);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_NE(status.message().find("the CUDA driver fails at cuMemcpyAsync"), std::string::npos) << status.message();
  EXPECT_EQ(decoder.logged, std::vector<std::string>());
}

TEST_F(CudaGraphsTest, AReplayThatFailsSaysOfWhat) {
  setenv("V4_FAKE_CUDA_FAIL", "cuGraphLaunch:3", 1);
  Decoder decoder;
  Sequence *sequence = decoder.add();
  Status status;
  int steps = 0;
  for (; status.isOk() && steps < 20; ++steps)
    status = decoder.feed({sequence}, prompt, 1);
  // Steps 2 and 3 replay the first, 4 is new.
  EXPECT_EQ(steps, 5);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(),
            "fake.v4plan: step of 1 tokens in 1 sequences, recorded as 6 launches: the CUDA driver fails at "
            "cuGraphLaunch: fake failure (999); end this process, its GPU context is of no further use");
  EXPECT_FALSE(decoder.feed({sequence}, prompt, 1).isOk());
}

/// What this process plays is as strict as the driver.
TEST_F(CudaGraphsTest, ThePlayedDriverRefusesHandlesThatAreNone) {
  CudaDriver driver;
  ASSERT_TRUE(CudaDriver::open("fake.v4plan", V4_FAKE_CUDA, driver).isOk());
  CudaHandle graph = nullptr, executable = nullptr, stream = nullptr;
  ASSERT_EQ(driver.createStream(&stream, kCudaStreamNonBlocking), 0);
  EXPECT_NE(driver.createGraph(&graph, 1), 0);
  ASSERT_EQ(driver.createGraph(&graph, 0), 0);
  EXPECT_NE(driver.instantiateGraph(&executable, graph, 2), 0);
  ASSERT_EQ(driver.instantiateGraph(&executable, graph, 0), 0);
  EXPECT_NE(driver.launchGraph(executable, stream), 0); // its memory was not taken
  EXPECT_NE(driver.uploadGraph(graph, stream), 0);
  ASSERT_EQ(driver.uploadGraph(executable, stream), 0);
  EXPECT_NE(driver.launchGraph(graph, stream), 0);
  EXPECT_NE(driver.launchGraph(executable, graph), 0);
  EXPECT_EQ(driver.destroyGraph(graph), 0);
  EXPECT_EQ(driver.launchGraph(executable, stream), 0); // a copy
  EXPECT_NE(driver.destroyGraph(graph), 0);
  EXPECT_EQ(driver.destroyExecutable(executable), 0);
  EXPECT_NE(driver.launchGraph(executable, stream), 0);
  EXPECT_NE(driver.destroyExecutable(executable), 0);
}

} // namespace

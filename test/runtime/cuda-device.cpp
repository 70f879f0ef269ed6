//===- cuda-device.cpp - Plans for GPUs, on a GPU that this process plays --===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

using namespace v4;
using namespace v4::test;

namespace {

/// Calls that may fail.
constexpr const char *kCalls[] = {"cuInit",
                                  "cuDeviceGetCount",
                                  "cuDeviceGet",
                                  "cuDeviceGetName",
                                  "cuDeviceGetAttribute",
                                  "cuDevicePrimaryCtxRetain",
                                  "cuCtxSetCurrent",
                                  "cuMemGetInfo_v2",
                                  "cuMemAlloc_v2",
                                  "cuMemAllocHost_v2",
                                  "cuMemcpyAsync",
                                  "cuMemsetD8Async",
                                  "cuStreamCreate",
                                  "cuStreamSynchronize",
                                  "cuModuleLoadData",
                                  "cuModuleGetFunction",
                                  "cuFuncSetAttribute",
                                  "cuEventCreate",
                                  "cuEventRecord",
                                  "cuEventElapsedTime",
                                  "cuLaunchKernel"};

/// How often each was called since they were forgotten.
std::vector<int> madeCalls() {
  std::vector<int> made;
  for (const char *name : kCalls)
    made.push_back(fakeCall<int(const char *)>("fakeCudaCalls")(name));
  return made;
}

class CudaDeviceTest : public FakeGpuTest {
protected:
  /// Loads, steps, forks, saves and goes on from the file, where it is timed: every call of the driver happens. The
  /// first failure, or success.
  Status runAll(const GpuPlan &gpu, std::vector<float> *logits = nullptr) {
    CudaDevice device;
    V4_RETURN_IF_ERROR(device.load(gpu.plan, V4_FAKE_CUDA));
    std::unique_ptr<Session> session;
    SessionOptions options;
    options.mtp = true;
    V4_RETURN_IF_ERROR(Session::create(gpu.program(device), options, {}, session));
    memory = session->memory();
    Sequence *sequence = nullptr, *twin = nullptr;
    V4_RETURN_IF_ERROR(session->createSequence(sequence));
    session->batch()[0] = {sequence, tokens.data(), 50, 1};
    V4_RETURN_IF_ERROR(session->step(1));
    V4_RETURN_IF_ERROR(session->fork(*sequence, twin));
    session->batch()[0] = {twin, tokens.data() + 50, tokens.size() - 51, 1};
    V4_RETURN_IF_ERROR(session->step(1));
    V4_RETURN_IF_ERROR(reload(*session, *sequence, twin));
    session->setTrace({this, [](void *, const LaunchSpan &) {}, [](void *, const LaunchSpan &) {}}); // with events
    session->batch()[0] = {twin, &tokens.back(), 1, 1};
    V4_RETURN_IF_ERROR(session->step(1));
    if (logits)
      logits->assign(session->logits(0), session->logits(0) + kVocabulary);
    if (logits)
      mtpLogits.assign(session->mtpLogits(0), session->mtpLogits(0) + kVocabulary);
    Status status = device.status();
    callsInRun = madeCalls();
    return status;
  }

  /// Puts both sequences into a file, and takes `twin` from there.
  Status reload(Session &session, Sequence &first, Sequence *&twin) {
    Sequence *both[] = {&first, twin};
    V4_RETURN_IF_ERROR(session.save(state, both, 2));
    for (Sequence *sequence : both)
      session.releaseSequence(*sequence);
    session.forgetPrefixes();
    std::vector<Sequence *> loaded;
    V4_RETURN_IF_ERROR(session.load(state, loaded));
    twin = loaded[1];
    return Status();
  }

  std::vector<std::string> logged() const {
    std::ifstream file(log);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line);
    return lines;
  }

  std::vector<float> mtpLogits;
  std::vector<int> callsInRun; ///< By kCalls, before the session ends.
  SessionMemory memory;
};

TEST_F(CudaDeviceTest, RunsStepsForksAndSaves) {
  GpuPlan gpu;
  std::vector<float> logits;
  Status status = runAll(gpu, &logits);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(logits, expectedLogits(tokens));
  EXPECT_EQ(mtpLogits, expectedMtpLogits(tokens));
}

TEST_F(CudaDeviceTest, RunsWhatAPlanCalls) {
  FakeOptions options;
  options.calls = true;
  GpuPlan gpu(options);
  std::vector<float> logits;
  Status status = runAll(gpu, &logits);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(logits, expectedLogits(tokens));
}

TEST_F(CudaDeviceTest, RewindsReusesAndDrafts) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  std::unique_ptr<Session> session;
  SessionOptions options;
  options.mtp = true;
  ASSERT_TRUE(Session::create(gpu.program(device), options, {}, session).isOk());
  std::vector<int32_t> prompt = somePrompt(300, 3);
  auto feed = [&](Sequence *sequence, uint64_t from) {
    for (uint64_t at = from; at < prompt.size();) {
      uint64_t count = prefillChunk(at, prompt.size(), 64);
      session->batch()[0] = {sequence, prompt.data() + at, count, 1};
      ASSERT_TRUE(session->step(1).isOk());
      at += count;
    }
    EXPECT_EQ(std::vector<float>(session->logits(0), session->logits(0) + kVocabulary), expectedLogits(prompt));
  };
  Sequence *first = nullptr, *second = nullptr;
  ASSERT_TRUE(session->createSequence(first).isOk());
  feed(first, 0);
  session->batch()[0] = {first, prompt.data(), 1, 0};
  ASSERT_TRUE(session->draft(1).isOk());
  std::vector<int32_t> drafted = prompt;
  drafted.push_back(prompt[0]);
  EXPECT_EQ(std::vector<float>(session->mtpLogits(0), session->mtpLogits(0) + kVocabulary), expectedDraft(drafted, 1));
  session->releaseSequence(*first);
  ASSERT_TRUE(session->createSequence(second).isOk());
  PrefixHit hit;
  ASSERT_TRUE(session->reuse(*second, prompt.data(), prompt.size(), hit).isOk());
  EXPECT_EQ(hit.tokens, 256u);
  feed(second, hit.tokens);
}

TEST_F(CudaDeviceTest, LaunchesInTheOrderOfThePlan) {
  GpuPlan gpu;
  setenv("V4_FAKE_CUDA_LOG", log.c_str(), 1);
  ASSERT_TRUE(runAll(gpu).isOk());
  std::vector<std::string> names;
  for (const std::string &line : logged())
    if (line.compare(0, 9, "allocate ") != 0 && line.compare(0, 5, "read ") != 0)
      names.push_back(line.substr(0, line.find(' ')));
  const auto &program = gpu.plan.program();
  std::vector<std::string> expected;
  for (int step = 0; step < 3; ++step)
    for (const plan::fb::Launch *launch : *program.launches())
      if (launch->group() != plan::fb::LaunchGroup::MtpDraft)
        expected.push_back(program.kernels()->Get(launch->kernel())->symbol()->str());
  // Launches without workgroups (no finished chunk) are left out: what is there is in order.
  auto at = expected.begin();
  for (const std::string &name : names) {
    at = std::find(at, expected.end(), name);
    ASSERT_NE(at, expected.end()) << name;
    ++at;
  }
  EXPECT_GT(names.size(), expected.size() / 2);
}

TEST_F(CudaDeviceTest, TakesTheCertifiedBytes) {
  uint64_t arena = 0;
  for (bool sampling : {false, true}) {
    FakeOptions options;
    options.sampling = sampling;
    GpuPlan gpu(options);
    std::remove(log.c_str());
    setenv("V4_FAKE_CUDA_LOG", log.c_str(), 1);
    ASSERT_TRUE(runAll(gpu).isOk());
    std::vector<uint64_t> bytes;
    for (const std::string &line : logged())
      if (line.compare(0, 9, "allocate ") == 0)
        bytes.push_back(std::stoull(line.substr(9)));
    // Weights are rounded up to the alignment of the device's memory.
    EXPECT_EQ(bytes,
              (std::vector<uint64_t>{256, memory.arenaBytes, memory.pageBytes, memory.stateBytes, memory.stepBytes}));
    EXPECT_GT(memory.arenaBytes, arena); // rows that are asked for lie there too
    arena = memory.arenaBytes;
  }
}

TEST_F(CudaDeviceTest, AdviceOnMemoryFitsWhatNeedsIt) {
  auto message = [&](uint64_t bytes) {
    setenv("V4_FAKE_CUDA_BYTES", std::to_string(bytes).c_str(), 1);
    Status status = runAll(GpuPlan());
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    return status.message();
  };
  EXPECT_EQ(message(100),
            "fake.v4plan: weights of 256 bytes do not fit the GPU 'Fake H200', which has 100 of 100 free; "
            "end what else runs on it, or use a GPU with more memory");
  std::string arena = message(256);
  EXPECT_NE(arena.find("arena of "), std::string::npos) << arena;
  EXPECT_NE(arena.find("or lower the session's tokens, sequences or context"), std::string::npos) << arena;
  unsetenv("V4_FAKE_CUDA_BYTES");
  ASSERT_TRUE(runAll(GpuPlan()).isOk());
  std::string cache = message(256 + memory.arenaBytes);
  EXPECT_NE(cache.find("cache pages of "), std::string::npos) << cache;
  EXPECT_NE(cache.find("or lower the session's cache_bytes, sequences or context"), std::string::npos) << cache;
}

TEST_F(CudaDeviceTest, RefusesAnotherArchitecture) {
  setenv("V4_FAKE_CUDA_ARCH", "100", 1);
  Status status = runAll(GpuPlan());
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(), "fake.v4plan: target is 'cuda:sm_90a', the GPU 'Fake H200' runs plans of 'cuda:sm_100a'; "
                              "compile the plan with --target=cuda:sm_100a");
  setenv("V4_FAKE_CUDA_ARCH", "89", 1);
  EXPECT_EQ(runAll(GpuPlan()).message(),
            "fake.v4plan: target is 'cuda:sm_90a', the GPU 'Fake H200' has compute capability 8.9: no target of v4c "
            "fits this GPU, expected one of cuda:sm_90a, cuda:sm_100a, cuda:sm_120a; use such a GPU, or compile the "
            "plan with --target=cpu");
}

TEST_F(CudaDeviceTest, ChecksTheGpuWithoutAContext) {
  GpuPlan gpu;
  auto check = [&] { return CudaDevice::checkGpu("fake.v4plan", *gpu.plan.program().target(), V4_FAKE_CUDA); };
  EXPECT_TRUE(check().isOk());
  setenv("V4_FAKE_CUDA_ARCH", "120", 1);
  EXPECT_NE(check().message().find("runs plans of 'cuda:sm_120a'"), std::string::npos) << check().message();
  EXPECT_EQ(fakeCall<int(const char *)>("fakeCudaCalls")("cuDevicePrimaryCtxRetain"), 0);
}

TEST_F(CudaDeviceTest, RefusesAMachineWithoutGpuOrDriver) {
  GpuPlan gpu;
  CudaDevice device;
  Status status = device.load(gpu.plan, "libcuda-that-is-nowhere.so.1");
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_NE(status.message().find("is a plan for a GPU and this machine has no CUDA driver"), std::string::npos)
      << status.message();
  setenv("V4_FAKE_CUDA_DEVICES", "0", 1);
  status = runAll(gpu);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(
      status.message(),
      "fake.v4plan: target 'cuda:sm_90a' needs a GPU, the CUDA driver of this machine shows none; see that one is "
      "there and that CUDA_VISIBLE_DEVICES does not hide it (nvidia-smi), or compile the plan with --target=cpu");
}

TEST_F(CudaDeviceTest, RefusesCodeWithoutTheKernel) {
  FakeOptions options;
  options.firstSymbol = "fake_absent";
  Status status = runAll(GpuPlan(options));
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_EQ(status.message(), "fake.v4plan: kernels[0].symbol 'fake_absent' is no function of its image: "
                              "cuModuleGetFunction: named symbol not found (500); compile the plan again");
}

TEST_F(CudaDeviceTest, LaunchErrorsNameTheLaunch) {
  setenv("V4_FAKE_CUDA_FAIL", "cuLaunchKernel:2", 1);
  Status status = runAll(GpuPlan());
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message().find("fake.v4plan: launches["), 0u) << status.message();
  EXPECT_NE(status.message().find("] of kernel 'fake_"), std::string::npos) << status.message();
}

TEST_F(CudaDeviceTest, EachCallThatFailsIsAnError) {
  GpuPlan gpu;
  ASSERT_TRUE(runAll(gpu).isOk());
  std::vector<int> inRun = callsInRun, all = madeCalls();
  for (size_t i = 0; i < std::size(kCalls); ++i) {
    ASSERT_GT(inRun[i], 0) << kCalls[i];
    for (int number = 1; number <= all[i]; ++number) {
      SCOPED_TRACE(joinText(kCalls[i], " ", number, " of ", all[i]));
      fakeCall<void()>("fakeCudaForgetCalls")();
      setenv("V4_FAKE_CUDA_FAIL", joinText(kCalls[i], ":", number).c_str(), 1);
      Status status = runAll(gpu);
      // What ends a session has nobody to tell; TearDown sees that everything is given back all the same.
      EXPECT_EQ(status.isOk(), number > inRun[i]) << status.message();
      if (number <= inRun[i])
        EXPECT_NE(status.message().find("fake failure"), std::string::npos) << status.message();
    }
  }
}

} // namespace

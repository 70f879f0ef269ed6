//===- cuda-device.cpp - Plans for GPUs, on a GPU that this process plays --===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include "runtime/device/CudaDevice.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

using namespace v4;
using namespace v4::test;

namespace {

std::vector<uint8_t> fakeObject() {
  std::ifstream file(V4_FAKE_KERNELS, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A checked plan for a GPU, whose image is the fake kernels as host code.
struct GpuPlan {
  explicit GpuPlan(FakeOptions options = {}) {
    std::vector<uint8_t> object = fakeObject();
    options.imageBytes = object.size();
    std::vector<uint8_t> file = buildFakePlan(options, object);
    EXPECT_TRUE(AddressRange::map("test", file.size(), memory).isOk());
    std::memcpy(memory.data(), file.data(), file.size());
    Status status = plan::checkPlan("fake.v4plan", {memory.data(), file.size()}, plan);
    EXPECT_TRUE(status.isOk()) << status.message();
  }
  AddressRange memory;
  plan::Plan plan;
};

/// Control of the driver that the device opens too.
template <typename Call>
Call *fakeCall(const char *name) {
  static void *handle = dlopen(V4_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
  void *address = handle ? dlsym(handle, name) : nullptr;
  EXPECT_TRUE(address) << name;
  return reinterpret_cast<Call *>(address);
}

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
                                  "cuLaunchKernel"};

/// How often each was called since they were forgotten.
std::vector<int> madeCalls() {
  std::vector<int> made;
  for (const char *name : kCalls)
    made.push_back(fakeCall<int(const char *)>("fakeCudaCalls")(name));
  return made;
}

class CudaDeviceTest : public testing::Test {
protected:
  void SetUp() override {
    log = testing::TempDir() + "/fake-cuda-" + std::to_string(getpid());
    fakeCall<void()>("fakeCudaForgetCalls")();
  }
  void TearDown() override {
    for (const char *name : {"FAIL", "BYTES", "ARCH", "LOG", "DEVICES"})
      unsetenv((std::string("V4_FAKE_CUDA_") + name).c_str());
    std::remove(log.c_str());
    EXPECT_EQ(fakeCall<size_t()>("fakeCudaAllocated")(), 0u);
    EXPECT_FALSE(fakeCall<bool()>("fakeCudaRetained")());
  }

  /// Loads, steps, saves and forks: every call of the driver happens. The first failure, or success.
  Status runAll(const GpuPlan &gpu, std::vector<float> *logits = nullptr) {
    CudaDevice device;
    V4_RETURN_IF_ERROR(device.load(gpu.plan, V4_FAKE_CUDA));
    RunnableProgram program{"fake.v4plan", &gpu.plan.program(), device.weights(), nullptr, {}, &device};
    std::unique_ptr<Session> session;
    SessionOptions options;
    options.mtp = true;
    V4_RETURN_IF_ERROR(Session::create(program, options, {}, session));
    memory = session->memory();
    Sequence *sequence = nullptr, *twin = nullptr;
    V4_RETURN_IF_ERROR(session->createSequence(sequence));
    session->batch()[0] = {sequence, tokens.data(), 50, 1};
    V4_RETURN_IF_ERROR(session->step(1));
    V4_RETURN_IF_ERROR(session->fork(*sequence, twin));
    session->batch()[0] = {twin, tokens.data() + 50, tokens.size() - 50, 1};
    V4_RETURN_IF_ERROR(session->step(1));
    if (logits)
      logits->assign(session->logits(0), session->logits(0) + kVocabulary);
    if (logits)
      mtpLogits.assign(session->mtpLogits(0), session->mtpLogits(0) + kVocabulary);
    Status status = device.status();
    callsInRun = madeCalls();
    return status;
  }

  std::vector<std::string> logged() const {
    std::ifstream file(log);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line);
    return lines;
  }

  std::string log;
  std::vector<int32_t> tokens = somePrompt(80, 8);
  std::vector<float> mtpLogits;
  std::vector<int> callsInRun; ///< By kCalls, before the session ends.
  SessionMemory memory;
};

TEST_F(CudaDeviceTest, RunsStepsAndForks) {
  GpuPlan gpu;
  std::vector<float> logits;
  Status status = runAll(gpu, &logits);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(logits, expectedLogits(tokens));
  EXPECT_EQ(mtpLogits, expectedMtpLogits(tokens));
}

TEST_F(CudaDeviceTest, RewindsReusesAndDrafts) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  RunnableProgram program{"fake.v4plan", &gpu.plan.program(), device.weights(), nullptr, {}, &device};
  std::unique_ptr<Session> session;
  SessionOptions options;
  options.mtp = true;
  ASSERT_TRUE(Session::create(program, options, {}, session).isOk());
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
    if (line.compare(0, 9, "allocate ") != 0)
      names.push_back(line.substr(0, line.find(' ')));
  const auto &program = gpu.plan.program();
  std::vector<std::string> expected;
  for (int step = 0; step < 2; ++step)
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
  GpuPlan gpu;
  setenv("V4_FAKE_CUDA_LOG", log.c_str(), 1);
  ASSERT_TRUE(runAll(gpu).isOk());
  std::vector<uint64_t> bytes;
  for (const std::string &line : logged())
    if (line.compare(0, 9, "allocate ") == 0)
      bytes.push_back(std::stoull(line.substr(9)));
  // Weights are rounded up to the alignment of the device's memory.
  EXPECT_EQ(bytes,
            (std::vector<uint64_t>{256, memory.arenaBytes, memory.pageBytes, memory.stateBytes, memory.stepBytes}));
}

TEST_F(CudaDeviceTest, RefusesAPlanLargerThanTheDevice) {
  setenv("V4_FAKE_CUDA_BYTES", "100", 1);
  Status status = runAll(GpuPlan());
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(), "fake.v4plan: weights needs 256 bytes, the GPU 'Fake H200' has 100 of 100 free; free its "
                              "memory, or lower the session's tokens, sequences or context");
}

TEST_F(CudaDeviceTest, RefusesAnotherArchitecture) {
  setenv("V4_FAKE_CUDA_ARCH", "100", 1);
  Status status = runAll(GpuPlan());
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(), "fake.v4plan: target is 'cuda:sm_90a', the GPU 'Fake H200' runs plans of 'cuda:sm_100a'; "
                              "compile the plan with --target=cuda:sm_100a");
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
  EXPECT_EQ(status.message(),
            "fake.v4plan: target 'cuda:sm_90a' needs a GPU, the CUDA driver of this machine has none");
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

TEST_F(CudaDeviceTest, HasNoDebugPlacement) {
  GpuPlan gpu;
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  RunnableProgram program{"fake.v4plan", &gpu.plan.program(), device.weights(), nullptr, {}, &device};
  SessionOptions options;
  options.debugPlacement = true;
  std::unique_ptr<Session> session;
  EXPECT_EQ(Session::create(program, options, {}, session).message(),
            "fake.v4plan: session option debug_placement is set, a plan for a GPU runs without; clear it");
}

} // namespace

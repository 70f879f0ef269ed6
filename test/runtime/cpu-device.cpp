//===- cpu-device.cpp - Tests of code loading -----------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakePlan.h"

#include "runtime/device/CpuDevice.h"
#include "runtime/device/CpuFeatures.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

using namespace v4;
using namespace v4::test;

namespace {

std::vector<uint8_t> fakeObject() {
  std::ifstream file(V4_FAKE_KERNELS, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A checked plan over bytes that it owns.
struct LoadedPlan {
  explicit LoadedPlan(const FakeOptions &options, const std::vector<uint8_t> &object = fakeObject()) {
    std::vector<uint8_t> file = buildFakePlan(options, object);
    EXPECT_TRUE(AddressRange::map("test", file.size(), memory).isOk());
    std::memcpy(memory.data(), file.data(), file.size());
    Status status = plan::checkPlan("fake.v4plan", {memory.data(), file.size()}, plan);
    EXPECT_TRUE(status.isOk()) << status.message();
  }
  AddressRange memory;
  plan::Plan plan;
};

TEST(CpuDevice, RunsKernelsOfTheCodeSection) {
  LoadedPlan loaded({});
  ASSERT_FALSE(HasFailure());
  CpuDevice device;
  Status status = device.load(loaded.plan);
  ASSERT_TRUE(status.isOk()) << status.message();
  const uint8_t *weights[] = {loaded.plan.weight(0)};
  RunnableProgram program{"fake.v4plan", &loaded.plan.program(), weights, device.kernels()};
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(program, {}, {}, session).isOk());
  Sequence *sequence = nullptr;
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  std::vector<int32_t> tokens = somePrompt(50, 8);
  session->batch()[0] = {sequence, tokens.data(), tokens.size(), 1};
  ASSERT_TRUE(session->step(1).isOk());
  EXPECT_EQ(std::vector<float>(session->logits(0), session->logits(0) + kVocabulary), expectedLogits(tokens));
}

TEST(CpuDevice, TwoPlansAtOnceKeepTheirOwnCode) {
  LoadedPlan first({}), second({});
  ASSERT_FALSE(HasFailure());
  CpuDevice a, b;
  ASSERT_TRUE(a.load(first.plan).isOk());
  ASSERT_TRUE(b.load(second.plan).isOk());
  EXPECT_NE(a.kernels()[0], b.kernels()[0]);
}

TEST(CpuDevice, NamesEveryMissingFeature) {
  FakeOptions options;
  options.features = {"fpu", "teleport", "sse2", "time_travel"};
  LoadedPlan loaded(options);
  ASSERT_FALSE(HasFailure());
  CpuDevice device;
  Status status = device.load(loaded.plan);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message(),
            "fake.v4plan: target 'cpu:x86-64-v3' needs CPU features that this machine lacks: teleport, "
            "time_travel; compile the plan again with a lower --target");
}

TEST(CpuDevice, FeatureNamesMatchAsWholeWords) {
  FakeOptions options;
  options.features = {"vx", "avx"};
  flatbuffers::DetachedBuffer metadata = buildFakeMetadata(options);
  const plan::fb::Target &target = *plan::fb::GetProgram(metadata.data())->target();
  EXPECT_TRUE(checkCpuFeatures("p", target, " vx avx avx2 ").isOk());
  EXPECT_NE(checkCpuFeatures("p", target, " avx avx2 ").message().find("lacks: vx;"), std::string::npos);
}

/// In a process of its own: permission for tile registers, once given, stays.
TEST(CpuDevice, SaysWhichStackIsTooSmallForTiles) {
  FakeOptions options;
  options.features = {"amx_tile"};
  flatbuffers::DetachedBuffer metadata = buildFakeMetadata(options);
  const plan::fb::Target &target = *plan::fb::GetProgram(metadata.data())->target();
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    alignas(16) static char memory[8192];
    stack_t stack = {};
    stack.ss_sp = memory;
    stack.ss_size = sizeof(memory);
    sigaltstack(&stack, nullptr);
    std::string text = checkCpuFeatures("p", target, " amx_tile ").message();
    bool named = text.find("sigaltstack 16384 bytes") != std::string::npos;
    bool refused = text.find("this system does not give them") != std::string::npos;
    _exit(named ? 0 : refused ? 1 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
    GTEST_SKIP() << "this machine has no tile registers";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(CpuDevice, RefusesCodeWithoutTheKernel) {
  FakeOptions options;
  options.firstSymbol = "fake_absent";
  LoadedPlan loaded(options);
  ASSERT_FALSE(HasFailure());
  CpuDevice device;
  Status status = device.load(loaded.plan);
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_EQ(status.message(),
            "fake.v4plan: kernels[0].symbol 'fake_absent' is not exported by section 'code'; compile the "
            "plan again");
}

TEST(CpuDevice, RefusesCodeThatIsNoObject) {
  LoadedPlan loaded({}, std::vector<uint8_t>(1000, 7));
  ASSERT_FALSE(HasFailure());
  CpuDevice device;
  Status status = device.load(loaded.plan);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(status.message().rfind("fake.v4plan: section 'code' (1000 bytes) cannot be mapped", 0), 0u)
      << status.message();
}

} // namespace

//===- cuda-variants.cpp - Kernels that are chosen by the count of rows ---===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include <algorithm>

using namespace v4;
using namespace v4::test;

namespace {

class CudaVariantsTest : public FakeGpuTest {
protected:
  CudaVariantsTest() {
    options.calls = options.variants = true;
    options.maxSequences = 4;
  }

  /// Steps of one token of one to four sequences, twice each; all logits.
  std::vector<float> decode(const GpuPlan &gpu, bool plain) {
    setenv("V4_FAKE_CUDA_LOG", log.c_str(), 1);
    CudaDevice device;
    EXPECT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
    SessionOptions limits;
    limits.plainLaunches = plain;
    std::unique_ptr<Session> session;
    EXPECT_TRUE(Session::create(gpu.program(device), limits, {}, session).isOk());
    std::vector<Sequence *> sequences;
    std::vector<float> seen;
    for (uint64_t count = 1; count <= 4; ++count) {
      EXPECT_TRUE(session->createSequence(sequences.emplace_back()).isOk());
      for (int i = 0; i < 8; ++i) {
        for (uint64_t s = 0; s < count; ++s)
          session->batch()[s] = {sequences[s], tokens.data() + sequences[s]->position, 1, 1};
        EXPECT_TRUE(session->step(count).isOk());
        seen.insert(seen.end(), session->logits(count - 1), session->logits(count - 1) + kVocabulary);
      }
    }
    return seen;
  }

  /// Names and blocks of what ran in the place of fake_save, each once, in order.
  std::vector<std::string> saves() const {
    std::vector<std::string> list;
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);)
      if (line.rfind("fake_save", 0) == 0 && (list.empty() || list.back() != line))
        list.push_back(line);
    return list;
  }

  FakeOptions options;
};

TEST_F(CudaVariantsTest, TheCountOfRowsChooses) {
  for (bool plain : {true, false}) {
    std::remove(log.c_str());
    GpuPlan gpu(options);
    std::vector<float> seen = decode(gpu, plain);
    EXPECT_EQ(saves(), (std::vector<std::string>{"fake_save_one 1", "fake_save_two 2", "fake_save 3", "fake_save 4"}));
    FakeOptions without = options;
    without.variants = false;
    EXPECT_EQ(seen, decode(GpuPlan(without), plain));
  }
}

TEST_F(CudaVariantsTest, SpansSayWhichRan) {
  GpuPlan gpu(options);
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(gpu.program(device), {}, {}, session).isOk());
  std::vector<uint32_t> seen;
  session->setTrace({&seen, [](void *user, const LaunchSpan &span) {
                       if (span.launch == 3)
                         static_cast<std::vector<uint32_t> *>(user)->push_back(span.variant);
                       else
                         EXPECT_EQ(span.variant, 0u);
                     }});
  std::vector<Sequence *> sequences;
  for (uint64_t count = 1; count <= 3; ++count) {
    ASSERT_TRUE(session->createSequence(sequences.emplace_back()).isOk());
    for (uint64_t s = 0; s < count; ++s)
      session->batch()[s] = {sequences[s], tokens.data() + sequences[s]->position, 1, 1};
    ASSERT_TRUE(session->step(count).isOk());
  }
  EXPECT_EQ(seen, (std::vector<uint32_t>{0, 1, 2}));
}

TEST_F(CudaVariantsTest, ErrorsNameTheVariant) {
  GpuPlan gpu(options);
  CudaDevice device;
  ASSERT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(gpu.program(device), {}, {}, session).isOk());
  Sequence *sequence = nullptr;
  ASSERT_TRUE(session->createSequence(sequence).isOk());
  session->batch()[0] = {sequence, tokens.data(), 4, 1};
  setenv("V4_FAKE_CUDA_FAIL", "cuLaunchKernel:4", 1);
  Status status = session->step(1);
  EXPECT_NE(status.message().find("launches[3] of kernel 'save_0' for up to 1 rows"), std::string::npos)
      << status.message();
}

/// Their blocks are twice as many, and none of them works for another.
TEST_F(CudaVariantsTest, BlocksRunInClusters) {
  std::vector<float> expected = decode(GpuPlan(options), false);
  options.cluster = 2;
  std::remove(log.c_str());
  EXPECT_EQ(decode(GpuPlan(options), false), expected);
  EXPECT_EQ(saves(), (std::vector<std::string>{"fake_save_one 2", "fake_save_two 4", "fake_save 6", "fake_save 8"}));
}

TEST_F(CudaVariantsTest, AClusterThatDoesNotFitIsNamed) {
  options.cluster = 4;
  GpuPlan gpu(options);
  setenv("V4_FAKE_CUDA_CLUSTER", "2", 1);
  CudaDevice device;
  Status status = device.load(gpu.plan, V4_FAKE_CUDA);
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_EQ(
      status.message(),
      "fake.v4plan: launches[3] of kernel 'save_0' for up to 1 rows: a cluster of 4 blocks, each of 1 threads and "
      "0 bytes of shared memory, does not fit the GPU 'Fake H200', expected room for at least 1; use a whole GPU, "
      "no instance of MIG");
}

TEST_F(CudaVariantsTest, AClusterThatTheDriverRefusesIsNamed) {
  options.cluster = 2;
  GpuPlan gpu(options);
  setenv("V4_FAKE_CUDA_FAIL", "cuOccupancyMaxActiveClusters:3", 1);
  CudaDevice device;
  EXPECT_EQ(device.load(gpu.plan, V4_FAKE_CUDA).message(),
            "fake.v4plan: launches[3] of kernel 'save_0': the GPU 'Fake H200' takes no clusters of 2 blocks: "
            "cuOccupancyMaxActiveClusters: fake failure (999); use a whole GPU, no instance of MIG");
}

/// Every kernel is asked about once; those without clusters are not.
TEST_F(CudaVariantsTest, ClustersAreAskedForOnce) {
  for (uint32_t cluster : {1u, 8u}) {
    options.cluster = cluster;
    GpuPlan gpu(options);
    CudaDevice device;
    EXPECT_TRUE(device.load(gpu.plan, V4_FAKE_CUDA).isOk());
    EXPECT_EQ(fakeCall<int(const char *)>("fakeCudaCalls")("cuOccupancyMaxActiveClusters"), cluster > 1 ? 3 : 0);
  }
}

} // namespace

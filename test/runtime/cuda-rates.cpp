//===- cuda-rates.cpp - What the tensor cores of a GPU can do -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include "tools/bench/RatePass.h"

using namespace v4;
using namespace v4::test;

namespace {

class CudaRatesTest : public FakeGpuTest {
protected:
  void open(bool rates) {
    FakeOptions options;
    options.rates = rates;
    gpu = std::make_unique<GpuPlan>(options);
    device = std::make_unique<CudaDevice>();
    Status status = device->load(gpu->plan, V4_FAKE_CUDA);
    ASSERT_TRUE(status.isOk()) << status.message();
  }
  void TearDown() override {
    device.reset();
    FakeGpuTest::TearDown();
  }
  /// Launches of a function, with these blocks.
  size_t launchesOf(const std::string &line) const {
    std::ifstream file(log);
    size_t count = 0;
    for (std::string text; std::getline(file, text);)
      count += text == line;
    return count;
  }

  std::unique_ptr<GpuPlan> gpu;
  std::unique_ptr<CudaDevice> device;
  bench::TensorRuns runs;
};

// The played GPU computes every product, with one processor: a round takes longer than a run should.
TEST_F(CudaRatesTest, EachKindOfNumbersHasItsKernel) {
  setenv("V4_FAKE_CUDA_LOG", log.c_str(), 1);
  open(true);
  EXPECT_EQ(device->processors(), 1);
  Status status = bench::measureTensorRates(*device, gpu->plan.program(), runs);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(runs.fp8.size(), 5u);
  EXPECT_EQ(runs.bf16.size(), 5u);
  // 2^25 operations in a round of at least 5 ms.
  for (double rate : runs.fp8)
    EXPECT_TRUE(rate > 1e5 && rate < (1 << 25) / 5e-3) << rate;
  EXPECT_EQ(launchesOf("tensorRate_0_2 1"), 6u);
  EXPECT_EQ(launchesOf("tensorRate_1_2 1"), 6u);
}

TEST_F(CudaRatesTest, APlanWithoutThemHasNoRate) {
  open(false);
  ASSERT_TRUE(bench::measureTensorRates(*device, gpu->plan.program(), runs).isOk());
  EXPECT_TRUE(runs.fp8.empty() && runs.bf16.empty());
}

TEST_F(CudaRatesTest, NoRoomIsNoFailure) {
  setenv("V4_FAKE_CUDA_BYTES", "300", 1);
  open(true);
  ASSERT_TRUE(bench::measureTensorRates(*device, gpu->plan.program(), runs).isOk());
  EXPECT_TRUE(runs.fp8.empty() && runs.bf16.empty());
}

TEST_F(CudaRatesTest, AFaultNamesTheKernel) {
  open(true);
  setenv("V4_FAKE_CUDA_FAIL", "cuLaunchKernel:1", 1);
  Status status = bench::measureTensorRates(*device, gpu->plan.program(), runs);
  EXPECT_EQ(status.message(), "fake.v4plan: kernel 'fp8_tensor_rate_0': the CUDA driver fails at cuLaunchKernel: fake "
                              "failure (999); end this process, its GPU context is of no further use");
}

} // namespace

//===- FakeGpu.h - Plans for the GPU that this process plays ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TEST_RUNTIME_FAKEGPU_H
#define V4_TEST_RUNTIME_FAKEGPU_H

#include "FakePlan.h"

#include "runtime/device/CudaDevice.h"
#include "runtime/plan/CubinImage.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace v4::test {

/// The fake kernels as host code that poses as a cubin (FakeCuda.cpp).
inline std::vector<uint8_t> fakeCubin() {
  std::ifstream file(V4_FAKE_KERNELS, std::ios::binary);
  std::vector<uint8_t> object{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto &header = *reinterpret_cast<Elf64_Ehdr *>(object.data());
  header.e_ident[EI_NIDENT - 1] = EM_X86_64;
  header.e_type = ET_EXEC;
  header.e_machine = plan::kCudaMachine;
  return object;
}

/// A checked plan for a GPU.
struct GpuPlan {
  explicit GpuPlan(FakeOptions options = {}, const std::vector<uint8_t> &cubin = fakeCubin()) {
    if (!options.imageBytes)
      options.imageBytes = cubin.size();
    std::vector<uint8_t> file = buildFakePlan(options, cubin);
    EXPECT_TRUE(AddressRange::map("test", file.size(), memory).isOk());
    std::memcpy(memory.data(), file.data(), file.size());
    Status status = plan::checkPlan("fake.v4plan", {memory.data(), file.size()}, plan);
    EXPECT_TRUE(status.isOk()) << status.message();
  }
  RunnableProgram program(CudaDevice &device) const {
    return {"fake.v4plan", &plan.program(), device.weights(), nullptr, {}, &device};
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

/// Leaves the played GPU as it was found, and sees that everything was given back.
class FakeGpuTest : public testing::Test {
protected:
  void SetUp() override {
    log = testing::TempDir() + "/fake-cuda-" + std::to_string(getpid());
    state = log + ".state";
    fakeCall<void()>("fakeCudaForgetCalls")();
  }
  void TearDown() override {
    for (const char *name : {"FAIL", "BYTES", "ARCH", "LOG", "DEVICES", "QUEUE", "CLUSTER"})
      unsetenv((std::string("V4_FAKE_CUDA_") + name).c_str());
    std::remove(log.c_str());
    std::remove(state.c_str());
    EXPECT_EQ(fakeCall<size_t()>("fakeCudaPinned")(), 0u);
    EXPECT_EQ(fakeCall<size_t()>("fakeCudaGraphs")(), 0u);
    EXPECT_EQ(fakeCall<size_t()>("fakeCudaEvents")(), 0u);
    EXPECT_EQ(fakeCall<size_t()>("fakeCudaAllocated")(), 0u);
    EXPECT_FALSE(fakeCall<bool()>("fakeCudaRetained")());
  }

  std::string log, state; ///< Files.
  std::vector<int32_t> tokens = somePrompt(80, 8);
};

} // namespace v4::test

#endif // V4_TEST_RUNTIME_FAKEGPU_H

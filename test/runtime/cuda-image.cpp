//===- cuda-image.cpp - Code of a plan for a GPU that is damaged ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGpu.h"

#include "tools/verify/Checks.h"

#include <algorithm>

using namespace v4;
using namespace v4::test;

namespace {

using CudaImageTest = FakeGpuTest;

/// What loading a plan with `cubin` says of the image; the driver must not see it.
std::string imageMessage(const std::vector<uint8_t> &cubin, uint64_t imageBytes = 0) {
  FakeOptions options;
  options.imageBytes = imageBytes;
  GpuPlan gpu(options, cubin);
  CudaDevice device;
  Status status = device.load(gpu.plan, V4_FAKE_CUDA);
  EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  EXPECT_EQ(fakeCall<int(const char *)>("fakeCudaCalls")("cuModuleLoadData"), 0);
  return status.message();
}

TEST_F(CudaImageTest, DamagedImagesDoNotReachTheDriver) {
  const std::vector<uint8_t> whole = fakeCubin();
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof(header));
  std::string where = joinText("fake.v4plan: kernels[0].block.image at 0 of ", whole.size(), " bytes ");
  auto changed = [&](auto change) {
    std::vector<uint8_t> cubin = whole;
    change(*reinterpret_cast<Elf64_Ehdr *>(cubin.data()), reinterpret_cast<Elf64_Shdr *>(cubin.data() + header.e_shoff),
           reinterpret_cast<Elf64_Phdr *>(cubin.data() + header.e_phoff));
    return imageMessage(cubin);
  };
  using E = Elf64_Ehdr;
  using S = Elf64_Shdr;
  using P = Elf64_Phdr;
  EXPECT_EQ(changed([](E &e, S *, P *) { e.e_ident[1] = 'X'; }),
            where + "is no 64-bit little-endian ELF object; compile the plan again");
  EXPECT_EQ(changed([](E &e, S *, P *) { e.e_machine = EM_X86_64; }),
            where +
                "has ELF type 2 for machine 62, expected 2 for 190, an executable for CUDA; compile the plan again");
  EXPECT_EQ(changed([](E &e, S *, P *) { e.e_shoff = uint64_t(1) << 60; }),
            where + joinText("does not hold its ", header.e_shnum,
                             " section headers at 1152921504606846976; compile the plan again"));
  EXPECT_EQ(changed([](E &e, S *, P *) { e.e_phoff = UINT64_MAX; }),
            where + joinText("does not hold its ", header.e_phnum,
                             " program headers at 18446744073709551615; compile the plan again"));
  EXPECT_EQ(
      changed([](E &, S *s, P *) { s[1].sh_type = SHT_PROGBITS, s[1].sh_offset = 16, s[1].sh_size = UINT64_MAX; }),
      where + "does not hold its section 1 of 18446744073709551615 bytes at 16; compile the plan again");
  EXPECT_EQ(changed([](E &, S *, P *p) { p[0].p_offset = uint64_t(1) << 40, p[0].p_filesz = 8; }),
            where + "does not hold its segment 0 of 8 bytes at 1099511627776; compile the plan again");
  EXPECT_NE(imageMessage(whole, whole.size() - 1).find("does not hold its "), std::string::npos);
  EXPECT_EQ(imageMessage(whole, 63),
            "fake.v4plan: kernels[0].block.image at 0 of 63 bytes is shorter than the 64 bytes of an ELF header; "
            "compile the plan again");
}

/// Kernels share images only where offset and size are the same.
TEST_F(CudaImageTest, ShorterImagesAtTheSamePlaceAreSeen) {
  FakeOptions options;
  options.lastImageBytes = 63;
  GpuPlan gpu(options);
  const char *expected = "fake.v4plan: kernels[6].block.image at 0 of 63 bytes is shorter than the 64 bytes of an ELF "
                         "header; compile the plan again";
  CudaDevice device;
  EXPECT_EQ(device.load(gpu.plan, V4_FAKE_CUDA).message(), expected);
  std::vector<std::string> problems = verify::checkClosedWorld(gpu.plan).problems;
  EXPECT_NE(std::find(problems.begin(), problems.end(), expected), problems.end())
      << (problems.empty() ? "no problem" : problems[0]);
}

} // namespace

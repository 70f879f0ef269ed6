//===- ContainerTest.cpp - Each way a plan file can be damaged ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/plan/FakePlan.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

std::string load(PlanBytes &file) {
  Plan plan;
  Status status = checkPlan("engine.v4plan", file.view(), plan);
  if (!status.isOk()) {
    EXPECT_EQ(status.code(), StatusCode::InvalidInput);
  }
  return status.message();
}

void expectMessage(PlanBytes &file, const std::string &expected) {
  EXPECT_EQ(load(file), "engine.v4plan: " + expected);
}

TEST(Container, loadsTheFakePlan) {
  FakePlan fake;
  PlanBytes file = fake.build();
  Plan plan;
  Status status = checkPlan("engine.v4plan", file.view(), plan);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(plan.code().size, fake.code.size());
  EXPECT_EQ(std::memcmp(plan.code().data, fake.code.data(), fake.code.size()), 0);
  EXPECT_EQ(plan.weight(0)[0], 7);
  EXPECT_EQ(plan.weight(1)[0], 3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(plan.weight(0)) % kTensorAlignment, 0u);
  EXPECT_TRUE(plan.checkSeal().isOk());
  EXPECT_TRUE(plan.verifyWeights().isOk());
}

TEST(Container, shortFile) {
  PlanBytes file(100);
  expectMessage(file, "has 100 bytes, an engine plan has at least 192; copy or build it again");
}

TEST(Container, magic) {
  PlanBytes file = FakePlan().build();
  file[0] = 'v';
  expectMessage(file,
                "begins with 'v4PLAN\\0D\\0A', an engine plan with 'V4PLAN\\0D\\0A'; is this a file from v4-compile?");
}

TEST(Container, versionFirst) {
  PlanBytes file = FakePlan().build();
  file.header().formatVersion = 7;
  expectMessage(file, "format version 7, this runtime reads 1 to 1; rebuild the plan with a matching v4-compile");
  file.header().formatVersion = 0;
  expectMessage(file, "format version 0, this runtime reads 1 to 1; rebuild the plan with a matching v4-compile");
}

TEST(Container, headerHash) {
  PlanBytes file = FakePlan().build();
  file.header().abiVersion = 9;
  expectMessage(file, "header does not match its hash, the file is damaged; copy or build it again");
}

TEST(Container, abi) {
  PlanBytes file = FakePlan().build();
  file.header().abiVersion = 9;
  file.rehashHeader();
  expectMessage(file, "kernel ABI 9, this runtime calls ABI 1; rebuild the plan with a matching v4-compile");
}

TEST(Container, features) {
  PlanBytes file = FakePlan().build();
  file.header().requiredFeatures = 64;
  file.rehashHeader();
  expectMessage(
      file, "header.requiredFeatures has bits 64 that this runtime does not know (it knows 63); use a newer runtime");
}

TEST(Container, samplingFeature) {
  FakePlan fake;
  fake.addSampling();
  PlanBytes file = fake.build();
  EXPECT_EQ(file.header().requiredFeatures, kFeatureSampling);
  EXPECT_EQ(load(file), "");
  file.header().requiredFeatures = 0;
  file.rehashHeader();
  expectMessage(file, "header.requiredFeatures is 0, a launch is of the group sample, expected bit 32 to be set; "
                      "rebuild the plan with v4-compile");
  file = FakePlan().build();
  file.header().requiredFeatures = kFeatureSampling;
  file.rehashHeader();
  expectMessage(file, "header.requiredFeatures is 32, no launch is of the group sample, expected bit 32 not to be set; "
                      "rebuild the plan with v4-compile");
}

static void makeGpuPlan(FakePlan &fake) {
  fake.program.target->name = "cuda:sm_90a";
  for (auto &kernel : fake.program.kernels) {
    kernel->block = std::make_unique<fb::BlockT>();
    kernel->block->threads = 1;
    kernel->block->image_bytes = fake.code.size();
  }
}

TEST(Container, callFeature) {
  FakePlan fake;
  PlanBytes file = fake.build();
  file.header().requiredFeatures = kFeatureCalls;
  file.rehashHeader();
  expectMessage(file, "header.requiredFeatures is 8, no kernel has a call, expected bit 8 not to be set; rebuild the "
                      "plan with v4-compile");
  makeGpuPlan(fake);
  auto &call = fake.program.kernels[1]->block->call = std::make_unique<fb::CallT>();
  call->function = "f";
  call->arguments = {fb::Argument(fb::ArgumentKind::Word, fb::ElementType::I8, 0, 0, 0, 0, 0, 7)};
  file = fake.build();
  EXPECT_EQ(file.header().requiredFeatures, kFeatureCalls);
  EXPECT_EQ(load(file), "");
  file.header().requiredFeatures = 0;
  file.rehashHeader();
  expectMessage(
      file,
      "header.requiredFeatures is 0, a kernel has a call, expected bit 8 to be set; rebuild the plan with v4-compile");
}

TEST(Container, variantFeature) {
  FakePlan fake;
  PlanBytes file = fake.build();
  file.header().requiredFeatures = kFeatureVariants;
  file.rehashHeader();
  expectMessage(file, "header.requiredFeatures is 16, no kernel has variants, expected bit 16 not to be set; rebuild "
                      "the plan with v4-compile");
  makeGpuPlan(fake);
  auto &variant = fake.program.kernels[1]->variants.emplace_back(std::make_unique<fb::VariantT>());
  variant->most_rows = variant->row_tile = variant->tiles = 1;
  variant->block = std::make_unique<fb::BlockT>(*fake.program.kernels[1]->block);
  variant->block->call = std::make_unique<fb::CallT>();
  variant->block->call->function = "f";
  variant->block->call->arguments = {fb::Argument(fb::ArgumentKind::Word, fb::ElementType::I8, 0, 0, 0, 0, 0, 7)};
  file = fake.build();
  EXPECT_EQ(file.header().requiredFeatures, kFeatureVariants | kFeatureCalls);
  EXPECT_EQ(load(file), "");
  for (auto [features, sentence] :
       {std::pair(kFeatureCalls, "header.requiredFeatures is 8, a kernel has variants, expected bit 16 to be set"),
        std::pair(kFeatureVariants, "header.requiredFeatures is 16, a kernel has a call, expected bit 8 to be set")}) {
    file.header().requiredFeatures = features;
    file.rehashHeader();
    expectMessage(file, joinText(sentence, "; rebuild the plan with v4-compile"));
  }
}

TEST(Container, grown) {
  PlanBytes file = FakePlan().build();
  PlanBytes longer(file.size() + 1);
  std::memcpy(longer.data(), file.data(), file.size());
  expectMessage(longer, joinText("too long, the file has ", file.size() + 1, " bytes, its header says ", file.size(),
                                 "; copy or build it again"));
}

TEST(Container, sectionOrder) {
  PlanBytes file = FakePlan().build();
  uint64_t begin = file.section(SectionKind::Code).offset;
  file.section(SectionKind::Code).offset += 4096;
  file.rehashHeader();
  expectMessage(file, joinText("section code begins at ", begin + 4096, ", expected ", begin,
                               " (aligned to 4096 behind the section before); rebuild the plan with v4-compile"));
}

TEST(Container, sectionBeyondTheFile) {
  PlanBytes file = FakePlan().build();
  file.section(SectionKind::Weights).bytes = ~uint64_t(0);
  file.rehashHeader();
  expectMessage(file, joinText("section weights has 18446744073709551615 bytes at 2097152, the file ends at ",
                               file.size(), "; rebuild the plan with v4-compile"));
}

TEST(Container, hashCount) {
  FakePlan fake;
  PlanBytes file = fake.build();
  file.section(SectionKind::Hashes).bytes = 64;
  file.rehashHeader();
  expectMessage(file,
                "section hashes has 64 bytes, expected 32 for 2048 bytes of weights; rebuild the plan with v4-compile");
}

TEST(Container, gap) {
  PlanBytes file = FakePlan().build();
  file[file.section(SectionKind::Weights).offset - 1] = 1;
  expectMessage(
      file, "byte 2097151 in front of section weights is 1, expected 0, the file is damaged; copy or build it again");
}

TEST(Container, hashedSections) {
  for (SectionKind kind : {SectionKind::Metadata, SectionKind::Code, SectionKind::Tables, SectionKind::Hashes}) {
    PlanBytes file = FakePlan().build();
    *file.sectionData(kind) ^= 1;
    expectMessage(file, "metadata, code, tables and hashes do not match the plan's hash, the file is damaged; copy or "
                        "build it again");
  }
}

TEST(Container, seal) {
  FakePlan fake;
  PlanBytes file = fake.build();
  // Code of one plan, metadata of another, hashes recomputed.
  Section code = file.section(SectionKind::Code);
  std::vector<uint8_t> seal(file.data() + code.offset + code.bytes - kHashBytes,
                            file.data() + code.offset + code.bytes);
  fake.program.launches[0]->tiles = 3;
  PlanBytes other = fake.build();
  std::memcpy(other.data() + code.offset + code.bytes - kHashBytes, seal.data(), kHashBytes);
  Hasher all;
  for (uint32_t i = 0; i < 4; ++i)
    all.update(hashBytes(other.data() + other.header().sections[i].offset, other.header().sections[i].bytes));
  std::memcpy(other.header().planHash, all.finish().bytes, kHashBytes);
  other.rehashHeader();
  // Safe to look at, not to run.
  Plan plan;
  ASSERT_TRUE(checkPlan("engine.v4plan", other.view(), plan).isOk());
  EXPECT_EQ(plan.checkSeal().message(),
            "engine.v4plan: metadata is not what the code was compiled for (the code's seal "
            "differs); rebuild the plan with v4-compile");
}

TEST(Container, identifierAndStructure) {
  PlanBytes file = FakePlan().build();
  file.sectionData(SectionKind::Metadata)[4] = 'X';
  file.rehash();
  expectMessage(file, "metadata has the identifier 'X4PL', expected 'V4PL'; rebuild the plan with v4-compile");
  PlanBytes broken = FakePlan().build();
  broken.sectionData(SectionKind::Metadata)[3] = 0x7F;
  broken.rehash();
  EXPECT_NE(load(broken).find("is not a well-formed FlatBuffer"), std::string::npos);
}

TEST(Container, weightChunks) {
  FakePlan fake;
  fake.weights.resize(kHashChunkBytes + 100, 1);
  fake.program.weights[0]->bytes = fake.weights.size();
  PlanBytes file = fake.build();
  file.sectionData(SectionKind::Weights)[kHashChunkBytes + 5] ^= 4;
  Plan plan;
  Status status = checkPlan("engine.v4plan", file.view(), plan);
  ASSERT_TRUE(status.isOk()) << status.message();
  status = plan.verifyWeights();
  EXPECT_EQ(status.code(), StatusCode::CheckFailed);
  EXPECT_EQ(status.message(),
            "engine.v4plan: weights 4194304 to 4194404 (first tensor 'embed') do not match their hash, "
            "the file is damaged; copy or build it again");
}

TEST(Container, everyTruncation) {
  PlanBytes file = FakePlan().build();
  for (uint64_t size = 0; size < file.size(); ++size) {
    // Every size of what is hashed, samples of the zero gap in front of the weights.
    if (size > file.section(SectionKind::Hashes).offset + 64 && size + 4096 < file.size() && size % 997 != 0)
      continue;
    // An exact allocation, so that the sanitizer sees a read behind the end.
    std::vector<uint8_t> cut(file.data(), file.data() + size);
    Plan plan;
    Status status = checkPlan("engine.v4plan", {cut.data(), size}, plan);
    ASSERT_FALSE(status.isOk()) << size;
    ASSERT_EQ(status.code(), StatusCode::InvalidInput);
  }
}

TEST(Container, everyByte) {
  PlanBytes file = FakePlan().build();
  uint64_t end = file.section(SectionKind::Hashes).offset + file.section(SectionKind::Hashes).bytes;
  for (uint64_t i = 0; i < end; ++i)
    for (uint8_t flip : {0x01, 0x20, 0x80, 0xFF}) {
      file[i] ^= flip;
      Plan plan;
      ASSERT_FALSE(checkPlan("engine.v4plan", file.view(), plan).isOk()) << "byte " << i << " flipped by " << int(flip);
      file[i] ^= flip;
    }
}

/// A file on disk that goes away.
struct TemporaryFile {
  std::string path = testing::TempDir() + "plan-test-" + std::to_string(getpid()) + ".v4plan";
  ~TemporaryFile() { unlink(path.c_str()); }
};

TEST(Container, loadsFromDisk) {
  PlanBytes file = FakePlan().build();
  TemporaryFile disk;
  std::ofstream(disk.path, std::ios::binary).write(reinterpret_cast<char *>(file.data()), file.size());
  for (LoadMode mode : {LoadMode::Map, LoadMode::Copy}) {
    Plan plan;
    Status status = loadPlan(disk.path, {mode, ""}, plan);
    ASSERT_TRUE(status.isOk()) << status.message();
    Plan moved = std::move(plan);
    EXPECT_EQ(moved.name(), disk.path);
    EXPECT_EQ(moved.weight(0)[5], 7);
    EXPECT_EQ(moved.program().buffers()->size(), 4u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(moved.weight(0)) % kWeightsAlignment, 0u);
  }
}

TEST(Container, unreadableFiles) {
  Plan plan;
  EXPECT_EQ(loadPlan("/no/such/plan", {}, plan).message(), "/no/such/plan: cannot open: No such file or directory");
  EXPECT_EQ(loadPlan("/", {}, plan).message(), "/: is a folder, a device or a pipe, expected a regular file");
  TemporaryFile disk;
  std::ofstream(disk.path).flush();
  EXPECT_EQ(loadPlan(disk.path, {}, plan).message(),
            disk.path + ": has 0 bytes, an engine plan has at least 192; copy or build it again");
}

TEST(Container, summaryOfAnyVersion) {
  PlanBytes file = FakePlan().build();
  Summary summary;
  ASSERT_TRUE(summarizePlan("engine.v4plan", file.view(), summary).isOk());
  EXPECT_NE(summary.header, nullptr);
  file.header().formatVersion = 12;
  ASSERT_TRUE(summarizePlan("engine.v4plan", file.view(), summary).isOk());
  EXPECT_EQ(summary.formatVersion, 12u);
  EXPECT_EQ(summary.header, nullptr);
}

} // namespace

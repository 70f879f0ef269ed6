//===- PlanWriterTest.cpp - What the writer writes, the loader reads ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PlanWriter.h"

#include "dialects/kernel/KernelDialect.h"
#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"
#include "runtime/plan/PlanText.h"
#include "test/plan/FakePlan.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

using namespace v4;
using namespace v4::plan;
using namespace v4::plan::test;

namespace {

/// Checkpoint tensors in memory.
class MemorySource : public codegen::WeightSource {
public:
  MemorySource() {
    tensors["checkpoint.embed"] = std::vector<uint8_t>(kVocab * kHidden * 2, 7);
    std::vector<uint8_t> &ids = tensors["checkpoint.ids"];
    for (uint64_t i = 0; i < kVocab; ++i)
      for (unsigned byte = 0; byte < 8; ++byte)
        ids.push_back(static_cast<uint8_t>((i * 1000) >> (8 * byte)));
  }
  llvm::Expected<llvm::ArrayRef<uint8_t>> bytes(llvm::StringRef name) override {
    auto found = tensors.find(name.str());
    if (found == tensors.end())
      return llvm::createStringError(llvm::inconvertibleErrorCode(), "tensor '" + name + "' is missing");
    return llvm::ArrayRef<uint8_t>(found->second);
  }
  std::map<std::string, std::vector<uint8_t>> tensors;
};

class PlanWriter : public testing::Test {
protected:
  PlanWriter() { context.loadDialect<plan::PlanDialect, kernel::KernelDialect, V4Dialect>(); }
  void SetUp() override { ASSERT_EQ(mkdir(folder.c_str(), 0777), 0); }
  void TearDown() override {
    unlink(path.c_str());
    EXPECT_EQ(rmdir(folder.c_str()), 0) << "something is left in " << folder;
  }

  std::string fakeText(const FakePlan &fake = FakePlan()) {
    PlanBytes file = fake.build();
    Plan plan;
    EXPECT_TRUE(checkPlan("engine.v4plan", file.view(), plan).isOk());
    return printPlan(plan);
  }
  /// Parses `text` and writes it; the error or nothing.
  std::string write(const std::string &text, const std::string &to, unsigned threads = 1) {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return "does not parse";
    llvm::Error error = codegen::writePlan(*module, &source, to, {{threads}});
    return error ? llvm::toString(std::move(error)) : "";
  }
  std::string contents() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder = testing::TempDir() + "plan-writer-" + std::to_string(getpid());
  std::string path = folder + "/out.v4plan";
  mlir::MLIRContext context;
  MemorySource source;
};

TEST_F(PlanWriter, roundTrip) {
  std::string text = fakeText();
  ASSERT_EQ(write(text, path), "");
  Plan plan;
  Status status = loadPlan(path, {}, plan);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(printPlan(plan), text);
  EXPECT_EQ(plan.weight(0)[0], 7);
  int32_t ids[kVocab];
  std::memcpy(ids, plan.weight(1), sizeof(ids));
  for (uint32_t i = 0; i < kVocab; ++i)
    EXPECT_EQ(ids[i], static_cast<int32_t>(1000 * i));
  EXPECT_TRUE(plan.verifyWeights().isOk());
}

TEST_F(PlanWriter, kernelsOfAGpu) {
  FakePlan fake;
  fake.program.target->name = "cuda:sm_90a";
  for (auto &kernel : fake.program.kernels) {
    kernel->block = std::make_unique<fb::BlockT>();
    kernel->block->threads = 160;
    kernel->block->image_bytes = fake.code.size();
  }
  fb::KernelT &kernel = *fake.program.kernels[1];
  for (uint32_t most : {1, 3}) {
    fb::VariantT &variant = *kernel.variants.emplace_back(std::make_unique<fb::VariantT>());
    variant.most_rows = most;
    variant.row_tile = most + 1;
    variant.tiles = most + 2;
    variant.block = std::make_unique<fb::BlockT>(*kernel.block);
    variant.block->shared_bytes = most;
  }
  auto &call = kernel.variants[1]->block->call = std::make_unique<fb::CallT>();
  call->function = "f";
  call->arguments = {fb::Argument(fb::ArgumentKind::Word, fb::ElementType::I8, 0, 0, 0, 0, 0, 7)};
  std::string text = fakeText(fake);
  ASSERT_EQ(write(text, path), "");
  Plan plan;
  Status status = loadPlan(path, {}, plan);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(printPlan(plan), text);
  EXPECT_EQ(plan.header().requiredFeatures, kFeatureCalls | kFeatureVariants);
}

TEST_F(PlanWriter, signedPlans) {
  std::string text = fakeText();
  codegen::PlanWriterOptions options;
  options.sign = [](const Header &header) { return signHeader(header); };
  auto writeSigned = [&] {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_FALSE(bool(codegen::writePlan(*module, &source, path, options)));
    return contents();
  };
  std::string once = writeSigned();
  EXPECT_TRUE(once == writeSigned());
  Plan plan;
  Status status = loadPlan(path, {}, plan);
  ASSERT_TRUE(status.isOk()) << status.message();
  ASSERT_TRUE(plan.signer());
  LoadOptions demanding;
  demanding.publicKey = plan.signer();
  EXPECT_TRUE(loadPlan(path, demanding, plan).isOk());
  EXPECT_EQ(printPlan(plan), text);
  EXPECT_TRUE(plan.verifyWeights().isOk());
}

TEST_F(PlanWriter, sameBytesForAnyThreads) {
  // Three chunks; a weight of two sources crosses their borders.
  FakePlan fake;
  fake.weights.resize(2 * kHashChunkBytes + 4096 + 100);
  fake.program.weights[0]->bytes = fake.weights.size();
  fake.program.weights[0]->shape = {fake.weights.size() / 2};
  fake.program.weights[0]->sources = {"a", "b"};
  source.tensors["a"].resize(kHashChunkBytes - 10);
  source.tensors["b"].resize(fake.weights.size() - source.tensors["a"].size());
  unsigned value = 1;
  for (const char *name : {"a", "b"})
    for (uint8_t &byte : source.tensors[name])
      byte = static_cast<uint8_t>((value = value * 1664525 + 1013904223) >> 24);
  std::string text = fakeText(fake);
  ASSERT_EQ(write(text, path, 1), "");
  std::string one = contents();
  ASSERT_EQ(write(text, path, 3), "");
  EXPECT_TRUE(one == contents());
  Plan plan;
  ASSERT_TRUE(loadPlan(path, {}, plan).isOk());
  EXPECT_TRUE(plan.verifyWeights().isOk());
  const std::vector<uint8_t> &a = source.tensors["a"], &b = source.tensors["b"];
  EXPECT_EQ(std::memcmp(plan.weight(0), a.data(), a.size()), 0);
  EXPECT_EQ(std::memcmp(plan.weight(0) + a.size(), b.data(), b.size()), 0);
}

TEST_F(PlanWriter, sizeOfSources) {
  source.tensors["checkpoint.embed"].pop_back();
  EXPECT_EQ(write(fakeText(), path), "weight 'embed' has 2048 bytes, its 1 checkpoint tensors give 2047; compile from "
                                     "the checkpoint that the module was imported from");
  source.tensors.erase("checkpoint.embed");
  EXPECT_EQ(write(fakeText(), path), "tensor 'checkpoint.embed' is missing");
}

TEST_F(PlanWriter, factsThatKernelsNeed) {
  FakePlan fake;
  fb::WeightT &weight = *fake.program.weights[0];
  weight.element = fb::ElementType::F8E8M0;
  weight.shape = {kVocab, kHidden * 2};
  weight.exact_forms = uint32_t(fb::ExactForm::E4M3Per128);
  std::string text = fakeText(fake), wanted = "exact_forms = [\"e4m3_per_128\"]";
  text.replace(text.find(wanted), wanted.size(), wanted + ", needed_forms = [\"e4m3_per_128\"]");
  EXPECT_EQ(write(text, path), "");
  // A scale whose 2^-6th is no scale.
  source.tensors["checkpoint.embed"].back() = 5;
  for (unsigned i = 1; i < 4; ++i)
    source.tensors["checkpoint.embed"].rbegin()[i] = 5;
  std::string sentence = "tensor 'checkpoint.embed' lacks a fact about its values, e4m3_per_128, by which kernels were "
                         "chosen; compile its checkpoint anew, without --refit or --compile-from";
  EXPECT_EQ(write(text, path), sentence);
  // Before anything is written: nobody found out that there is no such folder.
  EXPECT_EQ(write(text, folder + "/none/out.v4plan"), sentence);
}

TEST_F(PlanWriter, indexOutOfRange) {
  source.tensors["checkpoint.ids"][8 * 3 + 4] = 1;
  EXPECT_EQ(write(fakeText(), path),
            "tensor 'checkpoint.ids' has the value 4294970296 at index 3, expected one that fits 32 bits");
}

TEST_F(PlanWriter, missingParts) {
  std::string text = fakeText();
  auto without = [&](std::string from, const std::string &part) {
    size_t at = from.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return from.erase(at, part.size());
  };
  EXPECT_EQ(write(without(text, "slot = 0 : i64, "), path),
            "'plan.buffer' @hidden has no attribute 'slot'; run --v4-plan-arena before writing the plan");
  EXPECT_EQ(write(without(text, ", page_bytes = 20864 : i64"), path),
            "'plan.program' has no attribute 'page_bytes'; run --v4-plan-kv-cache before writing the plan");
  EXPECT_EQ(write(without(text, ", stack_bytes = 1024 : i64"), path),
            "'plan.kernel' @embed_0 has no attribute 'stack_bytes'; run code generation before writing the plan");
  EXPECT_EQ(write("module {}", path),
            "the module has 0 'plan.program' ops, expected 1; run the schedule phase before writing a plan");
}

TEST_F(PlanWriter, outputsThatCannotBeWritten) {
  std::string text = fakeText();
  std::string nowhere = folder + "/none/out.v4plan";
  EXPECT_EQ(write(text, nowhere), nowhere + ": cannot create the file: No such file or directory");
  EXPECT_EQ(write(text, folder), folder + ": exists and is not a regular file, expected the name of a plan to write");
}

} // namespace

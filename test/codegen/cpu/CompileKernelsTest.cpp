//===- CompileKernelsTest.cpp - Objects, their loading and errors -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHarness.h"

#include "codegen/cpu/LowerToLlvm.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace v4test;
using testing::HasSubstr;

namespace {

const v4::CpuLevel &lowest() { return v4::cpuLevels().front(); }

/// A kernel without loop: `body` between the first line and the return.
std::string plainKernel(const std::string &arguments, const std::string &body) {
  return "func.func @k(%begin: index, %end: index" + arguments + ") attributes {kernel.entry} {\n" + body +
         "\n  return\n}\n";
}

std::string manyKernels() {
  std::string text;
  for (int i = 0; i < 6; ++i)
    text += unaryKernel("k" + std::to_string(i), i % 2 ? "math.exp" : "math.sin", "f32", 8 << (i / 2));
  return text;
}

TEST(CompileKernels, ThreadsDoNotChangeTheObject) {
  Compilation one = compileText(manyKernels(), lowest(), 1);
  Compilation four = compileText(manyKernels(), lowest(), 4);
  ASSERT_EQ(one.errors, "");
  ASSERT_FALSE(one.code.object.empty());
  EXPECT_EQ(one.code.object, four.code.object);
  EXPECT_EQ(one.code.stackBytes, four.code.stackBytes);
}

/// EmitObject.cpp sets it by its name, which LLVM may change.
TEST(CompileKernels, LoopStrengthReductionCanBeLeftOut) {
  EXPECT_TRUE(llvm::cl::getRegisteredOptions().contains("disable-lsr"));
}

TEST(CompileKernels, LocationsDoNotChangeTheObject) {
  auto compile = [](const std::string &text) { return compileText(text, lowest()).code.object; };
  EXPECT_EQ(compile(manyKernels()), compile("\n\n" + manyKernels()));
}

TEST(CompileKernels, StackIncludesScratch) {
  std::string body = "  %c0 = arith.constant 0 : index\n  %s = memref.alloca() : memref<1000xf32>\n"
                     "  %f = arith.constant 1.0 : f32\n"
                     "  scf.for %i = %begin to %end step %begin {\n"
                     "    memref.store %f, %s[%i] : memref<1000xf32>\n  }\n"
                     "  %v = memref.load %s[%end] : memref<1000xf32>\n  memref.store %v, %y[%c0] : memref<?xf32>";
  Compilation result = compileText(plainKernel(", %y: memref<?xf32>", body), lowest());
  ASSERT_EQ(result.errors, "");
  EXPECT_GE(result.code.stackBytes[0], 4000u);
  EXPECT_LE(result.code.stackBytes[0], 5000u);
}

TEST(CompileKernels, RangesAndPlacementDoNotMatter) {
  // Debug placement: bindings end at a guard page, so they start anywhere.
  std::vector<float> input(64 * 16), whole(64 * 16), parts(64 * 16 + 1);
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = i * 0.01f - 3;
  std::string text = unaryKernel("k", "math.exp", "f32", 16);
  for (const v4::CpuLevel *level : runnableLevels()) {
    LoadedKernels kernels(compileText(text, *level).code.object);
    ASSERT_TRUE(kernels.run("k", {input.data(), whole.data()}, 0, 64));
    ASSERT_TRUE(kernels.run("k", {input.data(), parts.data() + 1}, 17, 64));
    ASSERT_TRUE(kernels.run("k", {input.data(), parts.data() + 1}, 0, 17));
    ASSERT_TRUE(kernels.run("k", {input.data(), parts.data() + 1}, 5, 5));
    EXPECT_EQ(0, memcmp(whole.data(), parts.data() + 1, whole.size() * 4)) << level->name.str();
  }
}

TEST(CompileKernels, CacheRowsAreUnaligned) {
  std::string text = plainKernel(", %x: memref<?xi8>, %y: memref<?xi8>",
                     "  %v = kernel.cache_load %x[%begin] : memref<?xi8> -> vector<16xbf16>\n"
                     "  %w = arith.extf %v : vector<16xbf16> to vector<16xf32>\n"
                     "  kernel.cache_store %w, %y[%end] : vector<16xf32>, memref<?xi8>\n"
                     "  %c1 = arith.constant 1 : index\n"
                     "  %s = kernel.cache_load %x[%c1] : memref<?xi8> -> f32\n"
                     "  kernel.cache_store %s, %y[%c1] : f32, memref<?xi8>");
  std::vector<uint8_t> input(64), output(128);
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = uint8_t(i * 3 + 1);
  for (const v4::CpuLevel *level : runnableLevels()) {
    LoadedKernels kernels(compileText(text, *level).code.object);
    ASSERT_TRUE(kernels.run("k", {input.data(), output.data()}, 3, 7));
    for (unsigned i = 0; i < 16; ++i)
      EXPECT_EQ(0, memcmp(&output[7 + 4 * i + 2], &input[3 + 2 * i], 2));
    EXPECT_EQ(0, memcmp(&output[1], &input[1], 4));
  }
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void expectError(const std::string &text, const std::string &message) {
  Compilation result = compileText(text, lowest());
  EXPECT_THAT(result.errors, HasSubstr(message));
  EXPECT_TRUE(result.code.object.empty());
}

TEST(CompileKernels, RefusesLargeScratch) {
  expectError(plainKernel("", "  %s = memref.alloca() : memref<65537xf32>"),
              "kernel 'k' has 262148 bytes of scratch, expected at most 262144");
}

TEST(CompileKernels, RefusesOtherArguments) {
  expectError("func.func @k(%x: memref<4xf32>) attributes {kernel.entry} {\n  return\n}\n",
              "expected (index, index, memrefs...) -> ()");
  expectError(plainKernel(", %x: memref<?x?xf32>", ""), "dynamic in its first dimension only");
  expectError(plainKernel(", %x: memref<4xf32, strided<[2]>>", ""), "expected a memref without layout");
}

TEST(CompileKernels, RefusesWhatWouldCallALibrary) {
  expectError(plainKernel(", %x: memref<4xf32>, %y: memref<4xf32>",
                          "  memref.copy %x, %y : memref<4xf32> to memref<4xf32>"),
              "is not allowed in a kernel");
  expectError(unaryKernel("k", "math.tanh", "f32", 16), "has no expansion for 'vector<16xf32>'");
  expectError(unaryKernel("k", "math.exp", "f64", 1), "has no expansion for 'f64'");
}

TEST(CompileKernels, RefusesArithmeticOnBf16) {
  expectError(mapKernel("k", "bf16", "bf16", 16, "%r = arith.addf %v, %v : vector<16xbf16>"), "computes on bf16");
}

TEST(CompileKernels, RefusesFastMath) {
  expectError(mapKernel("k", "f32", "f32", 16, "%r = arith.addf %v, %v fastmath<reassoc> : vector<16xf32>"),
              "has fast-math flags, expected none");
}

TEST(CompileKernels, RefusesTheSizeOfABinding) {
  expectError(plainKernel(", %x: memref<?xf32>",
                          "  %c0 = arith.constant 0 : index\n  %d = memref.dim %x, %c0 : memref<?xf32>\n"
                          "  %f = arith.constant 0.0 : f32\n  memref.store %f, %x[%d] : memref<?xf32>"),
              "asks for a size that kernels do not get");
}

TEST(CompileKernels, ReportsEveryBadKernel) {
  std::string text = unaryKernel("a", "math.tanh", "f32", 16) + unaryKernel("b", "math.exp", "f32", 16) +
                     unaryKernel("c", "math.erf", "f32", 16);
  std::string errors = compileText(text, lowest()).errors;
  EXPECT_THAT(errors, HasSubstr("math.tanh"));
  EXPECT_THAT(errors, HasSubstr("math.erf"));
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

std::string describeTarget(const std::string &name) {
  mlir::MLIRContext context;
  context.loadDialect<v4::kernel::KernelDialect>();
  std::string text;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) { text = diagnostic.str(); });
  auto target = v4::resolveTarget(name, mlir::UnknownLoc::get(&context));
  if (mlir::succeeded(target))
    llvm::raw_string_ostream(text) << *target;
  return text;
}

TEST(CpuTarget, NamesItsFeaturesLikeTheKernel) {
  std::string text = describeTarget("cpu:x86-64-v4-bf16");
  for (const char *feature : {"\"avx2\"", "\"avx512f\"", "\"avx512_bf16\"", "\"avx512_vbmi2\""})
    EXPECT_THAT(text, HasSubstr(feature));
  EXPECT_THAT(text, HasSubstr("vector_bits = 512"));
  EXPECT_THAT(text, testing::Not(HasSubstr("amx")));
  for (const char *feature : {"\"avx512_bf16\"", "\"amx_tile\"", "\"amx_bf16\""})
    EXPECT_THAT(describeTarget("cpu:x86-64-v4-amx"), HasSubstr(feature));
  EXPECT_THAT(describeTarget("cpu:x86-64-v3"), testing::Not(HasSubstr("avx512")));
}

TEST(CpuTarget, RefusesUnknownNames) {
  EXPECT_EQ(describeTarget("cpu:z80"), "target 'cpu:z80' is unknown, expected cpu, cpu:x86-64-v3, cpu:x86-64-v4, "
                                       "cpu:x86-64-v4-bf16, cpu:x86-64-v4-amx, cuda:sm_90a, cuda:sm_100a, "
                                       "cuda:sm_120a");
}

TEST(CpuTarget, ListsAllLevels) {
  for (const v4::CpuLevel &level : v4::cpuLevels())
    EXPECT_THAT(v4::listTargets(), HasSubstr(level.name.str()));
  EXPECT_THAT(v4::listTargets(), HasSubstr("(cpu on this machine)"));
}

} // namespace

//===- KernelTemplatesTest.cpp - Table of kernel templates ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelTemplates.h"
#include "codegen/cuda/kernels/AttendShape.h"
#include "codegen/cuda/kernels/ExpertShape.h"
#include "codegen/cuda/kernels/Fp8LinearShape.h"
#include "codegen/cuda/kernels/IndexShape.h"
#include "codegen/cuda/kernels/SampleShape.h"
#include "codegen/cuda/kernels/SplitLinearShape.h"
#include "gtest/gtest.h"

using namespace v4::cuda;

TEST(KernelTemplates, SizesAreThoseOfTheKernel) {
  const KernelTemplate *linear = findKernelTemplate("fp8Linear");
  ASSERT_NE(linear, nullptr);
  int values[] = {128, 2, 5};
  EXPECT_EQ(linear->threads(values), (Fp8LinearShape<128, 2, 5>::kThreads));
  EXPECT_EQ(linear->sharedBytes(values), (Fp8LinearShape<128, 2, 5>::kSharedBytes));
  EXPECT_EQ(linear->templateParameters.size(), 3u);
}

TEST(KernelTemplates, SizesOfExpertsAndAttention) {
  int experts[] = {64, 5, 1, 0}, attend[] = {512, 64, 4}, index[] = {128, 4, 512};
  const KernelTemplate *product = findKernelTemplate("expertProduct"), *rows = findKernelTemplate("attendRows");
  const KernelTemplate *candidates = findKernelTemplate("indexCandidates");
  ASSERT_TRUE(product && rows && candidates);
  EXPECT_EQ(product->threads(experts), (ExpertShape<64, 5, 1>::kThreads));
  EXPECT_EQ(product->sharedBytes(experts), (ExpertShape<64, 5, 1>::kSharedBytes));
  // Two of these are on one processor.
  EXPECT_LE(product->sharedBytes(experts), 113 << 10);
  EXPECT_EQ(rows->threads(attend), kAttendThreads);
  EXPECT_EQ(rows->sharedBytes(attend), (AttendShape<512, 64, 4>::kSharedBytes));
  EXPECT_EQ(candidates->sharedBytes(index), (IndexShape<128, 4>::kBest) + bestRowsBytes(512));
}

// Values that bad IR may name (run_template_c3) have sizes that are right all the same.
TEST(KernelTemplates, SizesThatNoBlockHas) {
  int most = 1 << 20, values[] = {most, most, most, most, most};
  for (const KernelTemplate &kernel : kernelTemplates()) {
    bool hasFew = kernel.sharedBytes(values) == 0 || kernel.sharedBytes(values) == sampleSharedBytes();
    EXPECT_TRUE(hasFew || kernel.sharedBytes(values) >= int64_t(most) * 16) << kernel.name;
    EXPECT_GT(kernel.threads(values), 0) << kernel.name;
  }
  EXPECT_EQ(findKernelTemplate("fp8Linear")->sharedBytes(values), most * ((int64_t(most) * (64 * 128 + 132)) + 16));
}

// The driver takes the cluster from the code: a launch says nothing of it.
TEST(KernelTemplates, Clusters) {
  const KernelTemplate *whole = findKernelTemplate("fp8Linear"), *fp8 = findKernelTemplate("splitFp8Linear"),
                       *bf16 = findKernelTemplate("splitBf16Linear");
  ASSERT_TRUE(whole && fp8 && bf16);
  int values[] = {16, 1, 9, 8}, five[] = {64, 1, 5, 0, 4};
  EXPECT_EQ(clusterOf(*whole, values), 1);
  EXPECT_EQ(functionText(*whole, values).find("__cluster_dims__"), std::string::npos);
  EXPECT_EQ(clusterOf(*fp8, values), 8);
  EXPECT_NE(functionText(*fp8, values).find("__cluster_dims__(8, 1, 1) splitFp8Linear_16_1_9_8("), std::string::npos);
  EXPECT_EQ(fp8->sharedBytes(values), (SplitLinearShape<16, 1, 9>::kSharedBytes));
  EXPECT_EQ(clusterOf(*bf16, five), 4);
  EXPECT_EQ(functionName(*bf16, five), "splitBf16Linear_64_1_5_0_4");
}

TEST(KernelTemplates, NamesAreUnique) {
  for (const KernelTemplate &kernel : kernelTemplates())
    EXPECT_EQ(findKernelTemplate(kernel.name), &kernel);
}

TEST(KernelTemplates, UnknownName) { EXPECT_EQ(findKernelTemplate("fp9Linear"), nullptr); }

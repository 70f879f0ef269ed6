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

TEST(KernelTemplates, NamesAreUnique) {
  for (const KernelTemplate &kernel : kernelTemplates())
    EXPECT_EQ(findKernelTemplate(kernel.name), &kernel);
}

TEST(KernelTemplates, UnknownName) { EXPECT_EQ(findKernelTemplate("fp9Linear"), nullptr); }

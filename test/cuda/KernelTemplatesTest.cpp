//===- KernelTemplatesTest.cpp - Table of kernel templates ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/KernelTemplates.h"
#include "codegen/cuda/kernels/Fp8LinearShape.h"
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

TEST(KernelTemplates, UnknownName) { EXPECT_EQ(findKernelTemplate("fp9Linear"), nullptr); }

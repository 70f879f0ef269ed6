//===- TensorRatesTest.cpp - What products of a GPU are compared with -----===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/TensorRate.h"

#include <gtest/gtest.h>

using v4::bench::TensorRates;

namespace {

TEST(TensorRates, OneKindMeasured) {
  const TensorRates published{2000, 1000};
  TensorRates fp8 = TensorRates{1500, 0}.orElse(published), bf16 = TensorRates{0, 750}.orElse(published);
  EXPECT_EQ(fp8.fp8, 1500);
  EXPECT_EQ(fp8.bf16, 1000);
  EXPECT_EQ(bf16.fp8, 2000);
  EXPECT_EQ(bf16.bf16, 750);
}

TEST(TensorRates, NoneKnown) {
  EXPECT_FALSE(TensorRates().any());
  EXPECT_FALSE(TensorRates().orElse(TensorRates()).any());
  EXPECT_TRUE((TensorRates{0, 750}).any());
}

} // namespace

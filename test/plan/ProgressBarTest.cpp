//===- ProgressBarTest.cpp - What the progress bar says -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/compile/ProgressBar.h"

#include "gtest/gtest.h"

using namespace v4;

namespace {

constexpr uint64_t kGiga = 1000000000;

TEST(ProgressBar, SaysShareRateAndTimeLeft) {
  EXPECT_EQ(ProgressBar::line(5 * kGiga, 10 * kGiga, 0, 2.5),
            "weights [###############...............]  50 %  5.0 of 10.0 GB, 2.00 GB/s, 3 s left ");
  EXPECT_NE(ProgressBar::line(0, 10 * kGiga, 0, 1).find("0.00 GB/s, - left"), std::string::npos);
}

/// What an interrupted run had written is part of the share, not of the rate.
TEST(ProgressBar, GoesOnBehindWhatWasKept) {
  EXPECT_NE(
      ProgressBar::line(100 * kGiga, 160 * kGiga, 90 * kGiga, 10).find("62 %  100.0 of 160.0 GB, 1.00 GB/s, 1:00 left"),
      std::string::npos)
      << ProgressBar::line(100 * kGiga, 160 * kGiga, 90 * kGiga, 10);
}

TEST(ProgressBar, TimesReadWell) {
  EXPECT_EQ(ProgressBar::time(0.4), "0 s");
  EXPECT_EQ(ProgressBar::time(59.4), "59 s");
  EXPECT_EQ(ProgressBar::time(185), "3:05");
  EXPECT_EQ(ProgressBar::time(3723), "1:02:03");
  EXPECT_EQ(ProgressBar::time(1e300), "277777:46:40");
}

} // namespace

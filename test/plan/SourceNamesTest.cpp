//===- SourceNamesTest.cpp - Many checkpoint tensors by one name ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/SourceNames.h"

#include <gtest/gtest.h>

using v4::plan::SourceNames;

TEST(SourceNames, RangeNamesEachTensor) {
  SourceNames names("layers.2.ffn.experts.{8..10}.w1.weight");
  ASSERT_EQ(names.size(), 3u);
  EXPECT_EQ(names.name(0), "layers.2.ffn.experts.8.w1.weight");
  EXPECT_EQ(names.name(2), "layers.2.ffn.experts.10.w1.weight");
}

TEST(SourceNames, RangeMayBeOneAndAtTheEnds) {
  SourceNames one("{7..7}");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one.name(0), "7");
  EXPECT_EQ(SourceNames("a{0..65535}").size(), 65536u);
}

/// What is no range is a tensor of just that name.
TEST(SourceNames, AnythingElseIsOneTensor) {
  for (const char *text :
       {"", "embed.weight", "a{1}", "a{1..}", "a{..2}", "a{2..1}", "a{01..2}", "a{0..02}", "a{-1..2}", "a{+1..2}",
        "a{0..65536}", "a{0..99999999999999999999}", "a{0 ..2}", "a{0..2", "a0..2}", "a}0..2{", "a{x..y}", "a{0.2}"}) {
    SourceNames names(text);
    EXPECT_EQ(names.size(), 1u) << text;
    EXPECT_EQ(names.name(0), text);
  }
}

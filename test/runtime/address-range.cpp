//===- address-range.cpp - Tests of anonymous memory ----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AddressRange.h"
#include "runtime/base/AvailableMemory.h"
#include "runtime/base/NumaNodes.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

using namespace v4;

namespace {

uint64_t residentBytes(const AddressRange &range) {
  std::vector<unsigned char> pages((range.size() + kMemoryPageBytes - 1) / kMemoryPageBytes);
  EXPECT_EQ(mincore(range.data(), range.size(), pages.data()), 0);
  uint64_t count = 0;
  for (unsigned char page : pages)
    count += page & 1;
  return count * kMemoryPageBytes;
}

TEST(AddressRange, LargeRangesAreAlignedToLargePages) {
  for (uint64_t bytes : {kLargePageBytes, kLargePageBytes + 4096, 5 * kLargePageBytes - 4096}) {
    AddressRange range, reserved;
    ASSERT_TRUE(AddressRange::map("test", bytes, range).isOk());
    ASSERT_TRUE(AddressRange::reserve("test", bytes, reserved).isOk());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(range.data()) % kLargePageBytes, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(reserved.data()) % kLargePageBytes, 0u);
    range.data()[0] = range.data()[bytes - 1] = 1;
    ASSERT_TRUE(reserved.commit("test", bytes - 4096, 4096).isOk());
    reserved.data()[bytes - 1] = 1;
  }
}

TEST(AddressRange, PopulateTakesAllMemoryAtOnce) {
  AddressRange range;
  ASSERT_TRUE(AddressRange::map("test", 3 * kLargePageBytes + 8192, range).isOk());
  EXPECT_EQ(residentBytes(range), 0u);
  ASSERT_TRUE(range.populate("test").isOk());
  EXPECT_EQ(residentBytes(range), range.size());
  EXPECT_EQ(range.data()[range.size() - 1], 0);
}

TEST(AvailableMemory, TextsOfTheKernel) {
  EXPECT_EQ(parseMemAvailable("MemTotal:       24 kB\nMemAvailable:    7 kB\nBuffers: 1 kB\n"), 7u * 1024);
  EXPECT_EQ(parseMemAvailable("MemAvailable:12"), 12u * 1024);
  for (const char *wrong :
       {"", "\n", "MemTotal: 3 kB", "MemAvailable:", "MemAvailable: x", "MemAvailable: 18446744073709551615 kB"})
    EXPECT_EQ(parseMemAvailable(wrong), UINT64_MAX) << wrong;
  EXPECT_EQ(parseMemoryMax("4096\n"), 4096u);
  EXPECT_EQ(parseMemoryMax("max\n"), UINT64_MAX);
  EXPECT_EQ(parseMemoryMax(""), UINT64_MAX);
  EXPECT_GT(availableMemory(), 0u);
}

TEST(NumaNodes, ListsOfTheKernel) {
  EXPECT_EQ(parseNodeList("0\n"), 1u);
  EXPECT_EQ(parseNodeList("0-2,5\n"), 0x27u);
  EXPECT_EQ(parseNodeList("62-70"), 0xC000000000000000u);
  for (const char *wrong : {"", "\n", "a", "0-", "1,", "1;2", "99999"})
    EXPECT_EQ(parseNodeList(wrong), 0u) << wrong;
}

TEST(NumaNodes, SpreadingKeepsContents) {
  AddressRange range;
  ASSERT_TRUE(AddressRange::map("test", 4 * kLargePageBytes, range).isOk());
  range.data()[5] = 7;
  spreadOverNodes(range.data(), range.size());
  range.data()[kLargePageBytes] = 3;
  EXPECT_EQ(range.data()[5], 7);
}

} // namespace

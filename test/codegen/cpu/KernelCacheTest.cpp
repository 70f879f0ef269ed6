//===- KernelCacheTest.cpp - Machine code of kernels seen before ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/KernelCache.h"

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

using namespace v4;

namespace {

class KernelCacheTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/kernel-cache-XXXXXX";
    ASSERT_TRUE(mkdtemp(pattern.data()));
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  KernelObject object(std::string_view text, uint64_t stackBytes) {
    KernelObject result;
    result.bytes.assign(text.begin(), text.end());
    result.stackBytes = stackBytes;
    return result;
  }

  std::string folder;
  const CpuLevel &low = *findCpuLevel("cpu:x86-64-v3"), &high = *findCpuLevel("cpu:x86-64-v4");
};

TEST_F(KernelCacheTest, FindsWhatItKept) {
  KernelCache cache(folder + "/made/on/the/way");
  std::string key = cache.keyOf("ir", low.name);
  EXPECT_FALSE(cache.find(key));
  cache.keep(key, object("code", 123));
  auto found = KernelCache(folder + "/made/on/the/way").find(key);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::string(found->bytes.begin(), found->bytes.end()), "code");
  EXPECT_EQ(found->stackBytes, 123u);
}

TEST_F(KernelCacheTest, KeysTellKernelsAndLevelsApart) {
  KernelCache cache(folder);
  EXPECT_EQ(cache.keyOf("ir", low.name), cache.keyOf("ir", low.name));
  EXPECT_NE(cache.keyOf("ir", low.name), cache.keyOf("ir", high.name));
  EXPECT_NE(cache.keyOf("ir", low.name), cache.keyOf("ir ", low.name));
}

/// Opened, a pipe waits for whoever writes to it.
TEST_F(KernelCacheTest, PipesAreAbsent) {
  KernelCache cache(folder);
  std::string key = cache.keyOf("ir", low.name);
  ASSERT_EQ(mkfifo((folder + "/" + key).c_str(), 0600), 0);
  EXPECT_FALSE(cache.find(key));
  cache.keep(key, object("code", 1));
  EXPECT_TRUE(cache.find(key));
}

/// Every byte of a file counts, and a file of another key is not taken for this one's.
TEST_F(KernelCacheTest, DamagedFilesAreAbsent) {
  KernelCache cache(folder);
  std::string key = cache.keyOf("ir", low.name), path = folder + "/" + key;
  cache.keep(key, object("some code", 5));
  std::ifstream in(path, std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(in)), {});
  auto write = [&](const std::string &name, const std::string &bytes) {
    std::ofstream(name, std::ios::binary | std::ios::trunc) << bytes;
  };
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 1;
    write(path, damaged);
    EXPECT_FALSE(cache.find(key)) << "byte " << i;
    write(path, whole.substr(0, i));
    EXPECT_FALSE(cache.find(key)) << "cut at " << i;
  }
  std::string other = cache.keyOf("other", low.name);
  write(folder + "/" + other, whole);
  EXPECT_FALSE(cache.find(other));
  write(path, whole);
  EXPECT_TRUE(cache.find(key));
}

TEST_F(KernelCacheTest, LeavesOneFileForAKernel) {
  KernelCache cache(folder);
  for (int i = 0; i < 3; ++i)
    cache.keep(cache.keyOf("ir", low.name), object("code", 1));
  auto files = std::filesystem::directory_iterator(folder);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(KernelCacheTest, WithoutAFolderNothingIsKept) {
  KernelCache none("");
  EXPECT_FALSE(none.enabled());
  KernelCache unwritable("/proc/no/such");
  unwritable.keep("key", object("code", 1));
  EXPECT_FALSE(unwritable.find("key"));
}

} // namespace

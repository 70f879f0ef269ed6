//===- TilePackerTest.cpp - Tiles against what kernels read ---------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/TilePacker.h"

#include "codegen/cuda/kernels/PackTiles.h"

#include <gtest/gtest.h>
#include <random>

using namespace v4;
using namespace v4::codegen;

namespace {

/// A matrix of random bytes and its tiles, by the packer that the tests of the kernels use.
struct Case {
  TileMatrix matrix;
  std::vector<uint8_t> source, tiles;

  Case(int64_t rows, int64_t rowBytes, bool wide)
      : matrix{rows, rowBytes, wide}, source(size_t(rows * rowBytes)), tiles(size_t(tiledBytes(rows, rowBytes)), 0xA5) {
    std::mt19937 random(unsigned(rows * 1000 + rowBytes));
    for (uint8_t &byte : source)
      byte = uint8_t(random());
    (wide ? cuda::packWideTiles : cuda::packTiles)(tiles.data(), source.data(), int(rows), int(rowBytes));
  }
};

} // namespace

TEST(TilePacker, oddRows) {
  for (bool wide : {false, true})
    for (int64_t rows : {1, 7, 8, 63, 64, 65, 128, 200})
      for (int64_t rowBytes : {128, 256, 640}) {
        Case c(rows, rowBytes, wide);
        ASSERT_EQ(c.matrix.bytes(), c.tiles.size());
        std::vector<uint8_t> packed(c.matrix.bytes(), 0x5A);
        c.matrix.pack(c.source, 0, packed);
        EXPECT_EQ(packed, c.tiles) << rows << " rows of " << rowBytes << " bytes, wide " << wide;
      }
}

TEST(TilePacker, anyRange) {
  for (bool wide : {false, true}) {
    Case c(100, 384, wide);
    std::mt19937 random(2);
    for (int i = 0; i < 300; ++i) {
      uint64_t begin = random() % c.tiles.size(), end = begin + random() % (c.tiles.size() - begin + 1);
      std::vector<uint8_t> part(end - begin, 0x5A);
      c.matrix.pack(c.source, begin, part);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), c.tiles.begin() + int64_t(begin))) << begin << " to " << end;
    }
  }
}

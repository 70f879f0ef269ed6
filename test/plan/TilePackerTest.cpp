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

constexpr TileContent kContents[] = {TileContent::Rows, TileContent::Wide, TileContent::Fp4Codes,
                                     TileContent::Fp4Scales};

/// A matrix of random bytes and its tiles, by the packer that the tests of the kernels use.
struct Case {
  TileMatrix matrix;
  std::vector<uint8_t> source, tiles;

  /// `across` tiles beside each other.
  Case(int64_t rows, int64_t across, TileContent content)
      : matrix{rows, across * tileRowBytes(content), content}, source(size_t(rows * matrix.rowBytes)),
        tiles(size_t(tiledBytes(rows, matrix.rowBytes)), 0xA5) {
    std::mt19937 random(unsigned(rows * 1000 + across));
    for (uint8_t &byte : source)
      byte = uint8_t(random());
    pack();
  }

  void pack() {
    int rows = int(matrix.rows), rowBytes = int(matrix.rowBytes);
    bool isCodes = matrix.content == TileContent::Fp4Codes;
    if (matrix.content == TileContent::Rows)
      return cuda::packTiles(tiles.data(), source.data(), rows, rowBytes);
    if (matrix.content == TileContent::Wide)
      return cuda::packWideTiles(tiles.data(), source.data(), rows, rowBytes);
    // The other half of the matrix, which nobody looks at.
    std::vector<uint8_t> other(source.size() * 16), otherTiles(tiles.size() * 16);
    if (isCodes)
      cuda::packFp4Tiles(tiles.data(), otherTiles.data(), source.data(), other.data(), rows, rowBytes * 2);
    else
      cuda::packFp4Tiles(otherTiles.data(), tiles.data(), other.data(), source.data(), rows, rowBytes * 32);
  }
};

} // namespace

TEST(TilePacker, oddRows) {
  for (TileContent content : kContents)
    for (int64_t rows : {1, 7, 8, 63, 64, 65, 128, 200})
      for (int64_t across : {1, 2, 5}) {
        Case c(rows, across, content);
        ASSERT_EQ(c.matrix.bytes(), c.tiles.size());
        std::vector<uint8_t> packed(c.matrix.bytes(), 0x5A);
        c.matrix.pack(c.source, 0, packed);
        EXPECT_EQ(packed, c.tiles) << rows << " rows, " << across << " tiles across, content " << int(content);
      }
}

TEST(TilePacker, anyRange) {
  for (TileContent content : kContents) {
    Case c(100, 3, content);
    std::mt19937 random(2);
    for (int i = 0; i < 300; ++i) {
      uint64_t begin = random() % c.tiles.size(), end = begin + random() % (c.tiles.size() - begin + 1);
      std::vector<uint8_t> part(end - begin, 0x5A);
      c.matrix.pack(c.source, begin, part);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), c.tiles.begin() + int64_t(begin))) << begin << " to " << end;
    }
  }
}

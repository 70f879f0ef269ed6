//===- PanelPackerTest.cpp - Panels against their definition --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/PanelPacker.h"

#include <gtest/gtest.h>
#include <random>

using namespace v4;
using namespace v4::codegen;

namespace {

/// Bits of a value, of two FP4 codes or of a scale; and how many values that is.
int64_t bytesOf(PanelFormat format) {
  return format == PanelFormat::F32 ? 4 : format == PanelFormat::Bf16 ? 2 : 1;
}

/// PanelLayout.h, word for word: where the byte `b` of value (row, column) is; FP4 in nibbles, scales by group.
struct Definition {
  PanelFormat format;
  int64_t rows, columns;

  int64_t blockOf(int64_t row, int64_t column) const {
    return (row / 32 * (columns / 64) + column / 64) * panelBlockBytes(format);
  }
  int64_t place(int64_t row, int64_t column) const {
    int64_t h = row % 32 / 16, r = row % 16, k = column % 64;
    switch (format) {
    case PanelFormat::Bf16:
      return blockOf(row, column) + (((k / 2 * 2 + h) * 16 + r) * 2 + k % 2) * 2;
    case PanelFormat::E4M3:
      return blockOf(row, column) + (((k / 2 * 4 + r / 4) * 2 + h) * 4 + r % 4) * 2 + k % 2;
    case PanelFormat::E2M1Scales:
      return blockOf(row, column) + (k / 32 * 2 + h) * 16 + r;
    case PanelFormat::E2M1:
    case PanelFormat::F32:
      break;
    }
    return 0;
  }
  /// In nibbles.
  int64_t nibble(int64_t row, int64_t column) const {
    int64_t h = row % 32 / 16, r = row % 16, k = column % 64;
    return blockOf(row, column) * 2 + ((k / 8 * 2 + h) * 16 + r) * 8 + k % 8 / 2 + k % 2 * 4;
  }

  std::vector<uint8_t> pack(const std::vector<uint8_t> &source) const {
    std::vector<uint8_t> out(size_t(panelBytes(format, rows, columns)));
    int64_t step = format == PanelFormat::E2M1Scales ? 32 : 1, bytes = bytesOf(format);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; column += step) {
        int64_t value = row * (columns / step) + column / step;
        if (format == PanelFormat::E2M1) {
          int64_t at = nibble(row, column);
          out[at / 2] |= (source[value / 2] >> (value % 2 * 4) & 15) << (at % 2 * 4);
        } else {
          std::copy_n(source.begin() + value * bytes, bytes, out.begin() + place(row, column));
        }
      }
    return out;
  }
};

std::vector<uint8_t> randomBytes(uint64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

} // namespace

TEST(PanelPacker, everyFormatAndOddRows) {
  for (PanelFormat format : {PanelFormat::Bf16, PanelFormat::E4M3, PanelFormat::E2M1, PanelFormat::E2M1Scales})
    for (int64_t rows : {1, 15, 16, 17, 31, 32, 33, 64, 97})
      for (int64_t columns : {64, 128, 320}) {
        PanelMatrix matrix{format, rows, columns};
        std::vector<uint8_t> source = randomBytes(matrix.sourceBytes(), unsigned(rows * 1000 + columns));
        std::vector<uint8_t> packed(matrix.bytes(), 0xA5);
        matrix.pack(source, 0, packed);
        EXPECT_EQ(packed, (Definition{format, rows, columns}.pack(source)))
            << "format " << int(format) << ", " << rows << " x " << columns;
      }
}

TEST(PanelPacker, anyRange) {
  for (PanelFormat format :
       {PanelFormat::Bf16, PanelFormat::E4M3, PanelFormat::E2M1, PanelFormat::E2M1Scales, PanelFormat::F32}) {
    PanelMatrix matrix{format, 50, 192};
    std::vector<uint8_t> source = randomBytes(matrix.sourceBytes(), 1);
    std::vector<uint8_t> whole(matrix.bytes());
    matrix.pack(source, 0, whole);
    std::mt19937 random(2);
    for (int i = 0; i < 500; ++i) {
      uint64_t begin = random() % whole.size(), end = begin + random() % (whole.size() - begin + 1);
      std::vector<uint8_t> part(end - begin, 0xA5);
      matrix.pack(source, begin, part);
      EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + int64_t(begin)))
          << "format " << int(format) << " from " << begin << " to " << end;
    }
  }
}

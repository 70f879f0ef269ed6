//===- NarrowMatrixTest.cpp - Quantized weights, value by value -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/ExactForms.h"
#include "codegen/plan/PanelPacker.h"
#include "codegen/plan/NarrowMatrix.h"
#include "runtime/plan/plan_generated.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace v4;
using namespace v4::codegen;
using plan::fb::ExactForm;

namespace {

double e2m1(unsigned code) {
  static const double values[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  return code & 8 ? -values[code & 7] : values[code & 7];
}

double e4m3(unsigned code) {
  int exponent = int(code >> 3 & 15), fraction = int(code & 7);
  double value = exponent ? std::ldexp(8 + fraction, exponent - 10) : std::ldexp(fraction, -9);
  return code & 128 ? -value : value;
}

/// The bf16 bits of a value that has them.
uint16_t bf16(double value) {
  float narrow = float(value);
  uint32_t bits;
  std::memcpy(&bits, &narrow, 4);
  EXPECT_EQ(bits & 0xFFFF, 0u) << value;
  return uint16_t(bits >> 16);
}

double valueOf(uint16_t half) {
  uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return double(value);
}

/// A bf16 matrix and what it became.
struct Quantized {
  NarrowMatrix matrix;
  std::vector<uint16_t> source;
  std::vector<uint8_t> codes, scales;
  RoundingError error;
  bool finite = true;

  Quantized(NarrowMatrix m, std::vector<uint16_t> values) : matrix(m), source(std::move(values)) {
    std::vector<uint8_t> some(size_t(m.codeBytes(128))), their(size_t(m.scaleBytes(128)));
    for (int64_t stripe = 0; stripe < m.stripes() && finite; ++stripe) {
      finite = m.quantize(bytes(), stripe, some.data(), their.data(), error);
      codes.insert(codes.end(), some.begin(), some.begin() + m.codeBytes(m.rowsOf(stripe)));
      scales.insert(scales.end(), their.begin(), their.begin() + m.scaleBytes(m.rowsOf(stripe)));
    }
  }
  const uint8_t *bytes() const { return reinterpret_cast<const uint8_t *>(source.data()); }

  double value(int64_t row, int64_t column) const {
    int64_t at = row * matrix.columns + column;
    if (matrix.format == NarrowFormat::E4M3)
      return e4m3(codes[at]) * std::ldexp(1.0, scales[row / 128 * (matrix.columns / 128) + column / 128] - 127);
    unsigned code = codes[at / 2] >> (at % 2 * 4) & 15;
    return e2m1(code) * std::ldexp(1.0, scales[at / 32] - 127);
  }
  /// Largest difference from the source.
  double largest() const {
    double most = 0;
    for (int64_t r = 0; r < matrix.rows; ++r)
      for (int64_t c = 0; c < matrix.columns; ++c)
        most = std::max(most, std::fabs(value(r, c) - valueOf(source[r * matrix.columns + c])));
    return most;
  }
};

std::vector<uint16_t> normal(int64_t count, double deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> next(0, float(deviation));
  std::vector<uint16_t> values;
  for (int64_t i = 0; i < count; ++i) {
    float value = next(random);
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    values.push_back(uint16_t(bits >> 16));
  }
  return values;
}

} // namespace

// Whatever the largest code of a block is, and at both ends of the scales.
TEST(NarrowMatrix, widenedE2M1ComesBack) {
  for (int scale : {-127, -126, -20, 0, 13, 120})
    for (unsigned largest = 0; largest < 8; ++largest) {
      std::vector<uint16_t> values;
      for (int64_t i = 0; i < 3 * 128; ++i)
        values.push_back(bf16(e2m1((i % (largest + 1)) | (i % 3 == 0 ? 8 : 0)) * std::ldexp(1.0, scale)));
      Quantized q({NarrowFormat::E2M1, 3, 128}, values);
      EXPECT_EQ(q.largest(), 0) << "scale 2^" << scale << ", largest code " << largest;
      EXPECT_EQ(q.error.maxAbs, 0);
      EXPECT_EQ(q.error.squares, 0);
    }
}

TEST(NarrowMatrix, widenedE4M3ComesBack) {
  for (int scale : {-120, -20, 0, 13, 110})
    for (unsigned largest = 0; largest < 127; ++largest) {
      std::vector<uint16_t> values;
      for (int64_t i = 0; i < 130 * 128; ++i)
        values.push_back(bf16(e4m3((i % (largest + 1)) | (i % 3 == 0 ? 128 : 0)) * std::ldexp(1.0, scale)));
      Quantized q({NarrowFormat::E4M3, 130, 128}, values);
      EXPECT_EQ(q.largest(), 0) << "scale 2^" << scale << ", largest code " << largest;
      EXPECT_EQ(q.error.squares, 0);
    }
}

// Every code is the nearest to its value at the block's scale, ties go to the even one.
TEST(NarrowMatrix, roundsToNearestEven) {
  for (NarrowFormat format : {NarrowFormat::E2M1, NarrowFormat::E4M3}) {
    Quantized q({format, 128, 128}, normal(128 * 128, 0.02, 7));
    unsigned codes = format == NarrowFormat::E2M1 ? 8 : 127;
    auto magnitude = [&](unsigned code) { return format == NarrowFormat::E2M1 ? e2m1(code) : e4m3(code); };
    for (int64_t i = 0; i < 128 * 128; ++i) {
      uint8_t scale = format == NarrowFormat::E2M1 ? q.scales[i / 32] : q.scales[0];
      unsigned code = format == NarrowFormat::E2M1 ? q.codes[i / 2] >> (i % 2 * 4) & 7 : q.codes[i] & 127;
      double a = std::fabs(valueOf(q.source[i])) / std::ldexp(1.0, scale - 127), off = std::fabs(magnitude(code) - a);
      for (unsigned other : {code ? code - 1 : code, code + 1 < codes ? code + 1 : code}) {
        double distance = std::fabs(magnitude(other) - a);
        ASSERT_TRUE(off < distance || (off == distance && (other == code || code % 2 == 0))) << a << " as " << code;
      }
    }
    EXPECT_DOUBLE_EQ(q.error.maxAbs, q.largest());
    EXPECT_GT(q.error.relativeRms(), format == NarrowFormat::E2M1 ? 0.05 : 0.01);
    EXPECT_LT(q.error.relativeRms(), format == NarrowFormat::E2M1 ? 0.15 : 0.04);
  }
}

TEST(NarrowMatrix, refusesWhatIsNotFinite) {
  for (uint16_t bad : {uint16_t(0x7F80), uint16_t(0xFFC0)})
    for (NarrowFormat format : {NarrowFormat::E2M1, NarrowFormat::E4M3}) {
      std::vector<uint16_t> values(140 * 256);
      values.back() = bad;
      EXPECT_FALSE(Quantized({format, 140, 256}, values).finite);
    }
}

// Any range of any part is that range of the whole, and each stripe is reported by exactly one of them.
TEST(NarrowMatrix, rangesOfParts) {
  for (NarrowFormat format : {NarrowFormat::E2M1, NarrowFormat::E4M3})
    for (bool isScales : {false, true})
      for (bool inPanels : {false, true}) {
        if (inPanels && isScales && format == NarrowFormat::E4M3)
          continue;
        Quantized q({format, 300, 256}, normal(300 * 256, 1, 3));
        NarrowPart part{q.matrix, isScales, inPanels};
        std::vector<uint8_t> whole = isScales ? q.scales : q.codes;
        if (inPanels) {
          PanelFormat panels = isScales ? PanelFormat::E2M1Scales
                               : format == NarrowFormat::E4M3 ? PanelFormat::E4M3 : PanelFormat::E2M1;
          PanelMatrix matrix{panels, 300, 256};
          std::vector<uint8_t> packed(matrix.bytes());
          matrix.pack(whole, 0, packed);
          whole = packed;
        }
        ASSERT_EQ(part.bytes(), whole.size());
        for (uint64_t step : {uint64_t(1000), uint64_t(77), whole.size()}) {
          std::vector<uint8_t> found(whole.size());
          std::vector<int> seen(3);
          for (uint64_t begin = 0; begin < whole.size(); begin += step)
            EXPECT_TRUE(part.assemble(q.bytes(), begin,
                                      llvm::MutableArrayRef<uint8_t>(found).slice(begin, std::min<uint64_t>(step, whole.size() - begin)),
                                      [&](int64_t stripe, const RoundingError &, llvm::ArrayRef<uint8_t>) { ++seen[stripe]; }));
          EXPECT_EQ(found, whole);
          EXPECT_EQ(seen, std::vector<int>(3, 1));
        }
      }
}

TEST(ExactForms, nan) {
  std::vector<uint8_t> codes(1000, 0x7E);
  uint32_t wanted = uint32_t(ExactForm::NoNan);
  EXPECT_EQ(exactForms(wanted, codes, 100), wanted);
  EXPECT_EQ(exactForms(0, codes, 100), 0u);
  for (uint8_t nan : {0x7F, 0xFF}) {
    codes[777] = nan;
    EXPECT_EQ(exactForms(wanted, codes, 100), 0u);
  }
}

TEST(ExactForms, normalScales) {
  std::vector<uint8_t> scales{1, 254, 127, 128};
  uint32_t wanted = uint32_t(ExactForm::NormalScales);
  EXPECT_EQ(exactForms(wanted, scales, 4), wanted);
  for (uint8_t code : {0, 255}) {
    scales[2] = code;
    EXPECT_EQ(exactForms(wanted, scales, 4), 0u);
  }
}

// The fact is what it says: with it every e2m1 code has an e4m3 code of the same value, without it some has none.
TEST(ExactForms, e4m3Per128) {
  uint32_t wanted = uint32_t(ExactForm::E4M3Per128);
  for (int most : {0, 5, 6, 60, 254, 255})
    for (int least = std::max(0, most - 20); least <= most; ++least) {
      std::vector<uint8_t> scales{uint8_t(least), uint8_t(most), uint8_t(most), uint8_t(least)};
      bool representable = most >= 6 && most != 255;
      for (unsigned code = 0; code < 8 && representable; ++code)
        for (int scale : {least, most}) {
          double value = std::ldexp(e2m1(code), scale - (most - 6));
          bool found = false;
          for (unsigned other = 0; other < 127; ++other)
            found |= e4m3(other) == value;
          representable &= found;
        }
      EXPECT_EQ(exactForms(wanted, scales, 4) == wanted, representable) << least << " to " << most;
    }
  // Groups of four begin anew in every row; the last of a row may be shorter.
  EXPECT_EQ(exactForms(wanted, {100, 100, 100, 100, 130, 130, 100, 100, 100, 100, 130, 130}, 6), wanted);
  EXPECT_EQ(exactForms(wanted, {100, 100, 100, 100, 130, 130, 100, 100, 100, 100, 130, 130}, 12), 0u);
}

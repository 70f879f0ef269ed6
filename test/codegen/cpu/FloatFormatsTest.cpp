//===- FloatFormatsTest.cpp - Every code of every narrow format ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// References are written from the formats' definitions: values by ldexp, codes
// by looking for the nearest value.
//
//===----------------------------------------------------------------------===//

#include "KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace v4test;

namespace {

float asFloat(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
uint32_t asBits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

double valueOf(unsigned code, unsigned exponentBits, unsigned mantissaBits, int bias) {
  unsigned mantissa = code & ((1u << mantissaBits) - 1);
  unsigned exponent = (code >> mantissaBits) & ((1u << exponentBits) - 1);
  double sign = code >> (exponentBits + mantissaBits) & 1 ? -1.0 : 1.0;
  double fraction = std::ldexp(mantissa, -int(mantissaBits)) + (exponent ? 1.0 : 0.0);
  return sign * std::ldexp(fraction, (exponent ? int(exponent) : 1) - bias);
}
double e4m3(unsigned code) { return (code & 127) == 127 ? NAN : valueOf(code, 4, 3, 7); }
double e2m1(unsigned code) { return valueOf(code & 15, 2, 1, 1); }
double e8m0(unsigned code) { return code == 255 ? NAN : std::ldexp(1.0, int(code) - 127); }

std::vector<uint8_t> allBytes() {
  std::vector<uint8_t> bytes(256);
  for (unsigned i = 0; i < 256; ++i)
    bytes[i] = i;
  return bytes;
}

void expectSameValue(float got, double expected, unsigned code) {
  if (std::isnan(expected))
    EXPECT_TRUE(std::isnan(got)) << "code " << code;
  else
    EXPECT_EQ(asBits(got), asBits(float(expected))) << "code " << code;
}

void checkDecode(const std::string &format, double (*reference)(unsigned)) {
  for (unsigned lanes : {1u, 4u, 8u, 16u, 32u}) {
    std::string body = "%r = kernel.decode %v as " + format + " : " + laneType("i8", lanes) + " -> " +
                       laneType("f32", lanes);
    std::vector<float> values =
        mapOnAllLevels<float>(mapKernel("decode", "i8", "f32", lanes, body), "decode", lanes, allBytes());
    for (unsigned code = 0; code < 256; ++code)
      expectSameValue(values[code], reference(code), code);
  }
}

TEST(FloatFormats, DecodesEveryE4M3Code) { checkDecode("f8E4M3FN", e4m3); }
TEST(FloatFormats, DecodesEveryE8M0Code) { checkDecode("f8E8M0FNU", e8m0); }
TEST(FloatFormats, DecodesEveryE2M1CodeWhateverTheUpperNibble) { checkDecode("f4E2M1FN", e2m1); }

TEST(FloatFormats, UnpacksLowNibbleFirst) {
  for (unsigned lanes : {4u, 8u, 16u}) {
    std::string body = "%r = kernel.unpack %v : " + laneType("i8", lanes) + " -> " + laneType("i8", 2 * lanes);
    auto codes = mapOnAllLevels<uint8_t>(mapKernel("unpack", "i8", "i8", lanes, body), "unpack", lanes, allBytes(), 2);
    for (unsigned i = 0; i < 256; ++i) {
      EXPECT_EQ(codes[2 * i], i & 15);
      EXPECT_EQ(codes[2 * i + 1], i >> 4);
    }
  }
}

TEST(FloatFormats, DecodesPackedE2M1) {
  for (unsigned lanes : {4u, 8u, 16u}) {
    std::string body = "%c = kernel.unpack %v : " + laneType("i8", lanes) + " -> " + laneType("i8", 2 * lanes) +
                       "\n    %r = kernel.decode %c as f4E2M1FN : " + laneType("i8", 2 * lanes) + " -> " +
                       laneType("f32", 2 * lanes);
    auto values = mapOnAllLevels<float>(mapKernel("both", "i8", "f32", lanes, body), "both", lanes, allBytes(), 2);
    for (unsigned i = 0; i < 512; ++i)
      expectSameValue(values[i], e2m1(i & 1 ? (i / 2) >> 4 : (i / 2) & 15), i);
  }
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

/// Code of the value nearest to `value`, the even code in a tie; `codes` is
/// the number of codes that are not negative and finite.
unsigned nearestCode(float value, unsigned codes, unsigned signBit, double (*decode)(unsigned)) {
  unsigned sign = std::signbit(value) ? signBit : 0;
  if (std::isnan(value))
    return sign | (signBit == 128 ? 127 : codes - 1);
  double magnitude = std::min(std::fabs(double(value)), decode(codes - 1));
  unsigned best = 0;
  for (unsigned code = 1; code < codes; ++code) {
    double distance = std::fabs(decode(code) - magnitude), bestDistance = std::fabs(decode(best) - magnitude);
    if (distance < bestDistance || (distance == bestDistance && code % 2 == 0))
      best = code;
  }
  return sign | best;
}

/// All bf16 values; the values, midpoints and their neighbours of the format;
/// random bits.
std::vector<float> encodeInputs(unsigned codes, double (*decode)(unsigned)) {
  std::vector<float> inputs;
  for (unsigned i = 0; i < 65536; ++i)
    inputs.push_back(asFloat(i << 16));
  for (unsigned code = 0; code + 1 < codes; ++code)
    for (float middle : {float(decode(code)), float((decode(code) + decode(code + 1)) / 2)})
      for (int sign : {1, -1})
        for (float value : {middle, std::nextafterf(middle, 1e30f), std::nextafterf(middle, -1e30f)})
          inputs.push_back(sign * value);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> exponent(-12.0f, 11.0f);
  for (unsigned i = 0; i < 40000; ++i)
    inputs.push_back(i % 2 ? asFloat(random()) : std::exp2(exponent(random)) * (random() % 2 ? 1 : -1));
  while (inputs.size() % 16)
    inputs.push_back(0.0f);
  return inputs;
}

void checkEncode(const std::string &format, unsigned codes, unsigned signBit, double (*decode)(unsigned)) {
  std::vector<float> inputs = encodeInputs(codes, decode);
  for (unsigned lanes : {1u, 16u}) {
    std::string body = "%r = kernel.encode %v as " + format + " : " + laneType("f32", lanes) + " -> " +
                       laneType("i8", lanes);
    auto got = mapOnAllLevels<uint8_t>(mapKernel("encode", "f32", "i8", lanes, body), "encode", lanes, inputs);
    unsigned wrong = 0;
    for (size_t i = 0; i < inputs.size() && wrong < 5; ++i) {
      unsigned expected = nearestCode(inputs[i], codes, signBit, decode);
      // The sign of NaN is of no interest.
      if (got[i] != expected && !(std::isnan(inputs[i]) && (got[i] & (signBit - 1)) == (expected & (signBit - 1)))) {
        ADD_FAILURE() << inputs[i] << " gives " << unsigned(got[i]) << ", expected " << expected;
        ++wrong;
      }
    }
  }
}

TEST(FloatFormats, EncodesE4M3LikeTheNearestValue) { checkEncode("f8E4M3FN", 127, 128, e4m3); }
TEST(FloatFormats, EncodesE2M1LikeTheNearestValue) { checkEncode("f4E2M1FN", 8, 8, e2m1); }

//===----------------------------------------------------------------------===//
// bf16
//===----------------------------------------------------------------------===//

/// Of the two bf16 values around `value` the nearer one, the even one in a tie.
uint16_t nearestBf16(float value) {
  uint32_t bits = asBits(value);
  uint16_t below = bits >> 16;
  // Distance in units of the last f32 place, which is even on both sides of
  // the largest finite value as well.
  uint32_t rest = bits & 0xFFFF;
  bool up = rest > 0x8000 || (rest == 0x8000 && below % 2 == 1);
  return below + (up ? 1 : 0);
}

TEST(FloatFormats, TruncatesToBf16) {
  std::vector<float> inputs;
  for (uint32_t upper = 0; upper < 65536; ++upper)
    for (uint32_t lower : {0x0000u, 0x0001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu, (upper * 40503u) & 0xFFFF, 0x4000u})
      inputs.push_back(asFloat(upper << 16 | lower));
  for (unsigned lanes : {1u, 16u}) {
    std::string body = "%r = arith.truncf %v : " + laneType("f32", lanes) + " to " + laneType("bf16", lanes);
    auto got = mapOnAllLevels<uint16_t>(mapKernel("truncate", "f32", "bf16", lanes, body), "truncate", lanes, inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (std::isnan(inputs[i]))
        ASSERT_TRUE(std::isnan(asFloat(uint32_t(got[i]) << 16))) << std::hex << asBits(inputs[i]);
      else
        ASSERT_EQ(got[i], nearestBf16(inputs[i])) << std::hex << asBits(inputs[i]);
    }
  }
}

TEST(FloatFormats, ExtendsEveryBf16) {
  std::vector<uint16_t> inputs(65536);
  for (unsigned i = 0; i < 65536; ++i)
    inputs[i] = i;
  for (unsigned lanes : {1u, 16u}) {
    std::string body = "%r = arith.extf %v : " + laneType("bf16", lanes) + " to " + laneType("f32", lanes);
    auto got = mapOnAllLevels<uint32_t>(mapKernel("extend", "bf16", "f32", lanes, body), "extend", lanes, inputs);
    for (unsigned i = 0; i < 65536; ++i)
      ASSERT_EQ(got[i], i << 16);
  }
}

} // namespace

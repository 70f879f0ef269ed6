//===- NarrowMatrix.cpp - bf16 matrices to FP8 and FP4 ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/NarrowMatrix.h"

#include "codegen/plan/PanelPacker.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace v4;
using namespace v4::codegen;

/// Lanes of the loops below: sums by lane can be vectors.
static constexpr int kLanes = 16;
/// e8m0 holds 2^-127 .. 2^127.
static constexpr int kScaleBias = 127;

void RoundingError::add(const RoundingError &other) {
  maxAbs = std::max(maxAbs, other.maxAbs);
  squares += other.squares;
  reference += other.reference;
}

double RoundingError::relativeRms() const { return reference > 0 ? std::sqrt(squares / reference) : 0; }

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

namespace {

uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// A code without its sign, and its value; to nearest, ties to even, saturating.
struct Magnitude {
  uint32_t code;
  float value;
};

Magnitude roundE2M1(float a) {
  uint32_t halves = (a > 0.25f) + (a >= 0.75f) + (a > 1.25f) + (a >= 1.75f);
  uint32_t ones = (a > 2.5f) + (a >= 3.5f), twos = a > 5.0f;
  return {halves + ones + twos, 0.5f * float(int(halves)) + float(int(ones + 2 * twos))};
}

Magnitude roundE4M3(float a) {
  a = a < 448.0f ? a : 448.0f;
  uint32_t bits = bitsOf(a);
  // Three bits behind the leading one stay; the exponent's bias is 7 instead of 127.
  uint32_t rounded = (bits + 0x7FFFF + (bits >> 20 & 1)) & ~0xFFFFFu;
  // Below 2^-6 codes count steps of 2^-9.
  float steps = a * 512.0f + 8388608.0f;
  bool subnormal = a < 0x1p-6f;
  return {subnormal ? bitsOf(steps) & 15 : (rounded >> 20) - 960,
          subnormal ? (steps - 8388608.0f) * 0x1p-9f : floatOf(rounded)};
}

/// What one scale does to a block, in units of the scale.
struct Trial {
  int exponent;
  double squares;
  float maxAbs;

  double scale() const { return std::ldexp(1.0, exponent); }
  double cost() const { return squares * scale() * scale(); }
};

/// One code a byte. `count` is a multiple of kLanes.
template <NarrowFormat format>
Trial roundBlock(const float *values, int64_t count, int exponent, uint8_t *codes) {
  float inverse = std::ldexp(1.0f, -exponent);
  float squares[kLanes] = {}, largest[kLanes] = {};
  for (int64_t i = 0; i < count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      float value = values[i + lane];
      uint32_t sign = bitsOf(value) >> 31;
      float a = std::fabs(value) * inverse;
      Magnitude q = format == NarrowFormat::E4M3 ? roundE4M3(a) : roundE2M1(a);
      codes[i + lane] = uint8_t(q.code | sign << (format == NarrowFormat::E4M3 ? 7 : 3));
      float difference = std::fabs(a - q.value);
      squares[lane] += difference * difference;
      largest[lane] = largest[lane] < difference ? difference : largest[lane];
    }
  Trial trial{exponent, 0, 0};
  for (int lane = 0; lane < kLanes; ++lane) {
    trial.squares += squares[lane];
    trial.maxAbs = std::max(trial.maxAbs, largest[lane]);
  }
  return trial;
}

/// Smallest exponent at which `amax` fits below the largest code.
template <NarrowFormat format>
int exponentFor(float amax) {
  if (amax == 0)
    return 0;
  int exponent;
  float fraction = std::frexp(amax, &exponent);
  // The largest codes are 0.875 * 2^9 and 0.75 * 2^3.
  int fitting = format == NarrowFormat::E4M3 ? exponent - (fraction <= 0.875f ? 9 : 8)
                                             : exponent - (fraction <= 0.75f ? 3 : 2);
  return std::clamp(fitting, -kScaleBias, kScaleBias);
}

float largestOf(const float *values, int64_t count) {
  float largest[kLanes] = {};
  for (int64_t i = 0; i < count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      float a = std::fabs(values[i + lane]);
      largest[lane] = largest[lane] < a ? a : largest[lane];
    }
  return *std::max_element(largest, largest + kLanes);
}

double sumOfSquares(const float *values, int64_t count) {
  double sums[kLanes] = {}, sum = 0;
  for (int64_t i = 0; i < count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane)
      sums[lane] += double(values[i + lane]) * double(values[i + lane]);
  for (double part : sums)
    sum += part;
  return sum;
}

/// Chooses the scale of a block; returns its code.
template <NarrowFormat format>
uint8_t quantizeBlock(const float *values, int64_t count, uint8_t *codes, RoundingError &error) {
  int fitting = exponentFor<format>(largestOf(values, count));
  Trial best = roundBlock<format>(values, count, fitting, codes);
  if (best.squares != 0) {
    int last = fitting;
    for (int exponent : {fitting - 1, fitting + 1}) {
      if (std::abs(exponent) > kScaleBias)
        continue;
      Trial trial = roundBlock<format>(values, count, exponent, codes);
      last = exponent;
      if (trial.cost() < best.cost())
        best = trial;
    }
    if (last != best.exponent)
      roundBlock<format>(values, count, best.exponent, codes);
  }
  error.add({best.maxAbs * best.scale(), best.cost(), sumOfSquares(values, count)});
  return uint8_t(best.exponent + kScaleBias);
}

/// `count` bf16 values as f32; false when one is NaN or infinite.
bool widen(const uint8_t *source, int64_t count, float *values) {
  uint32_t notFinite = 0;
  for (int64_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, source + 2 * i, sizeof(half));
    notFinite |= (half & 0x7F80) == 0x7F80;
    uint32_t bits = uint32_t(half) << 16;
    std::memcpy(values + i, &bits, sizeof(bits));
  }
  return !notFinite;
}

bool quantizeE4M3(const NarrowMatrix &m, const uint8_t *source, int64_t stripe, uint8_t *codes, uint8_t *scales,
                  RoundingError &error) {
  constexpr int64_t width = 128;
  std::vector<float> values(size_t(NarrowMatrix::kStripeRows * width));
  std::vector<uint8_t> block(values.size());
  int64_t rows = m.rowsOf(stripe);
  for (int64_t column = 0; column < m.columns; column += width) {
    for (int64_t r = 0; r < rows; ++r)
      if (!widen(source + ((stripe * NarrowMatrix::kStripeRows + r) * m.columns + column) * 2, width,
                 values.data() + r * width))
        return false;
    scales[column / width] = quantizeBlock<NarrowFormat::E4M3>(values.data(), rows * width, block.data(), error);
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(codes + r * m.columns + column, block.data() + r * width, width);
  }
  return true;
}

bool quantizeE2M1(const NarrowMatrix &m, const uint8_t *source, int64_t stripe, uint8_t *codes, uint8_t *scales,
                  RoundingError &error) {
  constexpr int64_t width = 32;
  const uint8_t *in = source + stripe * NarrowMatrix::kStripeRows * m.columns * 2;
  for (int64_t i = 0, count = m.rowsOf(stripe) * m.columns; i < count; i += width) {
    float values[width];
    uint8_t block[width];
    if (!widen(in + 2 * i, width, values))
      return false;
    scales[i / width] = quantizeBlock<NarrowFormat::E2M1>(values, width, block, error);
    // The even column is in the low nibble.
    for (int64_t j = 0; j < width / 2; ++j)
      codes[i / 2 + j] = uint8_t(block[2 * j] | block[2 * j + 1] << 4);
  }
  return true;
}

} // namespace

//===----------------------------------------------------------------------===//
// Matrices and their parts
//===----------------------------------------------------------------------===//

int64_t NarrowMatrix::rowsOf(int64_t stripe) const { return std::min(kStripeRows, rows - stripe * kStripeRows); }

bool NarrowMatrix::quantize(const uint8_t *source, int64_t stripe, uint8_t *codes, uint8_t *scales,
                            RoundingError &error) const {
  return format == NarrowFormat::E4M3 ? quantizeE4M3(*this, source, stripe, codes, scales, error)
                                      : quantizeE2M1(*this, source, stripe, codes, scales, error);
}

static PanelMatrix panelsOf(const NarrowPart &part, int64_t rows) {
  PanelFormat format = part.isScales                                  ? PanelFormat::E2M1Scales
                       : part.matrix.format == NarrowFormat::E4M3 ? PanelFormat::E4M3
                                                                  : PanelFormat::E2M1;
  return {format, rows, part.matrix.columns};
}

uint64_t NarrowPart::stripeBytes(int64_t stripeRows) const {
  if (inPanels)
    return panelsOf(*this, stripeRows).bytes();
  return uint64_t(isScales ? matrix.scaleBytes(stripeRows) : matrix.codeBytes(stripeRows));
}

uint64_t NarrowPart::bytes() const {
  int64_t last = matrix.stripes() - 1;
  return uint64_t(last) * stripeBytes(NarrowMatrix::kStripeRows) + stripeBytes(matrix.rowsOf(last));
}

bool NarrowPart::assemble(const uint8_t *source, uint64_t begin, llvm::MutableArrayRef<uint8_t> out,
                          Learn learn) const {
  std::vector<uint8_t> codes(size_t(matrix.codeBytes(NarrowMatrix::kStripeRows)));
  std::vector<uint8_t> scales(size_t(matrix.scaleBytes(NarrowMatrix::kStripeRows)));
  const uint64_t whole = stripeBytes(NarrowMatrix::kStripeRows);
  for (uint64_t done = 0; done < out.size();) {
    int64_t stripe = int64_t((begin + done) / whole), rows = matrix.rowsOf(stripe);
    RoundingError error;
    if (!matrix.quantize(source, stripe, codes.data(), scales.data(), error))
      return false;
    llvm::ArrayRef<uint8_t> bytes(isScales ? scales : codes);
    bytes = bytes.take_front(size_t(isScales ? matrix.scaleBytes(rows) : matrix.codeBytes(rows)));
    uint64_t skip = (begin + done) % whole, count = std::min<uint64_t>(stripeBytes(rows) - skip, out.size() - done);
    llvm::MutableArrayRef<uint8_t> target = out.slice(done, count);
    if (inPanels)
      panelsOf(*this, rows).pack(bytes, skip, target);
    else
      std::memcpy(target.data(), bytes.data() + skip, count);
    if (skip == 0)
      learn(stripe, error, bytes);
    done += count;
  }
  return true;
}

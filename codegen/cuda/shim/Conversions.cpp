//===- Conversions.cpp - Formats and bytes of a word ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/shim/DeviceHost.h"

#include <array>

float v4::cuda::shim::e4m3Value(unsigned char code) {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> v;
    for (int c = 0; c < 256; ++c) {
      int exponent = c >> 3 & 15, mantissa = c & 7;
      float value = exponent ? std::ldexp(float(8 + mantissa), exponent - 10) : std::ldexp(float(mantissa), -9);
      v[c] = (c & 127) == 127 ? NAN : c & 128 ? -value : value;
    }
    return v;
  }();
  return values[code];
}

unsigned v4::cuda::e4m3Codes(float first, float second) {
  auto code = [](float value) -> unsigned {
    if (std::isnan(value))
      return 127;
    float size = std::fmin(std::fabs(value), 448.0f);
    int exponent = size < 0.015625f ? -6 : std::ilogb(size);
    // Whole steps of 2^(exponent - 3), to the nearest even; eight of them are the next exponent.
    int steps = int(std::nearbyint(std::ldexp(size, 3 - exponent)));
    return (std::signbit(value) ? 128 : 0) + (exponent + 6) * 8 + steps;
  };
  return code(first) | code(second) << 8;
}

unsigned v4::cuda::pickBytes(unsigned a, unsigned b, unsigned selectors) {
  uint64_t both = a | uint64_t(b) << 32, picked = 0;
  for (int i = 0; i < 4; ++i)
    picked |= (both >> (selectors >> 4 * i & 7) * 8 & 255) << 8 * i;
  return picked;
}

//===- Products.cpp - What instructions of bf16 and tiles compute ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/emulation/Products.h"

#include <cmath>
#include <cstring>

using namespace v4::emulation;

float v4::emulation::widen(uint16_t bf16) {
  uint32_t bits = uint32_t(bf16) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

uint16_t v4::emulation::narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  uint32_t exponent = bits & 0x7f800000, fraction = bits & 0x7fffff;
  if (exponent == 0x7f800000 && fraction)
    return static_cast<uint16_t>(bits >> 16 | 0x40); // a quiet NaN
  if (!exponent)
    return static_cast<uint16_t>(bits >> 16 & 0x8000);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void v4::emulation::addDots(Vector &sums, const Vector &left, const Vector &right) {
  for (unsigned i = 0; i < 16; ++i) {
    float sum = std::fmaf(widen(left.w[2 * i + 1]), widen(right.w[2 * i + 1]), sums.f[i]);
    sums.f[i] = std::fmaf(widen(left.w[2 * i]), widen(right.w[2 * i]), sum);
  }
}

unsigned Tiles::columns(unsigned tile) const {
  return configuration[16 + 2 * tile] | unsigned(configuration[17 + 2 * tile]) << 8;
}

void Tiles::configure(const uint8_t *from) {
  std::memcpy(configuration, from, sizeof(configuration));
  std::memset(data, 0, sizeof(data));
}

void Tiles::release() { std::memset(this, 0, sizeof(*this)); }

void Tiles::load(unsigned tile, uint64_t address, uint64_t stride) {
  std::memset(data[tile], 0, sizeof(data[tile]));
  for (unsigned row = 0; row < rows(tile); ++row)
    std::memcpy(data[tile][row], reinterpret_cast<const void *>(address + row * stride), columns(tile));
}

void Tiles::store(unsigned tile, uint64_t address, uint64_t stride) const {
  for (unsigned row = 0; row < rows(tile); ++row)
    std::memcpy(reinterpret_cast<void *>(address + row * stride), data[tile][row], columns(tile));
}

void Tiles::addDots(unsigned sums, unsigned left, unsigned right) {
  Vector x, y, total;
  for (unsigned row = 0; row < rows(sums); ++row) {
    float even[16] = {}, odd[16] = {};
    std::memcpy(x.bytes, data[left][row], 64);
    for (unsigned pair = 0; pair < columns(left) / 4; ++pair) {
      std::memcpy(y.bytes, data[right][pair], 64);
      for (unsigned i = 0; i < columns(sums) / 4; ++i) {
        even[i] = std::fmaf(widen(x.w[2 * pair]), widen(y.w[2 * i]), even[i]);
        odd[i] = std::fmaf(widen(x.w[2 * pair + 1]), widen(y.w[2 * i + 1]), odd[i]);
      }
    }
    std::memcpy(total.bytes, data[sums][row], 64);
    for (unsigned i = 0; i < columns(sums) / 4; ++i)
      total.f[i] += even[i] + odd[i];
    std::memcpy(data[sums][row], total.bytes, 64);
  }
}

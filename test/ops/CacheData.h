//===- CacheData.h - Rows that a cache stores without loss ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values as `v4.quantize` leaves them: every run is codes times a power of two.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_OPS_CACHEDATA_H
#define V4_TEST_OPS_CACHEDATA_H

#include "test/ops/OpHarness.h"

namespace v4::test {

/// One kv_compact row: dim - rope values in runs of 64, then rotary values as they are. `a` and `b` name the row.
inline std::vector<Bf16> kvRow(uint64_t stream, uint64_t a, uint64_t b, int64_t dim, int64_t rope) {
  std::vector<Bf16> row;
  for (int64_t i = 0; i < dim; ++i) {
    if (i >= dim - rope) {
      row.push_back(toBf16(randomReal(stream, a, b, uint64_t(i))));
      continue;
    }
    auto code = uint8_t(randomBits(stream, a, b, uint64_t(i)) % 256);
    if ((code & 127) == 127)
      code = 0x80; // NaN is not a value of a run; minus zero is.
    auto exponent = int(randomBits(stream + 1, a, b, uint64_t(i / 64)) % 4) - 11;
    row.push_back(toBf16(std::ldexp(fromE4m3(code), exponent)));
  }
  return row;
}

/// One index_fp4 row of `dim` values in runs of 32.
inline std::vector<Bf16> fp4Row(uint64_t stream, uint64_t a, uint64_t b, int64_t dim) {
  std::vector<Bf16> row;
  for (int64_t i = 0; i < dim; ++i) {
    float value = fromE2m1(uint8_t(randomBits(stream, a, b, uint64_t(i)) % 16));
    row.push_back(toBf16(std::ldexp(value, int(randomBits(stream + 1, a, b, uint64_t(i / 32)) % 5) - 4)));
  }
  return row;
}

inline std::vector<Bf16> bf16Row(uint64_t stream, uint64_t a, uint64_t b, int64_t dim) {
  std::vector<Bf16> row;
  for (int64_t i = 0; i < dim; ++i)
    row.push_back(toBf16(randomReal(stream, a, b, uint64_t(i))));
  return row;
}

template <typename T> void append(std::vector<T> &to, const std::vector<T> &from) {
  to.insert(to.end(), from.begin(), from.end());
}

} // namespace v4::test

#endif // V4_TEST_OPS_CACHEDATA_H

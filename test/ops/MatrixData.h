//===- MatrixData.h - Weights of every format -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights in checkpoint layout, rows to multiply them with, and the double dot product.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_OPS_MATRIXDATA_H
#define V4_TEST_OPS_MATRIXDATA_H

#include "test/ops/OpHarness.h"

#include <gtest/gtest.h>

namespace v4::test {

enum class Format { Bf16, F32, Fp8, Fp4 };

/// A random matrix [stack, rows, columns] in checkpoint layout, with its values in double.
struct Matrix {
  Matrix(Format format, int64_t stack, int64_t rows, int64_t columns, uint64_t seed);
  std::string weightType(bool stacked) const;
  std::string scaleType(bool stacked) const;

  Kernels kernels = Kernels::Decomposed; ///< Tuned: types are those of panels.
  Format format;
  int64_t stack, rows, columns;
  std::vector<uint8_t> weight, scales;
  std::vector<double> values;
};

inline Matrix::Matrix(Format format, int64_t stack, int64_t rows, int64_t columns, uint64_t seed)
    : format(format), stack(stack), rows(rows), columns(columns), values(stack * rows * columns) {
  int64_t n = values.size(), down = (rows + 127) / 128, across = (columns + 127) / 128;
  weight.resize(format == Format::F32 ? 4 * n : format == Format::Bf16 ? 2 * n : format == Format::Fp8 ? n : n / 2);
  scales.resize(format == Format::Fp8 ? stack * down * across : format == Format::Fp4 ? n / 32 : 0);
  for (size_t i = 0; i < scales.size(); ++i)
    scales[i] = uint8_t(117 + randomBits(seed + 1, i) % 5);
  for (int64_t i = 0; i < n; ++i) {
    int64_t matrix = i / (rows * columns), row = i / columns % rows, column = i % columns;
    if (format == Format::F32 || format == Format::Bf16) {
      float value = roundBf16(randomReal(seed, i));
      values[i] = value;
      uint32_t bits = toBits(value);
      if (format == Format::F32)
        std::memcpy(&weight[4 * i], &bits, 4);
      else
        std::memcpy(&weight[2 * i], reinterpret_cast<char *>(&bits) + 2, 2);
    } else if (format == Format::Fp8) {
      uint8_t code = uint8_t(randomBits(seed, i));
      code = (code & 0x7F) == 0x7F ? 0x3C : code;
      weight[i] = code;
      values[i] = std::ldexp(double(fromE4m3(code)), scales[(matrix * down + row / 128) * across + column / 128] - 127);
    } else {
      uint8_t code = randomBits(seed, i) & 15;
      weight[i / 2] |= uint8_t(code << (i % 2 * 4));
      values[i] = std::ldexp(double(fromE2m1(code)), scales[i / 32] - 127);
    }
  }
}

inline std::string Matrix::weightType(bool stacked) const {
  std::string dims = (stacked ? std::to_string(stack) + "x" : "") + std::to_string(rows) + "x";
  bool panels = kernels == Kernels::Tuned;
  auto type = [&](int64_t width, const char *element, const char *value, const char *plain) {
    return "tensor<" + dims + std::to_string(width) + element +
           (panels ? std::string(", #v4.panels<") + value + ">>" : plain);
  };
  switch (format) {
  case Format::Bf16:
    return type(columns, "xbf16", "bf16", ">");
  case Format::F32:
    return type(columns, "xf32", "f32", ">");
  case Format::Fp8:
    return type(columns, "xf8E4M3FN", "f8E4M3FN", ">");
  case Format::Fp4:
    return type(columns / 2, "xi8", "f4E2M1FN", ", #v4.packed<f4E2M1FN>>");
  }
  return "";
}

inline std::string Matrix::scaleType(bool stacked) const {
  std::string dims = stacked ? std::to_string(stack) + "x" : "";
  if (format == Format::Fp8)
    return "tensor<" + dims + std::to_string((rows + 127) / 128) + "x" + std::to_string((columns + 127) / 128) +
           "xf8E8M0FNU>";
  return "tensor<" + dims + std::to_string(rows) + "x" + std::to_string(columns / 32) +
         (kernels == Kernels::Tuned ? "xf8E8M0FNU, #v4.panels<f8E8M0FNU>>" : "xf8E8M0FNU>");
}

inline std::vector<Bf16> randomRows(int64_t n, uint64_t seed) {
  std::vector<Bf16> x(n);
  for (int64_t i = 0; i < n; ++i)
    x[i] = toBf16(randomReal(seed, i));
  return x;
}

/// The double dot product and what an f32 result may miss it by.
inline void expectDot(float got, const Bf16 *x, const double *w, int64_t n, bool bf16, const std::string &where) {
  double dot = 0, magnitude = 0;
  for (int64_t k = 0; k < n; ++k) {
    dot += double(fromBf16(x[k])) * w[k];
    magnitude += std::fabs(double(fromBf16(x[k])) * w[k]);
  }
  double allowed = n * std::ldexp(magnitude, -24) + (bf16 ? std::ldexp(std::fabs(dot), -8) : 0);
  ASSERT_NEAR(got, dot, allowed) << where;
}

} // namespace v4::test

#endif // V4_TEST_OPS_MATRIXDATA_H

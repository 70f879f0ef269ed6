//===- NarrowMatrix.h - bf16 matrices to FP8 and FP4 ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works stripe by stripe: 128 rows hold whole blocks of both formats and whole panels,
// so any range of the plan's bytes needs only the stripes that it touches, and nothing
// is kept between ranges.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_NARROWMATRIX_H
#define V4_CODEGEN_PLAN_NARROWMATRIX_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <vector>

namespace v4::codegen {

/// e4m3 codes share an e8m0 scale per 128 x 128 block, e2m1 codes per row and 32 columns.
enum class NarrowFormat { E4M3, E2M1 };

/// What rounding changed, over any set of values.
struct RoundingError {
  double maxAbs = 0;
  double squares = 0;   ///< Of the differences.
  double reference = 0; ///< Squares of the values.

  void add(const RoundingError &other);
  /// Root of the differences' share of the values, 0 for values that are all zero.
  double relativeRms() const;
};

/// The scales of a block are those of the activation quantizers, 2^ceil(log2(amax / largest code)), or a neighbour of
/// that where it leaves a smaller sum of squared differences. A matrix that was widened from this format comes back
/// with its very values: codes that shrink by a power of two never lose a bit while they stay below the largest.
struct NarrowMatrix {
  NarrowFormat format;
  int64_t rows;
  int64_t columns; ///< A multiple of 128.

  static constexpr int64_t kStripeRows = 128;
  int64_t stripes() const { return (rows + kStripeRows - 1) / kStripeRows; }
  int64_t rowsOf(int64_t stripe) const;
  /// Bytes of a stripe of that many rows, row by row.
  int64_t codeBytes(int64_t stripeRows) const { return stripeRows * columns / (format == NarrowFormat::E4M3 ? 1 : 2); }
  int64_t scaleBytes(int64_t stripeRows) const {
    return format == NarrowFormat::E4M3 ? columns / 128 : stripeRows * columns / 32;
  }
  /// `source` is the whole matrix. False when a value is not finite; then the outputs hold nothing of use.
  bool quantize(const uint8_t *source, int64_t stripe, uint8_t *codes, uint8_t *scales, RoundingError &error) const;
};

/// What a plan holds of a quantized matrix: codes or scales, in rows or in panels.
struct NarrowPart {
  NarrowMatrix matrix;
  bool isScales;
  bool inPanels;

  uint64_t bytes() const;
  /// Called for each stripe whose first byte is in the range, with its bytes row by row.
  using Learn = llvm::function_ref<void(int64_t stripe, const RoundingError &, llvm::ArrayRef<uint8_t> rows)>;
  /// Bytes [begin, begin + out.size()); false when a value is not finite.
  bool assemble(const uint8_t *source, uint64_t begin, llvm::MutableArrayRef<uint8_t> out, Learn learn) const;

private:
  uint64_t stripeBytes(int64_t stripeRows) const;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_NARROWMATRIX_H

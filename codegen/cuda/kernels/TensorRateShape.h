//===- TensorRateShape.h - Sizes of the measured products -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_TENSORRATESHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_TENSORRATESHAPE_H

namespace v4::cuda {

inline constexpr int kRateRows = 64, kRateColumns = 256; ///< Of a product.
inline constexpr int kRateProducts = 16;                 ///< That a group of 128 threads issues before it waits.
inline constexpr int kRateRowBytes = 128;                ///< Of K, in both operands: four products.

constexpr int tensorRateThreads(int groups) { return 128 * groups; }
/// A left operand of each group, the right one of all.
constexpr long long tensorRateSharedBytes(int groups) { return (1ll * groups * kRateRows + kRateColumns) * kRateRowBytes; }
/// For code of the GPU.
template <int GROUPS>
struct TensorRateShape {
  static constexpr int kThreads = tensorRateThreads(GROUPS);
  static constexpr int kSharedBytes = tensorRateSharedBytes(GROUPS);
};

/// Operations of a block in one round: products of 32 bytes of K.
constexpr long long tensorRateFlops(int bf16, int groups) {
  return 2ll * groups * kRateProducts * kRateRows * kRateColumns * (bf16 ? 16 : 32);
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_TENSORRATESHAPE_H

//===- SplitLinearShape.h - Sizes of a product in parts ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_SPLITLINEARSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_SPLITLINEARSHAPE_H

#include "codegen/cuda/kernels/Fp8LinearShape.h"

namespace v4::cuda {

/// Between the sums of a token and those of the next: no two lanes that store together meet in a bank.
constexpr long long splitStride(long long groups) { return groups * kTileRows + 4; }
constexpr long long splitSumsBytes(long long tokens, long long groups) { return tokens * splitStride(groups) * 4; }
constexpr long long splitLinearSharedBytes(long long tokens, long long groups, long long stages) {
  return fp8LinearSharedBytes(tokens, groups, stages) + splitSumsBytes(tokens, groups);
}

/// As Fp8LinearShape, with a block's sums behind the ring.
template <int TOKENS, int GROUPS, int STAGES>
struct SplitLinearShape : Fp8LinearShape<TOKENS, GROUPS, STAGES> {
  static constexpr int kRingBytes = fp8LinearSharedBytes(TOKENS, GROUPS, STAGES);
  static constexpr int kSharedBytes = splitLinearSharedBytes(TOKENS, GROUPS, STAGES);
};

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_SPLITLINEARSHAPE_H

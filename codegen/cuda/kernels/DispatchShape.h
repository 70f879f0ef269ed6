//===- DispatchShape.h - Shared memory of the dispatch ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assignments of each warp by expert, the sums of each thread twice, a round of each warp.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_DISPATCHSHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_DISPATCHSHAPE_H

namespace v4::cuda {

inline constexpr int kDispatchThreads = 256;
inline constexpr int kDispatchWarps = kDispatchThreads / 32;

constexpr long long dispatchSumsPlace(long long most) { return kDispatchWarps * most * 4; }
constexpr long long dispatchRoundsPlace(long long most) { return dispatchSumsPlace(most) + 2 * kDispatchThreads * 8; }
/// For at most `most` experts, a multiple of kDispatchThreads.
constexpr long long dispatchSharedBytes(long long most) { return dispatchRoundsPlace(most) + kDispatchThreads * 4; }

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_DISPATCHSHAPE_H

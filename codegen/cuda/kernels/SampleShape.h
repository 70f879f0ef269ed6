//===- SampleShape.h - Sizes of sampling ------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared memory of a block: low and high words of sums by bin and lane, the sums of bins and
// of groups of bins, what a search found.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_SAMPLESHAPE_H
#define V4_CODEGEN_CUDA_KERNELS_SAMPLESHAPE_H

namespace v4::cuda {

inline constexpr int kSampleBins = 256;
inline constexpr int kSampleGroup = 16; ///< Bins of a group; as many groups.

inline constexpr int kSampleHigh = kSampleBins * 32 * 4; ///< Place in shared memory, low words are first.
inline constexpr int kSampleSums = 2 * kSampleHigh;
inline constexpr int kSampleGroups = kSampleSums + kSampleBins * 8;
inline constexpr int kSampleFound = kSampleGroups + kSampleBins / kSampleGroup * 8;

constexpr int sampleSharedBytes() { return kSampleFound + 32; }

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_SAMPLESHAPE_H

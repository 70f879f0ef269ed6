//===- Device.h - Device primitives of the kernels --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels use nothing of the machine but these functions: inline PTX for nvcc, host code
// elsewhere. Addresses of shared memory are 32-bit numbers on both sides.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_DEVICE_H
#define V4_CODEGEN_CUDA_KERNELS_DEVICE_H

#ifdef __CUDACC__
#include "codegen/cuda/kernels/DevicePtx.h"
#else
#include "codegen/cuda/shim/DeviceHost.h"
#endif

namespace v4::cuda {

/// kCountTokens of the step's counts: rows of the batch.
inline constexpr int kStepTokens = 1;
/// kCountPages of the step's counts: entries of the page table for each sequence.
inline constexpr int kStepPages = 6;

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_DEVICE_H

//===- CudaTarget.h - GPU architectures -------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_CUDATARGET_H
#define V4_CODEGEN_CUDA_CUDATARGET_H

#include "dialects/kernel/KernelDialect.h"
#include "llvm/ADT/ArrayRef.h"

#include <string>

namespace v4 {

/// One GPU architecture. The suffix `a` allows what only this one has: code for it runs on no other.
struct CudaArch {
  llvm::StringRef name;       ///< On the command line: "cuda:sm_90a".
  llvm::StringRef sm;         ///< For LLVM and ptxas: "sm_90a".
  llvm::StringRef ptxFeature; ///< LLVM's name of the PTX version that knows it.
  llvm::StringRef devices;    ///< For people.
  int64_t sharedBytes;        ///< That one thread block may have.
  int64_t processors;         ///< Of the largest device.
};

/// Threads and 32-bit registers of one block, the same for all.
inline constexpr int64_t kCudaBlockThreads = 1024;
inline constexpr int64_t kCudaClusterBlocks = 8; ///< What is portable; small partitions of a GPU take less.
inline constexpr int64_t kCudaBlockRegisters = 65536;

llvm::ArrayRef<CudaArch> cudaArchs();

/// The architecture called `name`, or null.
const CudaArch *findCudaArch(llvm::StringRef name);

kernel::TargetAttr describeCudaArch(const CudaArch &arch, mlir::MLIRContext *context);

/// Two lines per architecture.
std::string listCudaArchs();

} // namespace v4

#endif // V4_CODEGEN_CUDA_CUDATARGET_H

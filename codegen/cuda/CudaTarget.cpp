//===- CudaTarget.cpp - GPU architectures and their attribute -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/CudaTarget.h"

#include "llvm/ADT/Twine.h"

namespace v4 {

static constexpr CudaArch kArchs[] = {
    {"cuda:sm_90a", "sm_90a", "+ptx80", "Hopper: H100, H200", 227 << 10, 132},
    {"cuda:sm_100a", "sm_100a", "+ptx86", "Blackwell: B200", 227 << 10, 148},
    {"cuda:sm_120a", "sm_120a", "+ptx87", "Blackwell: RTX 50, RTX PRO 6000", 99 << 10, 188},
};

/// Widest access of a thread.
static constexpr int64_t kVectorBits = 128;

llvm::ArrayRef<CudaArch> cudaArchs() { return kArchs; }

const CudaArch *findCudaArch(llvm::StringRef name) {
  for (const CudaArch &arch : kArchs)
    if (arch.name == name)
      return &arch;
  return nullptr;
}

kernel::TargetAttr describeCudaArch(const CudaArch &arch, mlir::MLIRContext *context) {
  auto limits =
      kernel::LimitsAttr::get(context, kCudaBlockThreads, arch.sharedBytes, kCudaBlockRegisters, arch.processors);
  return kernel::TargetAttr::get(context, arch.name, arch.sm, {}, kVectorBits, limits);
}

std::string listCudaArchs() {
  std::string text;
  for (const CudaArch &arch : kArchs)
    text += (arch.name + "  (needs ptxas of a CUDA toolkit, with templates nvcc too)\n    " + arch.devices + "; " +
             llvm::Twine(arch.sharedBytes >> 10) + " KiB of shared memory a block\n")
                .str();
  return text;
}

} // namespace v4

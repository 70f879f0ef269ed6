//===- EmitPtx.h - LLVM dialect to PTX --------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_EMITPTX_H
#define V4_CODEGEN_CUDA_EMITPTX_H

#include "codegen/cuda/CudaTarget.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace v4 {

/// One kernel as PTX.
struct PtxKernel {
  std::string ptx;
  std::string llvmIr;      ///< After optimisation, headed by how many threads it is for and why; only if asked for.
  int64_t threads = 1;     ///< Of a block.
  int64_t sharedBytes = 0; ///< Dynamic shared memory of a block.
};

/// Optimises and compiles `module`, the result of lowerToNvvm, for lanes of a warp where they can run it (LaneForm.h),
/// else for one thread. Scratch lies in dynamic shared memory, that of one thread as far as the architecture has it,
/// the rest in local memory. Uses an LLVMContext of its own: calls for different modules may run in parallel.
mlir::FailureOr<PtxKernel> emitPtx(mlir::ModuleOp module, const CudaArch &arch, bool withText);

} // namespace v4

#endif // V4_CODEGEN_CUDA_EMITPTX_H

//===- CudaToolkit.h - nvcc and ptxas of a CUDA toolkit ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Needed to compile plans for GPUs and for nothing else. Looked for in $CUDA_HOME/bin,
// in $PATH, and where CMake found it when this program was built. nvcc, which kernels made
// of a template need and no others, lies beside ptxas.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_CUDATOOLKIT_H
#define V4_CODEGEN_CUDA_CUDATOOLKIT_H

#include "codegen/cuda/CudaTarget.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace v4 {

/// What ptxas says of one kernel.
struct CubinReport {
  uint64_t registers = 0;   ///< Of a thread.
  uint64_t stackBytes = 0;  ///< Of a thread, in local memory.
  uint64_t spillBytes = 0;  ///< Stored and loaded.
  uint64_t sharedBytes = 0; ///< Static, of a block.
};

struct Cubin {
  std::vector<char> bytes;
  CubinReport report;
  std::string reportText; ///< As ptxas printed it.
};

/// May be used by several threads at once.
class CudaToolkit {
public:
  /// That of $CUDA_HOME or $CUDA_PATH where one is set, else in $PATH or where this compiler was built; none when
  /// there is no ptxas.
  static std::optional<CudaToolkit> find();

  bool hasNvcc() const { return !nvcc.empty(); }
  /// The folder of both.
  llvm::StringRef folder() const;

  /// PTX of CUDA C++. REQUIRES: hasNvcc().
  llvm::Expected<std::string> translate(llvm::StringRef source, const CudaArch &arch) const;

  /// Assembles `ptx`, which has one kernel.
  llvm::Expected<Cubin> assemble(llvm::StringRef ptx, const CudaArch &arch) const;

  /// What the programs say of themselves: part of the key of code that it made. Empty when one says nothing.
  std::string version() const;

private:
  /// None without ptxas.
  static std::optional<CudaToolkit> in(llvm::StringRef folder);

  std::string ptxas;
  std::string nvcc; ///< Or empty.
};

/// Reads the output of `ptxas -v` for one kernel.
CubinReport parseCubinReport(llvm::StringRef text);

} // namespace v4

#endif // V4_CODEGEN_CUDA_CUDATOOLKIT_H

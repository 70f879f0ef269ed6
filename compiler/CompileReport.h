//===- CompileReport.h - What a compilation did -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_COMPILEREPORT_H
#define V4_COMPILER_COMPILEREPORT_H

#include <cstdint>
#include <string>
#include <vector>

namespace v4 {

/// Filled by compile() when CompileOptions names one.
struct CompileReport {
  struct Pass {
    std::string phase, flag; ///< "quant", "v4-pack-weights"
    double seconds = 0;
  };
  struct Phase {
    std::string name;
    double seconds = 0;
  };
  /// A remark of the form "v4-pass: what" (made) or "v4-pass: what: reason" (declined).
  struct Remark {
    std::string pass, where, what, reason;
  };
  /// A kernel function behind the lower phase.
  struct Kernel {
    std::string symbol, op;
    std::string contract; ///< Of its tuned form; "" when it is a decomposition.
    int64_t launches = 0;
  };
  /// A weight in another layout than the checkpoint's.
  struct Weight {
    std::string name, element, layout;
    int64_t bytes = 0;
  };
  struct Quantized {
    std::string name, format;
    int64_t tensors = 0;
    std::string worstTensor; ///< The one with the largest relative error.
    double maxAbsError = 0, relativeRmsError = 0;
  };

  std::string target;
  unsigned optimization = 0;
  std::vector<std::string> disabledPasses;
  std::string quantize;
  std::vector<Phase> phases;
  std::vector<Pass> passes;
  std::vector<Remark> remarks;
  std::vector<Kernel> kernels;
  std::vector<Weight> packedWeights;
  std::vector<Quantized> quantized;
};

} // namespace v4

#endif // V4_COMPILER_COMPILEREPORT_H

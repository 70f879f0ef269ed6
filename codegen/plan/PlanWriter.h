//===- PlanWriter.h - From a plan.program to a file -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The last phase: metadata as a FlatBuffer (one function per table of the
// schema), code from plan.code, weights streamed from the checkpoint behind them.
// The bytes depend on the module and the checkpoint alone: not on the number of
// threads, the time, the host or any path.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_PLANWRITER_H
#define V4_CODEGEN_PLAN_PLANWRITER_H

#include "codegen/plan/PlanFile.h"

namespace mlir {
class ModuleOp;
}

namespace v4::codegen {

/// What quantization changed in one weight.
struct QuantizedWeight {
  std::string name;
  std::string format; ///< "e4m3" or "e2m1".
  std::vector<std::pair<std::string, RoundingError>> tensors; ///< Its checkpoint tensors.

  RoundingError error() const {
    RoundingError sum;
    for (const auto &tensor : tensors)
      sum.add(tensor.second);
    return sum;
  }
};

struct PlanWriterOptions : PlanFileOptions {
  /// Set: gets every weight that was quantized. A remark says the same.
  std::vector<QuantizedWeight> *quantized = nullptr;
};

/// Writes the one plan.program of `module` to `path`, as writePlanFile() does. `source` may be null when the weights
/// are left out.
///
/// REQUIRES: slots, lifetimes and pool offsets are set and plan.code is present,
/// else the error names the attribute and the pass that sets it.
llvm::Error writePlan(mlir::ModuleOp module, WeightSource *source, llvm::StringRef path,
                      const PlanWriterOptions &options = {});

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_PLANWRITER_H

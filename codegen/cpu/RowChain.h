//===- RowChain.h - Norm, rope, Hadamard, quantization of a row -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A run of values is read once for the sum of squares of its norm and once more for
// everything behind, which stays in registers for a block of the quantization. Only a
// Hadamard transform, which needs all values at once, goes through a scratch buffer.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_ROWCHAIN_H
#define V4_CODEGEN_CPU_ROWCHAIN_H

#include "codegen/cpu/CpuBody.h"

#include <optional>

namespace v4 {

/// Operands and attributes of kernel.row_chain.
struct RowChainSteps {
  mlir::Value x, weight, table, out, keep; ///< Flat memrefs; all but x and out may be null.
  int64_t width, rotary, block, prefix;
  std::optional<llvm::APFloat> eps;
  bool inverse, hadamard, fp8;
};

class RowChain {
public:
  using Value = mlir::Value;

  /// REQUIRES: at the kernel's start.
  RowChain(CpuBody &k, const RowChainSteps &steps);

  /// The run of values from element `at` of x, out and keep, with the angles of `row`.
  void emit(Value row, Value at);

private:
  Value input(Value i);
  Value inverseRms();
  Value inverseHead();
  Value normed(Value i);
  Value twice(Value from);
  Value rotated(Value x, Value i);
  Value refined(Value i, bool rotates);
  void transform();
  Value withinLanes(Value x);
  void region(int64_t begin, int64_t end);
  void finish(int64_t begin, int64_t end, int64_t block, llvm::function_ref<Value(Value)> values);

  CpuBody &k;
  RowChainSteps c;
  Value transformed; ///< f32 row behind the Hadamard transform.
  Value row, at;     ///< Row of the step; first element of the run.
  Value inverse;     ///< Factor of the norm in all lanes, or null.
};

} // namespace v4

#endif // V4_CODEGEN_CPU_ROWCHAIN_H

//===- LaunchCost.h - What a launch of an op spends -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Known from the v4 op alone, so it is the same for a tuned kernel and for a
// decomposition: a floor says what the mathematics needs, not what some code does.
//
// Every op gets by default: its weights once, and its activations, in and out,
// once per row. An op that does arithmetic worth counting, reads a part of a
// weight, or reads a cache adds or replaces terms in LaunchCost.cpp: a function
// of a few lines and a line in the switch.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_LAUNCHCOST_H
#define V4_PASSES_LOWER_LAUNCHCOST_H

#include "dialects/plan/PlanDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace v4 {

/// Attributes of a kernel function, which all of its launches share.
inline constexpr llvm::StringLiteral kCostsName = "kernel.costs"; ///< Array of #plan.cost.
inline constexpr llvm::StringLiteral kHitsName = "kernel.hits";   ///< Binding with the number of experts hit.

/// Puts the costs of `op` on the kernel that computes it; `inputs` are the kernel's first bindings.
void setLaunchCost(mlir::Operation *op, mlir::func::FuncOp kernel, mlir::ValueRange inputs);

} // namespace v4

#endif // V4_PASSES_LOWER_LAUNCHCOST_H

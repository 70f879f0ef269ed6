//===- ContractChecks.h - What verifiers of contracts share  -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_CONTRACTCHECKS_H
#define V4_DIALECTS_KERNEL_CONTRACTCHECKS_H

#include "dialects/kernel/KernelDialect.h"

namespace v4::kernel {

/// grid.tile is 1.
mlir::LogicalResult checkOneRow(mlir::Operation *op, GridAttr grid);
/// grid.tile and grid.tiles are 1.
mlir::LogicalResult checkSingle(mlir::Operation *op, GridAttr grid);
mlir::LogicalResult checkMultiple(mlir::Operation *op, llvm::StringRef name, int64_t value, int64_t unit);
mlir::LogicalResult checkPositive(mlir::Operation *op, llvm::StringRef name, int64_t value);
/// `width` values can be cut into `parts` equal parts.
mlir::LogicalResult checkParts(mlir::Operation *op, int64_t width, int64_t parts);

} // namespace v4::kernel

#endif // V4_DIALECTS_KERNEL_CONTRACTCHECKS_H

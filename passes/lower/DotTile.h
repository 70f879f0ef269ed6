//===- DotTile.h - Sixteen dot products at a time ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention and indexer scores are many dot products of the same few rows. A
// tile keeps sixteen of them in registers: each loaded vector serves several
// sums, and the sixteen closing trees of horizontalSum run side by side, which
// takes a third of the shuffles and gives the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_DOTTILE_H
#define V4_PASSES_LOWER_DOTTILE_H

#include "passes/lower/KernelEmitter.h"

namespace v4 {

/// Lane i of the result is k.horizontalSum(vectors[i]), bit for bit.
/// REQUIRES: 16 vectors of 16 lanes.
mlir::Value horizontalSums(KernelEmitter &k, llvm::ArrayRef<mlir::Value> vectors);

/// Largest lane of a vector of reals.
mlir::Value horizontalMaximum(KernelEmitter &k, mlir::Value vector);

/// Lane i * rights.size() + j of the result is the dot product of the f32 rows
/// of `width` values that start at lefts[i] of `left` and rights[j] of `right`.
/// REQUIRES: lefts.size() * rights.size() == 16 and width is a multiple of 16.
mlir::Value dotTile(KernelEmitter &k, mlir::Value left, llvm::ArrayRef<mlir::Value> lefts, mlir::Value right,
                    llvm::ArrayRef<mlir::Value> rights, int64_t width);

/// Lanes [first, first + count) of a vector.
mlir::Value lanesFrom(KernelEmitter &k, mlir::Value vector, int64_t first, int64_t count);

/// n rounded up to whole vectors.
inline int64_t wholeLanes(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

} // namespace v4

#endif // V4_PASSES_LOWER_DOTTILE_H

//===- V4Shapes.h - Comparisons of shapes, rows and pools -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the verifiers of v4 have in common: each function compares one property
// of an operand or result with what a constraint wants and reports both, with
// the reason for the expectation. Private to dialects/v4.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_V4_V4SHAPES_H
#define V4_DIALECTS_V4_V4SHAPES_H

#include "dialects/v4/V4Dialect.h"

namespace v4 {

/// Dimension 0 of a tensor with rows, for expected shapes.
inline constexpr int64_t kRows = mlir::ShapedType::kDynamic;

inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline int64_t rankOf(mlir::Value value) { return tensorOf(value).getRank(); }
/// REQUIRES: index < rank.
inline int64_t dimOf(mlir::Value value, unsigned index) { return tensorOf(value).getDimSize(index); }
/// The last dimension; REQUIRES rank > 0.
inline int64_t widthOf(mlir::Value value) { return tensorOf(value).getShape().back(); }
/// a * b, at most INT64_MAX: shapes come from text and may be absurd.
int64_t timesOf(int64_t a, int64_t b);

/// "weight has shape 3x4, expected 4x4, <reason>".
llvm::LogicalResult checkShape(mlir::Operation *op, llvm::StringRef name, mlir::Value value,
                               llvm::ArrayRef<int64_t> expected, const llvm::Twine &reason);
/// "x has rank 2, expected 3, <reason>".
llvm::LogicalResult checkRank(mlir::Operation *op, llvm::StringRef name, mlir::Value value, int64_t expected,
                              const llvm::Twine &reason);
/// "table has rows chunks4, expected tokens, <reason>".
llvm::LogicalResult checkRows(mlir::Operation *op, llvm::StringRef name, mlir::Value value, RowSpace expected,
                              const llvm::Twine &reason);
/// "ring has 128 values per row, expected 256, <reason>" for unit "values per row".
llvm::LogicalResult checkCount(mlir::Operation *op, llvm::StringRef name, llvm::StringRef unit, int64_t count,
                               int64_t expected, const llvm::Twine &reason);
/// "ring is a page pool of f32 rows, expected a state pool of kv_compact rows".
llvm::LogicalResult checkPool(mlir::Operation *op, llvm::StringRef name, CacheType pool, PoolKind kind,
                              RowEncoding encoding);

/// The ring of a compressor holds the tokens that a chunk of `ratio` reaches back.
llvm::LogicalResult checkPartialRows(mlir::Operation *op, CacheType state, int64_t ratio);

/// Logical input width of a weight [..., N, K]: two columns to an i8.
int64_t inputWidthOf(mlir::RankedTensorType weight);
/// A narrow weight has scales of its block grid (128 x 128 for f8E4M3FN, 1 x 32 for packed f4E2M1FN),
/// a wide one has none. REQUIRES: rank of weight >= 2.
llvm::LogicalResult checkScales(mlir::Operation *op, mlir::RankedTensorType weight, mlir::Value scales);

} // namespace v4

#endif // V4_DIALECTS_V4_V4SHAPES_H

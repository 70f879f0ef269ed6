//===- BodyBuilder.h - Vocabulary of kernel bodies --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The words that decompositions (passes/lower) and tuned kernels (codegen/<target>)
// share when they write loops over flat memrefs.
//
// Numerical rules that the vocabulary enforces:
//  * reals are f32; bf16 is widened on load and rounded to nearest on store;
//  * vectors have 16 lanes whatever the target, so that the tree of a sum is a
//    function of its length alone: lane i takes elements i, i + 16, ..., then lanes
//    are added pairwise at distance 8, 4, 2, 1; a tail shorter than 16 is added
//    in order behind that;
//  * multiply-add is one math.fma, never left to contraction.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_BODYBUILDER_H
#define V4_DIALECTS_KERNEL_BODYBUILDER_H

#include "dialects/kernel/KernelDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace v4 {

/// Lanes of every vector in a decomposition.
inline constexpr int64_t kLanes = 16;

class BodyBuilder {
public:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value, 16>;

  /// Emits at the insertion point of `b`.
  BodyBuilder(mlir::OpBuilder b, mlir::Location loc) : b(b), loc(loc) {}

  //===--------------------------------------------------------------------===//
  // Scalars and vectors. Index arithmetic is on index, real arithmetic on f32 or vectors of f32.
  //===--------------------------------------------------------------------===//

  Value index(int64_t value);
  Value integer(int64_t value); ///< i32
  Value real(float value, int64_t lanes = 1);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return b == 0 ? a : add(a, index(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, index(b)); }
  Value div(Value a, Value b);            ///< reals: exact division; index: unsigned
  Value div(Value a, int64_t b) { return b == 1 ? a : div(a, index(b)); }
  Value mod(Value a, int64_t b);          ///< unsigned
  Value minIndex(Value a, Value b);       ///< signed
  Value maxIndex(Value a, Value b);       ///< signed
  Value fma(Value a, Value b, Value c);   ///< a * b + c, one rounding
  Value maximum(Value a, Value b);        ///< larger of two reals; b when a is NaN
  Value minimum(Value a, Value b);
  Value exp(Value a);
  Value sqrt(Value a);
  Value sigmoid(Value a);                 ///< 1 / (1 + e^-a)
  Value less(Value a, Value b);           ///< signed index or i32 comparison; ordered for reals
  Value select(Value condition, Value a, Value b);
  Value toIndex(Value integer);           ///< sign-extends
  Value toInteger(Value index);           ///< i32
  Value roundBf16(Value real);            ///< nearest bf16 as f32
  Value splat(Value scalar, int64_t lanes);
  Value horizontalSum(Value vector);      ///< the fixed tree of the file comment
  int64_t lanesOf(Value value);

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  /// `lanes` elements from `at`; bf16 is widened to f32, other types come as they are.
  Value load(Value memory, Value at, int64_t lanes = 1);
  /// Element `at` of an integer memref as an index.
  Value loadIndex(Value memory, Value at);
  /// Stores a scalar or vector; f32 is rounded when the memory holds bf16.
  void store(Value value, Value memory, Value at);
  /// Scratch of this kernel's stack frame. REQUIRES: outside of loops.
  Value scratch(int64_t elements, mlir::Type element);
  Value cacheLoad(Value pool, Value byteOffset, mlir::Type type);
  void cacheStore(Value value, Value pool, Value byteOffset);
  /// Exact f32 of narrow codes (i8 or vector of i8), see kernel.decode.
  Value decode(Value codes, mlir::Type format);
  Value encode(Value reals, mlir::Type format);

  //===--------------------------------------------------------------------===//
  // Control flow
  //===--------------------------------------------------------------------===//

  /// for (i = lo; i < hi; i += step) with carried values; returns their final ones.
  Values loop(Value lo, Value hi, int64_t step, mlir::ValueRange init,
              llvm::function_ref<Values(Value i, mlir::ValueRange carried)> body);
  void loop(Value lo, Value hi, int64_t step, llvm::function_ref<void(Value i)> body);
  void ifThen(Value condition, llvm::function_ref<void()> body);
  Values ifElse(Value condition, llvm::function_ref<Values()> then, llvm::function_ref<Values()> otherwise);
  /// Body over [0, n) in steps of 16 lanes, then one by one for the tail.
  void lanes(int64_t n, llvm::function_ref<void(Value i, int64_t width)> body);
  /// Sum over [0, n) of the reals that `term` gives for (i, width), accumulated by
  /// `accumulate(term, total)`: see the file comment for the order.
  Value sum(int64_t n, llvm::function_ref<Value(Value i, int64_t width, Value total)> accumulate);
  /// Largest absolute value of bf16 elements [at, at + n), as a non-negative f32. Exact.
  Value absMax(Value memory, Value at, int64_t n);

  //===--------------------------------------------------------------------===//
  // Types
  //===--------------------------------------------------------------------===//

  mlir::Type f32() { return b.getF32Type(); }
  mlir::Type i8() { return b.getI8Type(); }
  mlir::Type e4m3() { return mlir::Float8E4M3FNType::get(b.getContext()); }
  mlir::Type e8m0() { return mlir::Float8E8M0FNUType::get(b.getContext()); }
  mlir::Type e2m1() { return mlir::Float4E2M1FNType::get(b.getContext()); }
  mlir::Type vec(mlir::Type element, int64_t lanes) {
    return lanes == 1 ? element : mlir::Type(mlir::VectorType::get({lanes}, element));
  }

  mlir::OpBuilder b;
  mlir::Location loc;
};

} // namespace v4

#endif // V4_DIALECTS_KERNEL_BODYBUILDER_H

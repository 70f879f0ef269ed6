//===- AttentionSums.h - Scores, softmax and sums of 8 heads ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arithmetic of one workgroup of attention: up to kAttentionTokens tokens, each
// with 8 heads, against a block of decoded rows.
//
// A "word" is what 32 bits of a vector hold: two bf16 with avx512bf16 (`dot` is then
// vdpbf16ps), one f32 otherwise (`dot` is an fma). A vector has 16.
//
//   queries   [token][word pair][8 heads][2 words]   a row's pair of words, broadcast as 64 bits, meets all 8 heads
//   keys      [row][stride]                          as they come from the cache
//   values    [64 columns][row pair][64][2 rows]     bf16 only: words of two rows; in f32 the keys serve
//   scores    [row pair][2 rows][8 heads]            f32, softmax along the vectors, no sums across lanes
//   weights   [row pair][8 heads][2 rows]            what the scores become, as words
//   sums      [token][head][width]                   f32, columns in the order of `values`
//
// Sums over columns and over rows are chains whose order depends on the row's place in
// its block alone.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_ATTENTIONSUMS_H
#define V4_CODEGEN_CPU_ATTENTIONSUMS_H

#include "codegen/cpu/CpuBody.h"
#include "dialects/kernel/AttentionTile.h"

namespace v4 {

class AttentionSums {
public:
  using Value = mlir::Value;

  /// Allocates the scratch. REQUIRES: at the kernel's start.
  AttentionSums(CpuBody &k, kernel::AttendOp op);

  int64_t blockRows() const { return k.hasBf16() ? 64 : 32; }
  /// Elements from a row of `keys` to the next.
  int64_t getStride() const { return stride; }
  Value getKeys() const { return keys; }

  /// Reads the queries of `count` heads from `firstHead` of a token of the step.
  void begin(Value token, Value row, Value firstHead, Value count);
  /// Opens rows [lo, hi) of `keys` for writing; rows beside them that share a pair become zero.
  void open(Value lo, Value hi);
  /// Row `row` of the opened [lo, hi) has been written. Takes its pair while it is in the first cache.
  void close(Value row, Value hi);
  /// Takes rows [lo, hi) of the block. REQUIRES: lo < hi, all closed.
  void attend(Value token, Value lo, Value hi);
  void finish(Value token, Value row, Value firstHead, Value count);

private:
  using Values = BodyBuilder::Values;

  int64_t perWord() const { return k.hasBf16() ? 2 : 1; }
  Value zeroWords();
  Value loadWords(Value memory, Value at);
  Value broadcastPair(Value memory, Value at);
  Value broadcastWord(Value memory, Value at);
  Value dot(Value a, Value b, Value total);
  Value foldRows(Value vector, llvm::function_ref<Value(Value, Value)> combine);

  void layQueries(Value token);
  Value scoreRows(Value token, Value lo, Value hi);
  Values scoreTile(Value token, Value row);
  Value weigh(Value most, Value lo, Value hi);
  void addValues(Value token, Value lo, Value hi);
  Value valuesAt(Value row, Value column);
  void addColumns(Value token, Value head, Value column, Value first, Value last);
  void gatherHead(Value token, Value head, Value inverse);
  void turnBack(Value head, Value row, Value to);

  CpuBody &k;
  kernel::AttendOp op;
  int64_t heads, dim, rope, width, stride, rowTile, chains, vectors;
  Value staging, queries, keys, values, scores, weights, sums, fades, maxima, totals, sinks;
};

} // namespace v4

#endif // V4_CODEGEN_CPU_ATTENTIONSUMS_H

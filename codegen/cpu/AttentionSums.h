//===- AttentionSums.h - Scores, softmax and sums of 8 heads ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arithmetic of one workgroup of attention: up to kAttentionTokens tokens with
// kAttentionGroups groups of 8 heads each, against a block of decoded rows. A "part"
// is one group of one token. A token that is alone may have the groups of as many
// workgroups as there is room for tokens: they share what is decoded.
//
// A "word" is what 32 bits of a vector hold: two bf16 with avx512bf16 (`dot` is then
// vdpbf16ps), one f32 otherwise (`dot` is an fma). A vector has 16.
//
//   queries   [part][word pair][8 heads][2 words]   a row's pair of words, broadcast as 64 bits, meets all 8 heads
//   keys      [row][stride]                          as they come from the cache; bf16: of one tile of rows at a time
//   values    [64 columns][row pair][64][2 rows]     bf16 only: words of two rows; in f32 the keys serve
//   scores    [part][row pair][2 rows][8 heads]      f32, softmax along the vectors, no sums across lanes
//   weights   [group][row pair][8 heads][2 rows]     what the scores of a token become, as words
//   sums      [part][head][width]                   f32, columns in the order of `values`
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
  /// What else to do with every 64 columns from `column`.
  using Beside = llvm::function_ref<void(Value column)>;

  /// Groups [0, groups) of tokens [firstToken, endToken) of the workgroup.
  struct Parts {
    Value firstToken, endToken, groups;
  };

  /// Allocates the scratch. REQUIRES: at the kernel's start.
  AttentionSums(CpuBody &k, kernel::AttendOp op);

  int64_t blockRows() const { return k.hasBf16() ? 64 : 32; }
  Value getKeys() const { return keys; }
  /// Where `keys` takes a row of the block.
  Value keysAt(Value row) { return k.mul(k.hasBf16() ? k.mod(row, rowTile) : row, stride); }
  static Value partOf(CpuBody &k, Value token, Value group) { return k.add(k.mul(token, kAttentionGroups), group); }

  /// Reads the queries of `count` heads from `firstHead` of row `row` of the step.
  void begin(Value part, Value row, Value firstHead, Value count);
  /// Opens a block for its rows from `lo`, to be written in order.
  void open(Value lo);
  /// Row `row` of the rows up to `hi` has been written. Takes its pair and its tile while they are in the first cache:
  /// the tile's scores are those of `parts`.
  void close(Value row, Value hi, const Parts &parts);
  /// Takes rows [lo, hi) of the block for one token. REQUIRES: lo < hi, all closed with its parts.
  void attend(Value token, Value groups, Value lo, Value hi, Beside beside);
  void finish(Value part, Value row, Value firstHead, Value count);

private:
  using Values = BodyBuilder::Values;

  static constexpr int64_t kHeads = kAttentionHeads;
  /// Columns that one step over the values covers, and a multiple of every row's width.
  static constexpr int64_t kColumns = 64;
  /// Below every score that a model can have, but finite: differences stay numbers.
  static constexpr float kLowest = -3.0e38f;

  int64_t perWord() const { return k.hasBf16() ? 2 : 1; }
  Value zeroWords();
  Value loadWords(Value memory, Value at);
  Value broadcastPair(Value memory, Value at);
  Value broadcastWord(Value memory, Value at);
  Value dot(Value a, Value b, Value total);
  Value foldRows(Value vector, llvm::function_ref<Value(Value, Value)> combine);

  void layQueries(Value part);
  // AttentionScores.cpp
  void clearRow(Value row);
  void joinRows(Value row);
  void scoreRows(const Parts &parts, Value row);
  Values scoreDots(Value part, int64_t groups, Value row, int64_t rows);
  void scoreTile(Value part, int64_t groups, Value row, int64_t rows);
  void weighGroup(Value part, Value group, Value lo, Value hi);
  Value maskRows(Value part, Value lo, Value hi);
  Value weigh(Value most, Value part, Value group, Value lo, Value hi);
  // AttentionSums.cpp
  void addValues(Value token, Value groups, Value lo, Value hi, Beside beside);
  Value valuesAt(Value row, Value column);
  void addColumns(Value part, Value group, Value head, Value column, Value first, Value last);
  void gatherHead(Value part, Value head, Value inverse);
  void turnBack(Value head, Value row, Value to);

  CpuBody &k;
  kernel::AttendOp op;
  int64_t heads, dim, rope, width, stride, rowTile, chains, vectors;
  Value staging, queries, keys, values, scores, weights, sums, fades, maxima, totals, sinks;
};

} // namespace v4

#endif // V4_CODEGEN_CPU_ATTENTIONSUMS_H

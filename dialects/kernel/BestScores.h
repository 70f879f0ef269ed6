//===- BestScores.h - The best of a stream of scores ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes code that takes scores in ascending order of their rows and keeps the `wanted`
// best, ties to the lower row. Memory is bounded: a score that is not above the
// threshold is passed over, and when the buffer is full all but the best leave it and
// the worst of them is the new threshold. What remains depends on the scores alone.
//
// Scores are kept as integers of the same order, so that a threshold is found bit by bit.
//
//===----------------------------------------------------------------------===//

#ifndef V4_DIALECTS_KERNEL_BESTSCORES_H
#define V4_DIALECTS_KERNEL_BESTSCORES_H

#include "dialects/kernel/BodyBuilder.h"

namespace v4 {

class BestScores {
public:
  using Value = mlir::Value;

  /// Streams for `streams` tokens that are filled side by side with up to `batch` scores at a time; a whole stream never
  /// holds more than `capacity` of them. REQUIRES: at the kernel's start, capacity >= wanted + batch.
  BestScores(BodyBuilder &k, int64_t wanted, int64_t streams, int64_t batch, int64_t capacity);

  void begin(Value stream);
  /// Takes `count` scores from `at`; their rows are firstRow, firstRow + 1, ...
  void add(Value stream, Value scores, Value at, Value count, Value firstRow);
  /// Takes `count` scores from `at` with their rows.
  void addRows(Value stream, Value scores, Value rows, Value at, Value count);
  /// Lets all but the best leave.
  void reduce(Value stream);
  /// The i-th row that is kept, ascending. REQUIRES: reduced.
  Value row(Value stream, Value i);
  /// Reduces and writes `wanted` scores and rows to `at`; behind the last one the row is -1, the score any.
  void write(Value stream, Value scores, Value rowNumbers, Value at);

private:
  using Values = BodyBuilder::Values;

  void addEach(Value stream, Value scores, Value at, Value count, llvm::function_ref<Value(Value i)> rowOf);
  Value slot(Value stream, Value i) { return k.add(k.mul(stream, capacity + kLanes), i); }
  Value orderOf(Value score);
  Value countFrom(Value first, Value n, Value threshold);
  Value findThreshold(Value first, Value n);
  void compact(Value stream);

  BodyBuilder &k;
  int64_t wanted, batch, capacity;
  Value orders, rows;         ///< [stream][capacity + kLanes]
  Value counts, thresholds;   ///< [stream]
};

/// Writes the code that selects a token's rows among the candidates of its strips: the body of v4.select_candidates.
class CandidateSelection {
public:
  using Value = mlir::Value;

  /// `scores` and `rows` are [token][strips][wanted], `result` [token][wanted]. REQUIRES: at the kernel's start.
  CandidateSelection(BodyBuilder &k, int64_t strips, int64_t wanted, Value scores, Value rows, Value result);
  /// For the token of a step row, at a position.
  void emit(Value row, Value position);

private:
  Value countOf(Value at);

  BodyBuilder &k;
  int64_t strips, wanted;
  Value scores, rows, result;
  BestScores best;
};

} // namespace v4

#endif // V4_DIALECTS_KERNEL_BESTSCORES_H

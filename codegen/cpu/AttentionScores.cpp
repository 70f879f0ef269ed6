//===- AttentionScores.cpp - A block of rows: scores, softmax ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/AttentionSums.h"

#include <cmath>

using namespace mlir;
using namespace v4;

//===----------------------------------------------------------------------===//
// A block of rows
//===----------------------------------------------------------------------===//

/// A row beside those of the block that shares a pair with one of them.
void AttentionSums::clearRow(Value row) {
  Value zero = zeroWords(), at = keysAt(row);
  k.loop(at, k.add(at, width), perWord() * kLanes, [&](Value i) { k.storeRaw(zero, keys, i); });
}

void AttentionSums::open(Value lo) {
  if (k.hasBf16())
    k.ifThen(k.less(k.index(0), k.mod(lo, 2)), [&] { clearRow(k.add(lo, -1)); });
}

void AttentionSums::close(Value row, Value hi, const Parts &parts) {
  Value last = k.less(k.add(hi, -2), row);
  auto endsOrLast = [&](int64_t count) -> Value {
    return arith::OrIOp::create(k.b, k.loc, last, k.less(k.index(count - 2), k.mod(row, count)));
  };
  if (k.hasBf16())
    k.ifThen(endsOrLast(2), [&] {
      k.ifThen(k.less(k.mod(row, 2), k.index(1)), [&] { clearRow(k.add(row, 1)); });
      joinRows(row);
    });
  k.ifThen(endsOrLast(rowTile), [&] { scoreRows(parts, k.sub(row, k.mod(row, rowTile))); });
}

/// Makes values of the pair of rows that `row` belongs to.
void AttentionSums::joinRows(Value row) {
  // Joins the low halves of the 128-bit lanes of two rows, then the high ones: gatherHead() undoes that order.
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < 32; lane += 8)
    for (int64_t i = 0; i < 4; ++i) {
      low.append({lane + i, 32 + lane + i});
      high.append({lane + 4 + i, 36 + lane + i});
    }
  Value pair = k.div(row, 2), at = keysAt(k.mul(pair, 2)), to = valuesAt(pair, k.index(0));
  k.loop(k.index(0), k.index(width / kColumns), 1, [&](Value chunk) {
    Value from = k.add(at, k.mul(chunk, kColumns)), into = k.add(to, k.mul(chunk, blockRows() * kColumns));
    for (int64_t half = 0; half < kColumns; half += 32) {
      Value a = k.loadRaw(keys, k.add(from, half), 32), v = k.loadRaw(keys, k.add(from, stride + half), 32);
      k.storeRaw(k.shuffle(a, v, low), values, k.add(into, 2 * half));
      k.storeRaw(k.shuffle(a, v, high), values, k.add(into, 2 * half + 32));
    }
  });
}

/// Raw scores of the tile of rows from `row`, for all parts. A row's words, once broadcast, serve two groups where
/// every workgroup has two.
void AttentionSums::scoreRows(const Parts &parts, Value row) {
  int64_t together = heads % kAttentionTileHeads == 0 ? kAttentionGroups : 1;
  // 16 sums, half of the registers, hide the latency of vdpbf16ps, and twice that of an fma.
  int64_t rows = k.has512() ? std::min(rowTile, 16 / (together * chains)) : rowTile / together;
  k.loop(parts.firstToken, parts.endToken, 1, [&](Value token) {
    k.loop(k.index(0), parts.groups, together, [&](Value group) {
      k.loop(row, k.add(row, rowTile), rows,
             [&](Value first) { scoreTile(partOf(k, token, group), together, first, rows); });
    });
  });
}

void AttentionSums::attend(Value token, Value groups, Value lo, Value hi, Beside beside) {
  k.loop(k.index(0), groups, 1, [&](Value group) { weighGroup(partOf(k, token, group), group, lo, hi); });
  addValues(token, groups, lo, hi, beside);
}

/// Softmax so far: weights of the block's rows and how much the sums before them fade.
void AttentionSums::weighGroup(Value part, Value group, Value lo, Value hi) {
  Value state = k.mul(part, kLanes);
  Value most = foldRows(maskRows(part, lo, hi), [&](Value a, Value v) { return k.maximum(a, v); });
  Value before = k.load(maxima, state, kLanes);
  most = k.maximum(most, before);
  Value fade = k.exp(k.sub(before, most));
  Value added = foldRows(weigh(most, part, group, lo, hi), [&](Value a, Value v) { return k.add(a, v); });
  k.store(most, maxima, state);
  k.store(fade, fades, k.mul(group, kLanes));
  k.store(k.fma(k.load(totals, state, kLanes), fade, added), totals, state);
}

/// Products of `rows` rows with the heads of `groups` parts, one vector for a row and a part.
AttentionSums::Values AttentionSums::scoreDots(Value part, int64_t groups, Value row, int64_t rows) {
  Values zeros(groups * rows * chains, k.real(0, kLanes));
  Value query = k.mul(part, kHeads * width), key = keysAt(row);
  int64_t pair = 2 * perWord();
  Values dots = k.loop(k.index(0), k.index(width), chains * pair, zeros, [&](Value column, ValueRange carried) {
    Values next(carried.begin(), carried.end());
    for (int64_t chain = 0; chain < chains; ++chain) {
      Value at = k.add(column, chain * pair);
      Values words;
      for (int64_t group = 0; group < groups; ++group)
        words.push_back(loadWords(queries, k.add(k.add(query, group * kHeads * width), k.mul(at, kHeads))));
      for (int64_t i = 0; i < rows; ++i) {
        Value keyWords = broadcastPair(keys, k.add(k.add(key, at), i * stride));
        for (int64_t group = 0; group < groups; ++group) {
          Value &total = next[(group * rows + i) * chains + chain];
          total = dot(words[group], keyWords, total);
        }
      }
    }
    return next;
  });
  Values totals;
  for (int64_t i = 0; i < groups * rows; ++i)
    totals.push_back(chains == 1 ? dots[i] : k.add(dots[2 * i], dots[2 * i + 1]));
  return totals;
}

/// Joins the two words of every head, and two rows in a vector, and stores the scores.
void AttentionSums::scoreTile(Value part, int64_t groups, Value row, int64_t rows) {
  Values dots = scoreDots(part, groups, row, rows);
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < 2 * kLanes; lane += 2) {
    even.push_back(lane);
    odd.push_back(lane + 1);
  }
  for (int64_t group = 0; group < groups; ++group)
    for (int64_t i = 0; i < rows; i += 2) {
      Value a = dots[group * rows + i], v = dots[group * rows + i + 1];
      Value at = k.mul(k.add(k.add(k.mul(part, blockRows()), row), group * blockRows() + i), kHeads);
      k.store(k.add(k.shuffle(a, v, even), k.shuffle(a, v, odd)), scores, at);
    }
}

/// Scales the scores of rows [lo, hi), puts kLowest beside them where they share a pair, and gives the largest of every
/// lane.
Value AttentionSums::maskRows(Value part, Value lo, Value hi) {
  Value scale = k.real(float(1 / std::sqrt(double(dim))), kLanes), lowest = k.real(kLowest, kLanes);
  SmallVector<int64_t> rowOfLane;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    rowOfLane.push_back(lane / kHeads);
  Value lanes = k.constants(k.b.getI32Type(), rowOfLane);
  Value below = k.splat(k.toInteger(k.add(lo, -1)), kLanes), above = k.splat(k.toInteger(hi), kLanes);
  Value from = k.mul(part, blockRows() * kHeads);
  return k.loop(k.div(lo, 2), k.div(k.add(hi, 1), 2), 1, ValueRange{lowest}, [&](Value pair, ValueRange carried) {
    Value at = k.add(from, k.mul(pair, kLanes));
    Value numbers = k.add(lanes, k.splat(k.toInteger(k.mul(pair, 2)), kLanes));
    Value seen = arith::AndIOp::create(k.b, k.loc, k.less(below, numbers), k.less(numbers, above));
    Value score = k.select(seen, k.mul(k.load(scores, at, kLanes), scale), lowest);
    k.store(score, scores, at);
    return Values{k.maximum(carried[0], score)};
  })[0];
}

/// Turns scores into weights e^(score - most) and gives their sum, lane by lane.
Value AttentionSums::weigh(Value most, Value part, Value group, Value lo, Value hi) {
  SmallVector<int64_t> joined;
  for (int64_t head = 0; head < kHeads; ++head)
    joined.append({head, kHeads + head});
  Value first = k.div(lo, 2), last = k.div(k.add(hi, 1), 2);
  Value from = k.mul(part, blockRows() * kHeads), to = k.mul(group, blockRows() * kHeads);
  return k.loop(first, last, 1, ValueRange{k.real(0, kLanes)}, [&](Value pair, ValueRange carried) {
    Value at = k.add(to, k.mul(pair, kLanes));
    Value score = k.load(scores, k.add(from, k.mul(pair, kLanes)), kLanes);
    // A row that is not seen weighs nothing, even when nothing else was seen yet.
    Value seen = k.less(k.real(kLowest / 2, kLanes), score);
    Value weight = k.select(seen, k.exp(k.sub(score, most)), k.real(0, kLanes));
    if (k.hasBf16()) {
      Value narrow = arith::TruncFOp::create(k.b, k.loc, VectorType::get({kLanes}, k.b.getBF16Type()), weight);
      k.storeRaw(k.shuffle(narrow, narrow, joined), weights, at);
    } else {
      k.store(weight, weights, at);
    }
    return Values{k.add(carried[0], weight)};
  })[0];
}

//===- AttentionSums.cpp - Scores, softmax and sums of 8 heads --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/AttentionSums.h"

using namespace mlir;
using namespace v4;

// Rows are a cache line apart from a power of two, or all of a column would share a few sets of the first cache.
// Independent chains hide the latency of a dot product: 16 of vdpbf16ps (6 cycles, two at a time), 8 of an fma. With
// 16 registers of 256 bits, a vector takes two.
AttentionSums::AttentionSums(CpuBody &k, kernel::AttendOp op)
    : k(k), op(op), heads(op.getHeads()), dim(op.getDim()), rope(op.getRope()),
      width((dim + kColumns - 1) / kColumns * kColumns), stride(width + (k.hasBf16() ? 32 : 16)),
      rowTile(k.has512() ? 8 : 4), chains(k.hasBf16() ? 2 : 1), vectors(k.has512() ? 4 : 1) {
  int64_t rows = blockRows(), parts = op.getGrid().getTile() * kAttentionGroups;
  Type element = k.pairElement(), bf16 = k.b.getBF16Type();
  staging = k.scratch(kHeads * width, bf16);
  queries = k.scratch(parts * kHeads * width, element);
  int64_t keyRows = k.hasBf16() ? rowTile : rows;
  keys = k.scratch(keyRows * stride, element);
  values = k.hasBf16() ? k.scratch(rows * width, bf16) : keys;
  scores = k.scratch(parts * rows * kHeads, k.f32());
  weights = k.scratch(parts * rows * kHeads, element);
  sums = k.scratch(parts * kHeads * width, k.f32());
  fades = k.scratch(parts * kLanes, k.f32());
  sinks = k.scratch(kLanes, k.f32());
  maxima = k.scratch(parts * kLanes, k.f32());
  totals = k.scratch(parts * kLanes, k.f32());
  // Heads behind the last one and columns behind the last one only fill vectors; they are numbers, and zero.
  auto clear = [&](Value memory, int64_t count) {
    Value zero = k.splat(arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(element)), kLanes);
    if (memory == staging && !k.hasBf16())
      zero = arith::TruncFOp::create(k.b, k.loc, VectorType::get({kLanes}, bf16), zero);
    k.loop(k.index(0), k.index(count), kLanes, [&](Value i) { k.storeRaw(zero, memory, i); });
  };
  clear(staging, kHeads * width);
  if (dim != width)
    clear(keys, keyRows * stride);
  k.store(k.real(0, kLanes), sinks, k.index(0));
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

Value AttentionSums::zeroWords() {
  return arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(VectorType::get({perWord() * kLanes}, k.pairElement())));
}

Value AttentionSums::loadWords(Value memory, Value at) { return k.loadRaw(memory, at, perWord() * kLanes); }

/// Two words at `at` in all pairs of lanes.
Value AttentionSums::broadcastPair(Value memory, Value at) {
  Value two = k.bitcast(k.loadRaw(memory, at, 2 * perWord()), k.b.getI64Type(), 1);
  Value pair = vector::ExtractOp::create(k.b, k.loc, two, ArrayRef<int64_t>{0});
  return k.bitcast(k.splat(pair, kLanes / 2), k.pairElement(), perWord() * kLanes);
}

Value AttentionSums::broadcastWord(Value memory, Value at) {
  Value one = k.bitcast(k.loadRaw(memory, at, perWord()), k.b.getI32Type(), 1);
  Value word = vector::ExtractOp::create(k.b, k.loc, one, ArrayRef<int64_t>{0});
  return k.bitcast(k.splat(word, kLanes), k.pairElement(), perWord() * kLanes);
}

Value AttentionSums::dot(Value a, Value v, Value total) {
  if (k.hasBf16())
    return k.dot({a}, {v}, total);
  return k.fma(a, v, total);
}

/// Combines the halves of a vector, which belong to the two rows of a pair; both halves of the result are equal.
Value AttentionSums::foldRows(Value vector, function_ref<Value(Value, Value)> combine) {
  SmallVector<int64_t> swapped;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    swapped.push_back((lane + kHeads) % kLanes);
  return combine(vector, k.shuffle(vector, vector, swapped));
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

void AttentionSums::begin(Value part, Value row, Value firstHead, Value count) {
  Value from = k.mul(k.add(k.mul(row, heads), firstHead), dim);
  k.loop(k.index(0), count, 1, [&](Value head) {
    k.lanes(dim, [&](Value i, int64_t lanes) {
      Value at = k.add(k.add(from, k.mul(head, dim)), i), to = k.add(k.mul(head, width), i);
      if (lanes == 1)
        k.store(k.load(op.getQ(), at), staging, to);
      else
        k.storeRaw(k.loadRaw(op.getQ(), at, lanes), staging, to);
    });
    if (op.getSink()) {
      Value sink = k.load(op.getSink(), k.add(firstHead, head));
      k.store(sink, sinks, head);
      k.store(sink, sinks, k.add(head, kHeads));
    }
  });
  layQueries(part);
  // The sink is a first key of its score whose value is zero.
  Value state = k.mul(part, kLanes);
  bool hasSink = bool(op.getSink());
  k.store(hasSink ? k.load(sinks, k.index(0), kLanes) : k.real(kLowest, kLanes), maxima, state);
  k.store(k.real(hasSink ? 1 : 0, kLanes), totals, state);
  Value first = k.mul(part, kHeads * width);
  k.loop(k.index(0), k.index(kHeads * width), kLanes,
         [&](Value i) { k.store(k.real(0, kLanes), sums, k.add(first, i)); });
}

/// Transposes the staged heads, 8 pairs of words at a time.
void AttentionSums::layQueries(Value part) {
  int64_t columns = kLanes * perWord();
  Value to = k.mul(part, kHeads * width);
  k.loop(k.index(0), k.index(width), columns, [&](Value column) {
    SmallVector<Value> lines;
    for (int64_t head = 0; head < kHeads; ++head) {
      Value at = k.add(column, head * width);
      Value line = k.hasBf16() ? k.loadRaw(staging, at, columns) : k.load(staging, at, columns);
      lines.push_back(k.bitcast(line, k.b.getI64Type(), kHeads));
    }
    for (int64_t span = kHeads / 2; span >= 1; span /= 2)
      for (int64_t i = 0; i < kHeads; ++i) {
        if (i & span)
          continue;
        SmallVector<int64_t> low, high;
        for (int64_t lane = 0; lane < kHeads; ++lane) {
          low.push_back(lane & span ? kHeads + lane - span : lane);
          high.push_back(lane & span ? kHeads + lane : lane + span);
        }
        Value a = lines[i], v = lines[i + span];
        lines[i] = k.shuffle(a, v, low);
        lines[i + span] = k.shuffle(a, v, high);
      }
    Value at = k.add(to, k.mul(column, kHeads));
    for (auto [i, line] : llvm::enumerate(lines))
      k.storeRaw(k.bitcast(line, k.pairElement(), columns), queries, k.add(at, int64_t(i) * columns));
  });
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// All groups meet a stretch of columns while it is in the first cache.
void AttentionSums::addValues(Value token, Value groups, Value lo, Value hi, Beside beside) {
  Value first = k.div(lo, perWord()), last = k.div(k.add(hi, perWord() - 1), perWord());
  k.loop(k.index(0), k.index(width), vectors * kLanes, [&](Value column) {
    if (vectors * kLanes == kColumns)
      beside(column);
    else
      k.ifThen(k.less(k.mod(column, kColumns), k.index(1)), [&] { beside(column); });
    k.loop(k.index(0), groups, 1, [&](Value group) {
      k.loop(k.index(0), k.index(kHeads), 4,
             [&](Value head) { addColumns(partOf(k, token, group), group, head, column, first, last); });
    });
  });
}

/// Where the words of a row (f32) or a pair of rows hold a column.
Value AttentionSums::valuesAt(Value row, Value column) {
  if (!k.hasBf16())
    return k.add(k.mul(row, stride), column);
  Value chunk = k.mul(k.div(column, kColumns), blockRows() * kColumns);
  return k.add(k.add(chunk, k.mul(row, 2 * kColumns)), k.mul(k.mod(column, kColumns), 2));
}

/// Four heads and `vectors` vectors of columns, over the words of rows [first, last).
void AttentionSums::addColumns(Value part, Value group, Value head, Value column, Value first, Value last) {
  Value at = k.add(k.mul(k.add(k.mul(part, kHeads), head), width), column);
  Values faded;
  for (int64_t i = 0; i < 4; ++i) {
    Value fade = k.splat(k.load(fades, k.add(k.add(k.mul(group, kLanes), head), i)), kLanes);
    for (int64_t v = 0; v < vectors; ++v)
      faded.push_back(k.mul(k.load(sums, k.add(at, i * width + v * kLanes), kLanes), fade));
  }
  int64_t per = perWord();
  Value weight0 = k.add(k.mul(group, blockRows() * kHeads), k.mul(head, per));
  Values added = k.loop(first, last, 1, faded, [&](Value row, ValueRange carried) {
    Values next(carried.begin(), carried.end()), parts;
    Value from = valuesAt(row, column);
    for (int64_t v = 0; v < vectors; ++v)
      parts.push_back(loadWords(values, k.add(from, v * kLanes * per)));
    for (int64_t i = 0; i < 4; ++i) {
      Value weight = broadcastWord(weights, k.add(k.add(weight0, k.mul(row, kHeads * per)), i * per));
      for (int64_t v = 0; v < vectors; ++v)
        next[i * vectors + v] = dot(parts[v], weight, next[i * vectors + v]);
    }
    return next;
  });
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      k.store(added[i * vectors + v], sums, k.add(at, i * width + v * kLanes));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void AttentionSums::finish(Value part, Value row, Value firstHead, Value count) {
  Value state = k.mul(part, kLanes);
  k.loop(k.index(0), count, 1, [&](Value head) {
    // At least one once there is a key; the floor only serves tokens without any, whose sums are zero.
    Value total = k.maximum(k.load(totals, k.add(state, head)), k.real(1e-30f));
    gatherHead(part, head, k.splat(k.div(k.real(1), total), kLanes));
    Value from = k.mul(head, width);
    Value to = k.mul(k.add(k.add(k.mul(row, heads), firstHead), head), dim);
    int64_t plain = op.getTable() ? dim - rope : dim;
    k.lanes(plain, [&](Value i, int64_t lanes) {
      if (lanes == 1)
        k.store(k.load(staging, k.add(from, i)), op.getOut(), k.add(to, i));
      else
        k.storeRaw(k.loadRaw(staging, k.add(from, i), lanes), op.getOut(), k.add(to, i));
    });
    if (op.getTable())
      turnBack(head, row, to);
  });
}

/// One head's result in bf16, columns in order, on the staging row of the head.
void AttentionSums::gatherHead(Value part, Value head, Value inverse) {
  Value from = k.mul(k.add(k.mul(part, kHeads), head), width), to = k.mul(head, width);
  k.loop(k.index(0), k.index(width), 2 * kLanes, [&](Value column) {
    Value a = k.mul(k.load(sums, k.add(from, column), kLanes), inverse);
    Value v = k.mul(k.load(sums, k.add(k.add(from, column), kLanes), kLanes), inverse);
    if (k.hasBf16()) {
      Value low = k.shuffle(a, v, {0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23});
      v = k.shuffle(a, v, {8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31});
      a = low;
    }
    Value at = k.add(to, column);
    k.store(a, staging, at);
    k.store(v, staging, k.add(at, kLanes));
  });
}

/// Rotates the last values of a staged head by minus its angles, as v4.rope does, into the result at `to`.
void AttentionSums::turnBack(Value head, Value row, Value to) {
  int64_t plain = dim - rope, pairs = rope / 2;
  Value from = k.add(k.mul(head, width), plain), cosines = k.mul(row, rope);
  to = k.add(to, plain);
  auto rotate = [&](Value j, int64_t n) {
    Value at = k.mul(j, 2), even, odd;
    if (n == 1) {
      even = k.load(staging, k.add(from, at));
      odd = k.load(staging, k.add(k.add(from, at), 1));
    } else {
      Value both = k.load(staging, k.add(from, at), 2 * n);
      even = k.shuffle(both, both, {0, 2, 4, 6, 8, 10, 12, 14});
      odd = k.shuffle(both, both, {1, 3, 5, 7, 9, 11, 13, 15});
    }
    Value cosine = k.load(op.getTable(), k.add(cosines, j), n);
    Value sine = k.load(op.getTable(), k.add(k.add(cosines, pairs), j), n);
    Value minus = arith::NegFOp::create(k.b, k.loc, sine);
    Value a = k.fma(even, cosine, k.mul(odd, sine)), c = k.fma(even, minus, k.mul(odd, cosine));
    if (n == 1) {
      k.store(a, op.getOut(), k.add(to, at));
      k.store(c, op.getOut(), k.add(k.add(to, at), 1));
    } else {
      k.store(k.shuffle(a, c, {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15}), op.getOut(), k.add(to, at));
    }
  };
  int64_t whole = pairs / 8 * 8;
  k.loop(k.index(0), k.index(whole), 8, [&](Value j) { rotate(j, 8); });
  k.loop(k.index(whole), k.index(pairs), 1, [&](Value j) { rotate(j, 1); });
}

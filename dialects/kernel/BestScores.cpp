//===- BestScores.cpp - The best of a stream of scores ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/BestScores.h"

using namespace mlir;
using namespace v4;

static Value equal(BodyBuilder &k, Value a, Value v) {
  return arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, a, v);
}

BestScores::BestScores(BodyBuilder &k, int64_t wanted, int64_t streams, int64_t batch, int64_t capacity)
    : k(k), wanted(wanted), batch(batch), capacity((capacity + kLanes - 1) / kLanes * kLanes) {
  Type i32 = k.b.getI32Type();
  orders = k.scratch(streams * (this->capacity + kLanes), i32);
  rows = k.scratch(streams * (this->capacity + kLanes), i32);
  counts = k.scratch(streams, i32);
  thresholds = k.scratch(streams, i32);
}

void BestScores::begin(Value stream) {
  k.store(k.integer(0), counts, stream);
  k.store(k.integer(INT32_MIN), thresholds, stream);
}

/// An integer in the order of the scores; both zeros are one.
Value BestScores::orderOf(Value score) {
  Value bits = arith::BitcastOp::create(k.b, k.loc, k.b.getI32Type(), k.add(score, k.real(0)));
  Value sign = arith::ShRSIOp::create(k.b, k.loc, bits, k.integer(31));
  Value flip = arith::AndIOp::create(k.b, k.loc, sign, k.integer(INT32_MAX));
  return arith::XOrIOp::create(k.b, k.loc, bits, flip);
}

void BestScores::add(Value stream, Value scores, Value at, Value count, Value firstRow) {
  addEach(stream, scores, at, count, [&](Value i) { return k.toInteger(k.add(firstRow, i)); });
}

void BestScores::addRows(Value stream, Value scores, Value rowNumbers, Value at, Value count) {
  addEach(stream, scores, at, count, [&](Value i) { return k.load(rowNumbers, k.add(at, i)); });
}

/// Without branches: every score is written behind the last that stays, and some stay.
void BestScores::addEach(Value stream, Value scores, Value at, Value count, function_ref<Value(Value)> rowOf) {
  Value threshold = k.load(thresholds, stream);
  Value held = k.loop(k.index(0), count, 1, ValueRange{k.loadIndex(counts, stream)}, [&](Value i, ValueRange carried) {
    Value order = orderOf(k.load(scores, k.add(at, i)));
    Value to = slot(stream, carried[0]);
    k.store(order, orders, to);
    k.store(rowOf(i), rows, to);
    return Values{k.select(k.less(threshold, order), k.add(carried[0], 1), carried[0])};
  })[0];
  k.store(k.toInteger(held), counts, stream);
  // Room for the next batch.
  k.ifThen(k.less(k.index(capacity - batch), held), [&] { reduce(stream); });
}

/// Number of the n orders from `first` that reach the threshold.
Value BestScores::countFrom(Value first, Value n, Value threshold) {
  Type i32 = k.b.getI32Type();
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    numbers.push_back(int32_t(lane));
  auto type = VectorType::get({kLanes}, i32);
  Value lanes = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  Value one = k.splat(k.integer(1), kLanes), none = k.splat(k.integer(0), kLanes);
  Value wide = k.splat(threshold, kLanes), whole = k.mul(k.div(n, kLanes), kLanes);
  auto reached = [&](Value i) {
    return k.select(k.less(k.load(orders, k.add(first, i), kLanes), wide), none, one);
  };
  Value sum = k.loop(k.index(0), whole, kLanes, ValueRange{none}, [&](Value i, ValueRange carried) {
    return Values{k.add(carried[0], reached(i))};
  })[0];
  // The buffer is longer than what it holds; lanes behind the last score do not count.
  Value rest = k.select(k.less(lanes, k.splat(k.toInteger(k.sub(n, whole)), kLanes)), reached(whole), none);
  return vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, k.add(sum, rest));
}

/// The largest threshold that at least `wanted` reach, or one that exactly `wanted` reach.
Value BestScores::findThreshold(Value first, Value n) {
  return k.loop(k.index(0), k.index(32), 1, ValueRange{k.integer(INT32_MIN), n}, [&](Value step, ValueRange carried) {
    // In offset form the bits of an order grow with it, from the top.
    Value shift = k.sub(k.integer(31), k.toInteger(step));
    Value bit = arith::ShLIOp::create(k.b, k.loc, k.integer(1), shift);
    Value tried = arith::XOrIOp::create(k.b, k.loc, carried[0], bit);
    Value count = k.toIndex(countFrom(first, carried[1], tried));
    Value enough = k.less(k.index(wanted - 1), count);
    // An exact cut ends the search: later passes look at nothing, and a count of 0 changes nothing.
    return Values{k.select(enough, tried, carried[0]),
                  k.select(equal(k, count, k.index(wanted)), k.index(0), carried[1])};
  })[0];
}

/// Keeps what is above the threshold and, of what equals it, the first that still fit.
void BestScores::compact(Value stream) {
  Value first = slot(stream, k.index(0)), n = k.loadIndex(counts, stream);
  Value threshold = findThreshold(first, n);
  Value highest = equal(k, threshold, k.integer(INT32_MAX));
  Value above = k.toIndex(countFrom(first, n, k.add(threshold, k.integer(1))));
  Value ties = k.sub(k.index(wanted), k.select(highest, k.index(0), above));
  k.loop(k.index(0), n, 1, ValueRange{first, ties}, [&](Value i, ValueRange carried) {
    Value from = k.add(first, i), order = k.load(orders, from);
    k.store(order, orders, carried[0]);
    k.store(k.load(rows, from), rows, carried[0]);
    Value tied = arith::AndIOp::create(k.b, k.loc, equal(k, threshold, order), k.less(k.index(0), carried[1]));
    Value taken = arith::OrIOp::create(k.b, k.loc, k.less(threshold, order), tied);
    return Values{k.select(taken, k.add(carried[0], 1), carried[0]), k.select(tied, k.add(carried[1], -1), carried[1])};
  });
  k.store(k.integer(wanted), counts, stream);
  k.store(threshold, thresholds, stream);
}

void BestScores::reduce(Value stream) {
  k.ifThen(k.less(k.index(wanted), k.loadIndex(counts, stream)), [&] { compact(stream); });
}

Value BestScores::row(Value stream, Value i) { return k.load(rows, slot(stream, i)); }

void BestScores::write(Value stream, Value scores, Value rowNumbers, Value at) {
  reduce(stream);
  Value held = k.loadIndex(counts, stream);
  k.loop(k.index(0), held, 1, [&](Value i) {
    Value order = k.load(orders, slot(stream, i));
    Value sign = arith::ShRSIOp::create(k.b, k.loc, order, k.integer(31));
    Value flip = arith::AndIOp::create(k.b, k.loc, sign, k.integer(INT32_MAX));
    Value score = arith::BitcastOp::create(k.b, k.loc, k.f32(), arith::XOrIOp::create(k.b, k.loc, order, flip));
    k.store(score, scores, k.add(at, i));
    k.store(row(stream, i), rowNumbers, k.add(at, i));
  });
  k.ifThen(k.less(held, k.index(wanted)), [&] { k.store(k.integer(-1), rowNumbers, k.add(at, held)); });
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

// Room for all candidates, so that the best are looked for once.
CandidateSelection::CandidateSelection(BodyBuilder &k, int64_t strips, int64_t wanted, Value scores, Value rows,
                                       Value result)
    : k(k), strips(strips), wanted(wanted), scores(scores), rows(rows), result(result),
      best(k, wanted, 1, wanted, (strips + 1) * wanted) {}

/// Entries of a strip in front of the first -1; what is behind it was never written.
Value CandidateSelection::countOf(Value at) {
  return k.loop(k.index(0), k.index(wanted), 1, ValueRange{k.index(wanted)}, [&](Value i, ValueRange carried) {
    Value none = k.less(k.load(rows, k.add(at, i)), k.integer(0));
    return BodyBuilder::Values{k.select(none, k.minIndex(carried[0], i), carried[0])};
  })[0];
}

void CandidateSelection::emit(Value row, Value position) {
  Value visible = k.div(k.add(position, 1), 4), out = k.mul(row, wanted), stream = k.index(0);
  Value choose = k.less(k.index(wanted), visible);
  k.ifThen(choose, [&] {
    best.begin(stream);
    k.loop(k.index(0), k.index(strips), 1, [&](Value strip) {
      Value at = k.mul(k.add(k.mul(row, strips), strip), wanted);
      best.addRows(stream, scores, rows, at, countOf(at));
    });
    best.reduce(stream);
    k.loop(k.index(0), k.index(wanted), 1, [&](Value i) { k.store(best.row(stream, i), result, k.add(out, i)); });
  });
  Value all = k.select(choose, k.index(0), visible);
  k.loop(k.index(0), all, 1, [&](Value i) { k.store(k.toInteger(i), result, k.add(out, i)); });
  k.loop(k.select(choose, k.index(wanted), visible), k.index(wanted), 1,
         [&](Value i) { k.store(k.integer(-1), result, k.add(out, i)); });
}

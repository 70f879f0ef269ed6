//===- IndexKeys.cpp - A page of index keys and its scores ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/IndexKeys.h"

using namespace mlir;
using namespace v4;

/// Values that share a scale.
static constexpr int64_t kRun = 32;
/// Elements of a pair vector.
static constexpr int64_t kPair = 2 * kLanes;
/// What widened queries may take of the stack: those of 4 tokens with 64 heads of 128 values.
static constexpr int64_t kMaxQueries = 4 * 64 * 128;

IndexKeys::IndexKeys(CpuBody &k, kernel::IndexCandidatesOp op)
    : k(k), op(op), heads(op.getHeads()), dim(op.getDim()), rowBytes(op.getRowBytes()) {
  keys = k.scratch(dim / 2 * 2 * kPair, k.pairElement());
  scales = k.scratch(dim / kRun * kLanes, k.i8());
  scores = k.scratch(kRows, k.f32());
  // To widen a value at its use costs two of the slots that products take, for every page anew.
  if (int64_t count = op.getGrid().getTile() * heads * dim; !k.hasBf16() && count <= kMaxQueries)
    queries = k.scratch(count, k.f32());
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// 16 vectors of 16 dwords: rows become lanes.
void IndexKeys::transpose(SmallVectorImpl<Value> &lines) {
  for (int64_t span = kLanes / 2; span >= 1; span /= 2)
    for (int64_t i = 0; i < kLanes; ++i) {
      if (i & span)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        low.push_back(lane & span ? kLanes + lane - span : lane);
        high.push_back(lane & span ? kLanes + lane : lane + span);
      }
      Value a = lines[i], v = lines[i + span];
      lines[i] = k.shuffle(a, v, low);
      lines[i + span] = k.shuffle(a, v, high);
    }
}

/// Columns 2 * byte and 2 * byte + 1 of the 8 that each dword holds, times the keys' scales.
CpuBody::Pair IndexKeys::pairOf(Value dwords, int64_t byte, Value scale) {
  Type i16 = k.b.getI16Type();
  if (!k.hasBf16()) {
    auto real = [&](int64_t nibble) {
      Value codes = arith::TruncIOp::create(k.b, k.loc, k.vec(k.i8(), kLanes), k.shiftRight(dwords, 4 * nibble));
      return k.mul(k.decode(codes, k.e2m1()), scale);
    };
    return {real(2 * byte), real(2 * byte + 1)};
  }
  // The even nibble to the bottom of the low word, the odd one to that of the high word; the table reads 5 bits, of
  // which the top one is no part of the nibble.
  Value even = k.shiftRight(dwords, 8 * byte);
  int64_t left = 12 - 8 * byte;
  Value odd = left >= 0 ? k.shiftLeft(dwords, left) : k.shiftRight(dwords, -left);
  SmallVector<int64_t> mixed, table;
  static constexpr int64_t kMagnitudes[8] = {0, 0x3F00, 0x3F80, 0x3FC0, 0x4000, 0x4040, 0x4080, 0x40C0};
  for (int64_t i = 0; i < 32; ++i) {
    mixed.push_back(i % 2 ? 32 + i : i);
    table.push_back(kMagnitudes[i & 7] | (i & 8) << 12);
  }
  Value words = k.shuffle(k.bitcast(even, i16, 32), k.bitcast(odd, i16, 32), mixed);
  Value bits = k.intrinsic("llvm.x86.avx512.permvar.hi.512", words.getType(), {k.constants(i16, table), words});
  // A power of two is added to the exponent; zeros have none.
  Value isZero = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, k.bitAnd(bits, 0x7FFF),
                                       k.lanesOfInteger(i16, 0, 32));
  return {k.bitcast(k.select(isZero, bits, k.add(bits, scale)), k.b.getBF16Type(), 32)};
}

void IndexKeys::decodeHalf(Value offset, int64_t half) {
  int64_t dwords = dim / 8, runs = dim / kRun;
  SmallVector<Value> lines;
  SmallVector<int64_t> widened;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    widened.push_back(lane % dwords);
  for (int64_t key = 0; key < kLanes; ++key) {
    Value at = k.add(offset, (half * kLanes + key) * rowBytes);
    Value line = k.cacheLoad(op.getKeys(), at, k.vec(k.b.getI32Type(), dwords));
    lines.push_back(dwords == kLanes ? line : k.shuffle(line, line, widened));
    for (int64_t run = 0; run < runs; ++run)
      k.store(k.cacheLoad(op.getKeys(), k.add(at, dim / 2 + run), k.i8()), scales, k.index(run * kLanes + key));
  }
  transpose(lines);
  for (int64_t run = 0; run < runs; ++run) {
    Value codes = k.loadRaw(scales, k.index(run * kLanes), kLanes), scale;
    if (k.hasBf16()) {
      Value exponents = k.add(arith::ExtUIOp::create(k.b, k.loc, k.vec(k.b.getI32Type(), kLanes), codes),
                              k.lanesOfInteger(k.b.getI32Type(), -127, kLanes));
      // The same in both words of a key.
      Value low = k.bitAnd(k.shiftLeft(exponents, 7), 0xFFFF);
      scale = k.bitcast(k.bitOr(low, k.shiftLeft(low, 16)), k.b.getI16Type(), 32);
    } else {
      scale = k.decode(codes, k.e8m0());
    }
    for (int64_t line = run * 4; line < run * 4 + 4; ++line)
      for (int64_t byte = 0; byte < 4; ++byte)
        k.storePair(pairOf(lines[line], byte, scale), keys, k.index(((line * 4 + byte) * 2 + half) * kPair));
  }
}

void IndexKeys::decode(Value offset) {
  for (int64_t half = 0; half < 2; ++half)
    decodeHalf(offset, half);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

void IndexKeys::begin(Value row, Value place) {
  if (!queries)
    return;
  Value from = k.mul(row, heads * dim), to = k.mul(place, heads * dim);
  k.loop(k.index(0), k.index(heads * dim), kLanes,
         [&](Value i) { k.store(k.load(op.getQ(), k.add(from, i), kLanes), queries, k.add(to, i)); });
}

/// Products of the page with `count` heads whose queries begin at `query`: two vectors of keys a head.
IndexKeys::Values IndexKeys::headDots(Value query, int64_t count) {
  Values zeros(2 * count, k.real(0, kLanes));
  return k.loop(k.index(0), k.index(dim), 2, zeros, [&](Value column, ValueRange carried) {
    Values next(carried.begin(), carried.end());
    Value at = k.mul(column, kPair);
    CpuBody::Pair low = k.loadPair(keys, at), high = k.loadPair(keys, k.add(at, kPair));
    for (int64_t i = 0; i < count; ++i) {
      CpuBody::Pair words = k.broadcastPair(queries ? queries : op.getQ(), k.add(k.add(query, i * dim), column));
      next[2 * i] = k.dot(low, words, next[2 * i]);
      next[2 * i + 1] = k.dot(high, words, next[2 * i + 1]);
    }
    return next;
  });
}

/// Adds the terms of heads [head, head + count) to the sums of the two halves, with the roundings of the reference.
IndexKeys::Values IndexKeys::headTile(Value row, Value place, Value head, int64_t count, ValueRange sums) {
  Values dots = headDots(k.mul(k.add(k.mul(queries ? place : row, heads), head), dim), count);
  Values next(sums.begin(), sums.end());
  Value zero = k.real(0, kLanes);
  for (int64_t i = 0; i < count; ++i) {
    Value weight = k.splat(k.load(op.getWeights(), k.add(k.add(k.mul(row, heads), head), i)), kLanes);
    for (int64_t half = 0; half < 2; ++half) {
      Value dot = k.maximum(k.roundBf16(dots[2 * i + half]), zero);
      next[half] = k.add(next[half], k.roundBf16(k.mul(dot, weight)));
    }
  }
  return next;
}

void IndexKeys::score(Value row, Value place) {
  // Two vectors of sums a head: 16 chains hide the latency of vdpbf16ps, and twice that of an fma.
  int64_t tile = k.has512() ? 8 : 2;
  int64_t whole = heads / tile * tile;
  Values sums(2, k.real(0, kLanes));
  auto walk = [&](int64_t begin, int64_t end, int64_t count) {
    sums = k.loop(k.index(begin), k.index(end), count, sums,
                  [&](Value head, ValueRange carried) { return headTile(row, place, head, count, carried); });
  };
  if (whole != 0)
    walk(0, whole, tile);
  if (whole != heads)
    walk(whole, heads, 1);
  for (int64_t half = 0; half < 2; ++half)
    k.store(k.roundBf16(sums[half]), scores, k.index(half * kLanes));
}

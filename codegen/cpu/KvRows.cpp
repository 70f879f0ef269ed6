//===- KvRows.cpp - kv_compact rows as tuned kernels read them --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/KvRows.h"

using namespace mlir;
using namespace v4;

/// Values that share a scale.
static constexpr int64_t kRun = 64;

/// bf16 values times a power of two whose exponent, in place, is `bias`. Zeros have no exponent to add to; what the
/// cache holds never leaves the normal range, since it was bf16 before it was divided by the scale.
Value KvRows::scaled(Value bf16s, Value bias) {
  Value words = k.bitcast(bf16s, k.b.getI16Type(), 32);
  Value zero = k.lanesOfInteger(k.b.getI16Type(), 0, 32);
  Value isZero = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, k.bitAnd(words, 0x7FFF), zero);
  return k.bitcast(k.select(isZero, words, k.add(words, bias)), k.b.getBF16Type(), 32);
}

void KvRows::decodeRun(Value pool, Value offset, Value scalePlace, Value keys, Value at) {
  Value code = k.cacheLoad(pool, scalePlace, k.i8());
  if (!k.hasBf16()) {
    int64_t lanes = k.has512() ? 2 * kLanes : kLanes; // as many 16-bit numbers as fill a register
    Value scale = k.splat(k.decode(code, k.e8m0()), lanes);
    for (int64_t i = 0; i < kRun; i += lanes) {
      Value codes = k.cacheLoad(pool, k.add(offset, i), k.vec(k.i8(), lanes));
      k.store(k.mul(k.decode(codes, k.e4m3()), scale), keys, k.add(at, i));
    }
    return;
  }
  Value exponent = k.sub(arith::ExtUIOp::create(k.b, k.loc, k.b.getI16Type(), code),
                         arith::ConstantOp::create(k.b, k.loc, k.b.getI16IntegerAttr(127)));
  Value bias =
      arith::ShLIOp::create(k.b, k.loc, exponent, arith::ConstantOp::create(k.b, k.loc, k.b.getI16IntegerAttr(7)));
  bias = k.splat(bias, 32);
  // The table look-up joins the low halves of all 128-bit lanes, then the high ones; in this order of 8 codes each the
  // columns come out in place.
  Value codes = k.cacheLoad(pool, offset, k.vec(k.i8(), kRun));
  Value eights = k.bitcast(codes, k.b.getI64Type(), 8);
  codes = k.bitcast(k.shuffle(eights, eights, {0, 4, 1, 5, 2, 6, 3, 7}), k.i8(), kRun);
  auto [low, high] = k.pairsOfE4M3(codes);
  k.storeRaw(scaled(low[0], bias), keys, at);
  k.storeRaw(scaled(high[0], bias), keys, k.add(at, 32));
}

void KvRows::decodeRope(Value pool, Value offset, Value keys, Value at) {
  Type bf16 = k.b.getBF16Type();
  auto move = [&](Value i, int64_t lanes) {
    Value raw = k.cacheLoad(pool, k.add(offset, k.mul(i, 2)), k.vec(bf16, lanes));
    if (!k.hasBf16())
      raw = arith::ExtFOp::create(k.b, k.loc, k.vec(k.f32(), lanes), raw);
    if (lanes == 1)
      memref::StoreOp::create(k.b, k.loc, raw, keys, ValueRange{k.add(at, i)});
    else
      k.storeRaw(raw, keys, k.add(at, i));
  };
  k.lanes(rope, move);
}

void KvRows::fetch(Value pool, Value offset) {
  constexpr int64_t kLineBytes = 64;
  int64_t bytes = (dim - rope) + 2 * rope + (dim - rope) / kRun;
  for (int64_t at = 0; at < bytes; at += kLineBytes)
    memref::PrefetchOp::create(k.b, k.loc, pool, ValueRange{k.add(offset, at)}, /*isWrite=*/false,
                               /*localityHint=*/3, /*isDataCache=*/true);
}

void KvRows::decode(Value pool, Value offset, Value keys, Value at) {
  int64_t narrow = dim - rope;
  Value scales = k.add(offset, narrow + 2 * rope);
  k.loop(k.index(0), k.index(narrow / kRun), 1, [&](Value run) {
    Value first = k.mul(run, kRun);
    decodeRun(pool, k.add(offset, first), k.add(scales, run), keys, k.add(at, first));
  });
  decodeRope(pool, k.add(offset, narrow), keys, k.add(at, narrow));
}

void KvRows::copy(Value values, Value from, Value keys, Value at) {
  k.lanes(dim, [&](Value i, int64_t lanes) {
    if (k.hasBf16() && lanes != 1)
      return k.storeRaw(k.loadRaw(values, k.add(from, i), lanes), keys, k.add(at, i));
    k.store(k.load(values, k.add(from, i), lanes), keys, k.add(at, i));
  });
}

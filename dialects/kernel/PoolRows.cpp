//===- PoolRows.cpp - Codes of cache rows -----------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/PoolRows.h"

using namespace mlir;
using namespace v4;

// Values that share one scale.
static constexpr int64_t kKvBlock = 64;
static constexpr int64_t kFp4Block = 32;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Value PoolRows::pageRow(Value pages, Value firstPage, Value number, int64_t pageRows) {
  Value base = k.loadIndex(pages, k.add(firstPage, k.div(number, pageRows)));
  return k.add(base, k.mul(k.mod(number, pageRows), row.rowBytes));
}

Value PoolRows::ringRow(Value state, Value position, int64_t ringRows) {
  return k.add(state, k.mul(k.mod(position, ringRows), row.rowBytes));
}

StepRows::StepRows(BodyBuilder &k, Value slotRows, Value slotStarts, Value slot) : slot(slot) {
  firstRow = k.loadIndex(slotRows, slot);
  firstPosition = k.loadIndex(slotStarts, slot);
  Value count = k.sub(k.loadIndex(slotRows, k.add(slot, 1)), firstRow);
  lastPosition = k.add(firstPosition, k.add(count, -1));
}

Value StepRows::contains(BodyBuilder &k, Value position) const { return k.less(firstPosition, k.add(position, 1)); }

Value StepRows::rowOf(BodyBuilder &k, Value position) const { return k.add(firstRow, k.sub(position, firstPosition)); }

Value StepRows::isLastOfRing(BodyBuilder &k, Value position, int64_t offset, int64_t ringRows) const {
  Value kept = k.less(lastPosition, k.add(position, ringRows));
  return arith::AndIOp::create(k.b, k.loc, kept, k.less(k.index(-1), k.add(position, offset)));
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

void PoolRows::decode(Value offset, Value scratch, Value at) {
  if (row.isKv())
    decodeKv(offset, scratch, at);
  else
    decodeFp4(offset, scratch, at);
}

void PoolRows::decodeKv(Value offset, Value scratch, Value at) {
  int64_t narrow = row.values - row.rope;
  k.loop(k.index(0), k.index(narrow), kKvBlock, [&](Value i) {
    Value place = k.add(offset, k.add(k.div(i, kKvBlock), narrow + 2 * row.rope));
    Value scale = k.splat(k.decode(k.cacheLoad(pool, place, k.i8()), k.e8m0()), kLanes);
    for (int64_t j = 0; j < kKvBlock; j += kLanes) {
      Value column = k.add(i, j);
      Value codes = k.cacheLoad(pool, k.add(offset, column), k.vec(k.i8(), kLanes));
      k.store(k.mul(k.decode(codes, k.e4m3()), scale), scratch, k.add(at, column));
    }
  });
  Value wide = k.add(offset, narrow);
  Value wideAt = k.add(at, narrow);
  k.lanes(row.rope, [&](Value i, int64_t width) {
    Value raw = k.cacheLoad(pool, k.add(wide, k.mul(i, 2)), k.vec(k.b.getBF16Type(), width));
    k.store(arith::ExtFOp::create(k.b, k.loc, k.vec(k.f32(), width), raw), scratch, k.add(wideAt, i));
  });
}

void PoolRows::decodeFp4(Value offset, Value scratch, Value at) {
  int64_t values = row.values;
  k.loop(k.index(0), k.index(values), kFp4Block, [&](Value i) {
    Value place = k.add(offset, k.add(k.div(i, kFp4Block), values / 2));
    Value scale = k.splat(k.decode(k.cacheLoad(pool, place, k.i8()), k.e8m0()), kLanes);
    for (int64_t j = 0; j < kFp4Block; j += kLanes) {
      Value column = k.add(i, j);
      Value bytes = k.cacheLoad(pool, k.add(offset, k.div(column, 2)), k.vec(k.i8(), kLanes / 2));
      Value codes = kernel::UnpackOp::create(k.b, k.loc, k.vec(k.i8(), kLanes), bytes);
      k.store(k.mul(k.decode(codes, k.e2m1()), scale), scratch, k.add(at, column));
    }
  });
}

Value PoolRows::loadReal(Value offset, Value element, int64_t lanes) {
  return k.cacheLoad(pool, k.add(offset, k.mul(element, 4)), k.vec(k.f32(), lanes));
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

void PoolRows::encode(Value source, Value at, Value offset) {
  if (row.isKv())
    encodeKv(source, at, offset);
  else
    encodeFp4(source, at, offset);
}

/// Stores the e8m0 code of the smallest power of two >= max(amax, floor) * reciprocal and gives its reciprocal.
Value PoolRows::storeScale(Value amax, float floor, float reciprocal, Value offset) {
  Value target = k.mul(k.maximum(amax, k.real(floor)), k.real(reciprocal));
  Value bits = arith::BitcastOp::create(k.b, k.loc, k.b.getI32Type(), target);
  // Adding a full mantissa carries into the exponent unless the mantissa is zero.
  Value code = arith::ShRUIOp::create(k.b, k.loc, k.add(bits, k.integer(0x7FFFFF)), k.integer(23));
  k.cacheStore(arith::TruncIOp::create(k.b, k.loc, k.i8(), code), pool, offset);
  Value inverse = arith::ShLIOp::create(k.b, k.loc, k.sub(k.integer(254), code), k.integer(23));
  return k.splat(arith::BitcastOp::create(k.b, k.loc, k.f32(), inverse), kLanes);
}

void PoolRows::encodeKv(Value source, Value at, Value offset) {
  int64_t narrow = row.values - row.rope;
  k.loop(k.index(0), k.index(narrow), kKvBlock, [&](Value i) {
    Value amax = k.absMax(source, k.add(at, i), kKvBlock);
    Value place = k.add(offset, k.add(k.div(i, kKvBlock), narrow + 2 * row.rope));
    Value inverse = storeScale(amax, 1e-4f, 1.0f / 448.0f, place);
    for (int64_t j = 0; j < kKvBlock; j += kLanes) {
      Value column = k.add(i, j);
      Value scaled = k.mul(k.load(source, k.add(at, column), kLanes), inverse);
      k.cacheStore(k.encode(scaled, k.e4m3()), pool, k.add(offset, column));
    }
  });
  Value wide = k.add(offset, narrow);
  Value wideAt = k.add(at, narrow);
  k.lanes(row.rope, [&](Value i, int64_t width) {
    Value real = k.load(source, k.add(wideAt, i), width);
    Value raw = arith::TruncFOp::create(k.b, k.loc, k.vec(k.b.getBF16Type(), width), real);
    k.cacheStore(raw, pool, k.add(wide, k.mul(i, 2)));
  });
  int64_t used = narrow + 2 * row.rope + narrow / kKvBlock;
  for (int64_t pad = used; pad < row.rowBytes; ++pad)
    k.cacheStore(arith::ConstantOp::create(k.b, k.loc, k.b.getI8IntegerAttr(0)), pool, k.add(offset, pad));
}

void PoolRows::encodeFp4(Value source, Value at, Value offset) {
  int64_t values = row.values;
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    (lane % 2 ? odd : even).push_back(lane);
  Value four = arith::ConstantOp::create(
      k.b, k.loc, DenseElementsAttr::get(cast<VectorType>(k.vec(k.i8(), kLanes / 2)), int8_t(4)));
  k.loop(k.index(0), k.index(values), kFp4Block, [&](Value i) {
    Value amax = k.absMax(source, k.add(at, i), kFp4Block);
    Value place = k.add(offset, k.add(k.div(i, kFp4Block), values / 2));
    Value inverse = storeScale(amax, 0x1.8p-124f, 1.0f / 6.0f, place);
    for (int64_t j = 0; j < kFp4Block; j += kLanes) {
      Value column = k.add(i, j);
      Value codes = k.encode(k.mul(k.load(source, k.add(at, column), kLanes), inverse), k.e2m1());
      Value low = vector::ShuffleOp::create(k.b, k.loc, codes, codes, even);
      Value high = vector::ShuffleOp::create(k.b, k.loc, codes, codes, odd);
      Value bytes = arith::OrIOp::create(k.b, k.loc, low, arith::ShLIOp::create(k.b, k.loc, high, four));
      k.cacheStore(bytes, pool, k.add(offset, k.div(column, 2)));
    }
  });
  for (int64_t pad = values / 2 + values / kFp4Block; pad < row.rowBytes; ++pad)
    k.cacheStore(arith::ConstantOp::create(k.b, k.loc, k.b.getI8IntegerAttr(0)), pool, k.add(offset, pad));
}

void PoolRows::storeReal(Value real, Value offset, Value element) {
  k.cacheStore(real, pool, k.add(offset, k.mul(element, 4)));
}

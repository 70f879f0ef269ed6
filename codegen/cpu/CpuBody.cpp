//===- CpuBody.cpp - Vocabulary of tuned CPU kernels ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuBody.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace v4;

CpuBody::CpuBody(Operation *op, const CpuLevel &level)
    : BodyBuilder(OpBuilder(op), op->getLoc()), level(level), bf16Level(level.llvmFeatures.contains("+avx512bf16")) {}

void CpuBody::workgroups(Value begin, Value end, kernel::GridAttr grid, Value counts,
                         function_ref<void(Value, Value, Value)> body) {
  int64_t tile = grid.getTile(), tiles = grid.getTiles();
  Value total = loadIndex(counts, index(grid.getRows()));
  loop(begin, end, 1, [&](Value group) {
    Value rowTile = div(group, tiles);
    Value rowBegin = mul(rowTile, tile);
    Value rowEnd = tile == 1 ? add(rowBegin, 1) : minIndex(add(rowBegin, tile), total);
    body(rowBegin, rowEnd, tiles == 1 ? index(0) : mod(group, tiles));
  });
}

void CpuBody::workgroupRuns(Value begin, Value end, kernel::GridAttr grid, Value counts,
                            function_ref<void(Value, Value, Value, Value)> body) {
  int64_t tile = grid.getTile(), tiles = grid.getTiles();
  Value total = loadIndex(counts, index(grid.getRows()));
  loop(div(begin, tiles), add(div(add(end, -1), tiles), 1), 1, [&](Value rowTile) {
    Value rowBegin = mul(rowTile, tile), first = mul(rowTile, tiles);
    Value rowEnd = minIndex(add(rowBegin, tile), total);
    body(rowBegin, rowEnd, sub(maxIndex(begin, first), first), sub(minIndex(end, add(first, tiles)), first));
  });
}

Value CpuBody::intrinsic(StringRef name, Type result, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(b, loc, result, b.getStringAttr(name), arguments)->getResult(0);
}

Value CpuBody::bitcast(Value vector, Type element, int64_t lanes) {
  return vector::BitCastOp::create(b, loc, VectorType::get({lanes}, element), vector);
}

Value CpuBody::shuffle(Value a, Value v, ArrayRef<int64_t> mask) {
  return vector::ShuffleOp::create(b, loc, a, v, mask);
}

Value CpuBody::constants(Type element, ArrayRef<int64_t> values) {
  SmallVector<Attribute> attributes;
  for (int64_t value : values)
    attributes.push_back(IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), value, false, true)));
  auto type = VectorType::get({int64_t(values.size())}, element);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, attributes));
}

Value CpuBody::lanesOfInteger(Type element, int64_t value, int64_t lanes) {
  return constants(element, SmallVector<int64_t>(lanes, value));
}

Value CpuBody::shiftLeft(Value vector, int64_t bits) {
  return bits ? Value(arith::ShLIOp::create(b, loc, vector,
                                            lanesOfInteger(getElementTypeOrSelf(vector), bits, lanesOf(vector))))
              : vector;
}

Value CpuBody::shiftRight(Value vector, int64_t bits) {
  return bits ? Value(arith::ShRUIOp::create(b, loc, vector,
                                             lanesOfInteger(getElementTypeOrSelf(vector), bits, lanesOf(vector))))
              : vector;
}

Value CpuBody::bitAnd(Value vector, int64_t mask) {
  return arith::AndIOp::create(b, loc, vector, lanesOfInteger(getElementTypeOrSelf(vector), mask, lanesOf(vector)));
}

Value CpuBody::bitOr(Value a, Value v) { return arith::OrIOp::create(b, loc, a, v); }

Value CpuBody::loadRaw(Value memory, Value at, int64_t lanes) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  return vector::LoadOp::create(b, loc, VectorType::get({lanes}, element), memory, at);
}

void CpuBody::storeRaw(Value vector, Value memory, Value at) { vector::StoreOp::create(b, loc, vector, memory, at); }

Value CpuBody::scaleOf(Value codes) { return decode(codes, e8m0()); }

//===----------------------------------------------------------------------===//
// Pair vectors
//===----------------------------------------------------------------------===//

CpuBody::Pair CpuBody::wordsToPair(Value bf16s) {
  if (hasBf16())
    return {bf16s};
  Value words = bitcast(bf16s, b.getI32Type(), kLanes);
  Value even = bitcast(shiftLeft(words, 16), f32(), kLanes);
  Value odd = bitcast(bitAnd(words, 0xFFFF0000), f32(), kLanes);
  return {even, odd};
}

CpuBody::Pair CpuBody::pairOfBf16(Value bf16s) { return wordsToPair(bf16s); }

CpuBody::Pair CpuBody::loadPair(Value buffer, Value at) {
  if (hasBf16())
    return {loadRaw(buffer, at, 2 * kLanes)};
  return {loadRaw(buffer, at, kLanes), loadRaw(buffer, add(at, kLanes), kLanes)};
}

void CpuBody::storePair(const Pair &pair, Value buffer, Value at) {
  for (auto [i, value] : llvm::enumerate(pair))
    storeRaw(value, buffer, add(at, int64_t(i) * kLanes));
}

CpuBody::Pair CpuBody::broadcastPair(Value x, Value at) {
  if (cast<MemRefType>(x.getType()).getElementType().isF32())
    return {splat(load(x, at), kLanes), splat(load(x, add(at, 1)), kLanes)};
  Value two = bitcast(loadRaw(x, at, 2), b.getI32Type(), 1);
  Value word = vector::ExtractOp::create(b, loc, two, ArrayRef<int64_t>{0});
  Value words = vector::BroadcastOp::create(b, loc, VectorType::get({kLanes}, b.getI32Type()), word);
  return wordsToPair(bitcast(words, b.getBF16Type(), 2 * kLanes));
}

Value CpuBody::dot(const Pair &a, const Pair &v, Value total) {
  if (hasBf16())
    return intrinsic("llvm.x86.avx512bf16.dpbf16ps.512", total.getType(), {total, a[0], v[0]});
  return fma(a[1], v[1], fma(a[0], v[0], total));
}

//===----------------------------------------------------------------------===//
// Narrow codes
//===----------------------------------------------------------------------===//

/// bf16 bits of the e4m3 code, exact: subnormals are multiples of 2^-9.
static int64_t bf16OfE4M3(int64_t code) {
  int64_t magnitude = code & 127;
  if (magnitude == 127)
    return 0x7FC0;
  if (magnitude >= 8)
    return (magnitude << 4) + 0x3C00;
  static constexpr int64_t kSubnormal[8] = {0, 0x3B00, 0x3B80, 0x3BC0, 0x3C00, 0x3C20, 0x3C40, 0x3C60};
  return kSubnormal[magnitude];
}

/// Mask that interleaves the low (first = 0) or high (8) bytes of 128-bit lanes of two vectors of `bytes`.
static SmallVector<int64_t> unpackMask(int64_t bytes, int64_t first) {
  SmallVector<int64_t> mask;
  for (int64_t lane = 0; lane < bytes; lane += 16)
    for (int64_t i = 0; i < 8; ++i) {
      mask.push_back(lane + first + i);
      mask.push_back(bytes + lane + first + i);
    }
  return mask;
}

/// The f16 whose top bits are the e4m3 code at the top of each word; what is below it does not matter.
Value CpuBody::halfOfE4M3(Value words) {
  Type i16 = b.getI16Type();
  // The sign comes twice, the second time where f16 has its first bit of the exponent. Adding one to the last place
  // changes that bit for the codes 127 and 255 alone: their exponent is all ones, a NaN.
  Value moved = arith::ShRSIOp::create(b, loc, words, lanesOfInteger(i16, 1, 32));
  Value carried = bitAnd(add(moved, lanesOfInteger(i16, 0x0080, 32)), 0x407F);
  Value bits = arith::XOrIOp::create(b, loc, moved, carried);
  return bitcast(bits, b.getF16Type(), 32);
}

void CpuBody::storeSmallE4M3(Value codes, Value halves, Value at) {
  Value words = bitcast(codes, b.getI16Type(), 32);
  storeRaw(halfOfE4M3(shiftLeft(words, 8)), halves, at);
  storeRaw(halfOfE4M3(words), halves, add(at, 32));
}

std::pair<CpuBody::Pair, CpuBody::Pair> CpuBody::loadSmallE4M3(Value halves, Value at) {
  auto reals = [&](int64_t first) -> Value {
    return arith::ExtFOp::create(b, loc, vec(f32(), kLanes), loadRaw(halves, add(at, first), kLanes));
  };
  return {Pair{reals(0), reals(32)}, Pair{reals(kLanes), reals(32 + kLanes)}};
}

void CpuBody::keepStores(Value memory) {
  // Scratch whose address goes nowhere is nobody else's: the optimiser would see through a clobber of all memory.
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memory);
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  LLVM::InlineAsmOp::create(b, loc, /*res=*/Type(), /*operands=*/ValueRange{address}, /*asm_string=*/"",
                            /*constraints=*/"r,~{memory}", /*has_side_effects=*/true, /*is_align_stack=*/false,
                            LLVM::TailCallKind::None, /*asm_dialect=*/nullptr, /*operand_attrs=*/nullptr);
}

std::pair<CpuBody::Pair, CpuBody::Pair> CpuBody::pairsOfE4M3(Value codes) {
  auto pair = [&](Value bytes) { return Pair{bitcast(bytes, b.getBF16Type(), 32)}; };
  SmallVector<int64_t> lowMask = unpackMask(64, 0), highMask = unpackMask(64, 8);
  Value tables[2][2];
  for (int64_t byte = 0; byte < 2; ++byte)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<int64_t> table;
      for (int64_t i = 0; i < 64; ++i)
        table.push_back(bf16OfE4M3(half * 64 + i) >> (8 * byte) & 255);
      tables[byte][half] = constants(i8(), table);
    }
  auto lookup = [&](int64_t byte) {
    return intrinsic("llvm.x86.avx512.vpermi2var.qi.512", codes.getType(), {tables[byte][0], codes, tables[byte][1]});
  };
  Value low = lookup(0), high = bitOr(lookup(1), bitAnd(codes, 0x80));
  return {pair(shuffle(low, high, lowMask)), pair(shuffle(low, high, highMask))};
}

/// bf16 bits of the magnitudes of e2m1.
static constexpr int64_t kMagnitudes[8] = {0, 0x3F00, 0x3F80, 0x3FC0, 0x4000, 0x4040, 0x4080, 0x40C0};

Value CpuBody::wordsOfE2M1(Value dwords, int64_t j, int64_t exponents) {
  // vpermw reads 5 bits of an index; the table repeats so that the bit above the nibble does not matter.
  SmallVector<int64_t> table;
  for (int64_t i = 0; i < 32; ++i) {
    int64_t magnitude = kMagnitudes[i & 7], sign = (i & 8) << 12;
    table.push_back(exponents == 0 ? magnitude | sign : magnitude == 0 ? 0 : (magnitude + (exponents << 7)) | sign);
  }
  Value words = bitcast(dwords, b.getI16Type(), 32);
  if (exponents == 0) {
    words = shiftRight(words, 4 * j);
  } else if (j != 0) {
    // Shifts of whole vectors, vpermw and what comes after it share one port of Intel's cores; this has another.
    SmallVector<int64_t> bits;
    for (int64_t byte = 0; byte < 64; ++byte)
      bits.push_back((8 * byte + 4 * j) % 64);
    Value moved = intrinsic("llvm.x86.avx512.pmultishift.qb.512", VectorType::get({64}, i8()),
                            {constants(i8(), bits), bitcast(words, i8(), 64)});
    words = bitcast(moved, b.getI16Type(), 32);
  }
  return intrinsic("llvm.x86.avx512.permvar.hi.512", words.getType(), {constants(b.getI16Type(), table), words});
}

/// f32 of nibble `nibble` of every dword: vpermps reads 4 bits of an index, so that what is above does not matter.
Value CpuBody::realsOfE2M1(Value dwords, int64_t nibble) {
  SmallVector<int64_t> table;
  for (int64_t i = 0; i < 16; ++i)
    table.push_back((kMagnitudes[i & 7] | (i & 8) << 12) << 16);
  Value lookup = bitcast(constants(b.getI32Type(), table), f32(), kLanes);
  return intrinsic("llvm.x86.avx512.permvar.sf.512", lookup.getType(), {lookup, shiftRight(dwords, 4 * nibble)});
}

CpuBody::Pair CpuBody::pairOfE2M1(Value dwords, int64_t j) {
  if (hasBf16())
    return {bitcast(wordsOfE2M1(dwords, j, 0), b.getBF16Type(), 32)};
  if (has512())
    return {realsOfE2M1(dwords, j), realsOfE2M1(dwords, 4 + j)};
  SmallVector<int64_t> table;
  for (int64_t magnitude : kMagnitudes)
    table.push_back(magnitude << 16);
  Value lookup = bitcast(constants(b.getI32Type(), table), f32(), 8);
  auto real = [&](int64_t nibble) -> Value {
    Value words = shiftRight(dwords, 4 * nibble);
    SmallVector<int64_t> low, high, all;
    for (int64_t i = 0; i < 16; ++i) {
      (i < 8 ? low : high).push_back(i);
      all.push_back(i);
    }
    auto half = [&](ArrayRef<int64_t> mask) {
      return intrinsic("llvm.x86.avx2.permps", lookup.getType(), {lookup, shuffle(words, words, mask)});
    };
    Value magnitudes = bitcast(shuffle(half(low), half(high), all), b.getI32Type(), kLanes);
    Value sign = bitAnd(shiftLeft(dwords, 28 - 4 * nibble), 0x80000000);
    return bitcast(bitOr(magnitudes, sign), f32(), kLanes);
  };
  return {real(j), real(4 + j)};
}

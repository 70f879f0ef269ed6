//===- ExpandFloatFormats.cpp - Exact narrow float conversions -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//            sign exponent mantissa   bias   largest   subnormal step
//   e4m3       1      4       3        7       448        2^-9        127, 255: NaN
//   e2m1       1      2       1        1         6        2^-1
//   e8m0       -      8       -      127      2^127         -         255: NaN
//
// Values of e4m3 and e2m1 are decoded through half precision: their bits, put at
// the top of an f16, are the value times a power of two, subnormals included, and
// the conversion from f16 is exact on every CPU with F16C, whatever the mode of
// denormals.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/CpuPasses.h"
#include "codegen/cpu/LaneBuilder.h"

using namespace mlir;

namespace v4 {

#define GEN_PASS_DEF_EXPANDFLOATFORMATSPASS
#include "codegen/cpu/CpuPasses.h.inc"

namespace {

using IntCmp = arith::CmpIPredicate;
using RealCmp = arith::CmpFPredicate;

//===----------------------------------------------------------------------===//
// Decode
//===----------------------------------------------------------------------===//

/// The i16 lanes `half`, read as f16, times `scale` (a power of two), as f32.
Value halfTimes(LaneBuilder &b, Value half, double scale) {
  Value value = b.extF(b.cast(half, b.f16()), b.f32());
  return b.mulF(value, b.real(b.f32(), scale));
}

Value decodeE4M3(LaneBuilder &b, Value codes) {
  // Sign extension puts the sign at bit 15 and, once too often, at bit 14.
  Value half = b.bitAnd(b.shl(b.sext(codes, 16), 7), b.bits(16, 0xBFFF));
  // Adding one to the last place carries into bit 14 for 127 and 255 alone. With
  // bit 14 set their exponent is all ones: a NaN.
  Value carry = b.bitAnd(b.add(half, b.bits(16, 0x0080)), b.bits(16, 0x4000));
  // The biases of f16 and e4m3 differ by 8.
  return halfTimes(b, b.bitOr(half, carry), 256.0);
}

/// `codes` are i16 lanes with the code in the low four bits.
Value decodeE2M1ByHalf(LaneBuilder &b, Value codes) {
  Value magnitude = b.bitAnd(b.shl(codes, 9), b.bits(16, 0x0E00));
  Value sign = b.bitAnd(b.shl(codes, 12), b.bits(16, 0x8000));
  // The biases of f16 and e2m1 differ by 14.
  return halfTimes(b, b.bitOr(magnitude, sign), 16384.0);
}

Value decodeE8M0(LaneBuilder &b, Value codes) {
  Value exponent = b.shl(b.zext(codes, 32), 23);
  // 0 is 2^-127, a subnormal f32; 255 is NaN. Both are the exponent alone plus
  // the top bit of the mantissa.
  Value special = b.cmp(IntCmp::ult, b.add(codes, b.bits(8, 1)), b.bits(8, 2));
  Value withBit = b.bitOr(exponent, b.bits(32, 0x00400000));
  return b.cast(b.select(special, withBit, exponent), b.f32());
}

/// Looks up i32 lanes in a register of sixteen values. The instruction reads
/// the low four bits of each lane; the rest may be anything.
Value decodeE2M1ByTable(LaneBuilder &b, Value codes) {
  static constexpr float kValues[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                        -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};
  auto register16 = VectorType::get({16}, b.builder.getF32Type());
  Value table =
      arith::ConstantOp::create(b.builder, b.loc, DenseElementsAttr::get(register16, ArrayRef<float>(kValues)));
  auto type = cast<VectorType>(codes.getType());
  int64_t count = type.getNumElements();
  Value result;
  if (count > 16)
    result = b.real(b.f32(), 0.0);
  for (int64_t first = 0; first < count; first += 16) {
    Value part = codes;
    if (count > 16)
      part = vector::ExtractStridedSliceOp::create(b.builder, b.loc, codes, ArrayRef<int64_t>{first},
                                                   ArrayRef<int64_t>{16}, ArrayRef<int64_t>{1});
    auto call = LLVM::CallIntrinsicOp::create(b.builder, b.loc, register16,
                                              b.builder.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
                                              ValueRange{table, part});
    Value values = call->getResult(0);
    result = count == 16 ? values
                         : vector::InsertStridedSliceOp::create(b.builder, b.loc, values, result,
                                                                ArrayRef<int64_t>{first}, ArrayRef<int64_t>{1})
                               .getResult();
  }
  return result;
}

/// Lanes of `width` bits, two per byte of `bytes`, with the nibbles of each byte
/// in the low four bits of its two lanes, low nibble first. Bits above are
/// undefined.
Value spreadNibbles(LaneBuilder &b, Value bytes, unsigned width) {
  auto type = cast<VectorType>(bytes.getType());
  LaneBuilder pairs(b.builder, b.loc, type);
  Value pair = pairs.zext(bytes, 2 * width);
  // Bit 4 of the byte goes to bit 0 of the upper lane.
  pair = pairs.bitOr(pair, pairs.shl(pair, width - 4));
  auto lanes = VectorType::get({2 * type.getNumElements()}, b.builder.getIntegerType(width));
  return vector::BitCastOp::create(b.builder, b.loc, lanes, pair);
}

Value decodeE2M1(LaneBuilder &b, kernel::DecodeOp op, int64_t vectorBits) {
  auto type = dyn_cast<VectorType>(op.getCodes().getType());
  bool byTable = vectorBits >= 512 && type && type.getNumElements() % 16 == 0;
  unsigned width = byTable ? 32 : 16;
  auto unpack = op.getCodes().getDefiningOp<kernel::UnpackOp>();
  Value codes = unpack ? spreadNibbles(b, unpack.getBytes(), width) : b.zext(op.getCodes(), width);
  return byTable ? decodeE2M1ByTable(b, codes) : decodeE2M1ByHalf(b, codes);
}

Value unpackNibbles(LaneBuilder &b, Value bytes) {
  Value codes = spreadNibbles(b, bytes, 8);
  return b.bitAnd(codes, b.bits(8, 0x0F));
}

//===----------------------------------------------------------------------===//
// Encode
//===----------------------------------------------------------------------===//

/// Nearest code of a format with a sign bit, ties to even, clamped.
/// Numbers whose code has no exponent are rounded by the f32 adder: `magic` is
/// the power of two whose last place is the format's subnormal step.
struct EncodeFormat {
  unsigned mantissaBits;
  unsigned bias;
  float largest;
  float smallestNormal;
  float magic;
  unsigned signBit;
  bool hasNaN;
};
constexpr EncodeFormat kE4M3 = {3, 7, 448.0f, 0x1p-6f, 0x1p14f, 7, true};
constexpr EncodeFormat kE2M1 = {1, 1, 6.0f, 1.0f, 0x1p22f, 3, false};

Value encode(LaneBuilder &b, Value values, const EncodeFormat &format) {
  unsigned dropped = 23 - format.mantissaBits;
  Value word = b.cast(values, b.integer(32));
  Value magnitude = b.bitAnd(word, b.bits(32, 0x7FFFFFFF));
  Value clamped = b.minUnsigned(magnitude, b.bits(32, llvm::bit_cast<uint32_t>(format.largest)));

  Value isOdd = b.bitAnd(b.shr(clamped, dropped), b.bits(32, 1));
  Value rounded = b.add(b.add(clamped, b.bits(32, (1u << (dropped - 1)) - 1)), isOdd);
  Value normal = b.sub(b.shr(rounded, dropped), b.bits(32, (127 - format.bias) << format.mantissaBits));

  Value sum = b.addF(b.cast(clamped, b.f32()), b.real(b.f32(), format.magic));
  Value subnormal = b.sub(b.cast(sum, b.integer(32)), b.bits(32, llvm::bit_cast<uint32_t>(format.magic)));

  Value isNormal = b.cmp(IntCmp::uge, clamped, b.bits(32, llvm::bit_cast<uint32_t>(format.smallestNormal)));
  Value code = b.select(isNormal, normal, subnormal);
  if (format.hasNaN) {
    Value isNaN = b.cmp(IntCmp::ugt, magnitude, b.bits(32, 0x7F800000));
    code = b.select(isNaN, b.bits(32, (1u << format.signBit) - 1), code);
  }
  Value sign = b.bitAnd(b.shr(word, 31 - format.signBit), b.bits(32, 1u << format.signBit));
  return b.trunc(b.bitOr(code, sign), 8);
}

/// f32 to bf16, nearest even, denormals kept and NaN kept NaN. The CPU's own
/// instruction flushes denormals.
Value truncateToBf16(LaneBuilder &b, Value value) {
  Value word = b.cast(value, b.integer(32));
  Value isOdd = b.bitAnd(b.shr(word, 16), b.bits(32, 1));
  Value rounded = b.shr(b.add(b.add(word, b.bits(32, 0x7FFF)), isOdd), 16);
  // A NaN whose payload is in the lower half must not become infinity.
  Value quiet = b.bitOr(b.shr(word, 16), b.bits(32, 0x0040));
  Value isNaN = b.cmp(RealCmp::UNO, value, value);
  return b.cast(b.trunc(b.select(isNaN, quiet, rounded), 16), b.bf16());
}

/// The bits of a bf16 are the upper half of the same number's f32. Written out, since a bf16 that LLVM keeps in a
/// register from one block to the next would, on a level without bf16 instructions, be widened and rounded by calls.
Value widenBf16(LaneBuilder &b, Value value) {
  return b.cast(b.shl(b.zext(b.cast(value, b.integer(16)), 32), 16), b.f32());
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

Value expandDecode(LaneBuilder &b, kernel::DecodeOp op, int64_t vectorBits) {
  if (isa<Float8E4M3FNType>(op.getFormat()))
    return decodeE4M3(b, op.getCodes());
  if (isa<Float8E8M0FNUType>(op.getFormat()))
    return decodeE8M0(b, op.getCodes());
  if (isa<Float4E2M1FNType>(op.getFormat()))
    return decodeE2M1(b, op, vectorBits);
  op.emitError("decodes ") << op.getFormat() << ", expected f8E4M3FN, f8E8M0FNU or f4E2M1FN";
  return {};
}

Value expandEncode(LaneBuilder &b, kernel::EncodeOp op) {
  if (isa<Float8E4M3FNType>(op.getFormat()))
    return encode(b, op.getValues(), kE4M3);
  if (isa<Float4E2M1FNType>(op.getFormat()))
    return encode(b, op.getValues(), kE2M1);
  op.emitError("encodes ") << op.getFormat() << ", expected f8E4M3FN or f4E2M1FN";
  return {};
}

bool isBf16Rounding(Operation *op) {
  auto truncate = dyn_cast<arith::TruncFOp>(op);
  return truncate && getElementTypeOrSelf(truncate.getType()).isBF16() &&
         getElementTypeOrSelf(truncate.getIn().getType()).isF32();
}

bool isBf16Widening(Operation *op) {
  auto extend = dyn_cast<arith::ExtFOp>(op);
  return extend && getElementTypeOrSelf(extend.getType()).isF32() &&
         getElementTypeOrSelf(extend.getIn().getType()).isBF16();
}

class ExpandFloatFormats : public impl::ExpandFloatFormatsPassBase<ExpandFloatFormats> {
public:
  using ExpandFloatFormatsPassBase::ExpandFloatFormatsPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> unpacks, others;
    getOperation().walk([&](Operation *op) {
      if (isa<kernel::UnpackOp>(op))
        unpacks.push_back(op);
      else if (isa<kernel::DecodeOp, kernel::EncodeOp>(op) || isBf16Rounding(op) || isBf16Widening(op))
        others.push_back(op);
    });
    // Decoding looks through unpack, so unpack goes last.
    for (Operation *op : others)
      if (!replace(op))
        return signalPassFailure();
    for (Operation *op : unpacks)
      if (op->use_empty())
        op->erase();
      else
        replace(op);
  }

private:
  bool replace(Operation *op) {
    OpBuilder builder(op);
    LaneBuilder b(builder, op->getLoc(), op->getResult(0).getType());
    Value value;
    if (auto decode = dyn_cast<kernel::DecodeOp>(op))
      value = expandDecode(b, decode, vectorBits);
    else if (auto encode = dyn_cast<kernel::EncodeOp>(op))
      value = expandEncode(b, encode);
    else if (auto unpack = dyn_cast<kernel::UnpackOp>(op))
      value = unpackNibbles(b, unpack.getBytes());
    else if (isBf16Widening(op))
      value = widenBf16(b, op->getOperand(0));
    else
      value = truncateToBf16(b, op->getOperand(0));
    if (!value)
      return false;
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
    return true;
  }
};

} // namespace
} // namespace v4

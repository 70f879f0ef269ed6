//===- LaneBuilder.h - The same arithmetic for scalars and vectors -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_LANEBUILDER_H
#define V4_CODEGEN_CPU_LANEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

namespace v4 {

/// Builds element-wise arithmetic for a scalar or for all lanes of a vector.
/// Constants take the shape that the builder was made with.
class LaneBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;

  /// `like` gives the shape; its element type does not matter.
  LaneBuilder(mlir::OpBuilder &builder, mlir::Location loc, Type like)
      : builder(builder), loc(loc), shape(mlir::dyn_cast<mlir::VectorType>(like)) {}

  Type lanes(Type element) { return shape ? Type(shape.clone(element)) : element; }
  Type integer(unsigned width) { return lanes(builder.getIntegerType(width)); }
  Type f16() { return lanes(builder.getF16Type()); }
  Type bf16() { return lanes(builder.getBF16Type()); }
  Type f32() { return lanes(builder.getF32Type()); }
  Type f64() { return lanes(builder.getF64Type()); }

  Value bits(unsigned width, uint64_t value) {
    return constant(builder.getIntegerAttr(builder.getIntegerType(width), llvm::APInt(width, value, false, true)));
  }
  /// A constant of the float type `type` (a lane or all lanes).
  Value real(Type type, double value) {
    return constant(builder.getFloatAttr(mlir::getElementTypeOrSelf(type), value));
  }

  Value add(Value a, Value b) { return binary<mlir::arith::AddIOp>(a, b); }
  Value sub(Value a, Value b) { return binary<mlir::arith::SubIOp>(a, b); }
  Value bitAnd(Value a, Value b) { return binary<mlir::arith::AndIOp>(a, b); }
  Value bitOr(Value a, Value b) { return binary<mlir::arith::OrIOp>(a, b); }
  Value bitXor(Value a, Value b) { return binary<mlir::arith::XOrIOp>(a, b); }
  Value minUnsigned(Value a, Value b) { return binary<mlir::arith::MinUIOp>(a, b); }
  Value shl(Value a, unsigned n) { return binary<mlir::arith::ShLIOp>(a, bits(width(a), n)); }
  Value shr(Value a, unsigned n) { return binary<mlir::arith::ShRUIOp>(a, bits(width(a), n)); }
  Value shrSigned(Value a, unsigned n) { return binary<mlir::arith::ShRSIOp>(a, bits(width(a), n)); }

  Value addF(Value a, Value b) { return binary<mlir::arith::AddFOp>(a, b); }
  Value subF(Value a, Value b) { return binary<mlir::arith::SubFOp>(a, b); }
  Value mulF(Value a, Value b) { return binary<mlir::arith::MulFOp>(a, b); }
  Value divF(Value a, Value b) { return binary<mlir::arith::DivFOp>(a, b); }
  Value negF(Value a) { return mlir::arith::NegFOp::create(builder, loc, a); }
  Value fma(Value a, Value b, Value c) { return mlir::math::FmaOp::create(builder, loc, a, b, c); }

  Value zext(Value a, unsigned to) { return mlir::arith::ExtUIOp::create(builder, loc, integer(to), a); }
  Value sext(Value a, unsigned to) { return mlir::arith::ExtSIOp::create(builder, loc, integer(to), a); }
  Value trunc(Value a, unsigned to) { return mlir::arith::TruncIOp::create(builder, loc, integer(to), a); }
  Value extF(Value a, Type to) { return mlir::arith::ExtFOp::create(builder, loc, to, a); }
  Value truncF(Value a, Type to) { return mlir::arith::TruncFOp::create(builder, loc, to, a); }
  Value cast(Value a, Type to) { return mlir::arith::BitcastOp::create(builder, loc, to, a); }
  Value toFloat(Value a, Type to) { return mlir::arith::SIToFPOp::create(builder, loc, to, a); }

  Value cmp(mlir::arith::CmpIPredicate p, Value a, Value b) {
    return mlir::arith::CmpIOp::create(builder, loc, p, a, b);
  }
  Value cmp(mlir::arith::CmpFPredicate p, Value a, Value b) {
    return mlir::arith::CmpFOp::create(builder, loc, p, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return mlir::arith::SelectOp::create(builder, loc, condition, a, b);
  }

  mlir::OpBuilder &builder;
  const mlir::Location loc;

private:
  template <typename Op> Value binary(Value a, Value b) { return Op::create(builder, loc, a, b); }
  static unsigned width(Value a) { return mlir::getElementTypeOrSelf(a).getIntOrFloatBitWidth(); }
  Value constant(mlir::TypedAttr element) {
    if (!shape)
      return mlir::arith::ConstantOp::create(builder, loc, element);
    auto type = shape.clone(element.getType());
    return mlir::arith::ConstantOp::create(builder, loc, mlir::DenseElementsAttr::get(type, mlir::Attribute(element)));
  }

  mlir::VectorType shape;
};

} // namespace v4

#endif // V4_CODEGEN_CPU_LANEBUILDER_H

//===- V4FusedOps.cpp - Verifiers and parts of fused products ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in V4FusedOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

using namespace mlir;
using namespace v4;

//===----------------------------------------------------------------------===//
// Projections
//===----------------------------------------------------------------------===//

LogicalResult ProjectionsOp::verify() {
  size_t count = getWeights().size();
  // projections_c1
  if (count < 2 || getResults().size() != count)
    return emitOpError() << "has " << count << " weights and " << getResults().size()
                         << " results, expected at least two weights and a result for each";
  // projections_c2
  if (!getScales().empty() && getScales().size() != count)
    return emitOpError() << "has " << getScales().size() << " scales for " << count
                         << " weights, expected one for each or none";
  for (size_t i = 0; i < count; ++i) {
    RankedTensorType weight = tensorOf(getWeights()[i]);
    // projections_c3
    if (weight.getElementType() != tensorOf(getWeights()[0]).getElementType())
      return emitOpError() << "weight " << i << " has elements of " << weight.getElementType() << ", expected "
                           << tensorOf(getWeights()[0]).getElementType() << ", those of weight 0";
    if (failed(checkRank(*this, "weight", getWeights()[i], 2, "[N, K]")) ||
        failed(checkCount(*this, "weight", "input columns", inputWidthOf(weight), widthOf(getX()), "the width of x")))
      return failure();
    // projections_c4
    if (failed(checkShape(*this, "result", getResults()[i], {kRows, weight.getDimSize(0)}, "the outputs of its weight")) ||
        failed(checkRows(*this, "result", getResults()[i], rowsOf(getX().getType()), "the rows of x")))
      return failure();
    // projections_c5
    if (failed(checkScales(*this, weight, getScales().empty() ? Value() : getScales()[i])))
      return failure();
  }
  return success();
}

SmallVector<Value> ProjectionsOp::toParts(OpBuilder &b) {
  SmallVector<Value> parts;
  for (auto [i, weight] : llvm::enumerate(getWeights()))
    parts.push_back(LinearOp::create(b, getLoc(), getResults()[i].getType(), getX(), weight,
                                     getScales().empty() ? Value() : getScales()[i]));
  return parts;
}

//===----------------------------------------------------------------------===//
// Gate and up
//===----------------------------------------------------------------------===//

static LogicalResult checkGateUpResult(GateUpOp op) {
  int64_t width = tensorOf(op.getGate()).getShape()[rankOf(op.getGate()) - 2];
  SmallVector<int64_t> shape{kRows, width};
  if (op.getOrder())
    shape.insert(shape.begin() + 1, widthOf(op.getOrder()));
  if (failed(checkShape(op, "result", op.getResult(), shape, "one row of outputs per input or assignment")))
    return failure();
  return checkRows(op, "result", op.getResult(), rowsOf(op.getX().getType()), "the rows of x");
}

LogicalResult GateUpOp::verify() {
  RankedTensorType weight = tensorOf(getGate());
  bool experts = bool(getOrder());
  // gate_up_c1
  if (experts != bool(getOffsets()) || experts != bool(getHits()) || weight.getRank() != (experts ? 3 : 2) ||
      (!experts && getWeights()))
    return emitOpError() << "has weights of rank " << weight.getRank() << (experts ? " with" : " without")
                         << " order, expected order, offsets and hits with rank 3, or none of them and no route "
                            "weights with rank 2";
  // gate_up_c2
  if (bool(getGateScales()) != bool(getUpScales()))
    return emitOpError() << "has scales for one of gate and up, expected both or none";
  // gate_up_c3
  if (failed(checkGateUpResult(*this)))
    return failure();
  // gate_up_c4
  if (failed(checkCount(*this, "weight", "input columns", inputWidthOf(weight), widthOf(getX()), "the width of x")))
    return failure();
  // gate_up_c5
  if (failed(checkScales(*this, weight, getGateScales())) || failed(checkScales(*this, weight, getUpScales())))
    return failure();
  // gate_up_c6
  if (getQuantized() && widthOf(getResult()) % 128 != 0)
    return emitOpError() << "quantizes rows of " << widthOf(getResult()) << " values, expected a multiple of 128";
  return success();
}

SmallVector<Value> GateUpOp::toParts(OpBuilder &b) {
  Type type = getResult().getType();
  auto product = [&](Value weight, Value scales) -> Value {
    if (getOrder())
      return ExpertLinearOp::create(b, getLoc(), type, getX(), weight, scales, getOrder(), getOffsets(), getHits());
    return LinearOp::create(b, getLoc(), type, getX(), weight, scales);
  };
  Value gate = product(getGate(), getGateScales());
  Value up = product(getUp(), getUpScales());
  Value hidden = SwigluOp::create(b, getLoc(), type, gate, up, getWeights(), getLimitAttr());
  if (getQuantized())
    hidden = QuantizeOp::create(b, getLoc(), type, hidden, QuantFormat::Fp8, 128, widthOf(getResult()));
  return {hidden};
}

//===- V4MoeOps.cpp - Verifiers of routing and experts ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in V4MoeOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Shapes.h"

using namespace mlir;
using namespace v4;

namespace {
/// The results of both routings: [T, A] with the rows of the logits.
LogicalResult checkAssignments(Operation *op, Value logits, Value experts, Value weights, int64_t active,
                               StringRef reason) {
  RowSpace rows = rowsOf(logits.getType());
  if (failed(checkShape(op, "experts", experts, {kRows, active}, reason)) ||
      failed(checkShape(op, "weights", weights, {kRows, active}, reason)) ||
      failed(checkRows(op, "experts", experts, rows, "the rows of logits")))
    return failure();
  return checkRows(op, "weights", weights, rows, "the rows of logits");
}

/// [1, E + 1] with rows `one`.
LogicalResult checkExpertRuns(Operation *op, StringRef name, Value runs, int64_t entries, StringRef reason) {
  if (failed(checkShape(op, name, runs, {kRows, entries}, reason)))
    return failure();
  return checkRows(op, name, runs, RowSpace::One, "one for the step");
}
} // namespace

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

LogicalResult RouteOp::verify() {
  // route_c1
  if (failed(checkRank(*this, "logits", getLogits(), 2, "[T, experts]")) ||
      failed(checkShape(*this, "bias", getBias(), {widthOf(getLogits())}, "one per expert")))
    return failure();
  // route_c2
  if (failed(checkRank(*this, "experts", getExperts(), 2, "[T, active experts]")))
    return failure();
  int64_t active = widthOf(getExperts()), experts = widthOf(getLogits());
  if (active < 1 || active > experts)
    return emitOpError() << "experts has " << active << " slots, expected 1 to " << experts << ", the experts";
  return checkAssignments(*this, getLogits(), getExperts(), getWeights(), active, "one per slot of experts");
}

LogicalResult HashRouteOp::verify() {
  // hash_route_c1
  if (failed(checkRank(*this, "logits", getLogits(), 2, "[T, experts]")) ||
      failed(checkRank(*this, "table", getTable(), 2, "[vocabulary, active experts]")))
    return failure();
  // hash_route_c2
  return checkAssignments(*this, getLogits(), getExperts(), getWeights(), widthOf(getTable()), "the width of table");
}

LogicalResult DispatchOp::verify() {
  // dispatch_c1
  if (failed(checkRank(*this, "experts", getExperts(), 2, "[T, active experts]")) ||
      failed(checkShape(*this, "order", getOrder(), getExperts().getType().getShape(), "the shape of experts")) ||
      failed(checkRows(*this, "order", getOrder(), rowsOf(getExperts().getType()), "the rows of experts")) ||
      failed(checkRank(*this, "offsets", getOffsets(), 2, "[1, experts + 1]")))
    return failure();
  int64_t entries = widthOf(getOffsets());
  if (entries < 2)
    return emitOpError() << "offsets has " << entries << " entries, expected at least 2: one expert and the end";
  if (failed(checkExpertRuns(*this, "offsets", getOffsets(), entries, "one per expert and the end")))
    return failure();
  return checkExpertRuns(*this, "hits", getHits(), entries, "the shape of offsets");
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

LogicalResult ExpertLinearOp::verify() {
  RankedTensorType weight = getWeight().getType();
  RowSpace rows = rowsOf(getX().getType());
  if (failed(checkRank(*this, "weight", getWeight(), 3, "[experts, out, in]")) ||
      failed(checkRank(*this, "order", getOrder(), 2, "[T, active experts]")))
    return failure();
  int64_t active = widthOf(getOrder());
  // expert_linear_c1
  if (failed(checkCount(*this, "weight", "input columns", inputWidthOf(weight), widthOf(getX()), "the width of x")))
    return failure();
  if (rankOf(getX()) != 2 &&
      failed(checkShape(*this, "x", getX(), {kRows, active, widthOf(getX())}, "one row per assignment")))
    return failure();
  // expert_linear_c2
  if (failed(checkShape(*this, "result", getResult(), {kRows, active, weight.getDimSize(1)},
                        "the outputs of weight for each assignment")) ||
      failed(checkRows(*this, "result", getResult(), rows, "the rows of x")))
    return failure();
  // expert_linear_c3
  if (failed(checkScales(*this, weight, getScales())))
    return failure();
  // expert_linear_c4
  int64_t entries = weight.getDimSize(0) + 1;
  if (failed(checkRows(*this, "order", getOrder(), rows, "the rows of x")) ||
      failed(checkExpertRuns(*this, "offsets", getOffsets(), entries, "one per expert of weight and the end")))
    return failure();
  return checkExpertRuns(*this, "hits", getHits(), entries, "one per expert of weight and their number");
}

LogicalResult SwigluOp::verify() {
  // swiglu_c1
  if (!getWeights())
    return success();
  if (failed(checkRank(*this, "gate", getGate(), 3, "[T, active experts, values]")) ||
      failed(checkShape(*this, "weights", getWeights(), {kRows, dimOf(getGate(), 1)}, "one per assignment of gate")))
    return failure();
  return checkRows(*this, "weights", getWeights(), rowsOf(getGate().getType()), "the rows of gate");
}

LogicalResult CombineOp::verify() {
  // combine_c1
  if (failed(checkRank(*this, "shared", getShared(), 2, "[T, d]")) ||
      failed(checkRank(*this, "experts", getExperts(), 3, "[T, active experts, d]")) ||
      failed(checkShape(*this, "experts", getExperts(), {kRows, dimOf(getExperts(), 1), widthOf(getShared())},
                        "the width of shared")))
    return failure();
  return checkRows(*this, "experts", getExperts(), rowsOf(getShared().getType()), "the rows of shared");
}

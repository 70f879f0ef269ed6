//===- ChooseLinear.cpp - Tuned matrix products -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelContracts.h"

using namespace mlir;
using namespace v4;

static RankedTensorType weightType(Value weight) { return cast<RankedTensorType>(weight.getType()); }

static int64_t rowsOfWeight(Value weight) {
  ArrayRef<int64_t> shape = weightType(weight).getShape();
  return shape[shape.size() - 2];
}

static TypeAttr formatOf(Value weight) {
  return TypeAttr::get(cast<PanelsAttr>(weightType(weight).getEncoding()).getElement());
}

static int64_t columnsOf(Value weight) {
  RankedTensorType type = weightType(weight);
  return isPacked(type) ? 2 * type.getShape().back() : type.getShape().back();
}

static std::string declinesLayout(Value weight) {
  return isPanels(weightType(weight)) ? "" : "its weight is not in panels";
}

//===----------------------------------------------------------------------===//
// Dense and grouped
//===----------------------------------------------------------------------===//

/// `inner` inputs to a row of x, x_stride values apart.
template <typename Op>
static void writePanelLinear(Op linear, KernelEmitter &k, int64_t inner, int64_t xStride, int64_t groups) {
  int64_t rows = rowsOfWeight(linear.getWeight());
  auto grid = k.setGrid(rowsOf(linear.getX().getType()), std::max<int64_t>(1, kPanelInputs / inner), panelCount(rows));
  Value scales = linear.getScales() ? k.operandOf(linear.getScales()) : Value();
  kernel::PanelLinearOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                                k.operand(1), scales, k.result(0), formatOf(linear.getWeight()).getValue(), rows,
                                columnsOf(linear.getWeight()), xStride, inner, groups);
}

static std::string declinesLinear(Operation *op) { return declinesLayout(cast<LinearOp>(op).getWeight()); }

static void writeLinear(Operation *op, KernelEmitter &k) {
  auto linear = cast<LinearOp>(op);
  Type x = linear.getX().getType();
  writePanelLinear(linear, k, rowElements(x) / lastDim(x), lastDim(x), 1);
}

static std::string declinesGrouped(Operation *op) {
  auto linear = cast<GroupedLinearOp>(op);
  int64_t rank = rowsOfWeight(linear.getWeight()) / linear.getGroups();
  if (linear.getGroups() > 1 && rank % kPanelRows != 0)
    return "a group has " + std::to_string(rank) + " rows, not a multiple of " + std::to_string(kPanelRows);
  return declinesLayout(linear.getWeight());
}

static void writeGrouped(Operation *op, KernelEmitter &k) {
  auto linear = cast<GroupedLinearOp>(op);
  writePanelLinear(linear, k, 1, rowElements(linear.getX().getType()), linear.getGroups());
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

static std::string declinesExperts(Operation *op) { return declinesLayout(cast<ExpertLinearOp>(op).getWeight()); }

static void writeExperts(Operation *op, KernelEmitter &k) {
  auto linear = cast<ExpertLinearOp>(op);
  int64_t rows = rowsOfWeight(linear.getWeight());
  auto grid = k.setGrid(RowSpace::One, 1, panelCount(rows));
  Value scales = linear.getScales() ? k.operandOf(linear.getScales()) : Value();
  bool shared = cast<RankedTensorType>(linear.getX().getType()).getRank() == 2;
  kernel::PanelExpertsOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0),
                                 k.operand(1), scales, k.operandOf(linear.getOrder()), k.operandOf(linear.getOffsets()),
                                 k.operandOf(linear.getHits()), k.result(0), formatOf(linear.getWeight()).getValue(),
                                 rows, columnsOf(linear.getWeight()), lastDim(linear.getOrder().getType()), shared);
}

//===----------------------------------------------------------------------===//
// Fused products
//===----------------------------------------------------------------------===//

static std::string declinesProjections(Operation *op) {
  for (Value weight : cast<ProjectionsOp>(op).getWeights())
    if (std::string reason = declinesLayout(weight); !reason.empty())
      return reason;
  return "";
}

static void writeProjections(Operation *op, KernelEmitter &k) {
  auto fused = cast<ProjectionsOp>(op);
  SmallVector<Value> weights, scales, outs;
  SmallVector<int64_t> rows;
  int64_t panels = 0;
  for (auto [i, weight] : llvm::enumerate(fused.getWeights())) {
    weights.push_back(k.operandOf(weight));
    rows.push_back(rowsOfWeight(weight));
    panels += panelCount(rows.back());
    outs.push_back(k.result(i));
  }
  for (Value scale : fused.getScales())
    scales.push_back(k.operandOf(scale));
  auto grid = k.setGrid(rowsOf(fused.getX().getType()), kPanelInputs, panels);
  kernel::PanelProjectionsOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts),
                                     k.operand(0), weights, scales, outs, formatOf(fused.getWeights()[0]).getValue(),
                                     rows, columnsOf(fused.getWeights()[0]));
}

static std::string declinesGateUp(Operation *op) {
  auto fused = cast<GateUpOp>(op);
  if (int64_t width = lastDim(fused.getType()); width % 128 != 0)
    return std::to_string(width) + " outputs are no multiple of 128";
  std::string reason = declinesLayout(fused.getGate());
  return reason.empty() ? declinesLayout(fused.getUp()) : reason;
}

static void writeGateUp(Operation *op, KernelEmitter &k) {
  auto fused = cast<GateUpOp>(op);
  auto optional = [&](Value value) { return value ? k.operandOf(value) : Value(); };
  bool experts = bool(fused.getOrder());
  int64_t rows = rowsOfWeight(fused.getGate());
  auto grid = experts ? k.setGrid(RowSpace::One, 1, rows / 128 * kExpertShares)
                      : k.setGrid(rowsOf(fused.getType()), kPanelInputs, rows / 128);
  kernel::PanelGateUpOp::create(
      k.b, k.loc, k.begin(), k.end(), grid, k.step(plan::StepField::Counts), k.operand(0), k.operandOf(fused.getGate()),
      k.operandOf(fused.getUp()), optional(fused.getGateScales()), optional(fused.getUpScales()),
      optional(fused.getWeights()), optional(fused.getOrder()), optional(fused.getOffsets()), optional(fused.getHits()),
      k.result(0), formatOf(fused.getGate()).getValue(), rows, columnsOf(fused.getGate()),
      experts ? lastDim(fused.getOrder().getType()) : 1, fused.getLimitAttr(), fused.getQuantized());
}

void v4::addLinearContracts(KernelContracts &contracts) {
  contracts["v4.linear"] = {declinesLinear, writeLinear};
  contracts["v4.grouped_linear"] = {declinesGrouped, writeGrouped};
  contracts["v4.expert_linear"] = {declinesExperts, writeExperts};
  contracts["v4.projections"] = {declinesProjections, writeProjections};
  contracts["v4.gate_up"] = {declinesGateUp, writeGateUp};
}

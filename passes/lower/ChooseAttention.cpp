//===- ChooseAttention.cpp - Tuned attention --------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelContracts.h"

#include "dialects/kernel/AttentionTile.h"

using namespace mlir;
using namespace v4;
using plan::StepField;

template <typename Op> static std::string declinesAttention(Operation *op) {
  int64_t dim = lastDim(cast<Op>(op).getQ().getType());
  if (dim > kAttentionMaxDim)
    return "its heads have " + std::to_string(dim) + " values, more than " + std::to_string(kAttentionMaxDim);
  return "";
}

/// `table` turns the results back; null leaves them as they are.
template <typename Op> static void writeAttend(Op op, KernelEmitter &k, Value table) {
  auto optional = [&](Value value) { return value ? k.operandOf(value) : Value(); };
  int64_t heads = cast<RankedTensorType>(op.getQ().getType()).getDimSize(1);
  CacheType ring = op.getRing().getType();
  bool hasRows = bool(op.getRows()), isSparse = bool(op.getSelected());
  auto grid = k.setGrid(RowSpace::Tokens, kAttentionTokens, (heads + kAttentionTileHeads - 1) / kAttentionTileHeads);
  Value counts = k.step(StepField::Counts), positions = k.step(StepField::Positions);
  Value tokenSlots = k.step(StepField::TokenSlots), slotRows = k.step(StepField::SlotRows);
  Value slotStarts = k.step(StepField::SlotStarts), states = k.step(StepField::StateOffsets);
  Value pages = hasRows ? k.step(StepField::PageOffsets) : Value();
  kernel::AttendOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, positions, tokenSlots, slotRows, slotStarts,
                           states, k.operandOf(op.getQ()), k.operandOf(op.getKv()), k.operandOf(op.getRing()),
                           optional(op.getSink()), optional(op.getRows()), pages, optional(op.getSelected()), table,
                           k.result(0), heads, lastDim(op.getQ().getType()), ring.getRope(), ring.getRowBytes(),
                           op.getWindow(), op.getOffset(), ring.getRows(),
                           hasRows ? op.getRows().getType().getRatio() : 0,
                           isSparse ? lastDim(op.getSelected().getType()) : 0);
}

static void writeAttention(Operation *op, KernelEmitter &k) { writeAttend(cast<AttentionOp>(op), k, Value()); }

static void writeAttendBack(Operation *op, KernelEmitter &k) {
  auto attend = cast<AttendOp>(op);
  writeAttend(attend, k, k.operandOf(attend.getTable()));
}

void v4::addAttentionContracts(KernelContracts &contracts) {
  contracts["v4.attention"] = {declinesAttention<AttentionOp>, writeAttention};
  contracts["v4.attend"] = {declinesAttention<AttendOp>, writeAttendBack};
}

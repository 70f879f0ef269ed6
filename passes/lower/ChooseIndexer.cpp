//===- ChooseIndexer.cpp - Tuned indexer ------------------------*- C++ -*-===//
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

/// Most rows to select: every token of a workgroup keeps twice as many candidates on the stack.
static constexpr int64_t kMostSelected = 2048;

static std::string declinesCandidates(Operation *op) {
  auto candidates = cast<IndexCandidatesOp>(op);
  int64_t dim = lastDim(candidates.getQ().getType()), wanted = lastDim(candidates.getScores().getType());
  if (dim != 32 && dim != 64 && dim != 128)
    return "its keys have " + std::to_string(dim) + " values, not 32, 64 or 128";
  if (wanted > kMostSelected)
    return "it selects " + std::to_string(wanted) + " rows, more than " + std::to_string(kMostSelected);
  return "";
}

static void writeCandidates(Operation *op, KernelEmitter &k) {
  auto candidates = cast<IndexCandidatesOp>(op);
  ArrayRef<int64_t> shape = cast<RankedTensorType>(candidates.getScores().getType()).getShape();
  auto grid = k.setGrid(RowSpace::Tokens, kIndexTokens, shape[1]);
  Value counts = k.step(StepField::Counts), positions = k.step(StepField::Positions);
  Value tokenSlots = k.step(StepField::TokenSlots), slotRows = k.step(StepField::SlotRows);
  kernel::IndexCandidatesOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, positions, tokenSlots, slotRows,
                                    k.step(StepField::PageOffsets), k.operand(0), k.operand(1), k.operand(2),
                                    k.result(0), k.result(1),
                                    cast<RankedTensorType>(candidates.getQ().getType()).getDimSize(1),
                                    lastDim(candidates.getQ().getType()), candidates.getKeys().getType().getRowBytes(),
                                    shape[2]);
}

static void writeSelection(Operation *op, KernelEmitter &k) {
  auto select = cast<SelectCandidatesOp>(op);
  ArrayRef<int64_t> shape = cast<RankedTensorType>(select.getScores().getType()).getShape();
  auto grid = k.setGrid(RowSpace::Tokens, 1, 1);
  Value counts = k.step(StepField::Counts), positions = k.step(StepField::Positions);
  kernel::SelectCandidatesOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, positions, k.operand(0), k.operand(1),
                                     k.result(0), shape[1], shape[2]);
}

void v4::addIndexerContracts(KernelContracts &contracts) {
  contracts["v4.index_candidates"] = {declinesCandidates, writeCandidates};
  contracts["v4.select_candidates"] = {[](Operation *) { return std::string(); }, writeSelection};
}

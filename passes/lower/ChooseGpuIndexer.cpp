//===- ChooseGpuIndexer.cpp - Templates of the indexer ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Candidates and their selection have one cut of the compressed rows into strips: both
// are templates, or neither.
//
//===----------------------------------------------------------------------===//

#include "passes/lower/TemplateCall.h"

using namespace mlir;
using namespace v4;

/// What the kernels are made for (IndexRows.h).
static constexpr int64_t kDim = 128, kHeadTile = 16, kMaxHeads = 64, kLeastKept = 64, kMostKept = 512, kStripUnit = 64;

static int64_t dimOf(Value value, int64_t index) { return cast<RankedTensorType>(value.getType()).getDimSize(index); }

/// Entries that a block keeps to find the best `wanted`.
static int64_t keptOf(int64_t wanted) { return std::max<int64_t>(kLeastKept, llvm::PowerOf2Ceil(wanted)); }

/// Rows of a strip: all strips hold what the longest sequence has.
static int64_t stripRowsOf(Operation *op, int64_t strips) {
  auto envelope = op->getParentOfType<ModuleOp>()->getAttrOfType<EnvelopeAttr>("v4.envelope");
  int64_t rows = llvm::divideCeil(envelope.getMaxContext() + envelope.getDraft(), 4);
  return llvm::alignTo(llvm::divideCeil(rows, strips), kStripUnit);
}

static std::string declinesCandidates(Operation *operation) {
  auto op = cast<IndexCandidatesOp>(operation);
  int64_t heads = dimOf(op.getQ(), 1), dim = dimOf(op.getQ(), 2), wanted = dimOf(op.getScores(), 2);
  if (gpuTargetOf(op).getCpu() != "sm_90a")
    return "it is made for sm_90a";
  if (!op->getParentOfType<ModuleOp>()->hasAttr("v4.envelope"))
    return "the module has no v4.envelope";
  if (dim != kDim || heads > kMaxHeads || wanted > kMostKept)
    return std::to_string(heads) + " heads of " + std::to_string(dim) + " values and " + std::to_string(wanted) +
           " rows, expected at most " + std::to_string(kMaxHeads) + " of " + std::to_string(kDim) + " and " +
           std::to_string(kMostKept);
  return "";
}

static std::string declinesSelection(Operation *operation) {
  auto made = cast<SelectCandidatesOp>(operation).getScores().getDefiningOp<IndexCandidatesOp>();
  if (!made || made->hasAttr("v4.planted"))
    return "its candidates are not a template's";
  return declinesCandidates(made);
}

static void writeCandidates(Operation *operation, KernelEmitter &k) {
  auto op = cast<IndexCandidatesOp>(operation);
  int64_t heads = dimOf(op.getQ(), 1), strips = dimOf(op.getScores(), 1), wanted = dimOf(op.getScores(), 2);
  k.setGrid(RowSpace::Tokens, 1, strips);
  TemplateCall call(k);
  call.address(k.step(plan::StepField::Positions)).address(k.step(plan::StepField::TokenSlots));
  call.address(k.step(plan::StepField::PageOffsets)).address(k.step(plan::StepField::Counts));
  call.address(k.operand(0)).address(k.operand(1)).address(k.operand(2)).address(k.result(0)).address(k.result(1));
  call.rows(1).word(heads).word(wanted).word(strips).word(stripRowsOf(op, strips));
  call.run("indexCandidates", {kDim, heads <= kHeadTile ? 1 : kMaxHeads / kHeadTile, keptOf(wanted)}, /*most=*/0);
}

static void writeSelection(Operation *operation, KernelEmitter &k) {
  auto op = cast<SelectCandidatesOp>(operation);
  int64_t strips = dimOf(op.getScores(), 1), wanted = dimOf(op.getScores(), 2);
  k.setGrid(RowSpace::Tokens, 1, 1);
  TemplateCall call(k);
  call.address(k.step(plan::StepField::Positions)).address(k.operand(0)).address(k.operand(1)).address(k.result(0));
  call.rows(1).word(wanted).word(strips).word(stripRowsOf(op, strips));
  call.run("selectCandidates", {keptOf(wanted)}, /*most=*/0);
}

void v4::addGpuIndexerTemplates(KernelContracts &templates) {
  templates["v4.index_candidates"] = {declinesCandidates, writeCandidates};
  templates["v4.select_candidates"] = {declinesSelection, writeSelection};
}

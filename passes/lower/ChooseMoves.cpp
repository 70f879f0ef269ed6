//===- ChooseMoves.cpp - Tuned row moves and routing -------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelContracts.h"

using namespace mlir;
using namespace v4;
using plan::StepField;

/// Columns of a workgroup: enough that a launch of one row is worth two threads.
static constexpr int64_t kMoveColumns = 512;
/// Experts whose scores fit the kernel's stack, and slots that fit a vector.
static constexpr int64_t kMaxExperts = 8192, kMaxActive = 16;

static int64_t partsOf(int64_t width) { return width % kMoveColumns == 0 ? width / kMoveColumns : 1; }
static IntegerAttr integer(KernelEmitter &k, int64_t value) { return k.b.getI64IntegerAttr(value); }
static std::string declinesNothing(Operation *) { return ""; }

static void writeGather(KernelEmitter &k, RowSpace rows, StepField numbers, int64_t width, int64_t copies) {
  auto grid = k.setGrid(rows, 1, partsOf(width));
  Value counts = k.step(StepField::Counts);
  kernel::GatherRowsOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, k.step(numbers), k.operand(0), k.result(0),
                               width, copies);
}

static void writeEmbed(Operation *op, KernelEmitter &k) {
  Type type = op->getResult(0).getType();
  writeGather(k, RowSpace::Tokens, StepField::TokenIds, lastDim(type), rowElements(type) / lastDim(type));
}

static void writeSelectLogits(Operation *op, KernelEmitter &k) {
  writeGather(k, RowSpace::Logits, StepField::LogitsRows, rowElements(op->getOperand(0).getType()), 1);
}

static void writePreviousStreams(Operation *op, KernelEmitter &k) {
  int64_t width = rowElements(op->getOperand(0).getType());
  auto grid = k.setGrid(RowSpace::Tokens, 1, partsOf(width));
  Value counts = k.step(StepField::Counts), positions = k.step(StepField::Positions);
  Value slots = k.step(StepField::TokenSlots), rows = k.step(StepField::SlotRows);
  Value states = k.step(StepField::StateOffsets);
  kernel::PreviousRowsOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, positions, slots, rows, states,
                                 k.operand(0), k.operand(1), k.result(0), width,
                                 cast<PreviousStreamsOp>(op).getCache().getType().getRows());
}

/// `inner` runs of `width` values to a row of the result.
static void writeSum(KernelEmitter &k, RowSpace rows, Value x, Value y, int64_t width, int64_t inner, int64_t terms,
                     FloatAttr factor) {
  auto grid = k.setGrid(rows, 1, inner * partsOf(width));
  kernel::SumRowsOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(StepField::Counts), x, y, k.result(0),
                            integer(k, width), integer(k, inner), integer(k, terms), factor);
}

static void writeCombine(Operation *op, KernelEmitter &k) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  writeSum(k, rowsOf(type), k.operand(0), k.operand(1), lastDim(type), 1, type.getDimSize(1), FloatAttr());
}

static void writeMtpMix(Operation *op, KernelEmitter &k) {
  Type type = op->getResult(0).getType();
  int64_t width = lastDim(type);
  writeSum(k, rowsOf(type), k.operand(1), k.operand(0), width, rowElements(type) / width, 1, FloatAttr());
}

static void writeScale(Operation *op, KernelEmitter &k) {
  Type type = op->getResult(0).getType();
  writeSum(k, rowsOf(type), k.operand(0), Value(), rowElements(type), 1, 1, cast<ScaleOp>(op).getFactorAttr());
}

static void writeRopeTable(Operation *op, KernelEmitter &k) {
  auto table = cast<RopeTableOp>(op);
  RowSpace rows = rowsOf(table.getResult().getType());
  int64_t stride = rows == RowSpace::Chunks4 ? 4 : rows == RowSpace::Chunks128 ? 128 : 1;
  StepField places = rows == RowSpace::Chunks4     ? StepField::Chunks4Indices
                     : rows == RowSpace::Chunks128 ? StepField::Chunks128Indices
                                                   : StepField::Positions;
  auto grid = k.setGrid(rows, 1, 1);
  Value counts = k.step(StepField::Counts);
  kernel::RopeTableOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, k.step(places), k.result(0),
                              table.getFreqs(), integer(k, stride), table.getOffsetAttr());
}

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

static std::string declinesRoute(Operation *op) {
  int64_t experts = lastDim(op->getOperand(0).getType()), active = lastDim(op->getResult(0).getType());
  if (active > kMaxActive)
    return std::to_string(active) + " experts of a token are more than " + std::to_string(kMaxActive);
  return experts <= kMaxExperts ? ""
                                : std::to_string(experts) + " experts are more than " + std::to_string(kMaxExperts);
}

template <typename Op>
static void writeRoute(Operation *op, KernelEmitter &k) {
  constexpr bool kHash = std::is_same_v<Op, HashRouteOp>;
  auto route = cast<Op>(op);
  auto grid = k.setGrid(RowSpace::Tokens, 1, 1);
  Value counts = k.step(StepField::Counts), ids = kHash ? k.step(StepField::TokenIds) : Value();
  kernel::RouteOp::create(
      k.b, k.loc, k.begin(), k.end(), grid, counts, k.operand(0), kHash ? Value() : k.operand(1), ids,
      kHash ? k.operand(1) : Value(), k.result(0), k.result(1), integer(k, lastDim(route.getLogits().getType())),
      integer(k, lastDim(route.getExperts().getType())), route.getFactorAttr(), route.getNormalizeAttr());
}

static std::string declinesDispatch(Operation *op) {
  int64_t experts = lastDim(op->getResult(1).getType()) - 1;
  return experts <= kMaxExperts ? ""
                                : std::to_string(experts) + " experts are more than " + std::to_string(kMaxExperts);
}

static void writeDispatch(Operation *op, KernelEmitter &k) {
  auto grid = k.setGrid(RowSpace::One, 1, 1);
  kernel::DispatchOp::create(k.b, k.loc, k.begin(), k.end(), grid, k.step(StepField::Counts), k.operand(0), k.result(0),
                             k.result(1), k.result(2), lastDim(op->getResult(1).getType()) - 1,
                             lastDim(op->getOperand(0).getType()));
}

void v4::addMoveContracts(KernelContracts &contracts) {
  contracts["v4.embed"] = {declinesNothing, writeEmbed};
  contracts["v4.select_logits_rows"] = {declinesNothing, writeSelectLogits};
  contracts["v4.previous_streams"] = {declinesNothing, writePreviousStreams};
  contracts["v4.combine"] = {declinesNothing, writeCombine};
  contracts["v4.mtp_mix"] = {declinesNothing, writeMtpMix};
  contracts["v4.scale"] = {declinesNothing, writeScale};
  contracts["v4.rope_table"] = {declinesNothing, writeRopeTable};
  contracts["v4.route"] = {declinesRoute, writeRoute<RouteOp>};
  contracts["v4.hash_route"] = {declinesRoute, writeRoute<HashRouteOp>};
  contracts["v4.dispatch"] = {declinesDispatch, writeDispatch};
}

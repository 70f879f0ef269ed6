//===- ChooseCaches.cpp - Tuned kernels that write caches --------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/CacheRows.h"
#include "passes/lower/KernelContracts.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4;
using plan::StepField;

static IntegerAttr integer(KernelEmitter &k, int64_t value) { return k.b.getI64IntegerAttr(value); }

/// Narrow rows are coded in runs of values that share a scale.
static std::string declinesRuns(CacheType cache) {
  int64_t values = cache.getValues() - cache.getRope();
  int64_t run = cache.getEncoding() == RowEncoding::KvCompact  ? 64
                : cache.getEncoding() == RowEncoding::IndexFp4 ? 32
                                                               : 1;
  return values % run == 0
             ? ""
             : "rows of " + std::to_string(values) + " narrow values are no whole runs of " + std::to_string(run);
}

template <typename Op>
static std::string declinesAppend(Operation *op) {
  return declinesRuns(cast<Op>(op).getCache().getType());
}

static std::string declinesNothing(Operation *) { return ""; }

/// `x` goes to a page of a chunk's slot, or, of tokens, to a ring.
static void writeRows(KernelEmitter &k, RowSpace rows, CacheType cache, Value x, Value second, Value pool,
                      int64_t width, int64_t offset) {
  auto grid = k.setGrid(rows, 1, 1);
  bool ring = rows == RowSpace::Tokens, four = rows == RowSpace::Chunks4;
  Value counts = k.step(StepField::Counts);
  Value slots = k.step(ring ? StepField::TokenSlots : four ? StepField::Chunks4Slots : StepField::Chunks128Slots);
  Value places = k.step(ring ? StepField::Positions : four ? StepField::Chunks4Indices : StepField::Chunks128Indices);
  Value offsets = k.step(ring ? StepField::StateOffsets : StepField::PageOffsets);
  Value slotRows = ring ? k.step(StepField::SlotRows) : Value();
  Value slotStarts = ring ? k.step(StepField::SlotStarts) : Value();
  PoolRow row = poolRowOf(cache);
  kernel::AppendRowsOp::create(k.b, k.loc, k.begin(), k.end(), grid, counts, slots, places, offsets, slotRows,
                               slotStarts, x, second, pool, row.format, width, row.rope, cache.getRows(), row.rowBytes,
                               offset);
}

static void writeAppendRows(Operation *op, KernelEmitter &k) {
  auto append = cast<AppendRowsOp>(op);
  Type type = append.getX().getType();
  writeRows(k, rowsOf(type), append.getCache().getType(), k.operand(0), Value(), k.operand(1), lastDim(type), 0);
}

static void writeAppendWindow(Operation *op, KernelEmitter &k) {
  auto append = cast<AppendWindowOp>(op);
  writeRows(k, RowSpace::Tokens, append.getCache().getType(), k.operand(0), Value(), k.operand(1),
            lastDim(append.getX().getType()), append.getOffset());
}

static void writeSavePartial(Operation *op, KernelEmitter &k) {
  auto save = cast<SavePartialOp>(op);
  writeRows(k, RowSpace::Tokens, save.getState().getType(), k.operandOf(save.getValues()), k.operandOf(save.getGates()),
            k.operandOf(save.getState()), lastDim(save.getValues().getType()), 0);
}

/// A ring of one row keeps the last token of the step.
static void writeSaveStreams(Operation *op, KernelEmitter &k) {
  auto save = cast<SaveStreamsOp>(op);
  writeRows(k, RowSpace::Tokens, save.getCache().getType(), k.operand(0), Value(), k.operand(1),
            rowElements(save.getX().getType()), 0);
}

//===----------------------------------------------------------------------===//
// Compressor
//===----------------------------------------------------------------------===//

static std::string declinesCompress(Operation *operation) {
  auto op = cast<CompressAppendOp>(operation);
  CacheType cache = op.getCache().getType();
  int64_t dim = cache.getValues(), rotary = 2 * lastDim(op.getTable().getType());
  if (dim % kLanes != 0)
    return "rows of " + std::to_string(dim) + " values are no multiple of " + std::to_string(kLanes);
  if (rotary % kLanes != 0)
    return "rotary width " + std::to_string(rotary) + " is no multiple of " + std::to_string(kLanes);
  if (op.getHadamard() && (!llvm::isPowerOf2_64(dim) || dim > 512))
    return "a Hadamard transform of " + std::to_string(dim) + " values does not fit the registers";
  if (!op.getHadamard() && dim - cache.getRope() > dim - rotary && (dim - rotary) % 64 != 0)
    return "rotation begins inside a block of the quantization";
  return declinesRuns(cache);
}

static void writeCompress(Operation *operation, KernelEmitter &k) {
  auto op = cast<CompressAppendOp>(operation);
  CacheType cache = op.getCache().getType();
  bool four = op.getRatio() == 4;
  auto grid = k.setGrid(four ? RowSpace::Chunks4 : RowSpace::Chunks128, 1, 1);
  Value counts = k.step(StepField::Counts);
  Value slots = k.step(four ? StepField::Chunks4Slots : StepField::Chunks128Slots);
  Value places = k.step(four ? StepField::Chunks4Indices : StepField::Chunks128Indices);
  Value slotRows = k.step(StepField::SlotRows), slotStarts = k.step(StepField::SlotStarts);
  Value states = k.step(StepField::StateOffsets), pages = k.step(StepField::PageOffsets);
  PoolRow row = poolRowOf(cache);
  kernel::CompressAppendOp::create(
      k.b, k.loc, k.begin(), k.end(), grid, counts, slots, places, slotRows, slotStarts, states, pages,
      k.operandOf(op.getValues()), k.operandOf(op.getGates()), k.operandOf(op.getApe()), k.operandOf(op.getState()),
      k.operandOf(op.getWeight()), k.operandOf(op.getTable()), k.operandOf(op.getCache()), TypeAttr::get(row.format),
      op.getRatioAttr(), integer(k, row.values), integer(k, 2 * lastDim(op.getTable().getType())), integer(k, row.rope),
      integer(k, op.getState().getType().getRows()), integer(k, cache.getRows()), integer(k, row.rowBytes),
      op.getEpsAttr(), op.getHadamardAttr());
}

void v4::addCacheContracts(KernelContracts &contracts) {
  contracts["v4.append_rows"] = {declinesAppend<AppendRowsOp>, writeAppendRows};
  contracts["v4.append_window"] = {declinesAppend<AppendWindowOp>, writeAppendWindow};
  contracts["v4.save_partial"] = {declinesNothing, writeSavePartial};
  contracts["v4.save_streams"] = {declinesNothing, writeSaveStreams};
  contracts["v4.compress_append"] = {declinesCompress, writeCompress};
}

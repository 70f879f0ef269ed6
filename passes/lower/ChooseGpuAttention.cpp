//===- ChooseGpuAttention.cpp - Templates of attention ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelLaunches.h"
#include "passes/lower/TemplateCall.h"

using namespace mlir;
using namespace v4;
using plan::StepField;

namespace {

/// What the kernels are made for (AttendShape.h).
constexpr int64_t kDimUnit = 128, kCodeUnit = 64, kHeadTile = 16, kSplitUnit = 64, kMergeWarps = 8;
/// Rows of a list and 16 heads of wider ones do not fit the shared memory of a block.
constexpr int64_t kMostDim = 1280;
/// Of the rows that a token sees: few parts, since their sums are in memory, and no small ones.
constexpr int64_t kMostSplits = 4, kLeastSplitRows = 256;
/// Beyond, a block's shared memory and registers do not hold four tiles of heads.
constexpr int64_t kMostHeadTiles = 4, kMostWideDim = 512;
constexpr int64_t kBlocksPerProcessor = 2;

/// One attention in numbers.
struct Shape {
  int64_t heads, dim, rope, window, offset, ringRows, ratio, topK, splitRows, splits;

  explicit Shape(AttendOp op) {
    auto q = cast<RankedTensorType>(op.getQ().getType());
    heads = q.getDimSize(1), dim = q.getDimSize(2), rope = op.getRing().getType().getRope();
    window = op.getWindow(), offset = op.getOffset(), ringRows = op.getRing().getType().getRows();
    ratio = op.getRows() ? op.getRows().getType().getRatio() : 0;
    topK = op.getSelected() ? lastDim(op.getSelected().getType()) : 0;
    auto envelope = op->getParentOfType<ModuleOp>()->getAttrOfType<EnvelopeAttr>("v4.envelope");
    int64_t positions = envelope.getMaxContext() + envelope.getDraft();
    int64_t most = window + (topK ? topK : ratio ? llvm::divideCeil(positions, ratio) : 0);
    splitRows = std::max<int64_t>(kLeastSplitRows, llvm::alignTo(llvm::divideCeil(most, kMostSplits), kSplitUnit));
    splits = llvm::divideCeil(most, splitRows);
  }
};

} // namespace

bool v4::isGpuAttention(Operation *operation) {
  auto op = dyn_cast<AttendOp>(operation);
  if (!op || op->hasAttr("v4.planted") || !op.getSink() || gpuTargetOf(op).getCpu() != "sm_90a" ||
      !op->getParentOfType<ModuleOp>()->hasAttr("v4.envelope"))
    return false;
  auto isCompact = [](CacheType type) { return type.getEncoding() == RowEncoding::KvCompact; };
  if (!isCompact(op.getRing().getType()) || (op.getRows() && !isCompact(op.getRows().getType())))
    return false;
  int64_t dim = lastDim(op.getQ().getType()), rope = op.getRing().getType().getRope();
  return dim % kDimUnit == 0 && dim <= kMostDim && rope > 0 && rope % 2 == 0 && (dim - rope) % kCodeUnit == 0;
}

/// Of a block that serves many tokens: it reads a row once for all of its heads.
static int64_t headTiles(const Shape &s) {
  int64_t tiles = llvm::PowerOf2Ceil(llvm::divideCeil(s.heads, kHeadTile));
  return s.dim <= kMostWideDim ? std::min(tiles, kMostHeadTiles) : 1;
}

static int64_t blocksOfToken(const Shape &s, int64_t tiles) {
  return s.splits * llvm::divideCeil(s.heads, kHeadTile * tiles);
}

/// Tokens up to which blocks have one tile of heads, of which two fit a processor: more would leave some without.
static int64_t fewTokens(Operation *op, const Shape &s) {
  int64_t tiles = headTiles(s);
  return tiles == 1 ? INT64_MAX
                    : kBlocksPerProcessor * gpuTargetOf(op).getLimits().getProcessors() / blocksOfToken(s, tiles);
}

static void writeRows(KernelEmitter &k, const Shape &s, int64_t tiles, kernel::FewRowsAttr few) {
  TemplateCall call(k);
  for (StepField field : {StepField::Positions, StepField::TokenSlots, StepField::SlotRows, StepField::SlotStarts,
                          StepField::StateOffsets})
    call.address(k.step(field));
  call.address(k.operand(0)).address(k.operand(1)).address(k.operand(2));
  // What there is none of is not read: any address does.
  call.address(k.operand(s.ratio ? 3 : 0)).address(k.step(StepField::PageOffsets));
  call.address(k.step(StepField::Counts)).address(k.operand(s.topK ? 4 : 0));
  call.address(k.result(0)).address(k.result(1)).rows(1);
  for (int64_t value : {s.heads, s.window, s.offset, s.ringRows, s.ratio, s.topK, s.splits, s.splitRows})
    call.word(value);
  call.run("attendRows", {s.dim, s.rope, tiles}, /*most=*/0, few);
}

/// Sums over parts of the list of each token, and what is known of their shares.
static kernel::LaunchOp insertRows(AttendOp op, const Shape &s, ArrayRef<int64_t> constants, KernelLaunches &launches) {
  Builder b(op.getContext());
  Attribute rows = cast<RankedTensorType>(op.getQ().getType()).getEncoding();
  auto type = [&](int64_t last) {
    return RankedTensorType::get({ShapedType::kDynamic, s.splits, s.heads, last}, b.getF32Type(), rows);
  };
  SmallVector<Value> inputs{op.getQ(), op.getKv(), op.getRing()};
  for (Value optional : {Value(op.getRows()), Value(op.getSelected())})
    if (optional)
      inputs.push_back(optional);
  return launches.insert(
      op, {"attend_rows", constants, /*bearsCost=*/true}, inputs, {type(s.dim), type(2)}, [&](KernelEmitter &k) {
        int64_t few = fewTokens(op, s), wide = headTiles(s);
        bool isCut = few < rowBound(op, RowSpace::Tokens);
        k.setGrid(RowSpace::Tokens, 1, blocksOfToken(s, isCut ? wide : 1));
        if (isCut && few > 0)
          writeRows(k, s, 1, kernel::FewRowsAttr::get(k.b.getContext(), few, 1, blocksOfToken(s, 1)));
        writeRows(k, s, isCut ? wide : 1, {});
      });
}

void v4::replaceGpuAttention(Operation *operation, KernelLaunches &launches) {
  auto op = cast<AttendOp>(operation);
  Shape s(op);
  int64_t constants[] = {s.heads,    s.dim,   s.rope, s.window, s.offset,
                         s.ringRows, s.ratio, s.topK, s.splits, s.splitRows};
  kernel::LaunchOp parts = insertRows(op, s, constants, launches);
  Value inputs[] = {parts.getResult(0), parts.getResult(1), op.getSink(), op.getTable()};
  auto launch = launches.insert(
      op, {"attend_merge", constants, /*bearsCost=*/false}, inputs, op->getResultTypes(), [&](KernelEmitter &k) {
        k.setGrid(RowSpace::Tokens, 1, llvm::divideCeil(s.heads, kMergeWarps));
        TemplateCall call(k);
        call.address(k.step(StepField::Positions));
        for (unsigned i = 0; i < 4; ++i)
          call.address(k.operand(i));
        call.address(k.result(0)).rows(1);
        for (int64_t value : {s.heads, s.window, s.offset, s.ratio, s.topK, s.splits, s.splitRows})
          call.word(value);
        call.run("attendMerge", {s.dim, s.rope, kMergeWarps}, /*most=*/0);
      });
  op->replaceAllUsesWith(launch);
  op->erase();
}

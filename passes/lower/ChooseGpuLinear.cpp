//===- ChooseGpuLinear.cpp - Templates of matrix products -------*- C++ -*-===//
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

namespace {

/// How a product is cut; never what it gives.
struct LinearTiles {
  int64_t tokens; ///< Of a tile: columns of the instruction that multiplies.
  int64_t groups; ///< Row tiles of a block.
  int64_t stages; ///< Tiles on their way to it.
};

/// By rising tokens; codegen/cuda/kernels/README.md has the arithmetic. As many stages as a block's shared memory holds
/// while weights are what takes time, and for prompts tiles that read each operand less often.
constexpr LinearTiles kTiles[] = {{8, 1, 20}, {16, 1, 18}, {64, 1, 12}, {128, 2, 6}};
/// Of a weight that is widened in registers, which do not hold 128 tokens and two row tiles too.
constexpr LinearTiles kWideTiles[] = {{8, 1, 20}, {16, 1, 18}, {64, 1, 8}, {64, 2, 6}};

/// Of a weight whose sums have several blocks: each has few tiles, of which all are on their way at once
/// with up to 16 tokens.
constexpr LinearTiles kSplitTiles[] = {{16, 1, 9}, {64, 1, 5}};

/// Row tiles that have enough blocks alone, blocks that a product of fewer gets when its columns allow, and what such a
/// block sums at least. They fix bits: nothing that depends on the target or a step may come in.
constexpr int64_t kWideRowTiles = 64, kSplitBlocks = 128, kMostSplits = 8, kLeastPart = 4;

/// The launches of a product that are cut alike.
struct LinearCut {
  LinearTiles tiles;
  int64_t mostRows; ///< Of a launch.
};

/// A product as its launches see it.
struct LinearShape {
  RowSpace space;
  int64_t rows;      ///< Of the weight.
  int64_t inner;     ///< Rows of x for each row of the launch.
  int64_t groupRows; ///< Rows of the weight that have columns of their own.
  int64_t splits;    ///< Blocks that share a sum.
};

} // namespace

/// Blocks that share the sums of a weight of so many rows, with `columnTiles` tiles in each row.
static int64_t splitsOf(int64_t rows, int64_t columnTiles) {
  int64_t rowTiles = tileCount(rows), splits = 1;
  if (rowTiles >= kWideRowTiles)
    return 1;
  while (splits < kMostSplits && rowTiles * splits < kSplitBlocks && columnTiles % (2 * splits) == 0 &&
         columnTiles / (2 * splits) >= kLeastPart)
    splits *= 2;
  return splits;
}

/// Rows of a launch up to which a tile of tokens is right when there is a larger one: those of one tile. The largest
/// also waits until its tiles give three of four processors a block.
static int64_t mostRowsOf(const LinearTiles &tiles, const LinearTiles &larger, bool isLargest, const LinearShape &shape,
                          int64_t processors) {
  int64_t most = tiles.tokens / shape.inner;
  if (!isLargest)
    return most;
  int64_t across = llvm::divideCeil(tileCount(shape.rows), larger.groups) * shape.splits;
  int64_t down = llvm::divideCeil(3 * processors, 4 * across);
  return std::max(most, (down - 1) * larger.tokens / shape.inner);
}

/// Blocks have row tiles of one group alone.
static LinearTiles within(LinearTiles tiles, const LinearShape &shape) {
  if (shape.groupRows < shape.rows && shape.groupRows % (tiles.groups * kTileRows) != 0)
    tiles.groups = 1;
  return tiles;
}

/// By rising rows; the last is for all that are more. What no step of the envelope has rows for is left out.
static SmallVector<LinearCut> cutsOf(Operation *op, ArrayRef<LinearTiles> sizes, const LinearShape &shape) {
  int64_t bound = rowBound(op, shape.space), processors = gpuTargetOf(op).getLimits().getProcessors();
  SmallVector<LinearCut> cuts;
  for (size_t i = 0; i < sizes.size() && (cuts.empty() || cuts.back().mostRows < bound); ++i) {
    bool isLast = i + 1 == sizes.size();
    LinearTiles tiles = within(sizes[i], shape), larger = isLast ? tiles : within(sizes[i + 1], shape);
    isLast |= larger.tokens == tiles.tokens && larger.groups == tiles.groups;
    int64_t most = isLast ? INT64_MAX : mostRowsOf(tiles, larger, i + 2 == sizes.size(), shape, processors);
    // Where a row of the launch is more than a tile, larger ones are for all launches.
    if (most > 0)
      cuts.push_back({tiles, most});
  }
  return cuts;
}

/// Writes an instance for each cut, and the grid of the last: a workgroup for each tile of the result.
static void writeCuts(KernelEmitter &k, ArrayRef<LinearCut> cuts, const LinearShape &shape,
                      llvm::function_ref<void(const LinearTiles &, kernel::FewRowsAttr)> write) {
  auto tile = [&](const LinearCut &cut) { return std::max<int64_t>(1, cut.tiles.tokens / shape.inner); };
  auto across = [&](const LinearCut &cut) -> int64_t {
    return llvm::divideCeil(tileCount(shape.rows), cut.tiles.groups) * llvm::divideCeil(shape.inner, cut.tiles.tokens) *
           shape.splits;
  };
  k.setGrid(shape.space, tile(cuts.back()), across(cuts.back()));
  for (const LinearCut &cut : cuts.drop_back())
    write(cut.tiles, kernel::FewRowsAttr::get(k.b.getContext(), cut.mostRows, tile(cut), across(cut)));
  write(cuts.back().tiles, {});
}

/// Blocks of a launch: a block goes from tile to tile, a cluster has one.
static int64_t mostBlocks(Operation *op, const LinearShape &shape) {
  return shape.splits > 1 ? 0 : gpuTargetOf(op).getLimits().getProcessors();
}

static std::string declinesLayout(Value weight) {
  return isTiles(cast<RankedTensorType>(weight.getType())) ? "" : "its weight is not in tiles";
}

/// `inner` rows of x for each row of the launch, `width` values apart; groups of rows of the weight have columns of
/// their own.
static void writeTiles(Operation *op, KernelEmitter &k, Value weight, Value scales, int64_t inner, int64_t width,
                       int64_t groups) {
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  LinearShape shape{rowsOf(op->getOperand(0).getType()), rows, inner, rows / groups,
                    scales ? 1 : splitsOf(rows, columns * 2 / kTileRowBytes)};
  bool isSplit = shape.splits > 1;
  StringRef name = scales ? "wideLinear" : isSplit ? "splitBf16Linear" : "bf16Linear";
  auto cuts = cutsOf(op, scales ? ArrayRef(kWideTiles) : isSplit ? ArrayRef(kSplitTiles) : ArrayRef(kTiles), shape);
  writeCuts(k, cuts, shape, [&](const LinearTiles &tiles, kernel::FewRowsAttr few) {
    TemplateCall call(k);
    call.map(k.operand(0), k.b.getBF16Type(), inner, width, tiles.tokens).address(k.operandOf(weight));
    if (scales)
      call.address(k.operandOf(scales));
    call.address(k.result(0)).rows(inner).word(rows).word(columns).word(shape.groupRows);
    SmallVector<int64_t> values{tiles.tokens, tiles.groups, tiles.stages};
    if (!scales)
      values.push_back(cast<RankedTensorType>(op->getResult(0).getType()).getElementType().isF32());
    if (isSplit)
      values.push_back(shape.splits);
    call.run(name, values, mostBlocks(op, shape), few);
  });
}

static std::string declinesLinear(Operation *op) { return declinesLayout(cast<LinearOp>(op).getWeight()); }

static void writeLinear(Operation *op, KernelEmitter &k) {
  auto linear = cast<LinearOp>(op);
  Type x = linear.getX().getType();
  // Inner dimensions of x are more rows of the same product.
  writeTiles(op, k, linear.getWeight(), Value(), rowElements(x) / lastDim(x), lastDim(x), 1);
}

static std::string declinesGrouped(Operation *op) { return declinesLayout(cast<GroupedLinearOp>(op).getWeight()); }

static void writeGrouped(Operation *op, KernelEmitter &k) {
  auto linear = cast<GroupedLinearOp>(op);
  writeTiles(op, k, linear.getWeight(), linear.getScales(), 1, rowElements(linear.getX().getType()),
             linear.getGroups());
}

//===----------------------------------------------------------------------===//
// FP8
//===----------------------------------------------------------------------===//

/// Columns that share a scale, and rows that the stride of scales is a multiple of (QuantizeRows.h).
static constexpr int64_t kScaleColumns = 128, kScaleRows = 128;
static constexpr int64_t kQuantizeWarps = 8;

bool Fp8Products::covers(Operation *op) {
  auto linear = dyn_cast<LinearOp>(op);
  return linear && !op->hasAttr("v4.planted") && declinesLinear(op).empty() && linear.getScales();
}

/// Codes and scales of the input of `linear`. Its values are those of codes already, so that nothing is rounded.
kernel::LaunchOp Fp8Products::quantize(LinearOp linear) {
  kernel::LaunchOp &known = quantized[linear.getX()];
  if (known)
    return known;
  auto x = cast<RankedTensorType>(linear.getX().getType());
  int64_t width = lastDim(x), inner = rowElements(x) / width, blocks = width / kScaleColumns;
  Builder b(x.getContext());
  auto codes = RankedTensorType::get(x.getShape(), b.getType<Float8E4M3FNType>(), x.getEncoding());
  auto scales = RankedTensorType::get({ShapedType::kDynamic, inner * blocks}, b.getF32Type(), x.getEncoding());
  known = launches.insert(linear, {"quantize_rows", {}, /*bearsCost=*/false}, {linear.getX()}, {codes, scales},
                          [&](KernelEmitter &k) {
                            k.setGrid(rowsOf(x), 1, llvm::divideCeil(inner * blocks, kQuantizeWarps));
                            TemplateCall call(k);
                            call.address(k.operand(0)).address(k.operand(0)).word(0);
                            call.address(k.result(0)).address(k.result(1)).rows(inner).word(width);
                            call.run("quantizeRows", {kQuantizeWarps}, /*most=*/0);
                          });
  // Scales are columns of whole tiles of rows.
  known->setAttr(kSlackName, b.getDenseI64ArrayAttr({0, (kScaleRows - 1) * blocks * 4}));
  return known;
}

void Fp8Products::replace(Operation *op) {
  auto linear = cast<LinearOp>(op);
  kernel::LaunchOp input = quantize(linear);
  auto x = cast<RankedTensorType>(linear.getX().getType()),
       weight = cast<RankedTensorType>(linear.getWeight().getType());
  int64_t rows = weight.getDimSize(0), columns = weight.getDimSize(1), inner = rowElements(x) / lastDim(x);
  LinearShape shape{rowsOf(x), rows, inner, rows, splitsOf(rows, columns / kTileRowBytes)};
  bool isSplit = shape.splits > 1;
  SmallVector<LinearCut> cuts = cutsOf(op, isSplit ? ArrayRef(kSplitTiles) : ArrayRef(kTiles), shape);
  Value inputs[] = {input.getResult(0), input.getResult(1), linear.getWeight(), linear.getScales()};
  auto launch =
      launches.insert(op, {"linear", {}, /*bearsCost=*/true}, inputs, op->getResultTypes(), [&](KernelEmitter &k) {
        writeCuts(k, cuts, shape, [&](const LinearTiles &tiles, kernel::FewRowsAttr few) {
          TemplateCall call(k);
          call.map(k.operand(0), weight.getElementType(), inner, columns, tiles.tokens);
          for (unsigned i = 1; i < 4; ++i)
            call.address(k.operand(i));
          call.address(k.result(0)).rows(inner).word(rows).word(columns);
          SmallVector<int64_t> values{tiles.tokens, tiles.groups, tiles.stages};
          if (isSplit)
            values.push_back(shape.splits);
          call.run(isSplit ? "splitFp8Linear" : "fp8Linear", values, mostBlocks(op, shape), few);
        });
      });
  op->replaceAllUsesWith(launch);
  op->erase();
}

void v4::addGpuLinearTemplates(KernelContracts &templates) {
  templates["v4.linear"] = {declinesLinear, writeLinear};
  templates["v4.grouped_linear"] = {declinesGrouped, writeGrouped};
}

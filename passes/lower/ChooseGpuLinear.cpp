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

/// Few rows want logits, and their weight is the largest: more of it is on its way. Others serve prompts too.
LinearTiles tilesFor(RowSpace rows) {
  return rows == RowSpace::Logits ? LinearTiles{16, 1, 12} : LinearTiles{64, 1, 8};
}

} // namespace

static std::string declinesLayout(Value weight) {
  return isTiles(cast<RankedTensorType>(weight.getType())) ? "" : "its weight is not in tiles";
}

/// A workgroup for each tile of the result.
static void setLinearGrid(KernelEmitter &k, RowSpace space, int64_t rows, int64_t inner, const LinearTiles &tiles) {
  k.setGrid(space, std::max<int64_t>(1, tiles.tokens / inner),
            llvm::divideCeil(tileCount(rows), tiles.groups) * llvm::divideCeil(inner, tiles.tokens));
}

/// `inner` rows of x for each row of the launch, `width` values apart; groups of rows of the weight have columns of
/// their own.
static void writeTiles(Operation *op, KernelEmitter &k, Value weight, Value scales, int64_t inner, int64_t width,
                       int64_t groups) {
  RowSpace space = rowsOf(op->getOperand(0).getType());
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  LinearTiles tiles = tilesFor(space);
  setLinearGrid(k, space, rows, inner, tiles);
  TemplateCall call(k);
  call.map(k.operand(0), k.b.getBF16Type(), inner, width, tiles.tokens).address(k.operandOf(weight));
  if (scales)
    call.address(k.operandOf(scales));
  call.address(k.result(0)).rows(inner).word(rows).word(columns).word(rows / groups);
  SmallVector<int64_t> values{tiles.tokens, tiles.groups, tiles.stages};
  if (!scales)
    values.push_back(cast<RankedTensorType>(op->getResult(0).getType()).getElementType().isF32());
  call.run(scales ? "wideLinear" : "bf16Linear", values, gpuTargetOf(op).getLimits().getProcessors());
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
  LinearTiles tiles = tilesFor(rowsOf(x));
  Value inputs[] = {input.getResult(0), input.getResult(1), linear.getWeight(), linear.getScales()};
  auto launch =
      launches.insert(op, {"linear", {}, /*bearsCost=*/true}, inputs, op->getResultTypes(), [&](KernelEmitter &k) {
        setLinearGrid(k, rowsOf(x), rows, inner, tiles);
        TemplateCall call(k);
        call.map(k.operand(0), weight.getElementType(), inner, columns, tiles.tokens);
        for (unsigned i = 1; i < 4; ++i)
          call.address(k.operand(i));
        call.address(k.result(0)).rows(inner).word(rows).word(columns);
        call.run("fp8Linear", {tiles.tokens, tiles.groups, tiles.stages}, gpuTargetOf(op).getLimits().getProcessors());
      });
  op->replaceAllUsesWith(launch);
  op->erase();
}

void v4::addGpuLinearTemplates(KernelContracts &templates) {
  templates["v4.linear"] = {declinesLinear, writeLinear};
  templates["v4.grouped_linear"] = {declinesGrouped, writeGrouped};
}

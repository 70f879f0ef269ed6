//===- ChooseGpuLinear.cpp - Templates of matrix products -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

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

/// `inner` rows of x for each row of the launch, `width` values apart; groups of rows of the weight have columns of
/// their own.
static void writeTiles(Operation *op, KernelEmitter &k, Value weight, Value scales, int64_t inner, int64_t width,
                       int64_t groups) {
  RowSpace space = rowsOf(op->getOperand(0).getType());
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  LinearTiles tiles = tilesFor(space);
  k.setGrid(space, std::max<int64_t>(1, tiles.tokens / inner),
            llvm::divideCeil(tileCount(rows), tiles.groups) * llvm::divideCeil(inner, tiles.tokens));
  TemplateCall call(k);
  call.bf16Map(k.operand(0), inner, width, tiles.tokens).address(k.operandOf(weight));
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

void v4::addGpuLinearTemplates(KernelContracts &templates) {
  templates["v4.linear"] = {declinesLinear, writeLinear};
  templates["v4.grouped_linear"] = {declinesGrouped, writeGrouped};
}

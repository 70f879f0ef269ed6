//===- ChooseGpuExperts.cpp - Templates of the experts' products -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of the input become codes and scales in the order of the experts first; the
// products give rows in the order of the assignments, as their ops do. What a v4.gate_up
// quantizes at its end is quantized by the product behind it instead.
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelLaunches.h"
#include "passes/lower/TemplateCall.h"
#include "passes/quant/WeightFlows.h"

#include "llvm/ADT/bit.h"

#include <cmath>

using namespace mlir;
using namespace v4;

namespace {

/// How a product is cut; never what it gives.
struct ExpertTiles {
  int64_t tokens; ///< Rows of an expert that a block has at a time.
  int64_t stages; ///< Tiles of weights on their way to it.
  int64_t blocks; ///< That the shared memory and the registers of a processor hold.
};

constexpr ExpertTiles kOneTile{8, 10, 2}, kFewRows{16, 8, 2}, kManyRows{64, 10, 1};
constexpr int64_t kQuantizeWarps = 8;
/// Columns that share a scale, rows that the stride of scales is a multiple of (QuantizeRows.h), and what copies of
/// scales begin at (ExpertShape.h).
constexpr int64_t kScaleColumns = 128, kScaleRows = 128, kScaleLead = 4;

/// The steps that are cut alike.
struct ExpertCut {
  ExpertTiles tiles;
  int64_t mostTokens; ///< Of a step.
};

/// By rising tokens of a step; the last is for all that are more. An expert has at most one row of each token, on
/// average active / experts of one, and each tile of its rows reads its weights once.
SmallVector<ExpertCut> cutsOf(Operation *op, int64_t active, int64_t experts) {
  int64_t bound = rowBound(op, RowSpace::Tokens);
  SmallVector<ExpertCut> cuts{{kOneTile, kOneTile.tokens}};
  if (cuts.back().mostTokens < bound)
    cuts.push_back({kFewRows, 2 * kFewRows.tokens * experts / active});
  if (cuts.back().mostTokens < bound)
    cuts.push_back({kManyRows, INT64_MAX});
  return cuts;
}

int64_t activeOf(Value order) { return lastDim(order.getType()); }

bool isTiled(Value value) { return value && isTiles(cast<RankedTensorType>(value.getType())); }

/// Bits of the f32.
int64_t wordOf(float value) { return llvm::bit_cast<uint32_t>(value); }

} // namespace

static std::string declinesExpertLinear(Operation *operation) {
  auto op = cast<ExpertLinearOp>(operation);
  return isTiled(op.getWeight()) && isTiled(op.getScales()) ? "" : "its weight is not in tiles";
}

bool ExpertProducts::covers(Operation *operation) {
  if (operation->hasAttr("v4.planted"))
    return false;
  if (isa<ExpertLinearOp>(operation))
    return declinesExpertLinear(operation).empty();
  auto op = dyn_cast<GateUpOp>(operation);
  return op && op.getOrder() && op.getWeights() && isTiled(op.getGate()) && isTiled(op.getUp()) &&
         isTiled(op.getGateScales()) && isTiled(op.getUpScales());
}

kernel::LaunchOp ExpertProducts::quantize(Operation *op, Value x, Value order) {
  kernel::LaunchOp &known = quantized[{x, order}];
  if (known)
    return known;
  auto type = cast<RankedTensorType>(x.getType());
  int64_t active = activeOf(order), width = lastDim(type), blocks = width / kScaleColumns;
  // One row of x for all assignments of a token, or for each its own.
  int64_t perRow = type.getRank() == 2 ? active : 1;
  Builder b(op->getContext());
  auto codes =
      RankedTensorType::get({ShapedType::kDynamic, active, width}, b.getType<Float8E4M3FNType>(), type.getEncoding());
  auto scales = RankedTensorType::get({ShapedType::kDynamic, active * blocks}, b.getF32Type(), type.getEncoding());
  known = launches.insert(op, {"quantize_rows", {}, /*bearsCost=*/false}, {x, order}, {codes, scales},
                          [&](KernelEmitter &k) {
                            k.setGrid(rowsOf(type), 1, llvm::divideCeil(active * blocks, kQuantizeWarps));
                            TemplateCall call(k);
                            call.address(k.operand(0)).address(k.operand(1)).word(perRow);
                            call.address(k.result(0)).address(k.result(1)).rows(active).word(width);
                            call.run("quantizeRows", {kQuantizeWarps}, /*most=*/0);
                          });
  // Scales are columns of whole tiles of rows, and copies of the last ones begin in front of their row.
  int64_t slack = (kScaleRows - 1) * blocks + kManyRows.tokens + kScaleLead;
  known->setAttr(kSlackName, b.getDenseI64ArrayAttr({0, slack * 4}));
  return known;
}

bool ExpertProducts::needE4M3(ArrayRef<Value> scales) {
  constexpr StringLiteral fact = "e4m3_per_128";
  SmallVector<ml_program::GlobalOp> globals;
  for (Value value : scales) {
    auto owners = flows.owners.find(value);
    if (owners == flows.owners.end())
      return false;
    globals.append(owners->second);
  }
  auto isProven = [&](ml_program::GlobalOp global) {
    auto proven = global->getAttrOfType<ArrayAttr>("v4.proven_forms");
    return proven && llvm::is_contained(proven, StringAttr::get(global.getContext(), fact));
  };
  if (!llvm::all_of(globals, isProven))
    return false;
  for (ml_program::GlobalOp global : globals)
    global->setAttr("v4.needed_forms", Builder(global.getContext()).getStrArrayAttr({fact}));
  return true;
}

/// Inputs are codes, their scales, `matrices` (each with its scales), weights of the route where there are some, order,
/// offsets and hits.
kernel::LaunchOp ExpertProducts::insert(Operation *op, StringRef name, ArrayRef<Value> inputs, unsigned matrices,
                                        float limit) {
  auto weight = cast<RankedTensorType>(inputs[2].getType());
  bool gateUp = matrices == 2;
  int64_t active = activeOf(inputs[inputs.size() - 3]), experts = weight.getDimSize(0), rows = weight.getDimSize(1);
  int64_t columns = lastDim(inputs[0].getType());
  SmallVector<ExpertCut> cuts = cutsOf(op, active, experts);
  int64_t across = gateUp ? tileCount(rows) : llvm::divideCeil(tileCount(rows), 2);
  // Of the weights alone, so that no batch changes it.
  SmallVector<Value> scales{inputs[3]};
  if (gateUp)
    scales.push_back(inputs[5]);
  int64_t per32 = !needE4M3(scales);
  int64_t constants[] = {wordOf(limit), per32};
  auto write = [&](KernelEmitter &k, const ExpertTiles &tiles, kernel::FewRowsAttr few) {
    TemplateCall call(k);
    call.map(k.operand(0), k.b.getType<Float8E4M3FNType>(), active, columns, tiles.tokens).address(k.operand(1));
    for (unsigned i = 0; i < 4; ++i)
      call.address(k.operand(2 + (gateUp ? i : i % 2)));
    // What down does not read: any address does.
    unsigned route = 2 + 2 * matrices, order = route + gateUp;
    call.address(k.operand(gateUp ? route : 1));
    for (unsigned i = 0; i < 3; ++i)
      call.address(k.operand(order + i));
    call.address(k.result(0)).rows(active).word(rows).word(columns).word(wordOf(limit));
    call.run("expertProduct", {tiles.tokens, tiles.stages, gateUp, per32},
             tiles.blocks * gpuTargetOf(op).getLimits().getProcessors(), few);
  };
  return launches.insert(
      op, {name, constants, /*bearsCost=*/true}, inputs, {op->getResult(0).getType()}, [&](KernelEmitter &k) {
        // At most one tile of rows for each assignment, whatever its size.
        k.setGrid(rowsOf(inputs[0].getType()), 1, active * across);
        for (const ExpertCut &cut : ArrayRef(cuts).drop_back())
          write(k, cut.tiles, kernel::FewRowsAttr::get(k.b.getContext(), cut.mostTokens, 1, active * across));
        write(k, cuts.back().tiles, {});
      });
}

void ExpertProducts::replaceGateUp(GateUpOp op) {
  kernel::LaunchOp input = quantize(op, op.getX(), op.getOrder());
  float limit = op.getLimit() && op.getLimit()->convertToFloat() > 0 ? op.getLimit()->convertToFloat() : INFINITY;
  Value inputs[] = {input.getResult(0), input.getResult(1), op.getGate(),  op.getGateScales(), op.getUp(),
                    op.getUpScales(),   op.getWeights(),    op.getOrder(), op.getOffsets(),    op.getHits()};
  Value result = insert(op, "gate_up", inputs, /*matrices=*/2, limit).getResult(0);
  if (op.getQuantized()) {
    OpBuilder b(op);
    auto rounded = QuantizeOp::create(b, op.getLoc(), result.getType(), result, QuantFormat::Fp8, kScaleColumns,
                                      lastDim(result.getType()));
    unrounded[rounded.getResult()] = result;
    result = rounded.getResult();
  }
  op->replaceAllUsesWith(ValueRange{result});
  op->erase();
}

void ExpertProducts::replaceLinear(ExpertLinearOp op) {
  Value x = op.getX(), unroundedX = unrounded.lookup(x);
  kernel::LaunchOp input = quantize(op, unroundedX ? unroundedX : x, op.getOrder());
  Value inputs[] = {input.getResult(0), input.getResult(1), op.getWeight(), op.getScales(),
                    op.getOrder(),      op.getOffsets(),    op.getHits()};
  kernel::LaunchOp launch = insert(op, "expert_linear", inputs, /*matrices=*/1, /*limit=*/0);
  op->replaceAllUsesWith(launch);
  op->erase();
  if (unroundedX && x.use_empty()) {
    unrounded.erase(x);
    x.getDefiningOp()->erase();
  }
}

void ExpertProducts::replace(Operation *op) {
  if (auto fused = dyn_cast<GateUpOp>(op))
    replaceGateUp(fused);
  else
    replaceLinear(cast<ExpertLinearOp>(op));
}

void v4::addGpuExpertTemplates(KernelContracts &templates) {
  // Written by ExpertProducts.
  templates["v4.expert_linear"] = {declinesExpertLinear, nullptr};
}

//===- EmitPanelFused.cpp - Products that share their input -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/PanelMatmul.h"
#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

//===----------------------------------------------------------------------===//
// Projections
//===----------------------------------------------------------------------===//

void v4::emitPanelProjections(kernel::PanelProjectionsOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t columns = op.getColumns();
  PanelMatmul matmul(k, op.getFormat(), op.getRows()[0], columns, op.getGrid().getTile());
  matmul.x = op.getX();
  matmul.inputStride = columns;
  k.workgroupRuns(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
                  [&](Value begin, Value end, Value firstTile, Value endTile) {
                    int64_t before = 0;
                    for (auto [i, weight] : llvm::enumerate(op.getWeights())) {
                      int64_t rows = op.getRows()[i], panels = panelCount(rows);
                      matmul.bind(weight, op.getScales().empty() ? Value() : op.getScales()[i], rows);
                      Value out = op.getOuts()[i];
                      Value first = k.sub(k.maxIndex(firstTile, k.index(before)), k.index(before));
                      Value last = k.sub(k.minIndex(endTile, k.index(before + panels)), k.index(before));
                      k.ifThen(k.less(first, last), [&] {
                        matmul.run(
                            Value(), first, last, begin, end, [&](Value input) { return k.mul(input, columns); },
                            [&](Value panel, Value input, Value low, Value high) {
                              Value at = k.add(k.mul(input, rows), k.mul(panel, kPanelRows));
                              matmul.storeRows(out, at, panel, low, high);
                            });
                      });
                      before += panels;
                    }
                  });
  matmul.finish();
}

//===----------------------------------------------------------------------===//
// Gate and up
//===----------------------------------------------------------------------===//

namespace {

/// Columns of a workgroup: one run of the quantization.
constexpr int64_t kColumns = 128;

class GateUp {
public:
  GateUp(kernel::PanelGateUpOp op, const CpuLevel &level)
      : op(op), k(op, level), matmul(k, op.getFormat(), op.getRows(), op.getColumns(), kPanelInputs) {
    gate = k.scratch(kPanelInputs * kColumns, k.b.getBF16Type());
    up = k.scratch(kPanelInputs * kColumns, k.b.getBF16Type());
    matmul.x = op.getX();
    if (!op.getOrder())
      matmul.inputStride = op.getColumns();
  }

  void emit() {
    if (op.getOrder())
      emitExperts();
    else
      k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
                   [&](Value begin, Value end, Value tile) { rows(Value(), tile, begin, end); });
    matmul.finish();
  }

private:
  void emitExperts() {
    k.loop(k.index(0), k.loadIndex(op.getHits(), k.index(0)), 1, [&](Value hit) {
      Value expert = k.loadIndex(op.getHits(), k.add(hit, 1));
      Value last = k.loadIndex(op.getOffsets(), k.add(expert, 1));
      // Workgroups of this expert's share among those of the range: one for each tile of columns.
      Value share = k.mod(hit, kExpertShares);
      auto tilesBefore = [&](Value group) {
        return k.div(k.add(k.sub(group, share), kExpertShares - 1), kExpertShares);
      };
      Value firstTile = tilesBefore(k.maxIndex(op.getBegin(), share)),
            endTile = tilesBefore(k.maxIndex(op.getEnd(), share));
      k.loop(firstTile, endTile, 1, [&](Value tile) {
        k.loop(k.loadIndex(op.getOffsets(), expert), last, kPanelInputs,
               [&](Value begin) { rows(expert, tile, begin, k.minIndex(k.add(begin, kPanelInputs), last)); });
      });
    });
  }

  /// Row of the result that input i makes: an assignment with experts.
  Value resultRow(Value input) { return op.getOrder() ? k.loadIndex(op.getOrder(), input) : input; }

  void rows(Value expert, Value tile, Value begin, Value end) {
    auto offset = [&](Value input) {
      Value row = op.getOrder() ? k.div(resultRow(input), int64_t(op.getActive())) : input;
      return k.mul(row, int64_t(op.getColumns()));
    };
    k.loop(k.index(0), k.index(kColumns / kPanelRows), 1, [&](Value part) {
      Value panel = k.add(k.mul(tile, kColumns / kPanelRows), part);
      auto panelOf = [&](Value weight, Value scales) {
        matmul.bind(weight, scales, op.getRows());
        return matmul.panel(expert, panel);
      };
      PanelMatmul::Panel gatePanel = panelOf(op.getGate(), op.getGateScales());
      PanelMatmul::Panel upPanel = panelOf(op.getUp(), op.getUpScales());
      matmul.run(gatePanel, upPanel, begin, end, offset, [&](int64_t which, Value input, Value low, Value high) {
        Value scratch = which ? up : gate;
        Value at = k.add(k.mul(k.sub(input, begin), kColumns), k.mul(part, kPanelRows));
        k.store(low, scratch, at);
        k.store(high, scratch, k.add(at, kLanes));
      });
    });
    k.loop(begin, end, 1, [&](Value input) { epilogue(input, k.mul(k.sub(input, begin), kColumns), tile); });
  }

  /// One run of 128 columns of one row.
  void epilogue(Value input, Value from, Value tile) {
    Value row = resultRow(input);
    Value weight = op.getWeights() ? k.splat(k.load(op.getWeights(), row), kLanes) : Value();
    BodyBuilder::Values hidden;
    for (int64_t i = 0; i < kColumns; i += kLanes)
      hidden.push_back(
          k.roundBf16(swiglu(k.load(gate, k.add(from, i), kLanes), k.load(up, k.add(from, i), kLanes), weight)));
    if (op.getQuantized())
      hidden = RunQuantizer{k, /*fp8=*/true}.run(hidden);
    Value to = k.add(k.mul(row, int64_t(op.getRows())), k.mul(tile, kColumns));
    for (auto [i, value] : llvm::enumerate(hidden))
      storeExact(k, value, op.getOut(), k.add(to, int64_t(i) * kLanes));
  }

  Value swiglu(Value a, Value v, Value weight) {
    if (op.getLimit() && op.getLimit()->convertToFloat() > 0) {
      float limit = op.getLimit()->convertToFloat();
      a = k.minimum(a, k.real(limit, kLanes));
      v = k.maximum(k.minimum(v, k.real(limit, kLanes)), k.real(-limit, kLanes));
    }
    Value hidden = k.div(a, k.add(k.real(1, kLanes), k.exp(arith::NegFOp::create(k.b, k.loc, a))));
    hidden = k.mul(hidden, v);
    return weight ? k.mul(weight, hidden) : hidden;
  }

  kernel::PanelGateUpOp op;
  CpuBody k;
  PanelMatmul matmul;
  Value gate, up;
};

} // namespace

void v4::emitPanelGateUp(kernel::PanelGateUpOp op, const CpuLevel &level) { GateUp(op, level).emit(); }

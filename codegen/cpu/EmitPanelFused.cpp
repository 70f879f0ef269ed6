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
#include "codegen/cpu/TileRegisters.h"

using namespace mlir;
using namespace v4;

//===----------------------------------------------------------------------===//
// Projections
//===----------------------------------------------------------------------===//

namespace {

/// Weights of one projection whose code differs in numbers and addresses alone.
class Projections {
public:
  Projections(kernel::PanelProjectionsOp op, const CpuLevel &level)
      : op(op), k(op, level), columns(op.getColumns()),
        matmul(k, op.getFormat(), op.getRows()[0], columns, op.getGrid().getTile()) {
    matmul.x = op.getX();
    matmul.inputStride = columns;
    for (int64_t rows : op.getRows())
      before.push_back(before.back() + panelCount(rows));
  }

  void emit() {
    k.workgroupRuns(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
                    [&](Value begin, Value end, Value firstTile, Value endTile) {
                      for (ArrayRef<int64_t> alike : groups())
                        k.loop(k.index(0), k.index(alike.size()), 1,
                               [&](Value which) { project(alike, which, begin, end, firstTile, endTile); });
                    });
    matmul.finish();
  }

private:
  /// Runs of weights with whole panels and one type of results.
  SmallVector<SmallVector<int64_t>> groups() {
    SmallVector<SmallVector<int64_t>> result;
    auto isWhole = [&](int64_t i) { return op.getRows()[i] % kPanelRows == 0; };
    for (int64_t i = 0; i < int64_t(op.getRows().size()); ++i) {
      int64_t last = result.empty() ? -1 : result.back().back();
      if (last >= 0 && isWhole(last) && isWhole(i) && op.getOuts()[last].getType() == op.getOuts()[i].getType())
        result.back().push_back(i);
      else
        result.push_back({i});
    }
    return result;
  }

  /// valueOf(alike[which])
  Value choose(ArrayRef<int64_t> alike, Value which, function_ref<Value(int64_t i)> valueOf) {
    Value result = valueOf(alike.back());
    for (int64_t i = int64_t(alike.size()) - 2; i >= 0; --i)
      result = k.select(k.less(which, k.index(i + 1)), valueOf(alike[i]), result);
    return result;
  }

  void project(ArrayRef<int64_t> alike, Value which, Value begin, Value end, Value firstTile, Value endTile) {
    auto number = [&](function_ref<int64_t(int64_t i)> of) {
      return choose(alike, which, [&](int64_t i) { return k.index(of(i)); });
    };
    Value scales =
        op.getScales().empty() ? Value() : choose(alike, which, [&](int64_t i) { return op.getScales()[i]; });
    matmul.bind(choose(alike, which, [&](int64_t i) { return op.getWeights()[i]; }), scales, op.getRows()[alike[0]]);
    Value out = choose(alike, which, [&](int64_t i) { return op.getOuts()[i]; });
    Value rows = number([&](int64_t i) { return op.getRows()[i]; });
    Value from = number([&](int64_t i) { return before[i]; }), to = number([&](int64_t i) { return before[i + 1]; });
    Value first = k.sub(k.maxIndex(firstTile, from), from), last = k.sub(k.minIndex(endTile, to), from);
    k.ifThen(k.less(first, last), [&] {
      matmul.run(
          Value(), first, last, begin, end, [&](Value input) { return k.mul(input, columns); },
          [&](Value panel, Value input, Value low, Value high) {
            Value at = k.add(k.mul(input, rows), k.mul(panel, kPanelRows));
            matmul.storeRows(out, at, panel, low, high);
          });
    });
  }

  kernel::PanelProjectionsOp op;
  CpuBody k;
  int64_t columns;
  PanelMatmul matmul;
  SmallVector<int64_t> before{0}; ///< Panels in front of each weight, and of all.
};

} // namespace

void v4::emitPanelProjections(kernel::PanelProjectionsOp op, const CpuLevel &level) { Projections(op, level).emit(); }

//===----------------------------------------------------------------------===//
// Gate and up
//===----------------------------------------------------------------------===//

namespace {

/// Columns of a workgroup: one run of the quantization.
constexpr int64_t kColumns = 128;
/// Element of the scratch from which results of up lie.
constexpr int64_t kUp = kPanelInputs * kColumns;

class GateUp {
public:
  GateUp(kernel::PanelGateUpOp op, const CpuLevel &level)
      : op(op), k(op, level), matmul(k, op.getFormat(), op.getRows(), op.getColumns(), kPanelInputs) {
    hidden = k.scratch(2 * kUp, k.b.getBF16Type());
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
    if (matmul.hasTiles())
      k.ifElse(
          k.less(k.sub(end, begin), k.index(kTileRows + 1)),
          [&] {
            pairs(expert, tile, begin, end, offset);
            return BodyBuilder::Values();
          },
          [&] {
            blocks(expert, tile, begin, end, offset);
            return BodyBuilder::Values();
          });
    else
      pairs(expert, tile, begin, end, offset);
    k.loop(begin, end, 1, [&](Value input) { epilogue(input, k.mul(k.sub(input, begin), kColumns), tile); });
  }

  /// A panel of gate beside the same one of up.
  void pairs(Value expert, Value tile, Value begin, Value end, PanelMatmul::Offset offset) {
    k.loop(k.index(0), k.index(kColumns / kPanelRows), 1, [&](Value part) {
      Value panel = k.add(k.mul(tile, kColumns / kPanelRows), part);
      auto panelOf = [&](Value weight, Value scales) {
        matmul.bind(weight, scales, op.getRows());
        return matmul.panel(expert, panel);
      };
      PanelMatmul::Panel gatePanel = panelOf(op.getGate(), op.getGateScales());
      PanelMatmul::Panel upPanel = panelOf(op.getUp(), op.getUpScales());
      matmul.run(gatePanel, upPanel, begin, end, offset, [&](Value which, Value input, Value low, Value high) {
        keep(which, k.sub(input, begin), part, low, high);
      });
    });
  }

  /// All panels of gate, then all of up.
  void blocks(Value expert, Value tile, Value begin, Value end, PanelMatmul::Offset offset) {
    Value first = k.mul(tile, kColumns / kPanelRows);
    auto multiply = [&](Value weight, Value scales, int64_t which) {
      matmul.bind(weight, scales, op.getRows());
      matmul.runBlocks(expert, first, k.add(first, kColumns / kPanelRows), begin, end, offset,
                       [&](Value panel, Value input, Value low, Value high) {
                         keep(k.index(which), k.sub(input, begin), k.sub(panel, first), low, high);
                       });
    };
    multiply(op.getGate(), op.getGateScales(), 0);
    multiply(op.getUp(), op.getUpScales(), 1);
  }

  /// `which`: 0 of gate, 1 of up.
  void keep(Value which, Value input, Value part, Value low, Value high) {
    Value at = k.add(k.mul(which, kUp), k.add(k.mul(input, kColumns), k.mul(part, kPanelRows)));
    k.store(low, hidden, at);
    k.store(high, hidden, k.add(at, kLanes));
  }

  /// One run of 128 columns of one row.
  void epilogue(Value input, Value from, Value tile) {
    Value row = resultRow(input);
    Value weight = op.getWeights() ? k.splat(k.load(op.getWeights(), row), kLanes) : Value();
    BodyBuilder::Values results;
    for (int64_t i = 0; i < kColumns; i += kLanes)
      results.push_back(k.roundBf16(
          swiglu(k.load(hidden, k.add(from, i), kLanes), k.load(hidden, k.add(from, kUp + i), kLanes), weight)));
    if (op.getQuantized())
      results = RunQuantizer{k, /*fp8=*/true}.run(results);
    Value to = k.add(k.mul(row, int64_t(op.getRows())), k.mul(tile, kColumns));
    for (auto [i, value] : llvm::enumerate(results))
      storeExact(k, value, op.getOut(), k.add(to, int64_t(i) * kLanes));
  }

  Value swiglu(Value a, Value v, Value weight) {
    if (op.getLimit() && op.getLimit()->convertToFloat() > 0) {
      float limit = op.getLimit()->convertToFloat();
      a = k.minimum(a, k.real(limit, kLanes));
      v = k.maximum(k.minimum(v, k.real(limit, kLanes)), k.real(-limit, kLanes));
    }
    Value silu = k.div(a, k.add(k.real(1, kLanes), k.exp(arith::NegFOp::create(k.b, k.loc, a))));
    Value product = k.mul(silu, v);
    return weight ? k.mul(weight, product) : product;
  }

  kernel::PanelGateUpOp op;
  CpuBody k;
  PanelMatmul matmul;
  Value hidden; ///< Columns of gate for every input, behind them those of up.
};

} // namespace

void v4::emitPanelGateUp(kernel::PanelGateUpOp op, const CpuLevel &level) { GateUp(op, level).emit(); }

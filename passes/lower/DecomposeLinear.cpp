//===- DecomposeLinear.cpp - Dense, grouped and expert projections -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/MatrixRows.h"

using namespace mlir;
using namespace v4;

/// Output rows of a workgroup, and rows of the step that one workgroup visits: enough of
/// both that weights are decoded once for many inputs, few enough for many cores.
static constexpr int64_t kRowTile = 16;
static constexpr int64_t kInputTile = 32;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

struct LinearModel : Decomposition<LinearModel, LinearOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto linear = cast<LinearOp>(op);
    Type type = linear.getX().getType();
    MatrixRows w(k, linear.getWeight(), linear.getScales());
    // Inner dimensions of x are more rows of the same product.
    int64_t inner = rowElements(type) / lastDim(type), tile = std::max<int64_t>(1, kInputTile / inner);
    k.workgroups(rowsOf(type), tile, ceilDiv(w.rows, kRowTile), [&](Value begin, Value end, Value part) {
      w.dots(
          k.mul(part, kRowTile), kRowTile, k.operand(0), k.mul(begin, inner), k.mul(end, inner),
          [&](Value input) { return k.mul(input, w.columns); },
          [&](Value input, Value row, Value dot) { k.store(dot, k.result(0), k.add(k.mul(input, w.rows), row)); });
    });
    return success();
  }
};

struct GroupedLinearModel : Decomposition<GroupedLinearModel, GroupedLinearOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto linear = cast<GroupedLinearOp>(op);
    Type type = linear.getX().getType();
    MatrixRows w(k, linear.getWeight(), linear.getScales());
    int64_t groups = linear.getGroups(), rank = w.rows / groups, x = rowElements(type);
    // A row tile lies in one group, so that its rows share their inputs.
    int64_t rowTile = kRowTile;
    while (rank % rowTile)
      rowTile /= 2;
    k.workgroups(rowsOf(type), kInputTile, w.rows / rowTile, [&](Value begin, Value end, Value part) {
      Value first = k.mul(part, rowTile), group = k.div(first, rank);
      w.dots(
          first, rowTile, k.operand(0), begin, end,
          [&](Value input) { return k.add(k.mul(input, x), k.mul(group, w.columns)); },
          [&](Value input, Value row, Value dot) { k.store(dot, k.result(0), k.add(k.mul(input, w.rows), row)); },
          std::min(rowTile, MatrixRows::kRowsPerPass));
    });
    return success();
  }
};

struct ExpertLinearModel : Decomposition<ExpertLinearModel, ExpertLinearOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto linear = cast<ExpertLinearOp>(op);
    MatrixRows w(k, linear.getWeight(), linear.getScales());
    auto planted = op->getAttrOfType<StringAttr>("v4.planted"); // test-only mistake
    w.swapNibbles = planted && planted.getValue() == "nibbles";
    auto xType = cast<RankedTensorType>(linear.getX().getType());
    int64_t active = lastDim(linear.getOrder().getType());
    bool shared = xType.getRank() == 2; // one input for all assignments of a token
    Value order = k.operandOf(linear.getOrder()), offsets = k.operandOf(linear.getOffsets());
    Value hits = k.operandOf(linear.getHits());
    k.workgroups(RowSpace::One, 1, ceilDiv(w.rows, kRowTile), [&](Value, Value, Value part) {
      // Only experts that some token chose are visited.
      k.loop(k.index(0), k.loadIndex(hits, k.index(0)), 1, [&](Value hit) {
        Value expert = k.loadIndex(hits, k.add(hit, 1));
        w.matrix = expert;
        w.dots(
            k.mul(part, kRowTile), kRowTile, k.operand(0), k.loadIndex(offsets, expert),
            k.loadIndex(offsets, k.add(expert, 1)),
            [&](Value input) {
              Value assignment = k.loadIndex(order, input);
              return k.mul(shared ? k.div(assignment, active) : assignment, w.columns);
            },
            [&](Value input, Value row, Value dot) {
              k.store(dot, k.result(0), k.add(k.mul(k.loadIndex(order, input), w.rows), row));
            });
      });
    });
    return success();
  }
};

} // namespace

void v4::registerLinearDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    LinearOp::attachInterface<LinearModel>(*context);
    GroupedLinearOp::attachInterface<GroupedLinearModel>(*context);
    ExpertLinearOp::attachInterface<ExpertLinearModel>(*context);
  });
}

//===- DecomposeRotary.cpp - RoPE tables, RoPE and Hadamard -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/RowSteps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4;

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

/// Position of a row of the step, as an index.
Value rowPosition(KernelEmitter &k, RowSpace rows, Value row) {
  if (rows == RowSpace::Chunks4)
    return k.mul(k.loadIndex(k.step(plan::StepField::Chunks4Indices), row), 4);
  if (rows == RowSpace::Chunks128)
    return k.mul(k.loadIndex(k.step(plan::StepField::Chunks128Indices), row), 128);
  return k.loadIndex(k.step(plan::StepField::Positions), row);
}

struct RopeTableModel : Decomposition<RopeTableModel, RopeTableOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto table = cast<RopeTableOp>(op);
    SmallVector<float> freqs = llvm::to_vector(table.getFreqs().getValues<float>());
    int64_t pairs = freqs.size();
    RowSpace rows = rowsOf(op->getResult(0).getType());
    // Frequencies sit in a table on the stack, so that any number of pairs is a loop.
    Value frequencies = k.scratch(pairs, k.f32());
    for (int64_t j = 0; j < pairs; ++j)
      k.store(k.real(freqs[j]), frequencies, k.index(j));
    k.workgroups(rows, 1, 1, [&](Value row, Value, Value) {
      Value position = k.add(rowPosition(k, rows, row), k.index(table.getOffset()));
      Value turns = arith::SIToFPOp::create(k.b, k.loc, k.f32(), k.toInteger(position));
      Value at = k.mul(row, 2 * pairs);
      k.lanes(pairs, [&](Value j, int64_t width) {
        Value angle = k.mul(k.splat(turns, width), k.load(frequencies, j, width));
        k.store(math::CosOp::create(k.b, k.loc, angle), k.result(0), k.add(at, j));
        k.store(math::SinOp::create(k.b, k.loc, angle), k.result(0), k.add(k.add(at, pairs), j));
      });
    });
    return success();
  }
};

struct RopeModel : Decomposition<RopeModel, RopeOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto rope = cast<RopeOp>(op);
    Type type = rope.getX().getType();
    int64_t d = lastDim(type), heads = rowElements(type) / d, pairs = lastDim(rope.getTable().getType());
    k.workgroups(rowsOf(type), 1, heads, [&](Value row, Value, Value head) {
      Value at = k.mul(k.add(k.mul(row, heads), head), d);
      rotateRow(k, {k.operand(0), at}, {k.operand(1), k.mul(row, 2 * pairs), pairs, rope.getInverse()},
                {k.result(0), at}, d);
    });
    return success();
  }
};

struct HadamardModel : Decomposition<HadamardModel, HadamardOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    Type type = op->getOperand(0).getType();
    int64_t n = lastDim(type), rows = rowElements(type) / n;
    k.workgroups(rowsOf(type), 1, rows, [&](Value row, Value, Value tile) {
      Value at = k.mul(k.add(k.mul(row, rows), tile), n);
      transformRow(k, {k.operand(0), at}, {k.result(0), at}, n);
    });
    return success();
  }
};

} // namespace

void v4::registerRotaryDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    RopeTableOp::attachInterface<RopeTableModel>(*context);
    RopeOp::attachInterface<RopeModel>(*context);
    HadamardOp::attachInterface<HadamardModel>(*context);
  });
}

//===- DecomposeRows.cpp - Fused steps on rows ------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/RowSteps.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace v4;

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

/// One step after the other, from one bf16 buffer to the other; the last one writes the result.
struct RowChainModel : Decomposition<RowChainModel, RowChainOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<RowChainOp>(operation);
    Type type = op.getX().getType();
    int64_t n = lastDim(type), inner = rowElements(type) / n;
    Value buffers[] = {k.scratch(n, k.b.getBF16Type()), k.scratch(n, k.b.getBF16Type())};
    k.workgroups(rowsOf(type), 1, inner, [&](Value row, Value, Value tile) {
      RowPlace at{k.operand(0), k.mul(k.add(k.mul(row, inner), tile), n)}, out{k.result(0), at.at};
      int64_t left = bool(op.getEps()) + bool(op.getTable()) + op.getHadamard() + bool(op.getFormat()), buffer = 0;
      auto next = [&] { return --left ? RowPlace{buffers[buffer++ % 2], k.index(0)} : out; };
      auto step = [&](function_ref<void(RowPlace from, RowPlace to)> emit) {
        RowPlace to = next();
        emit(at, to);
        at = to;
      };
      if (op.getEps())
        step([&](RowPlace from, RowPlace to) { normalize(k, op, from, to, n); });
      if (op.getKeep())
        copyRow(k, at, {k.result(1), out.at}, n);
      if (op.getTable())
        step([&](RowPlace from, RowPlace to) {
          int64_t pairs = lastDim(op.getTable().getType());
          rotateRow(k, from, {k.operandOf(op.getTable()), k.mul(row, 2 * pairs), pairs, op.getInverse()}, to, n);
        });
      if (op.getHadamard())
        step([&](RowPlace from, RowPlace to) { transformRow(k, from, to, n); });
      if (op.getFormat())
        step([&](RowPlace from, RowPlace to) {
          quantizeRow(k, from, *op.getFormat(), *op.getBlock(), *op.getPrefix(), to, n);
        });
    });
    return success();
  }

  static void normalize(KernelEmitter &k, RowChainOp op, RowPlace from, RowPlace to, int64_t n) {
    float eps = op.getEps()->convertToFloat();
    if (op.getWeight())
      return normalizeRow(k, from, k.operandOf(op.getWeight()), eps, to, n);
    normalizeHead(k, from, eps, to, n);
  }
};

struct SwigluQuantizeModel : Decomposition<SwigluQuantizeModel, SwigluQuantizeOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<SwigluQuantizeOp>(operation);
    Type type = op.getGate().getType();
    int64_t n = lastDim(type), inner = rowElements(type) / n;
    Value hidden = k.scratch(n, k.b.getBF16Type());
    k.workgroups(rowsOf(type), 1, inner, [&](Value row, Value, Value slot) {
      Value line = k.add(k.mul(row, inner), slot), at = k.mul(line, n);
      Value weight = op.getWeights() ? k.load(k.operandOf(op.getWeights()), line) : Value();
      float limit = op.getLimit() ? op.getLimit()->convertToFloat() : 0;
      gateRow(k, {k.operand(0), at}, {k.operand(1), at}, weight, limit, {hidden, k.index(0)}, n);
      quantizeRow(k, {hidden, k.index(0)}, QuantFormat::Fp8, 128, n, {k.result(0), at}, n);
    });
    return success();
  }
};

} // namespace

void v4::registerRowDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    RowChainOp::attachInterface<RowChainModel>(*context);
    SwigluQuantizeOp::attachInterface<SwigluQuantizeModel>(*context);
  });
}

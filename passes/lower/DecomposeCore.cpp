//===- DecomposeCore.cpp - Embedding, norms, quantization, row moves -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/KernelEmitter.h"
#include "passes/lower/RowSteps.h"

using namespace mlir;
using namespace v4;

/// Emits f(i, width, offset of the row) for every row of a rows tensor whose last
/// dimension is `width`; rows are spread over workgroups one by one.
static void forRows(KernelEmitter &k, Type type, function_ref<void(Value row)> body) {
  int64_t inner = rowElements(type) / lastDim(type);
  k.workgroups(rowsOf(type), 1, inner, [&](Value row, Value, Value tile) { body(k.add(k.mul(row, inner), tile)); });
}

static void copyRow(KernelEmitter &k, Value from, Value fromAt, Value to, Value toAt, int64_t n) {
  copyRow(k, {from, fromAt}, {to, toAt}, n);
}

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

struct EmbedModel : Decomposition<EmbedModel, EmbedOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    Type type = op->getResult(0).getType();
    int64_t d = lastDim(type), streams = rowElements(type) / d;
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      Value from = k.mul(k.loadIndex(k.step(plan::StepField::TokenIds), row), d);
      for (int64_t j = 0; j < streams; ++j)
        copyRow(k, k.operand(0), from, k.result(0), k.add(k.mul(row, streams * d), j * d), d);
    });
    return success();
  }
};

struct RmsNormModel : Decomposition<RmsNormModel, RmsNormOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto norm = cast<RmsNormOp>(op);
    int64_t d = lastDim(norm.getX().getType());
    forRows(k, norm.getX().getType(), [&](Value row) {
      Value at = k.mul(row, d);
      normalizeRow(k, {k.operand(0), at}, k.operand(1), norm.getEps().convertToFloat(), {k.result(0), at}, d);
    });
    return success();
  }
};

struct HeadNormModel : Decomposition<HeadNormModel, HeadNormOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto norm = cast<HeadNormOp>(op);
    int64_t d = lastDim(norm.getX().getType());
    forRows(k, norm.getX().getType(), [&](Value row) {
      Value at = k.mul(row, d);
      normalizeHead(k, {k.operand(0), at}, norm.getEps().convertToFloat(), {k.result(0), at}, d);
    });
    return success();
  }
};

struct ScaleModel : Decomposition<ScaleModel, ScaleOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto scale = cast<ScaleOp>(op);
    int64_t d = lastDim(scale.getX().getType());
    forRows(k, scale.getX().getType(), [&](Value row) {
      k.lanes(d, [&](Value i, int64_t width) {
        Value at = k.add(k.mul(row, d), i);
        Value x = k.load(k.operand(0), at, width);
        k.store(k.mul(x, k.real(scale.getFactor().convertToFloat(), width)), k.result(0), at);
      });
    });
    return success();
  }
};

struct QuantizeModel : Decomposition<QuantizeModel, QuantizeOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto quantize = cast<QuantizeOp>(op);
    int64_t d = lastDim(quantize.getX().getType());
    forRows(k, quantize.getX().getType(), [&](Value row) {
      Value at = k.mul(row, d);
      quantizeRow(k, {k.operand(0), at}, quantize.getFormat(), quantize.getBlock(), quantize.getPrefix(),
                  {k.result(0), at}, d);
    });
    return success();
  }
};

struct SelectLogitsRowsModel : Decomposition<SelectLogitsRowsModel, SelectLogitsRowsOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    int64_t n = rowElements(op->getOperand(0).getType());
    k.workgroups(RowSpace::Logits, 1, 1, [&](Value row, Value, Value) {
      Value from = k.mul(k.loadIndex(k.step(plan::StepField::LogitsRows), row), n);
      copyRow(k, k.operand(0), from, k.result(0), k.mul(row, n), n);
    });
    return success();
  }
};

struct MtpMixModel : Decomposition<MtpMixModel, MtpMixOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto mix = cast<MtpMixOp>(op);
    int64_t d = lastDim(mix.getE().getType()), streams = rowElements(mix.getStreams().getType()) / d;
    k.workgroups(rowsOf(mix.getE().getType()), 1, streams, [&](Value row, Value, Value stream) {
      Value at = k.mul(k.add(k.mul(row, streams), stream), d);
      k.lanes(d, [&](Value i, int64_t width) {
        Value e = k.load(k.operand(0), k.add(k.mul(row, d), i), width);
        k.store(k.add(e, k.load(k.operand(1), k.add(at, i), width)), k.result(0), k.add(at, i));
      });
    });
    return success();
  }
};

} // namespace

void v4::registerCoreDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    EmbedOp::attachInterface<EmbedModel>(*context);
    RmsNormOp::attachInterface<RmsNormModel>(*context);
    HeadNormOp::attachInterface<HeadNormModel>(*context);
    ScaleOp::attachInterface<ScaleModel>(*context);
    QuantizeOp::attachInterface<QuantizeModel>(*context);
    SelectLogitsRowsOp::attachInterface<SelectLogitsRowsModel>(*context);
    MtpMixOp::attachInterface<MtpMixModel>(*context);
  });
}

//===- DecomposeHyperConnections.cpp - Stream mixes, Sinkhorn, heads -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/MatrixRows.h"
#include "passes/lower/RowSteps.h"
#include "passes/lower/StreamMix.h"

using namespace mlir;
using namespace v4;

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

/// Columns of a workgroup of hc_post, whose work is proportional to d.
constexpr int64_t kColumnTile = 1024;

/// m = (fn z) / sqrt(mean(z^2) + eps) of the streams of one token, into `mix`.
void mixRows(KernelEmitter &k, Value fn, Value mix, Value token, int64_t n, float eps) {
  MatrixRows w(k, fn, Value());
  Value at = k.mul(token, n);
  Value squares = k.sum(n, [&](Value i, int64_t width, Value total) {
    Value z = k.load(k.operand(0), k.add(at, i), width);
    return k.fma(z, z, total);
  });
  Value inverse = StreamMix::inverse(k, squares, n, eps);
  w.dots(
      k.index(0), w.rows, k.operand(0), token, k.add(token, 1), [&](Value) { return at; },
      [&](Value, Value row, Value dot) { k.store(k.mul(dot, inverse), mix, row); });
}

struct HcPreModel : Decomposition<HcPreModel, HcPreOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto pre = cast<HcPreOp>(op);
    auto type = cast<RankedTensorType>(pre.getStreams().getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    StreamMix mix{k, k.scratch((2 + c) * c, k.f32()), k.operand(2), k.operand(3), c, pre.getHcEps().convertToFloat()};
    k.workgroups(rowsOf(type), 1, 1, [&](Value token, Value, Value) {
      mixRows(k, pre.getFn(), mix.mix, token, c * d, pre.getEps().convertToFloat());
      mix.reduce(mix.pre(), k.operand(0), token, d, k.result(0), k.mul(token, d));
      mix.storePost(k.result(1), k.mul(token, c));
      mix.storeSinkhorn(pre.getIterations(), k.result(2), k.mul(token, c * c));
    });
    return success();
  }
};

struct HcPostModel : Decomposition<HcPostModel, HcPostOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto type = cast<RankedTensorType>(op->getOperand(1).getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    auto planted = op->getAttrOfType<StringAttr>("v4.planted"); // test-only mistake
    bool transposed = planted && planted.getValue() == "comb_transposed";
    int64_t columns = d % kColumnTile == 0 ? kColumnTile : d;
    StreamUpdate update{k, k.operand(0), k.operand(1), k.operand(2), k.operand(3), k.result(0), c, d, transposed};
    k.workgroups(rowsOf(type), 1, d / columns,
                 [&](Value token, Value, Value part) { update.emit(token, k.mul(part, columns), columns); });
    return success();
  }
};

struct HcMixModel : Decomposition<HcMixModel, HcMixOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto mix = cast<HcMixOp>(op);
    auto type = cast<RankedTensorType>(mix.getStreams().getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    int64_t parts = cast<RankedTensorType>(mix.getMix().getType()).getDimSize(1), columns = d / parts;
    int64_t width = lastDim(mix.getMix().getType()), rows = cast<RankedTensorType>(mix.getFn().getType()).getDimSize(0);
    Value streams = mix.getY() ? k.result(1) : k.operand(0);
    k.workgroups(rowsOf(type), 1, parts, [&](Value token, Value, Value part) {
      Value begin = k.mul(part, columns), at = k.mul(k.add(k.mul(token, parts), part), width);
      if (mix.getY())
        StreamUpdate{k, k.operand(2), k.operand(0), k.operand(3), k.operand(4), streams, c, d}.emit(token, begin, columns);
      Value first = k.add(k.mul(token, c * d), begin);
      auto overStreams = [&](function_ref<Value(Value, Value, int64_t)> factor) {
        Value total = k.real(0);
        for (int64_t j = 0; j < c; ++j)
          total = k.add(total, k.sum(columns, [&](Value i, int64_t lanes, Value sum) {
            Value x = k.load(streams, k.add(k.add(first, j * d), i), lanes);
            return k.fma(factor(x, k.add(k.add(begin, j * d), i), lanes), x, sum);
          }));
        return total;
      };
      k.loop(k.index(0), k.index(rows), 1, [&](Value row) {
        Value base = k.mul(row, c * d);
        Value dot = overStreams([&](Value, Value column, int64_t lanes) { return k.load(k.operand(1), k.add(base, column), lanes); });
        k.store(dot, k.result(0), k.add(at, row));
      });
      k.store(overStreams([&](Value x, Value, int64_t) { return x; }), k.result(0), k.add(at, rows));
      k.loop(k.index(rows + 1), k.index(width), 1,
             [&](Value pad) { k.store(k.real(0), k.result(0), k.add(at, pad)); });
    });
    return success();
  }
};

struct HcNormModel : Decomposition<HcNormModel, HcNormOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto norm = cast<HcNormOp>(op);
    auto type = cast<RankedTensorType>(norm.getStreams().getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2), sums = (2 + c) * c;
    StreamMix mix{k, k.scratch(sums, k.f32()), k.operand(2), k.operand(3), c, norm.getHcEps().convertToFloat()};
    Value x = k.scratch(d, k.b.getBF16Type());
    k.workgroups(rowsOf(type), 1, 1, [&](Value token, Value, Value) {
      sumParts(k, norm, token, mix.mix, sums);
      mix.reduce(mix.pre(), k.operand(1), token, d, x, k.index(0));
      mix.storePost(k.result(1), k.mul(token, c));
      mix.storeSinkhorn(norm.getIterations(), k.result(2), k.mul(token, c * c));
      RowPlace normed{k.result(0), k.mul(token, d)};
      normalizeRow(k, {x, k.index(0)}, k.operand(4), norm.getNormEps().convertToFloat(), normed, d);
      if (norm.getQuantized())
        quantizeRow(k, normed, QuantFormat::Fp8, 128, d, {k.result(3), normed.at}, d);
    });
    return success();
  }

  /// m_n of the token into `to`.
  static void sumParts(KernelEmitter &k, HcNormOp norm, Value token, Value to, int64_t sums) {
    auto type = cast<RankedTensorType>(norm.getMix().getType());
    int64_t parts = type.getDimSize(1), width = type.getDimSize(2);
    auto total = [&](Value n) {
      Value at = k.add(k.mul(token, parts * width), n);
      return k.loop(k.index(0), k.index(parts), 1, ValueRange{k.real(0)}, [&](Value part, ValueRange carried) {
        return KernelEmitter::Values{k.add(carried[0], k.load(k.operand(0), k.add(at, k.mul(part, width))))};
      })[0];
    };
    int64_t values = rowElements(norm.getStreams().getType());
    Value inverse = StreamMix::inverse(k, total(k.index(sums)), values, norm.getEps().convertToFloat());
    k.loop(k.index(0), k.index(sums), 1, [&](Value n) { k.store(k.mul(total(n), inverse), to, n); });
  }
};

struct HcHeadModel : Decomposition<HcHeadModel, HcHeadOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto head = cast<HcHeadOp>(op);
    auto type = cast<RankedTensorType>(head.getStreams().getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    StreamMix mix{k, k.scratch(c, k.f32()), k.operand(2), k.operand(3), c, head.getHcEps().convertToFloat()};
    k.workgroups(rowsOf(type), 1, 1, [&](Value token, Value, Value) {
      mixRows(k, head.getFn(), mix.mix, token, c * d, head.getEps().convertToFloat());
      mix.reduce(mix.pre(), k.operand(0), token, d, k.result(0), k.mul(token, d));
    });
    return success();
  }
};

} // namespace

void v4::registerHyperConnectionDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    HcPreOp::attachInterface<HcPreModel>(*context);
    HcPostOp::attachInterface<HcPostModel>(*context);
    HcMixOp::attachInterface<HcMixModel>(*context);
    HcNormOp::attachInterface<HcNormModel>(*context);
    HcHeadOp::attachInterface<HcHeadModel>(*context);
  });
}

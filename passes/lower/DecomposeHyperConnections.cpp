//===- DecomposeHyperConnections.cpp - Stream mixes, Sinkhorn, heads -*- C++ -*-===//
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
  Value inverse = k.div(k.real(1), k.sqrt(k.add(k.div(squares, k.real(float(n))), k.real(eps))));
  w.dots(
      k.index(0), w.rows, k.operand(0), token, k.add(token, 1), [&](Value) { return at; },
      [&](Value, Value row, Value dot) { k.store(k.mul(dot, inverse), mix, row); });
}

/// sigmoid(mix_j * scale_which + base_j)
Value gate(KernelEmitter &k, Value mix, int64_t j, int64_t which) {
  Value scale = k.load(k.operand(3), k.index(which)), base = k.load(k.operand(2), k.index(j));
  return k.sigmoid(k.fma(k.load(mix, k.index(j)), scale, base));
}

/// x = bf16(sum_j weight_j X_j)
void reduceStreams(KernelEmitter &k, ArrayRef<Value> weights, Value token, Value to, int64_t d) {
  int64_t streams = weights.size();
  k.lanes(d, [&](Value i, int64_t width) {
    Value total = k.real(0, width);
    for (int64_t j = 0; j < streams; ++j) {
      Value x = k.load(k.operand(0), k.add(k.add(k.mul(token, streams * d), j * d), i), width);
      total = k.fma(k.splat(weights[j], width), x, total);
    }
    k.store(total, to, k.add(k.mul(token, d), i));
  });
}

using Square = KernelEmitter::Values; // C x C, row-major

/// Divides every row (or column) by its sum + eps.
Square normalize(KernelEmitter &k, const Square &t, int64_t c, bool rows, Value eps) {
  Square out(t.size());
  for (int64_t a = 0; a < c; ++a) {
    auto at = [&](int64_t other) { return rows ? a * c + other : other * c + a; };
    Value total = t[at(0)];
    for (int64_t other = 1; other < c; ++other)
      total = k.add(total, t[at(other)]);
    total = k.add(total, eps);
    for (int64_t other = 0; other < c; ++other)
      out[at(other)] = k.div(t[at(other)], total);
  }
  return out;
}

/// Softmax of every row, plus eps.
Square softmaxRows(KernelEmitter &k, const Square &t, int64_t c, Value eps) {
  Square out(t.size());
  for (int64_t i = 0; i < c; ++i) {
    Value most = t[i * c];
    for (int64_t j = 1; j < c; ++j)
      most = k.maximum(t[i * c + j], most);
    Value total;
    for (int64_t j = 0; j < c; ++j) {
      out[i * c + j] = k.exp(k.sub(t[i * c + j], most));
      total = j ? k.add(total, out[i * c + j]) : out[i * c + j];
    }
    for (int64_t j = 0; j < c; ++j)
      out[i * c + j] = k.add(k.div(out[i * c + j], total), eps);
  }
  return out;
}

struct HcPreModel : Decomposition<HcPreModel, HcPreOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto pre = cast<HcPreOp>(op);
    auto type = cast<RankedTensorType>(pre.getStreams().getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    Value mix = k.scratch((2 + c) * c, k.f32());
    k.workgroups(rowsOf(type), 1, 1, [&](Value token, Value, Value) {
      mixRows(k, pre.getFn(), mix, token, c * d, pre.getEps().convertToFloat());
      Value eps = k.real(pre.getHcEps().convertToFloat());
      KernelEmitter::Values weights;
      for (int64_t j = 0; j < c; ++j)
        weights.push_back(k.add(gate(k, mix, j, 0), eps));
      reduceStreams(k, weights, token, k.result(0), d);
      for (int64_t j = 0; j < c; ++j)
        k.store(k.mul(k.real(2), gate(k, mix, c + j, 1)), k.result(1), k.add(k.mul(token, c), j));
      Square comb = sinkhorn(k, pre, mix, c, eps);
      for (auto [i, value] : llvm::enumerate(comb))
        k.store(value, k.result(2), k.add(k.mul(token, c * c), int64_t(i)));
    });
    return success();
  }

  static Square sinkhorn(KernelEmitter &k, HcPreOp pre, Value mix, int64_t c, Value eps) {
    Square t;
    Value scale = k.load(k.operand(3), k.index(2));
    for (int64_t i = 0; i < c * c; ++i) {
      Value at = k.index(2 * c + i);
      t.push_back(k.fma(k.load(mix, at), scale, k.load(k.operand(2), at)));
    }
    t = normalize(k, softmaxRows(k, t, c, eps), c, /*rows=*/false, eps);
    return k.loop(k.index(1), k.index(int64_t(pre.getIterations())), 1, t, [&](Value, ValueRange carried) {
      Square rows = normalize(k, Square(carried), c, /*rows=*/true, eps);
      return normalize(k, rows, c, /*rows=*/false, eps);
    });
  }
};

struct HcPostModel : Decomposition<HcPostModel, HcPostOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto type = cast<RankedTensorType>(op->getOperand(1).getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    auto planted = op->getAttrOfType<StringAttr>("v4.planted"); // test-only mistake
    bool transposed = planted && planted.getValue() == "comb_transposed";
    int64_t columns = d % kColumnTile == 0 ? kColumnTile : d;
    k.workgroups(rowsOf(type), 1, d / columns, [&](Value token, Value, Value part) {
      auto scalar = [&](unsigned operand, int64_t n, int64_t i) {
        return k.load(k.operand(operand), k.add(k.mul(token, n), i));
      };
      KernelEmitter::Values post, comb;
      for (int64_t j = 0; j < c; ++j)
        post.push_back(scalar(2, c, j));
      for (int64_t i = 0; i < c * c; ++i)
        comb.push_back(scalar(3, c * c, i));
      k.lanes(columns, [&](Value within, int64_t width) {
        Value column = k.add(k.mul(part, columns), within);
        Value y = k.load(k.operand(0), k.add(k.mul(token, d), column), width);
        KernelEmitter::Values x;
        for (int64_t i = 0; i < c; ++i)
          x.push_back(k.load(k.operand(1), k.add(k.add(k.mul(token, c * d), i * d), column), width));
        for (int64_t j = 0; j < c; ++j) {
          Value total = k.mul(k.splat(post[j], width), y);
          for (int64_t i = 0; i < c; ++i)
            total = k.fma(k.splat(comb[transposed ? j * c + i : i * c + j], width), x[i], total);
          k.store(total, k.result(0), k.add(k.add(k.mul(token, c * d), j * d), column));
        }
      });
    });
    return success();
  }
};

struct HcHeadModel : Decomposition<HcHeadModel, HcHeadOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto head = cast<HcHeadOp>(op);
    auto type = cast<RankedTensorType>(head.getStreams().getType());
    int64_t c = type.getDimSize(1), d = type.getDimSize(2);
    Value mix = k.scratch(c, k.f32());
    k.workgroups(rowsOf(type), 1, 1, [&](Value token, Value, Value) {
      mixRows(k, head.getFn(), mix, token, c * d, head.getEps().convertToFloat());
      KernelEmitter::Values weights;
      for (int64_t j = 0; j < c; ++j)
        weights.push_back(k.add(gate(k, mix, j, 0), k.real(head.getHcEps().convertToFloat())));
      reduceStreams(k, weights, token, k.result(0), d);
    });
    return success();
  }
};

} // namespace

void v4::registerHyperConnectionDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    HcPreOp::attachInterface<HcPreModel>(*context);
    HcPostOp::attachInterface<HcPostModel>(*context);
    HcHeadOp::attachInterface<HcHeadModel>(*context);
  });
}

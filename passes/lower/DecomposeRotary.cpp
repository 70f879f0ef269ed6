//===- DecomposeRotary.cpp - RoPE tables, RoPE and Hadamard -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/KernelEmitter.h"

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
    int64_t plain = d - 2 * pairs;
    k.workgroups(rowsOf(type), 1, heads, [&](Value row, Value, Value head) {
      Value at = k.mul(k.add(k.mul(row, heads), head), d);
      k.lanes(plain, [&](Value i, int64_t width) {
        k.store(k.load(k.operand(0), k.add(at, i), width), k.result(0), k.add(at, i));
      });
      Value cosines = k.mul(row, 2 * pairs), rotary = k.add(at, plain);
      int64_t whole = pairs / 8 * 8;
      k.loop(k.index(0), k.index(whole), 8, [&](Value j) { rotate(k, rope, rotary, cosines, pairs, j, 8); });
      if (whole != pairs)
        k.loop(k.index(whole), k.index(pairs), 1, [&](Value j) { rotate(k, rope, rotary, cosines, pairs, j, 1); });
    });
    return success();
  }

  /// Rotates pairs j .. j + n - 1, n = 8 (vectors of 16 interleaved values) or 1.
  static void rotate(KernelEmitter &k, RopeOp rope, Value rotary, Value cosines, int64_t pairs, Value j, int64_t n) {
    Value at = k.add(rotary, k.mul(j, 2));
    Value even, odd;
    if (n == 1) {
      even = k.load(k.operand(0), at);
      odd = k.load(k.operand(0), k.add(at, 1));
    } else {
      Value both = k.load(k.operand(0), at, 16);
      even = vector::ShuffleOp::create(k.b, k.loc, both, both, ArrayRef<int64_t>{0, 2, 4, 6, 8, 10, 12, 14});
      odd = vector::ShuffleOp::create(k.b, k.loc, both, both, ArrayRef<int64_t>{1, 3, 5, 7, 9, 11, 13, 15});
    }
    Value cosine = k.load(k.operand(1), k.add(cosines, j), n);
    Value sine = k.load(k.operand(1), k.add(k.add(cosines, pairs), j), n);
    Value minus = arith::NegFOp::create(k.b, k.loc, sine);
    if (rope.getInverse())
      std::swap(sine, minus);
    Value a = k.fma(even, cosine, k.mul(odd, minus)), c = k.fma(even, sine, k.mul(odd, cosine));
    if (n == 1) {
      k.store(a, k.result(0), at);
      k.store(c, k.result(0), k.add(at, 1));
      return;
    }
    Value mixed = vector::ShuffleOp::create(k.b, k.loc, a, c, ArrayRef<int64_t>{0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15});
    k.store(mixed, k.result(0), at);
  }
};

struct HadamardModel : Decomposition<HadamardModel, HadamardOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    Type type = op->getOperand(0).getType();
    int64_t n = lastDim(type), rows = rowElements(type) / n;
    int64_t width = std::min<int64_t>(n, kLanes);
    k.workgroups(rowsOf(type), 1, rows, [&](Value row, Value, Value tile) {
      Value at = k.mul(k.add(k.mul(row, rows), tile), n);
      KernelEmitter::Values parts;
      for (int64_t i = 0; i < n; i += width)
        parts.push_back(withinLanes(k, k.load(k.operand(0), k.add(at, i), width)));
      for (size_t span = 1; span < parts.size(); span *= 2)
        for (size_t i = 0; i < parts.size(); ++i)
          if (!(i & span)) {
            Value low = parts[i], high = parts[i | span];
            parts[i] = k.add(low, high);
            parts[i | span] = k.sub(low, high);
          }
      Value norm = k.real(float(1.0 / std::sqrt(double(n))), width);
      for (auto [i, part] : llvm::enumerate(parts))
        k.store(k.mul(part, norm), k.result(0), k.add(at, int64_t(i) * width));
    });
    return success();
  }

  /// Butterflies of spans below the vector's width.
  static Value withinLanes(KernelEmitter &k, Value x) {
    int64_t width = k.lanesOf(x);
    for (int64_t span = 1; span < width; span *= 2) {
      SmallVector<int64_t> partner;
      SmallVector<float> sign;
      for (int64_t i = 0; i < width; ++i) {
        partner.push_back(i ^ span);
        sign.push_back(i & span ? -1.0f : 1.0f);
      }
      auto type = cast<VectorType>(x.getType());
      Value signs = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef<float>(sign)));
      // Multiplying by +-1 is exact: the high lanes get partner - x.
      Value other = vector::ShuffleOp::create(k.b, k.loc, x, x, partner);
      x = k.add(other, k.mul(x, signs));
    }
    return x;
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

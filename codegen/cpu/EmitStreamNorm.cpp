//===- EmitStreamNorm.cpp - Gates, Sinkhorn, norm, quantization -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Twenty Sinkhorn rounds are one long chain of dependent divisions for a token, but 16
// tokens take 16 lanes of it: sums are transposed into lanes, all gates computed, and
// the results read back token by token for the pass over the streams.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/RowLanes.h"

using namespace mlir;
using namespace v4;

namespace {

using Values = BodyBuilder::Values;

class StreamNormer {
public:
  StreamNormer(kernel::StreamNormOp op, const CpuLevel &level)
      : k(op, level), op(op), count(op.getStreams()), width(op.getWidth()), outputs((2 + count) * count),
        sums(outputs / 16 * 16 + 16), gates(k.scratch(sums * kLanes, k.f32())), x(k.scratch(width, k.f32())) {}

  void emit() {
    k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value begin, Value end, Value) {
      // Lanes without a token compute on zeros.
      for (int64_t i = 0; i < sums; ++i)
        k.store(k.real(0, kLanes), gates, k.index(i * kLanes));
      k.loop(begin, end, 1, [&](Value token) { transposeSums(token, k.sub(token, begin)); });
      computeGates();
      k.loop(begin, end, 1, [&](Value token) { finish(token, k.sub(token, begin)); });
    });
  }

private:
  //===--------------------------------------------------------------------===//
  // Gates, a token to a lane. Element n of all tokens is at gates[n * 16].
  //===--------------------------------------------------------------------===//

  void transposeSums(Value token, Value lane) {
    int64_t parts = op.getParts();
    Value at = k.mul(token, parts * sums);
    Values totals;
    for (int64_t i = 0; i < sums; i += kLanes)
      totals.push_back(k.real(0, kLanes));
    totals = k.loop(k.index(0), k.index(parts), 1, totals, [&](Value part, ValueRange carried) {
      Values next;
      for (auto [i, total] : llvm::enumerate(carried))
        next.push_back(k.add(total, k.load(op.getMix(), k.add(k.add(at, k.mul(part, sums)), int64_t(i) * kLanes), kLanes)));
      return next;
    });
    for (int64_t n = 0; n <= outputs; ++n) {
      Value sum = vector::ExtractOp::create(k.b, k.loc, totals[n / kLanes], ArrayRef<int64_t>{n % kLanes});
      k.store(sum, gates, k.add(lane, n * kLanes));
    }
  }

  Value lanesAt(int64_t n) { return k.load(gates, k.index(n * kLanes), kLanes); }
  void keep(Value lanes, int64_t n) { k.store(lanes, gates, k.index(n * kLanes)); }
  Value real(float value) { return k.real(value, kLanes); }
  float hcEps() { return op.getHcEps().convertToFloat(); }

  /// m_n * scale_which + base_n
  Value affine(Value inverse, int64_t n, int64_t which) {
    Value factor = k.splat(k.load(op.getScale(), k.index(which)), kLanes);
    Value base = k.splat(k.load(op.getBase(), k.index(n)), kLanes);
    return k.fma(k.mul(lanesAt(n), inverse), factor, base);
  }

  void computeGates() {
    Value mean = k.div(lanesAt(outputs), real(float(count * width)));
    Value inverse = k.div(real(1), k.sqrt(k.add(mean, real(op.getEps().convertToFloat()))));
    for (int64_t j = 0; j < count; ++j)
      keep(k.add(k.sigmoid(affine(inverse, j, 0)), real(hcEps())), j);
    for (int64_t j = count; j < 2 * count; ++j)
      keep(k.mul(real(2), k.sigmoid(affine(inverse, j, 1))), j);
    Values t;
    for (int64_t i = 0; i < count * count; ++i)
      t.push_back(affine(inverse, 2 * count + i, 2));
    t = normalize(softmaxRows(t), /*rows=*/false);
    t = k.loop(k.index(1), k.index(op.getIterations()), 1, t, [&](Value, ValueRange carried) {
      return normalize(normalize(Values(carried), /*rows=*/true), /*rows=*/false);
    });
    for (auto [i, value] : llvm::enumerate(t))
      keep(value, 2 * count + int64_t(i));
  }

  Values normalize(const Values &t, bool rows) {
    Values out(t.size());
    for (int64_t a = 0; a < count; ++a) {
      auto at = [&](int64_t other) { return rows ? a * count + other : other * count + a; };
      Value total = t[at(0)];
      for (int64_t other = 1; other < count; ++other)
        total = k.add(total, t[at(other)]);
      Value inverse = k.div(real(1), k.add(total, real(hcEps())));
      for (int64_t other = 0; other < count; ++other)
        out[at(other)] = k.mul(t[at(other)], inverse);
    }
    return out;
  }

  Values softmaxRows(const Values &t) {
    Values out(t.size());
    for (int64_t i = 0; i < count; ++i) {
      Value most = t[i * count];
      for (int64_t j = 1; j < count; ++j)
        most = k.maximum(t[i * count + j], most);
      Value total;
      for (int64_t j = 0; j < count; ++j) {
        out[i * count + j] = k.exp(k.sub(t[i * count + j], most));
        total = j ? k.add(total, out[i * count + j]) : out[i * count + j];
      }
      for (int64_t j = 0; j < count; ++j)
        out[i * count + j] = k.add(k.div(out[i * count + j], total), real(hcEps()));
    }
    return out;
  }

  //===--------------------------------------------------------------------===//
  // The pass over the streams, token by token
  //===--------------------------------------------------------------------===//

  void finish(Value token, Value lane) {
    auto gate = [&](int64_t n) { return k.load(gates, k.add(lane, n * kLanes)); };
    for (int64_t j = 0; j < count; ++j)
      k.store(gate(count + j), op.getPost(), k.add(k.mul(token, count), j));
    for (int64_t i = 0; i < count * count; ++i)
      k.store(gate(2 * count + i), op.getComb(), k.add(k.mul(token, count * count), i));
    Values pre;
    for (int64_t j = 0; j < count; ++j)
      pre.push_back(k.splat(gate(j), kLanes));
    Value from = k.mul(token, count * width);
    Value squares = sumOfLanes(k, width, [&](Value i, Value total) {
      Value mixed = k.mul(pre[0], k.load(op.getFrom(), k.add(from, i), kLanes));
      for (int64_t j = 1; j < count; ++j)
        mixed = k.fma(pre[j], k.load(op.getFrom(), k.add(k.add(from, j * width), i), kLanes), mixed);
      mixed = k.roundBf16(mixed);
      k.store(mixed, x, i);
      return k.fma(mixed, mixed, total);
    });
    Value mean = k.div(squares, k.real(float(width)));
    Value inverse = k.div(k.real(1), k.sqrt(k.add(mean, k.real(op.getNormEps().convertToFloat()))));
    normalizeAndQuantize(k.mul(token, width), k.splat(inverse, kLanes));
  }

  void normalizeAndQuantize(Value to, Value inverse) {
    constexpr int64_t kBlock = 128;
    RunQuantizer quantizer{k, /*fp8=*/true};
    k.loop(k.index(0), k.index(width), kBlock, [&](Value first) {
      Values normed;
      for (int64_t i = 0; i < kBlock; i += kLanes) {
        Value column = k.add(first, i);
        Value scaled = k.mul(k.load(x, column, kLanes), inverse);
        normed.push_back(k.roundBf16(k.mul(k.load(op.getWeight(), column, kLanes), scaled)));
        storeExact(k, normed.back(), op.getNormed(), k.add(to, column));
      }
      if (!op.getQuantized())
        return;
      for (auto [i, value] : llvm::enumerate(quantizer.run(normed)))
        storeExact(k, value, op.getQuantized(), k.add(k.add(to, first), int64_t(i) * kLanes));
    });
  }

  CpuBody k;
  kernel::StreamNormOp op;
  int64_t count, width, outputs, sums;
  Value gates; ///< [element][lane]
  Value x;     ///< The mixed input of one token.
};

} // namespace

void v4::emitStreamNorm(kernel::StreamNormOp op, const CpuLevel &level) { StreamNormer(op, level).emit(); }

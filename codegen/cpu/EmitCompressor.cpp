//===- EmitCompressor.cpp - Pooling of finished chunks, to the cache - -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arithmetic is that of the decomposition: a softmax over the candidates of each
// channel, in the order of their positions. 64 channels go together: one look where a
// candidate is, and four independent chains of sums.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/RowChain.h"
#include "dialects/kernel/PoolRows.h"
#include "runtime/plan/KernelAbi.h"

#include <cmath>

using namespace mlir;
using namespace v4;

namespace {

using Values = BodyBuilder::Values;

/// Vectors of channels that go together.
constexpr int64_t kStripVectors = 4;

class Compressor {
public:
  Compressor(kernel::CompressAppendOp op, const CpuLevel &level)
      : k(op, level), op(op), ratio(op.getRatio()), halves(ratio == 4 ? 2 : 1), dim(op.getDim()), width(halves * dim),
        ring(k, op.getState(), {k.f32(), 2 * width, 0, 8 * width}),
        pool(k, op.getPool(), {op.getFormat(), dim, int64_t(op.getRope()), int64_t(op.getRowBytes())}),
        scores(k.scratch(halves * ratio * kStripVectors * kLanes, k.f32())), pooled(k.scratch(dim, k.b.getBF16Type())),
        finished(k.scratch(dim, k.b.getBF16Type())), chain(k, steps()) {}

  void emit() {
    k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value) {
      Value slot = k.loadIndex(op.getSlots(), row), chunk = k.loadIndex(op.getPlaces(), row);
      StepRows step(k, op.getSlotRows(), op.getSlotStarts(), slot);
      rows = &step;
      state = k.loadIndex(op.getStates(), slot);
      firstPosition = k.mul(k.add(chunk, 1 - halves), ratio);
      // The first chunk has none in front of it.
      firstCandidate = halves == 2 ? k.select(k.less(k.index(0), chunk), k.index(0), k.index(ratio)) : k.index(0);
      poolRow();
      chain.emit(row, k.index(0));
      Value firstPage = k.mul(slot, k.loadIndex(op.getCounts(), k.index(plan::kCountPages)));
      pool.encode(finished, k.index(0), pool.pageRow(op.getPages(), firstPage, chunk, op.getPoolRows()));
    });
  }

private:
  RowChainSteps steps() {
    bool fp8 = isa<Float8E4M3FNType>(op.getFormat());
    return {pooled,
            op.getWeight(),
            op.getTable(),
            finished,
            Value(),
            dim,
            int64_t(op.getRotary()),
            fp8 ? 64 : 32,
            dim - int64_t(op.getRope()),
            op.getEps(),
            /*inverse=*/false,
            op.getHadamard(),
            fp8};
  }

  void poolRow() {
    constexpr int64_t kStrip = kStripVectors * kLanes;
    int64_t whole = dim / kStrip * kStrip;
    if (whole)
      k.loop(k.index(0), k.index(whole), kStrip, [&](Value channel) { poolStrip(channel, kStripVectors); });
    if (dim != whole)
      poolStrip(k.index(whole), (dim - whole) / kLanes);
  }

  /// n vectors of candidate j: of the step's tensor or, `part` rows of width behind, of the ring.
  Values candidate(Value j, Value element, int64_t part, int64_t n) {
    Value position = k.add(firstPosition, j);
    return k.ifElse(
        rows->contains(k, position),
        [&] {
          Value at = k.add(k.mul(rows->rowOf(k, position), width), element);
          Values loaded;
          for (int64_t v = 0; v < n; ++v)
            loaded.push_back(k.load(part ? op.getGates() : op.getValues(), k.add(at, v * kLanes), kLanes));
          return loaded;
        },
        [&] {
          Value place = ring.ringRow(state, position, op.getRingRows());
          Values loaded;
          for (int64_t v = 0; v < n; ++v)
            loaded.push_back(ring.loadReal(place, k.add(element, part * width + v * kLanes), kLanes));
          return loaded;
        });
  }

  void poolStrip(Value channel, int64_t n) {
    Value end = k.index(halves * ratio);
    auto element = [&](Value j) { return k.add(k.mul(k.div(j, ratio), dim), channel); };
    auto score = [&](Value j, int64_t v) { return k.add(k.mul(j, kStripVectors * kLanes), v * kLanes); };
    Values low(n, k.real(-INFINITY, kLanes));
    Values most = k.loop(firstCandidate, end, 1, low, [&](Value j, ValueRange carried) {
      Values next, gates = candidate(j, element(j), 1, n);
      Value phases = k.add(k.mul(k.mod(j, ratio), width), element(j));
      for (int64_t v = 0; v < n; ++v) {
        Value sum = k.add(gates[v], k.load(op.getApe(), k.add(phases, v * kLanes), kLanes));
        k.store(sum, scores, score(j, v));
        next.push_back(k.maximum(sum, carried[v]));
      }
      return next;
    });
    Values zeros(2 * n, k.real(0, kLanes));
    Values sums = k.loop(firstCandidate, end, 1, zeros, [&](Value j, ValueRange carried) {
      Values next(carried), values = candidate(j, element(j), 0, n);
      for (int64_t v = 0; v < n; ++v) {
        Value p = k.exp(k.sub(k.load(scores, score(j, v), kLanes), most[v]));
        next[v] = k.add(carried[v], p);
        next[n + v] = k.fma(p, values[v], carried[n + v]);
      }
      return next;
    });
    for (int64_t v = 0; v < n; ++v)
      k.store(k.div(sums[n + v], sums[v]), pooled, k.add(channel, v * kLanes));
  }

  CpuBody k;
  kernel::CompressAppendOp op;
  int64_t ratio, halves, dim, width;
  PoolRows ring, pool;
  Value scores;           ///< [candidate][channel of the strip]
  Value pooled, finished; ///< bf16 row in front of the chain and behind it.
  RowChain chain;
  StepRows *rows = nullptr;
  Value state, firstPosition, firstCandidate;
};

} // namespace

void v4::emitCompressAppend(kernel::CompressAppendOp op, const CpuLevel &level) { Compressor(op, level).emit(); }

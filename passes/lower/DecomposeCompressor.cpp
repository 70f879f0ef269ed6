//===- DecomposeCompressor.cpp - Gated pooling of finished chunks -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One workgroup pools a strip of channels of one chunk. Candidate j of channel k
// is the token at `first + j`; with overlap (ratio 4) the first four are the
// previous chunk and use channel k of the first half of their values, the other
// four use the second half. The order over candidates is that of positions, so
// bits do not depend on which of them came from the ring.
//
//===----------------------------------------------------------------------===//

#include "passes/lower/CacheRows.h"
#include "passes/lower/Decompositions.h"
#include "passes/lower/RowSteps.h"

#include "mlir/IR/DialectRegistry.h"

#include <cmath>

using namespace mlir;
using namespace v4;

namespace {

/// Channels of one workgroup.
constexpr int64_t kStrip = 64;

class Compressor {
public:
  /// Of a v4.compress or a v4.compress_append.
  template <typename Op>
  Compressor(Op op, KernelEmitter &k)
      : k(k), ratio(op.getRatio()), halves(ratio == 4 ? 2 : 1), dim(lastDim(op.getValues().getType()) / halves),
        width(lastDim(op.getValues().getType())), overlap(op->getAttr("v4.planted") != k.b.getStringAttr("no_overlap")),
        ring(k, op.getState()), values(k.operandOf(op.getValues())), gates(k.operandOf(op.getGates())),
        ape(k.operandOf(op.getApe())), scores(k.scratch(candidates() * kLanes, k.f32())) {}

  int64_t rowWidth() const { return dim; }
  plan::StepField slots() const { return ratio == 4 ? plan::StepField::Chunks4Slots : plan::StepField::Chunks128Slots; }
  plan::StepField indices() const {
    return ratio == 4 ? plan::StepField::Chunks4Indices : plan::StepField::Chunks128Indices;
  }

  /// Channels [begin, end) of the row of chunk `row` of the step; channel 0 is at `to`.
  void emit(Value row, Value begin, Value end, RowPlace to) {
    Value chunk = k.loadIndex(k.step(indices()), row);
    StepRows rows = stepRows(k, k.loadIndex(k.step(slots()), row));
    Value firstPosition = k.mul(k.add(chunk, 1 - halves), ratio);
    Value firstCandidate = k.index(0);
    if (halves == 2)
      firstCandidate = overlap ? k.select(k.less(k.index(0), chunk), k.index(0), k.index(ratio)) : k.index(ratio);

    Value whole = k.sub(end, k.mod(end, kLanes));
    auto pool = [&](int64_t lanes) {
      return [&, lanes](Value channel) {
        Value pooled = poolChannels(rows, firstPosition, firstCandidate, channel, lanes);
        k.store(pooled, to.memory, k.add(to.at, channel));
      };
    };
    k.loop(begin, whole, kLanes, pool(kLanes));
    if (dim % kLanes)
      k.loop(k.maxIndex(begin, whole), end, 1, pool(1));
  }

private:
  int64_t candidates() const { return halves * ratio; }

  /// `lanes` values of candidate j: of the step's tensor or, `part` rows of width behind, of the ring.
  Value candidate(const StepRows &rows, Value position, Value element, int64_t part, int64_t lanes) {
    return k.ifElse(
        rows.contains(k, position),
        [&] {
          Value at = k.add(k.mul(rows.rowOf(k, position), width), element);
          return KernelEmitter::Values{k.load(part ? gates : values, at, lanes)};
        },
        [&] {
          Value place = ring.ringRow(rows.slot, position);
          return KernelEmitter::Values{ring.loadReal(place, k.add(element, part * width), lanes)};
        })[0];
  }

  /// Softmax over the candidates [firstCandidate, n) of `lanes` channels and the weighted sum of their values.
  Value poolChannels(const StepRows &rows, Value firstPosition, Value firstCandidate, Value channel, int64_t lanes) {
    Value n = k.index(candidates());
    auto element = [&](Value j) { return k.add(k.mul(k.div(j, ratio), dim), channel); };
    Value most = k.loop(firstCandidate, n, 1, ValueRange{k.real(-INFINITY, lanes)}, [&](Value j, ValueRange carried) {
      Value gate = candidate(rows, k.add(firstPosition, j), element(j), 1, lanes);
      Value phase = k.load(ape, k.add(k.mul(k.mod(j, ratio), width), element(j)), lanes);
      Value score = k.add(gate, phase);
      k.store(score, scores, k.mul(j, kLanes));
      return KernelEmitter::Values{k.maximum(score, carried[0])};
    })[0];
    Value zero = k.real(0, lanes);
    auto sums = k.loop(firstCandidate, n, 1, ValueRange{zero, zero}, [&](Value j, ValueRange carried) {
      Value p = k.exp(k.sub(k.load(scores, k.mul(j, kLanes), lanes), most));
      Value value = candidate(rows, k.add(firstPosition, j), element(j), 0, lanes);
      return KernelEmitter::Values{k.add(carried[0], p), k.fma(p, value, carried[1])};
    });
    return k.div(sums[1], sums[0]);
  }

  KernelEmitter &k;
  int64_t ratio, halves, dim, width;
  bool overlap;
  CacheRows ring;
  Value values, gates, ape, scores;
};

struct CompressModel : DecomposableOpInterface::ExternalModel<CompressModel, CompressOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<CompressOp>(operation);
    Compressor compressor(op, k);
    int64_t dim = compressor.rowWidth(), strips = (dim + kStrip - 1) / kStrip;
    k.workgroups(rowsOf(op.getResult().getType()), 1, strips, [&](Value row, Value, Value strip) {
      Value begin = k.mul(strip, kStrip), end = k.minIndex(k.add(begin, kStrip), k.index(dim));
      compressor.emit(row, begin, end, {k.result(0), k.mul(row, dim)});
    });
    return success();
  }
};

/// A row needs all of its channels for the norm: one workgroup makes it.
struct CompressAppendModel : DecomposableOpInterface::ExternalModel<CompressAppendModel, CompressAppendOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<CompressAppendOp>(operation);
    Compressor compressor(op, k);
    int64_t dim = compressor.rowWidth(), pairs = lastDim(op.getTable().getType());
    CacheRows cache(k, op.getCache());
    bool fp4 = op.getCache().getType().getEncoding() == RowEncoding::IndexFp4;
    RowPlace a{k.scratch(dim, k.b.getBF16Type()), k.index(0)}, b{k.scratch(dim, k.b.getBF16Type()), k.index(0)};
    k.workgroups(rowsOf(op.getTable().getType()), 1, 1, [&](Value row, Value, Value) {
      compressor.emit(row, k.index(0), k.index(dim), a);
      normalizeRow(k, a, k.operandOf(op.getWeight()), op.getEps().convertToFloat(), b, dim);
      rotateRow(k, b, {k.operandOf(op.getTable()), k.mul(row, 2 * pairs), pairs, /*inverse=*/false}, a, dim);
      if (op.getHadamard()) {
        transformRow(k, a, b, dim);
        std::swap(a, b);
      }
      quantizeRow(k, a, fp4 ? QuantFormat::Fp4 : QuantFormat::Fp8, fp4 ? 32 : 64,
                  dim - op.getCache().getType().getRope(), b, dim);
      cache.encode(b.memory, b.at,
                   cache.pageRow(k.loadIndex(k.step(compressor.slots()), row),
                                 k.loadIndex(k.step(compressor.indices()), row)));
    });
    return success();
  }
};

} // namespace

void v4::registerCompressorDecompositions(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, V4Dialect *) {
        CompressOp::attachInterface<CompressModel>(*context);
        CompressAppendOp::attachInterface<CompressAppendModel>(*context);
      });
}

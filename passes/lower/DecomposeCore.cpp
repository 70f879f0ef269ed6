//===- DecomposeCore.cpp - Embedding, norms, quantization, row moves -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/KernelEmitter.h"

using namespace mlir;
using namespace v4;

/// Emits f(i, width, offset of the row) for every row of a rows tensor whose last
/// dimension is `width`; rows are spread over workgroups one by one.
static void forRows(KernelEmitter &k, Type type, function_ref<void(Value row)> body) {
  int64_t inner = rowElements(type) / lastDim(type);
  k.workgroups(rowsOf(type), 1, inner, [&](Value row, Value, Value tile) { body(k.add(k.mul(row, inner), tile)); });
}

static void copyRow(KernelEmitter &k, Value from, Value fromAt, Value to, Value toAt, int64_t n) {
  k.lanes(n, [&](Value i, int64_t width) {
    // Through f32: widening a bf16 and rounding it back is the identity.
    k.store(k.load(from, k.add(fromAt, i), width), to, k.add(toAt, i));
  });
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

/// 1 / sqrt(mean of squares + eps) of bf16 values [at, at + n).
Value inverseRms(KernelEmitter &k, Value memory, Value at, int64_t n, float eps) {
  Value squares = k.sum(n, [&](Value i, int64_t width, Value total) {
    Value x = k.load(memory, k.add(at, i), width);
    return k.fma(x, x, total);
  });
  Value mean = k.div(squares, k.real(float(n)));
  return k.div(k.real(1), k.sqrt(k.add(mean, k.real(eps))));
}

struct RmsNormModel : Decomposition<RmsNormModel, RmsNormOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto norm = cast<RmsNormOp>(op);
    int64_t d = lastDim(norm.getX().getType());
    forRows(k, norm.getX().getType(), [&](Value row) {
      Value at = k.mul(row, d);
      Value inverse = inverseRms(k, k.operand(0), at, d, norm.getEps().convertToFloat());
      k.lanes(d, [&](Value i, int64_t width) {
        Value scaled = k.mul(k.load(k.operand(0), k.add(at, i), width), k.splat(inverse, width));
        k.store(k.mul(k.load(k.operand(1), i, width), scaled), k.result(0), k.add(at, i));
      });
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
      Value squares = k.sum(d, [&](Value i, int64_t width, Value total) {
        Value x = k.load(k.operand(0), k.add(at, i), width);
        return k.add(total, k.roundBf16(k.mul(x, x)));
      });
      Value mean = k.roundBf16(k.div(squares, k.real(float(d))));
      Value shifted = k.roundBf16(k.add(mean, k.real(norm.getEps().convertToFloat())));
      Value inverse = k.roundBf16(k.div(k.real(1), k.sqrt(shifted)));
      k.lanes(d, [&](Value i, int64_t width) {
        Value x = k.load(k.operand(0), k.add(at, i), width);
        k.store(k.mul(x, k.splat(inverse, width)), k.result(0), k.add(at, i));
      });
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

/// One run of `block` values: q * s for both formats of v4.quantize.
void quantizeRun(KernelEmitter &k, Value from, Value to, Value at, int64_t block, QuantFormat format) {
  bool fp8 = format == QuantFormat::Fp8;
  Value floor = k.real(fp8 ? 1e-4f : 6.0f * 0x1p-126f);
  Value most = k.maximum(k.absMax(from, at, block), floor);
  Value ratio = k.mul(most, k.real(fp8 ? float(1.0 / 448) : float(1.0 / 6)));
  // Smallest power of two >= ratio, from the bits; and its exact reciprocal.
  auto bits = [&](Value real) -> Value { return arith::BitcastOp::create(k.b, k.loc, k.b.getI32Type(), real); };
  auto shift = [&](Value v, bool right) -> Value {
    return right ? Value(arith::ShRUIOp::create(k.b, k.loc, v, k.integer(23)))
                 : Value(arith::ShLIOp::create(k.b, k.loc, v, k.integer(23)));
  };
  Value exponent = shift(k.add(bits(ratio), k.integer(0x7FFFFF)), true);
  Value scale = arith::BitcastOp::create(k.b, k.loc, k.f32(), shift(exponent, false));
  Value inverse = arith::BitcastOp::create(k.b, k.loc, k.f32(), shift(k.sub(k.integer(254), exponent), false));
  Type type = fp8 ? k.e4m3() : k.e2m1();
  k.lanes(block, [&](Value i, int64_t width) {
    Value x = k.mul(k.load(from, k.add(at, i), width), k.splat(inverse, width));
    k.store(k.mul(k.decode(k.encode(x, type), type), k.splat(scale, width)), to, k.add(at, i));
  });
}

struct QuantizeModel : Decomposition<QuantizeModel, QuantizeOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto quantize = cast<QuantizeOp>(op);
    int64_t d = lastDim(quantize.getX().getType()), block = quantize.getBlock(), prefix = quantize.getPrefix();
    forRows(k, quantize.getX().getType(), [&](Value row) {
      Value at = k.mul(row, d);
      k.loop(k.index(0), k.index(prefix), block, [&](Value run) {
        quantizeRun(k, k.operand(0), k.result(0), k.add(at, run), block, quantize.getFormat());
      });
      if (prefix != d)
        copyRow(k, k.operand(0), k.add(at, prefix), k.result(0), k.add(at, prefix), d - prefix);
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

struct PreviousStreamsModel : Decomposition<PreviousStreamsModel, PreviousStreamsOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    int64_t n = rowElements(op->getOperand(0).getType());
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      Value slot = k.loadIndex(k.step(plan::StepField::TokenSlots), row);
      Value first = k.loadIndex(k.step(plan::StepField::SlotRows), slot);
      Value position = k.loadIndex(k.step(plan::StepField::Positions), row);
      Value to = k.mul(row, n);
      k.ifElse(k.less(first, row), [&] {
        copyRow(k, k.operand(0), k.sub(to, k.index(n)), k.result(0), to, n);
        return KernelEmitter::Values();
      }, [&] {
        // Position 0 has no predecessor; its state block row is zero as well, but may be stale after a reuse.
        Value known = k.less(k.index(0), position);
        Value base = k.loadIndex(k.step(plan::StepField::StateOffsets), slot);
        k.lanes(n, [&](Value i, int64_t width) {
          Value raw = k.cacheLoad(k.operand(1), k.add(base, k.mul(i, 2)), k.vec(k.b.getBF16Type(), width));
          Value wide = arith::ExtFOp::create(k.b, k.loc, k.vec(k.f32(), width), raw);
          k.store(k.select(known, wide, k.real(0, width)), k.result(0), k.add(to, i));
        });
        return KernelEmitter::Values();
      });
    });
    return success();
  }
};

struct SaveStreamsModel : Decomposition<SaveStreamsModel, SaveStreamsOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    int64_t n = rowElements(op->getOperand(0).getType());
    k.workgroups(RowSpace::Sequences, 1, 1, [&](Value slot, Value, Value) {
      Value end = k.loadIndex(k.step(plan::StepField::SlotRows), k.add(slot, 1));
      Value from = k.mul(k.sub(end, k.index(1)), n);
      Value base = k.loadIndex(k.step(plan::StepField::StateOffsets), slot);
      k.lanes(n, [&](Value i, int64_t width) {
        Value wide = k.load(k.operand(0), k.add(from, i), width);
        Value raw = arith::TruncFOp::create(k.b, k.loc, k.vec(k.b.getBF16Type(), width), wide);
        k.cacheStore(raw, k.operand(1), k.add(base, k.mul(i, 2)));
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
    PreviousStreamsOp::attachInterface<PreviousStreamsModel>(*context);
    SaveStreamsOp::attachInterface<SaveStreamsModel>(*context);
  });
}

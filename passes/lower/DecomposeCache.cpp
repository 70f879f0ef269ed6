//===- DecomposeCache.cpp - Kernels that write the cache ------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All but one write a pool and read none of its kind. A ring keeps the last
// rows of a sequence: when a step brings more tokens than the ring has rows, the
// tokens whose ring row a later one takes write nothing, so that no two
// workgroups meet in a row.
//
//===----------------------------------------------------------------------===//

#include "passes/lower/CacheRows.h"
#include "passes/lower/Decompositions.h"
#include "passes/lower/RowSteps.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace v4;

namespace {

struct AppendRowsModel : DecomposableOpInterface::ExternalModel<AppendRowsModel, AppendRowsOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<AppendRowsOp>(operation);
    RowSpace rows = rowsOf(op.getX().getType());
    bool four = rows == RowSpace::Chunks4;
    Value slots = k.step(four ? plan::StepField::Chunks4Slots : plan::StepField::Chunks128Slots);
    Value indices = k.step(four ? plan::StepField::Chunks4Indices : plan::StepField::Chunks128Indices);
    Value x = k.operandOf(op.getX());
    CacheRows cache(k, op.getCache());
    k.workgroups(rows, 1, 1, [&](Value row, Value, Value) {
      Value place = cache.pageRow(k.loadIndex(slots, row), k.loadIndex(indices, row));
      cache.encode(x, k.mul(row, lastDim(op.getX().getType())), place);
    });
    return success();
  }
};

/// Emits `body(byte offset of its ring row)` for a token unless a later token of the step takes its ring row.
void ifLastOfRing(KernelEmitter &k, CacheRows &ring, Value row, int64_t offset, function_ref<void(Value)> body) {
  StepRows rows = stepRows(k, k.loadIndex(k.step(plan::StepField::TokenSlots), row));
  Value position = k.loadIndex(k.step(plan::StepField::Positions), row);
  Value shifted = k.add(position, offset);
  k.ifThen(rows.isLastOfRing(k, position, offset, ring.getType().getRows()),
           [&] { body(ring.ringRow(rows.slot, shifted)); });
}

struct AppendWindowModel : DecomposableOpInterface::ExternalModel<AppendWindowModel, AppendWindowOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<AppendWindowOp>(operation);
    Value x = k.operandOf(op.getX());
    CacheRows ring(k, op.getCache());
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      ifLastOfRing(k, ring, row, op.getOffset(),
                   [&](Value place) { ring.encode(x, k.mul(row, lastDim(op.getX().getType())), place); });
    });
    return success();
  }
};

struct SavePartialModel : DecomposableOpInterface::ExternalModel<SavePartialModel, SavePartialOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<SavePartialOp>(operation);
    int64_t width = lastDim(op.getValues().getType());
    CacheRows ring(k, op.getState());
    Value sources[] = {k.operandOf(op.getValues()), k.operandOf(op.getGates())};
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      ifLastOfRing(k, ring, row, 0, [&](Value place) {
        for (int64_t half = 0; half < 2; ++half)
          k.lanes(width, [&](Value i, int64_t lanes) {
            Value real = k.load(sources[half], k.add(k.mul(row, width), i), lanes);
            ring.storeReal(real, place, k.add(i, half * width));
          });
      });
    });
    return success();
  }
};

struct SaveStreamsModel : DecomposableOpInterface::ExternalModel<SaveStreamsModel, SaveStreamsOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<SaveStreamsOp>(operation);
    int64_t n = rowElements(op.getX().getType());
    CacheRows ring(k, op.getCache());
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      ifLastOfRing(k, ring, row, 0, [&](Value place) {
        k.lanes(n, [&](Value i, int64_t width) {
          Value wide = k.load(k.operand(0), k.add(k.mul(row, n), i), width);
          Value raw = arith::TruncFOp::create(k.b, k.loc, k.vec(k.b.getBF16Type(), width), wide);
          k.cacheStore(raw, k.operand(1), k.add(place, k.mul(i, 2)));
        });
      });
    });
    return success();
  }
};

struct PreviousStreamsModel : DecomposableOpInterface::ExternalModel<PreviousStreamsModel, PreviousStreamsOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<PreviousStreamsOp>(operation);
    int64_t n = rowElements(op.getX().getType());
    CacheRows ring(k, op.getCache());
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      Value slot = k.loadIndex(k.step(plan::StepField::TokenSlots), row);
      Value first = k.loadIndex(k.step(plan::StepField::SlotRows), slot), to = k.mul(row, n);
      auto copy = [&] {
        copyRow(k, {k.operand(0), k.sub(to, k.index(n))}, {k.result(0), to}, n);
        return KernelEmitter::Values();
      };
      k.ifElse(k.less(first, row), copy, [&] {
        // Position 0 has no predecessor.
        Value position = k.loadIndex(k.step(plan::StepField::Positions), row), known = k.less(k.index(0), position);
        Value place = ring.ringRow(slot, notNegative(k, k.sub(position, k.index(1))));
        k.lanes(n, [&](Value i, int64_t width) {
          Value raw = k.cacheLoad(k.operand(1), k.add(place, k.mul(i, 2)), k.vec(k.b.getBF16Type(), width));
          Value wide = arith::ExtFOp::create(k.b, k.loc, k.vec(k.f32(), width), raw);
          k.store(k.select(known, wide, k.real(0, width)), k.result(0), k.add(to, i));
        });
        return KernelEmitter::Values();
      });
    });
    return success();
  }
};

} // namespace

void v4::registerCacheDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    AppendRowsOp::attachInterface<AppendRowsModel>(*context);
    AppendWindowOp::attachInterface<AppendWindowModel>(*context);
    SavePartialOp::attachInterface<SavePartialModel>(*context);
    SaveStreamsOp::attachInterface<SaveStreamsModel>(*context);
    PreviousStreamsOp::attachInterface<PreviousStreamsModel>(*context);
  });
}

//===- DecomposeCandidates.cpp - Selection while rows are scored -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/BestScores.h"
#include "passes/lower/Decompositions.h"
#include "passes/lower/IndexPages.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace v4;

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

struct IndexCandidatesModel : Decomposition<IndexCandidatesModel, IndexCandidatesOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<IndexCandidatesOp>(operation);
    ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getScores().getType()).getShape();
    int64_t strips = shape[1], wanted = shape[2];
    IndexPages pages(k, op.getQ(), op.getWeights(), op.getKeys());
    int64_t pageRows = pages.getRows();
    BestScores best(k, wanted, 1, pageRows, 2 * wanted + pageRows);
    Value stream = k.index(0);
    k.workgroups(RowSpace::Tokens, 1, strips, [&](Value row, Value, Value strip) {
      Value visible = visibleIndexRows(k, row);
      k.ifThen(k.less(k.index(wanted), visible), [&] {
        Value slot = k.loadIndex(k.step(plan::StepField::TokenSlots), row);
        Value count = ceilDiv(k, visible, pageRows);
        pages.begin(row);
        best.begin(stream);
        k.loop(k.div(k.mul(count, strip), strips), k.div(k.mul(count, k.add(strip, 1)), strips), 1, [&](Value page) {
          Value first = k.mul(page, pageRows);
          pages.score(row, slot, first);
          best.add(stream, pages.getScores(), k.index(0), k.minIndex(k.sub(visible, first), k.index(pageRows)), first);
        });
        best.write(stream, k.result(0), k.result(1), k.mul(k.add(k.mul(row, strips), strip), wanted));
      });
    });
    return success();
  }
};

struct SelectCandidatesModel : Decomposition<SelectCandidatesModel, SelectCandidatesOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<SelectCandidatesOp>(operation);
    ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getScores().getType()).getShape();
    CandidateSelection selection(k, shape[1], shape[2], k.operand(0), k.operand(1), k.result(0));
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) {
      selection.emit(row, k.loadIndex(k.step(plan::StepField::Positions), row));
    });
    return success();
  }
};

} // namespace

void v4::registerCandidateDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    IndexCandidatesOp::attachInterface<IndexCandidatesModel>(*context);
    SelectCandidatesOp::attachInterface<SelectCandidatesModel>(*context);
  });
}

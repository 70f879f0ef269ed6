//===- DecomposeIndexer.cpp - Index scores and their selection --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/Decompositions.h"
#include "passes/lower/IndexPages.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace v4;

namespace {

//===----------------------------------------------------------------------===//
// index_scores
//===----------------------------------------------------------------------===//

/// Workgroups per token. Strip s scores pages s, s + kStrips, ...
constexpr int64_t kStrips = 8;

class IndexScores {
public:
  IndexScores(IndexScoresOp op, KernelEmitter &k)
      : k(k), pages(k, op.getQ(), op.getWeights(), op.getKeys()), result(k.result(0)),
        topK(op->getAttrOfType<IntegerAttr>("v4.top_k")), stride(k.count(plan::kCountIndexRows)) {}

  void emit(Value row, Value strip) {
    Value visible = visibleIndexRows(k, row);
    if (topK) // Nobody reads the scores when all rows are taken.
      visible = k.select(k.less(k.index(topK.getInt()), visible), visible, k.index(0));
    Value count = ceilDiv(k, visible, pages.getRows());
    k.ifThen(k.less(strip, count), [&] {
      pages.begin(row);
      Value slot = k.loadIndex(k.step(plan::StepField::TokenSlots), row);
      k.loop(strip, count, kStrips, [&](Value page) { emitPage(row, slot, page, visible); });
    });
  }

private:
  void emitPage(Value row, Value slot, Value page, Value visible) {
    Value first = k.mul(page, pages.getRows());
    Value count = k.minIndex(k.sub(visible, first), k.index(pages.getRows()));
    pages.score(row, slot, first);
    Value out = k.add(k.mul(row, stride), first);
    k.loop(k.index(0), count, 1, [&](Value j) { k.store(k.load(pages.getScores(), j), result, k.add(out, j)); });
  }

  KernelEmitter &k;
  IndexPages pages;
  Value result;
  IntegerAttr topK;
  Value stride;
};

struct IndexScoresModel : DecomposableOpInterface::ExternalModel<IndexScoresModel, IndexScoresOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    IndexScores scores(cast<IndexScoresOp>(op), k);
    k.workgroups(RowSpace::Tokens, 1, kStrips, [&](Value row, Value, Value strip) { scores.emit(row, strip); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// top_k
//===----------------------------------------------------------------------===//

class TopK {
public:
  TopK(TopKOp op, KernelEmitter &k)
      : k(k), wanted(lastDim(op.getResult().getType())), scores(k.operandOf(op.getScores())), result(k.result(0)),
        stride(k.count(plan::kCountIndexRows)) {}

  void emit(Value row) {
    Value visible = visibleIndexRows(k, row);
    Value out = k.mul(row, wanted);
    Value choose = k.less(k.index(wanted), visible);
    k.ifThen(choose, [&] { compact(k.mul(row, stride), visible, out); });
    Value taken = k.select(choose, k.index(0), visible);
    k.loop(k.index(0), taken, 1, [&](Value i) { k.store(k.toInteger(i), result, k.add(out, i)); });
    Value filled = k.select(choose, k.index(wanted), visible);
    k.loop(filled, k.index(wanted), 1, [&](Value i) { k.store(k.integer(-1), result, k.add(out, i)); });
  }

private:
  Value integers(int64_t value, int64_t lanes) { return k.splat(k.integer(value), lanes); }

  /// Integers in the order of the scores at `at`; both zeros are one.
  Value keys(Value at, int64_t lanes) {
    Value score = k.add(k.load(scores, at, lanes), k.real(0, lanes));
    Value bits = arith::BitcastOp::create(k.b, k.loc, k.vec(k.b.getI32Type(), lanes), score);
    Value sign = arith::ShRSIOp::create(k.b, k.loc, bits, integers(31, lanes));
    Value flip = arith::AndIOp::create(k.b, k.loc, sign, integers(0x7FFFFFFF, lanes));
    return arith::XOrIOp::create(k.b, k.loc, bits, flip);
  }

  /// Number of keys >= threshold among the first n scores.
  Value countFrom(Value first, Value n, Value threshold) {
    auto counted = [&](int64_t lanes) {
      return [this, first, threshold, lanes](Value i, ValueRange carried) {
        Value below = k.less(keys(k.add(first, i), lanes), k.splat(threshold, lanes));
        return KernelEmitter::Values{k.add(carried[0], k.select(below, integers(0, lanes), integers(1, lanes)))};
      };
    };
    Value whole = k.sub(n, k.mod(n, kLanes));
    Value wide = k.loop(k.index(0), whole, kLanes, ValueRange{integers(0, kLanes)}, counted(kLanes))[0];
    Value total = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::ADD, wide);
    return k.loop(whole, n, 1, ValueRange{total}, counted(1))[0];
  }

  /// Largest threshold that at least `wanted` keys reach, or one that exactly `wanted` reach.
  Value findThreshold(Value first, Value n) {
    Value least = k.integer(INT32_MIN);
    // Bit by bit from the top: the offset form of the key, so that growing bits grow the key.
    auto found = k.loop(k.index(0), k.index(32), 1, ValueRange{least, n}, [&](Value step, ValueRange carried) {
      Value shift = k.sub(k.integer(31), k.toInteger(step));
      Value bit = arith::ShLIOp::create(k.b, k.loc, k.integer(1), shift);
      Value tried = arith::XOrIOp::create(k.b, k.loc, carried[0], bit);
      Value count = k.toIndex(countFrom(first, carried[1], tried));
      Value enough = k.less(k.index(wanted - 1), count);
      Value exact = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, count, k.index(wanted));
      // An exact cut ends the search: the passes that are left look at no score, and a count of 0 changes nothing.
      return KernelEmitter::Values{k.select(enough, tried, carried[0]), k.select(exact, k.index(0), carried[1])};
    });
    return found[0];
  }

  void compact(Value first, Value n, Value out) {
    Value threshold = findThreshold(first, n);
    Value highest = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, threshold, k.integer(INT32_MAX));
    Value above = k.toIndex(countFrom(first, n, k.add(threshold, k.integer(1))));
    Value ties = k.sub(k.index(wanted), k.select(highest, k.index(0), above));
    k.loop(k.index(0), n, 1, ValueRange{out, ties}, [&](Value i, ValueRange carried) {
      Value key = keys(k.add(first, i), 1);
      Value greater = k.less(threshold, key);
      Value equal = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, threshold, key);
      Value tied = arith::AndIOp::create(k.b, k.loc, equal, k.less(k.index(0), carried[1]));
      Value taken = arith::OrIOp::create(k.b, k.loc, greater, tied);
      k.ifThen(taken, [&] { k.store(k.toInteger(i), result, carried[0]); });
      return KernelEmitter::Values{k.select(taken, k.add(carried[0], 1), carried[0]),
                                   k.select(tied, k.add(carried[1], -1), carried[1])};
    });
  }

  KernelEmitter &k;
  int64_t wanted;
  Value scores, result, stride;
};

struct TopKModel : DecomposableOpInterface::ExternalModel<TopKModel, TopKOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    TopK selection(cast<TopKOp>(op), k);
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value row, Value, Value) { selection.emit(row); });
    return success();
  }
};

} // namespace

void v4::registerIndexerDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    IndexScoresOp::attachInterface<IndexScoresModel>(*context);
    TopKOp::attachInterface<TopKModel>(*context);
  });
}

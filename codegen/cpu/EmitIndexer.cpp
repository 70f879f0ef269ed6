//===- EmitIndexer.cpp - Candidates of the lightning indexer ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A workgroup is a few tokens and one strip of pages. Its tokens are taken in runs of one
// sequence, which share the cut into strips and every page that is decoded.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/IndexKeys.h"
#include "dialects/kernel/BestScores.h"
#include "runtime/plan/KernelAbi.h"

using namespace mlir;
using namespace v4;

namespace {

class Indexer {
public:
  Indexer(CpuBody &k, kernel::IndexCandidatesOp op)
      : k(k), op(op), wanted(op.getTopK()), strips(op.getGrid().getTiles()), keys(k, op),
        best(k, wanted, op.getGrid().getTile(), IndexKeys::kRows, 2 * wanted + IndexKeys::kRows) {}

  void emit();

private:
  /// Compressed rows that a token sees; 0 when it takes them all, and scores do not matter.
  Value contested(Value row) {
    Value visible = k.div(k.add(k.loadIndex(op.getPositions(), row), 1), 4);
    return k.select(k.less(k.index(wanted), visible), visible, k.index(0));
  }
  void take(Value first, Value end, Value slot, Value strip);
  void takePage(Value first, Value end, Value slot, Value page);

  CpuBody &k;
  kernel::IndexCandidatesOp op;
  int64_t wanted, strips;
  IndexKeys keys;
  BestScores best;
};

void Indexer::takePage(Value first, Value end, Value slot, Value page) {
  Value pages = k.loadIndex(op.getCounts(), k.index(plan::kCountPages));
  keys.decode(k.loadIndex(op.getPages(), k.add(k.mul(slot, pages), page)));
  Value base = k.mul(page, IndexKeys::kRows);
  k.loop(first, end, 1, [&](Value row) {
    Value count = k.minIndex(k.sub(contested(row), base), k.index(IndexKeys::kRows));
    k.ifThen(k.less(k.index(0), count), [&] {
      Value place = k.sub(row, first);
      keys.score(row, place);
      best.add(place, keys.getScores(), k.index(0), count, base);
    });
  });
}

/// Rows [first, end) of the step, all of one slot.
void Indexer::take(Value first, Value end, Value slot, Value strip) {
  k.loop(first, end, 1, [&](Value row) {
    Value place = k.sub(row, first);
    best.begin(place);
    k.ifThen(k.less(k.index(0), contested(row)), [&] { keys.begin(row, place); });
  });
  Value pages = k.div(k.add(contested(k.add(end, -1)), IndexKeys::kRows - 1), IndexKeys::kRows);
  Value begin = k.div(k.mul(pages, strip), strips), last = k.div(k.mul(pages, k.add(strip, 1)), strips);
  k.loop(begin, last, 1, [&](Value page) { takePage(first, end, slot, page); });
  k.loop(first, end, 1, [&](Value row) {
    k.ifThen(k.less(k.index(0), contested(row)), [&] {
      Value to = k.mul(k.add(k.mul(row, strips), strip), wanted);
      best.write(k.sub(row, first), op.getScores(), op.getRows(), to);
    });
  });
}

void Indexer::emit() {
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value begin, Value end, Value strip) {
    k.loop(begin, end, 1, [&](Value row) {
      Value slot = k.loadIndex(op.getTokenSlots(), row);
      Value first = k.maxIndex(begin, k.loadIndex(op.getSlotRows(), slot));
      Value starts = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, row, first);
      k.ifThen(starts, [&] {
        take(row, k.minIndex(end, k.loadIndex(op.getSlotRows(), k.add(slot, 1))), slot, strip);
      });
    });
  });
}

} // namespace

void v4::emitIndexCandidates(kernel::IndexCandidatesOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  Indexer(k, op).emit();
}

void v4::emitSelectCandidates(kernel::SelectCandidatesOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  CandidateSelection selection(k, op.getStrips(), op.getTopK(), op.getScores(), op.getRows(), op.getOut());
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
               [&](Value row, Value, Value) { selection.emit(row, k.loadIndex(op.getPositions(), row)); });
}

//===- EmitAttention.cpp - Attention over rows of the cache -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A workgroup is a few tokens and 8 heads. Its tokens are taken in runs of one sequence;
// the blocks of rows that a run sees are decoded one after the other, each token of the
// run takes the rows of the block that are its own. Blocks start at absolute positions
// (window) or places of the list of compressed rows, and a token takes the same rows of
// the same blocks whoever is in the run: bits do not depend on it.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/AttentionSums.h"
#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/KvRows.h"
#include "runtime/plan/KernelAbi.h"

using namespace mlir;
using namespace v4;

namespace {

class Attend {
public:
  Attend(CpuBody &k, kernel::AttendOp op)
      : k(k), op(op), sums(k, op), rows(k, op.getDim(), op.getRope()), block(sums.blockRows()) {
    if (op.getSelected())
      decoded = k.scratch(block, k.b.getI32Type());
  }

  void emit();

private:
  using Values = BodyBuilder::Values;
  using Bounds = std::pair<Value, Value>;

  /// Rows [first, end) of the step, all of one slot.
  struct Run {
    Value first, end, slot, firstHead, count;
    Value last; ///< end - 1
  };

  void take(const Run &run);
  void takeWindow(const Run &run);
  void takeAll(const Run &run);
  void takeSelected(const Run &run);
  void attendEach(const Run &run, llvm::function_ref<Bounds(Value row)> bounds);

  Value windowEnd(Value row);
  Value windowFirst(Value row);
  Value visible(Value row);
  Value atMostBlock(Value count) { return k.minIndex(count, k.index(block)); }
  Value notNegative(Value value) { return k.maxIndex(value, k.index(0)); }
  Value ceilBlocks(Value count) { return k.div(k.add(count, block - 1), block); }

  void decodeWindow(const Run &run, Value base, Value lo, Value hi);
  void decodeChunk(const Run &run, Value chunk, Value place, Value count);
  Value isDecoded(Value selectedAt, Value count);
  void decodeSelected(const Run &run, Value selectedAt, Value count);

  CpuBody &k;
  kernel::AttendOp op;
  AttentionSums sums;
  KvRows rows;
  int64_t block;
  Value decoded; ///< Chunks of the block in the buffer, -1 behind the last.
};

//===----------------------------------------------------------------------===//
// What a token sees
//===----------------------------------------------------------------------===//

/// Window rows of a token are positions [windowFirst, windowEnd).
Value Attend::windowEnd(Value row) {
  return notNegative(k.add(k.loadIndex(op.getPositions(), row), int64_t(op.getOffset()) + 1));
}

Value Attend::windowFirst(Value row) { return notNegative(k.sub(windowEnd(row), k.index(op.getWindow()))); }

/// Number of compressed rows.
Value Attend::visible(Value row) {
  Value count = k.div(windowEnd(row), int64_t(op.getRatio()));
  return op.getSelected() ? k.minIndex(count, k.index(op.getTopK())) : count;
}

void Attend::attendEach(const Run &run, function_ref<Bounds(Value)> bounds) {
  k.loop(run.first, run.end, 1, [&](Value row) {
    auto [lo, hi] = bounds(row);
    k.ifThen(k.less(lo, hi), [&, lo = lo, hi = hi] { sums.attend(k.sub(row, run.first), lo, hi); });
  });
}

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

void Attend::decodeWindow(const Run &run, Value base, Value lo, Value hi) {
  Value firstRow = k.loadIndex(op.getSlotRows(), run.slot);
  Value firstPosition = k.loadIndex(op.getSlotStarts(), run.slot);
  Value state = k.loadIndex(op.getStates(), run.slot);
  sums.open(lo, hi);
  k.loop(lo, hi, 1, [&](Value j) {
    Value position = k.add(base, j), token = k.add(position, -int64_t(op.getOffset()));
    Value at = k.mul(j, sums.getStride());
    k.ifElse(
        k.less(token, firstPosition),
        [&] {
          Value ringRow = k.mul(k.mod(position, op.getRingRows()), int64_t(op.getRowBytes()));
          rows.decode(op.getRing(), k.add(state, ringRow), sums.getKeys(), at);
          return Values();
        },
        [&] {
          Value row = k.add(firstRow, k.sub(token, firstPosition));
          rows.copy(op.getKv(), k.mul(row, int64_t(op.getDim())), sums.getKeys(), at);
          return Values();
        });
    sums.close(j, hi);
  });
}

void Attend::takeWindow(const Run &run) {
  Value first = windowFirst(run.first), end = windowEnd(run.last);
  k.loop(k.div(first, block), ceilBlocks(end), 1, [&](Value number) {
    Value base = k.mul(number, block);
    Value lo = notNegative(k.sub(first, base)), hi = atMostBlock(k.sub(end, base));
    decodeWindow(run, base, lo, hi);
    attendEach(run, [&](Value row) -> Bounds {
      return {notNegative(k.sub(windowFirst(row), base)), atMostBlock(k.sub(windowEnd(row), base))};
    });
  });
}

//===----------------------------------------------------------------------===//
// Compressed rows
//===----------------------------------------------------------------------===//

/// Row `place` of the `count` that the block gets.
void Attend::decodeChunk(const Run &run, Value chunk, Value place, Value count) {
  int64_t pageRows = 128 / int64_t(op.getRatio());
  Value pages = k.loadIndex(op.getCounts(), k.index(plan::kCountPages));
  Value page = k.add(k.mul(run.slot, pages), k.div(chunk, pageRows));
  Value offset = k.add(k.loadIndex(op.getPages(), page), k.mul(k.mod(chunk, pageRows), int64_t(op.getRowBytes())));
  rows.decode(op.getRows(), offset, sums.getKeys(), k.mul(place, sums.getStride()));
  sums.close(place, count);
}

/// All finished chunks, in order.
void Attend::takeAll(const Run &run) {
  Value most = visible(run.last);
  k.loop(k.index(0), ceilBlocks(most), 1, [&](Value number) {
    Value base = k.mul(number, block), hi = atMostBlock(k.sub(most, base));
    sums.open(k.index(0), hi);
    k.loop(k.index(0), hi, 1, [&](Value j) { decodeChunk(run, k.add(base, j), j, hi); });
    attendEach(run, [&](Value row) -> Bounds { return {k.index(0), atMostBlock(k.sub(visible(row), base))}; });
  });
}

/// Whether the buffer holds the `count` chunks from `selectedAt`, 1 or 0.
Value Attend::isDecoded(Value selectedAt, Value count) {
  Value same = k.loop(k.index(0), count, 1, ValueRange{k.integer(1)}, [&](Value j, ValueRange carried) {
    Value equal = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, k.load(decoded, j),
                                        k.load(op.getSelected(), k.add(selectedAt, j)));
    return Values{k.select(equal, carried[0], k.integer(0))};
  })[0];
  return k.less(k.integer(0), same);
}

void Attend::decodeSelected(const Run &run, Value selectedAt, Value count) {
  sums.open(k.index(0), count);
  k.loop(k.index(0), count, 1, [&](Value j) {
    Value chunk = k.load(op.getSelected(), k.add(selectedAt, j));
    k.store(chunk, decoded, j);
    decodeChunk(run, k.toIndex(chunk), j, count);
  });
  k.loop(count, k.index(block), 1, [&](Value j) { k.store(k.integer(-1), decoded, j); });
}

/// The chunks that the indexer chose. Tokens that see few chunks choose them all and share them; from the last token
/// backwards, so that the longest list is decoded first.
void Attend::takeSelected(const Run &run) {
  Value most = visible(run.last);
  k.loop(k.index(0), k.index(block), 1, [&](Value j) { k.store(k.integer(-1), decoded, j); });
  k.loop(k.index(0), ceilBlocks(most), 1, [&](Value number) {
    Value base = k.mul(number, block);
    k.loop(k.index(0), k.sub(run.end, run.first), 1, [&](Value back) {
      Value row = k.sub(run.last, back);
      Value count = atMostBlock(k.sub(visible(row), base));
      k.ifThen(k.less(k.index(0), count), [&] {
        Value at = k.add(k.mul(row, int64_t(op.getTopK())), base);
        k.ifElse(
            isDecoded(at, count), [&] { return Values(); },
            [&] {
              decodeSelected(run, at, count);
              return Values();
            });
        sums.attend(k.sub(row, run.first), k.index(0), count);
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Workgroups
//===----------------------------------------------------------------------===//

void Attend::take(const Run &run) {
  auto each = [&](llvm::function_ref<void(Value token, Value row)> body) {
    k.loop(run.first, run.end, 1, [&](Value row) { body(k.sub(row, run.first), row); });
  };
  each([&](Value token, Value row) { sums.begin(token, row, run.firstHead, run.count); });
  takeWindow(run);
  if (op.getSelected())
    takeSelected(run);
  else if (op.getRows())
    takeAll(run);
  each([&](Value token, Value row) { sums.finish(token, row, run.firstHead, run.count); });
}

void Attend::emit() {
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value begin, Value end, Value tile) {
    Value firstHead = k.mul(tile, kAttentionHeads);
    Value count = k.minIndex(k.sub(k.index(op.getHeads()), firstHead), k.index(kAttentionHeads));
    k.loop(begin, end, 1, [&](Value row) {
      Value slot = k.loadIndex(op.getTokenSlots(), row);
      Value runFirst = k.maxIndex(begin, k.loadIndex(op.getSlotRows(), slot));
      Value starts = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, row, runFirst);
      k.ifThen(starts, [&] {
        Value runEnd = k.minIndex(end, k.loadIndex(op.getSlotRows(), k.add(slot, 1)));
        take({row, runEnd, slot, firstHead, count, k.add(runEnd, -1)});
      });
    });
  });
}

} // namespace

void v4::emitAttend(kernel::AttendOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  Attend(k, op).emit();
}

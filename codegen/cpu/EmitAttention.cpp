//===- EmitAttention.cpp - Attention over rows of the cache -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A workgroup is a few tokens and 16 heads; a token that is alone in its run takes those of
// several workgroups of the range at once, so that rows are decoded once for them. Its
// tokens are taken in runs of one sequence; the blocks of rows that a run sees are decoded
// one after the other, each token of the run takes the rows of the block that are its own.
// Blocks start at absolute positions (window) or places of the list of compressed rows,
// and a token takes the same rows of the same blocks whoever is in the run: bits do not
// depend on it.
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
      : k(k), op(op), sums(k, op), rows(k, op.getDim(), op.getRope()), block(sums.blockRows()) {}

  void emit();

private:
  using Values = BodyBuilder::Values;
  using Bounds = std::pair<Value, Value>;

  /// Rows [first, end) of the step, all of one slot.
  struct Run {
    Value first, end, slot, firstHead;
    Value last;   ///< end - 1
    Value groups; ///< Of heads.
  };

  void takeTiles(Value row, Value runEnd, Value slot, Value tileBegin, Value tileEnd);
  void take(const Run &run);
  void takeWindow(const Run &run);
  void takeAll(const Run &run);
  void takeSelected(const Run &run);
  void eachPart(const Run &run, Value row, llvm::function_ref<void(Value part, Value firstHead, Value count)> body);
  AttentionSums::Parts allParts(const Run &run) { return {k.index(0), k.sub(run.end, run.first), run.groups}; }
  void attendEach(const Run &run, llvm::function_ref<Bounds(Value row)> bounds, AttentionSums::Beside beside);

  Value windowEnd(Value row);
  Value windowFirst(Value row);
  Value visible(Value row);
  Value atMostBlock(Value count) { return k.minIndex(count, k.index(block)); }
  Value notNegative(Value value) { return k.maxIndex(value, k.index(0)); }
  Value ceilBlocks(Value count) { return k.div(k.add(count, block - 1), block); }

  void decodeWindow(const Run &run, Value base, Value lo, Value hi);
  Value chunkOffset(const Run &run, Value chunk);
  void fetchAhead(const Run &run, Value base, Value column);
  void decodeChunk(const Run &run, Value chunk, Value place, Value count, const AttentionSums::Parts &parts);
  Value selectedAt(Value row, Value base) { return k.add(k.mul(row, int64_t(op.getTopK())), base); }
  Value chooseTheSame(const Run &run, Value base);
  void takeBlock(const Run &run, Value base);

  CpuBody &k;
  kernel::AttendOp op;
  AttentionSums sums;
  KvRows rows;
  int64_t block;
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

/// The groups of heads of one row.
void Attend::eachPart(const Run &run, Value row, function_ref<void(Value, Value, Value)> body) {
  Value token = k.sub(row, run.first), heads = k.index(op.getHeads());
  k.loop(k.index(0), run.groups, 1, [&](Value group) {
    Value firstHead = k.add(run.firstHead, k.mul(group, kAttentionHeads));
    body(AttentionSums::partOf(k, token, group), firstHead,
         k.minIndex(k.sub(heads, firstHead), k.index(kAttentionHeads)));
  });
}

void Attend::attendEach(const Run &run, function_ref<Bounds(Value)> bounds, AttentionSums::Beside beside) {
  k.loop(run.first, run.end, 1, [&](Value row) {
    auto [lo, hi] = bounds(row);
    k.ifThen(k.less(lo, hi), [&, lo = lo, hi = hi] { sums.attend(k.sub(row, run.first), run.groups, lo, hi, beside); });
  });
}

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

void Attend::decodeWindow(const Run &run, Value base, Value lo, Value hi) {
  Value firstRow = k.loadIndex(op.getSlotRows(), run.slot);
  Value firstPosition = k.loadIndex(op.getSlotStarts(), run.slot);
  Value state = k.loadIndex(op.getStates(), run.slot);
  sums.open(lo);
  k.loop(lo, hi, 1, [&](Value j) {
    Value position = k.add(base, j), token = k.add(position, -int64_t(op.getOffset()));
    Value at = sums.keysAt(j);
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
    sums.close(j, hi, allParts(run));
  });
}

void Attend::takeWindow(const Run &run) {
  Value first = windowFirst(run.first), end = windowEnd(run.last);
  k.loop(k.div(first, block), ceilBlocks(end), 1, [&](Value number) {
    Value base = k.mul(number, block);
    Value lo = notNegative(k.sub(first, base)), hi = atMostBlock(k.sub(end, base));
    decodeWindow(run, base, lo, hi);
    attendEach(
        run,
        [&](Value row) -> Bounds {
          return {notNegative(k.sub(windowFirst(row), base)), atMostBlock(k.sub(windowEnd(row), base))};
        },
        [&](Value column) {
          k.ifThen(k.less(end, k.add(base, block + 1)), [&] { fetchAhead(run, k.index(0), column); });
        });
  });
}

//===----------------------------------------------------------------------===//
// Compressed rows
//===----------------------------------------------------------------------===//

/// Where the pool holds a chunk.
Value Attend::chunkOffset(const Run &run, Value chunk) {
  int64_t pageRows = 128 / int64_t(op.getRatio());
  Value pages = k.loadIndex(op.getCounts(), k.index(plan::kCountPages));
  Value page = k.add(k.mul(run.slot, pages), k.div(chunk, pageRows));
  return k.add(k.loadIndex(op.getPages(), page), k.mul(k.mod(chunk, pageRows), int64_t(op.getRowBytes())));
}

/// Compressed rows lie anywhere in the cache. While a block's columns are summed, the rows of the next one, which
/// begins at the last token's number `base`, are fetched: with every 64 columns their share of the block.
void Attend::fetchAhead(const Run &run, Value base, Value column) {
  if (!op.getRows())
    return;
  int64_t steps = (int64_t(op.getDim()) + 63) / 64;
  Value first = k.add(base, k.div(k.mul(column, block), steps * 64));
  Value end = k.minIndex(k.add(first, (block + steps - 1) / steps), visible(run.last));
  k.loop(first, end, 1, [&](Value j) {
    Value chunk = op.getSelected() ? k.toIndex(k.load(op.getSelected(), selectedAt(run.last, j))) : j;
    rows.fetch(op.getRows(), chunkOffset(run, chunk));
  });
}

/// Row `place` of the `count` that the block gets.
void Attend::decodeChunk(const Run &run, Value chunk, Value place, Value count, const AttentionSums::Parts &parts) {
  rows.decode(op.getRows(), chunkOffset(run, chunk), sums.getKeys(), sums.keysAt(place));
  sums.close(place, count, parts);
}

/// All finished chunks, in order.
void Attend::takeAll(const Run &run) {
  Value most = visible(run.last);
  k.loop(k.index(0), ceilBlocks(most), 1, [&](Value number) {
    Value base = k.mul(number, block), hi = atMostBlock(k.sub(most, base));
    sums.open(k.index(0));
    k.loop(k.index(0), hi, 1, [&](Value j) { decodeChunk(run, k.add(base, j), j, hi, allParts(run)); });
    attendEach(
        run,
        [&](Value row) -> Bounds {
          return {k.index(0), atMostBlock(k.sub(visible(row), base))};
        },
        [&](Value column) { fetchAhead(run, k.add(base, block), column); });
  });
}

/// Whether, in the block from number `base`, every token chose what the last one did, as far as it chose; 1 or 0.
Value Attend::chooseTheSame(const Run &run, Value base) {
  return k.loop(run.first, run.last, 1, ValueRange{k.integer(1)}, [&](Value row, ValueRange carried) {
    Value count = atMostBlock(k.sub(visible(row), base));
    return k.loop(k.index(0), count, 1, carried, [&](Value j, ValueRange soFar) {
      Value place = k.add(base, j);
      Value equal =
          arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, k.load(op.getSelected(), selectedAt(row, place)),
                                k.load(op.getSelected(), selectedAt(run.last, place)));
      return Values{k.select(equal, soFar[0], k.integer(0))};
    });
  })[0];
}

/// The chosen chunks from number `base`: decoded for each token, or once for all. From the last token backwards, so
/// that the longest list comes first.
void Attend::takeBlock(const Run &run, Value base) {
  Value same = k.less(k.integer(0), chooseTheSame(run, base)), tokens = k.sub(run.end, run.first);
  k.loop(k.index(0), tokens, 1, [&](Value back) {
    Value row = k.sub(run.last, back), token = k.sub(row, run.first);
    Value count = atMostBlock(k.sub(visible(row), base)), none = k.index(0);
    Value decoded = k.select(same, k.minIndex(back, k.index(1)), none);
    AttentionSums::Parts parts{k.select(same, none, token), k.select(same, tokens, k.add(token, 1)), run.groups};
    k.ifThen(k.less(none, count), [&] {
      sums.open(none);
      // Nothing is left to decode where an earlier round did it.
      k.loop(none, k.select(k.less(none, decoded), none, count), 1, [&](Value j) {
        Value chunk = k.load(op.getSelected(), selectedAt(row, k.add(base, j)));
        decodeChunk(run, k.toIndex(chunk), j, count, parts);
      });
      sums.attend(token, run.groups, none, count, [&](Value column) { fetchAhead(run, k.add(base, block), column); });
    });
  });
}

/// The chunks that the indexer chose. Tokens that see few chunks choose them all.
void Attend::takeSelected(const Run &run) {
  k.loop(k.index(0), ceilBlocks(visible(run.last)), 1, [&](Value number) { takeBlock(run, k.mul(number, block)); });
}

//===----------------------------------------------------------------------===//
// Workgroups
//===----------------------------------------------------------------------===//

void Attend::take(const Run &run) {
  auto each = [&](void (AttentionSums::*step)(Value, Value, Value, Value)) {
    k.loop(run.first, run.end, 1, [&](Value row) {
      eachPart(run, row, [&](Value part, Value firstHead, Value count) { (sums.*step)(part, row, firstHead, count); });
    });
  };
  each(&AttentionSums::begin);
  takeWindow(run);
  if (op.getSelected())
    takeSelected(run);
  else if (op.getRows())
    takeAll(run);
  each(&AttentionSums::finish);
}

/// The heads of tiles [tileBegin, tileEnd). A run of one token takes as many tiles at once as the workgroup has room
/// for tokens.
void Attend::takeTiles(Value row, Value runEnd, Value slot, Value tileBegin, Value tileEnd) {
  Value isAlone = k.less(k.sub(runEnd, row), k.index(2));
  Value together = k.select(isAlone, k.index(op.getGrid().getTile()), k.index(1));
  Value heads = k.index(op.getHeads());
  Value steps = k.div(k.add(k.sub(tileEnd, tileBegin), k.sub(together, k.index(1))), together);
  k.loop(k.index(0), steps, 1, [&](Value step) {
    Value tile = k.add(tileBegin, k.mul(step, together));
    Value firstHead = k.mul(tile, kAttentionTileHeads);
    Value endHead = k.minIndex(k.mul(k.minIndex(k.add(tile, together), tileEnd), kAttentionTileHeads), heads);
    Value groups = k.div(k.add(k.sub(endHead, firstHead), kAttentionHeads - 1), kAttentionHeads);
    take({row, runEnd, slot, firstHead, k.add(runEnd, -1), groups});
  });
}

void Attend::emit() {
  k.workgroupRuns(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(),
                  [&](Value begin, Value end, Value tileBegin, Value tileEnd) {
                    k.loop(begin, end, 1, [&](Value row) {
                      Value slot = k.loadIndex(op.getTokenSlots(), row);
                      Value runFirst = k.maxIndex(begin, k.loadIndex(op.getSlotRows(), slot));
                      Value starts = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, row, runFirst);
                      k.ifThen(starts, [&] {
                        Value runEnd = k.minIndex(end, k.loadIndex(op.getSlotRows(), k.add(slot, 1)));
                        takeTiles(row, runEnd, slot, tileBegin, tileEnd);
                      });
                    });
                  });
}

} // namespace

void v4::emitAttend(kernel::AttendOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  Attend(k, op).emit();
}

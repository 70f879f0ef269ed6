//===- DecomposeAttention.cpp - Attention over window and compressed rows -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One workgroup is one token and a group of its heads. It walks the token's
// keys in blocks of 16 rows: window blocks start at positions that are multiples
// of 16, compressed blocks at multiples of 16 in the list of selected rows (CSA)
// or of chunks (HCA). Where a row comes from, the cache or this step, has no say
// in that, so bits do not depend on how a prompt was cut into steps.
//
// A block is gathered into f32 once and serves all heads of the group. Rows
// of a block that the token does not see are zero and get probability zero.
// Softmax is online: a block changes maximum, total and sums of a head once.
//
//===----------------------------------------------------------------------===//

#include "passes/lower/CacheRows.h"
#include "passes/lower/Decompositions.h"
#include "passes/lower/DotTile.h"
#include "passes/lower/RowSteps.h"

#include "mlir/IR/DialectRegistry.h"

#include <cmath>

using namespace mlir;
using namespace v4;

namespace {

/// Rows of one block; also the lanes of a vector of its scores.
constexpr int64_t kBlock = kLanes;
/// Below every score that a model can have, but finite: differences stay numbers.
constexpr float kLowest = -3.0e38f;
/// Most bytes of scratch for queries, keys and sums.
constexpr int64_t kScratchBytes = 100 * 1024;

/// Heads that one workgroup serves: as many as pay for the gathering of rows, as few as leave a decode step
/// enough workgroups.
int64_t groupSize(int64_t heads, int64_t width) {
  int64_t most = std::max<int64_t>(1, (kScratchBytes / 4 / width - kBlock) / 2);
  int64_t target = std::min(most, std::min<int64_t>(16, std::max<int64_t>(4, heads / 4)));
  int64_t group = target;
  while (heads % group)
    --group;
  return group;
}

/// Heads of one dot tile: 1, 2 or 4. An odd group is padded rather than walked head by head.
int64_t headTile(int64_t group) { return group <= 2 ? group : group % 4 && group % 2 == 0 ? 2 : 4; }

/// Op is AttentionOp or AttendOp.
template <typename Op> class Attention {
public:
  Attention(Op op, KernelEmitter &k);
  /// Turns the results back by the angles of `table`.
  void turnBackBy(Value angles) { table = angles; }
  int64_t groups() const { return heads / group; }
  void emit(Value row, Value tile);

private:
  /// What one token sees.
  struct Sight {
    Value row;
    StepRows step;
    Value first, end;      ///< Window rows: positions [first, end).
    Value firstBlock;      ///< first / kBlock.
    Value windowBlocks;
    Value compressed;      ///< Number of compressed rows.
    Value blocks;          ///< Blocks of both.
  };

  Sight look(Value row);
  void begin(Value row, Value firstHead);
  KernelEmitter::Values gatherWindow(const Sight &sight, Value block);
  KernelEmitter::Values gatherCompressed(const Sight &sight, Value block);
  void copyStepRow(Value from, Value at);
  void clearRows(Value lo, Value hi);
  Value visibleLanes(Value lo, Value hi);
  void attend(Value visible);
  void scoreTile(Value head, ArrayRef<Value> queryAt);
  void softmax(Value head, Value visible);
  void addValues(Value head);
  void finish(Value row, Value firstHead);
  void turnBack(Value row, Value at);

  KernelEmitter &k;
  Op op;
  int64_t heads, dim, width, group, tile, padded;
  bool hasSink;
  Value q, kv, sink, selected, result, table;
  CacheRows ring;
  std::optional<CacheRows> rows;
  Value queries, keys, sums, scores, fades, maxima, totals;
};

template <typename Op>
Attention<Op>::Attention(Op op, KernelEmitter &k)
    : k(k), op(op), heads(cast<RankedTensorType>(op.getQ().getType()).getDimSize(1)), dim(lastDim(op.getQ().getType())),
      width(wholeLanes(dim)), group(groupSize(heads, width)), tile(headTile(group)),
      padded((group + tile - 1) / tile * tile), hasSink(op.getSink() != nullptr), q(k.operandOf(op.getQ())),
      kv(k.operandOf(op.getKv())), result(k.result(0)), ring(k, op.getRing()) {
  if (hasSink)
    sink = k.operandOf(op.getSink());
  if (op.getRows())
    rows.emplace(k, op.getRows());
  if (op.getSelected())
    selected = k.operandOf(op.getSelected());
  queries = k.scratch(padded * width, k.f32());
  keys = k.scratch(kBlock * width, k.f32());
  sums = k.scratch(padded * width, k.f32());
  scores = k.scratch(padded * kBlock, k.f32());
  fades = k.scratch(padded, k.f32());
  maxima = k.scratch(padded, k.f32());
  totals = k.scratch(padded, k.f32());
  // Columns behind dim and heads behind group only fill up vectors and tiles: they stay zero for good.
  auto clear = [&](Value memory, int64_t count) {
    k.loop(k.index(0), k.index(count * width), kLanes, [&](Value i) { k.store(k.real(0, kLanes), memory, i); });
  };
  clear(queries, padded);
  clear(keys, kBlock);
}

template <typename Op> typename Attention<Op>::Sight Attention<Op>::look(Value row) {
  Value slot = k.loadIndex(k.step(plan::StepField::TokenSlots), row);
  Sight sight{row, stepRows(k, slot), {}, {}, {}, {}, {}, {}};
  Value position = k.loadIndex(k.step(plan::StepField::Positions), row);
  sight.end = notNegative(k, k.add(position, op.getOffset() + 1));
  sight.first = notNegative(k, k.sub(sight.end, k.index(op.getWindow())));
  sight.firstBlock = k.div(sight.first, kBlock);
  sight.windowBlocks = k.sub(ceilDiv(k, sight.end, kBlock), sight.firstBlock);
  sight.compressed = k.index(0);
  if (rows)
    sight.compressed = k.div(sight.end, rows->getType().getRatio());
  if (selected)
    sight.compressed = k.minIndex(sight.compressed, k.index(lastDim(op.getSelected().getType())));
  sight.blocks = k.add(sight.windowBlocks, ceilDiv(k, sight.compressed, kBlock));
  return sight;
}

template <typename Op> void Attention<Op>::begin(Value row, Value firstHead) {
  Value from = k.mul(k.add(k.mul(row, heads), firstHead), dim);
  k.loop(k.index(0), k.index(group), 1, [&](Value head) {
    k.lanes(dim, [&](Value i, int64_t lanes) {
      k.store(k.load(q, k.add(k.add(from, k.mul(head, dim)), i), lanes), queries, k.add(k.mul(head, width), i));
    });
    // The sink is a first key of its score whose value is zero.
    k.store(hasSink ? k.load(sink, k.add(firstHead, head)) : k.real(kLowest), maxima, head);
    k.store(k.real(hasSink ? 1 : 0), totals, head);
  });
  for (int64_t head = group; head < padded; ++head) {
    k.store(k.real(0), maxima, k.index(head));
    k.store(k.real(1), totals, k.index(head));
  }
  k.loop(k.index(0), k.index(padded * width), kLanes, [&](Value i) { k.store(k.real(0, kLanes), sums, i); });
}

//===----------------------------------------------------------------------===//
// Gathering: fills `keys` and gives the lanes [lo, hi) that the token sees.
//===----------------------------------------------------------------------===//

template <typename Op> void Attention<Op>::copyStepRow(Value from, Value at) {
  k.lanes(dim, [&](Value i, int64_t lanes) { k.store(k.load(kv, k.add(from, i), lanes), keys, k.add(at, i)); });
}

template <typename Op> void Attention<Op>::clearRows(Value lo, Value hi) {
  k.loop(k.mul(lo, width), k.mul(hi, width), kLanes, [&](Value i) { k.store(k.real(0, kLanes), keys, i); });
}

template <typename Op> KernelEmitter::Values Attention<Op>::gatherWindow(const Sight &sight, Value block) {
  Value base = k.mul(k.add(sight.firstBlock, block), kBlock);
  Value lo = notNegative(k, k.sub(sight.first, base));
  Value hi = k.minIndex(k.sub(sight.end, base), k.index(kBlock));
  clearRows(k.index(0), lo);
  k.loop(lo, hi, 1, [&](Value j) {
    Value position = k.add(base, j);
    Value token = k.add(position, -int64_t(op.getOffset()));
    Value at = k.mul(j, width);
    k.ifElse(
        sight.step.contains(k, token),
        [&] {
          copyStepRow(k.mul(sight.step.rowOf(k, token), dim), at);
          return KernelEmitter::Values();
        },
        [&] {
          ring.decode(ring.ringRow(sight.step.slot, position), keys, at);
          return KernelEmitter::Values();
        });
  });
  clearRows(hi, k.index(kBlock));
  return {lo, hi};
}

template <typename Op> KernelEmitter::Values Attention<Op>::gatherCompressed(const Sight &sight, Value block) {
  Value base = k.mul(k.sub(block, sight.windowBlocks), kBlock);
  Value hi = k.minIndex(k.sub(sight.compressed, base), k.index(kBlock));
  k.loop(k.index(0), hi, 1, [&](Value j) {
    Value chunk = k.add(base, j);
    if (selected)
      chunk = k.loadIndex(selected, k.add(k.mul(sight.row, lastDim(op.getSelected().getType())), chunk));
    rows->decode(rows->pageRow(sight.step.slot, chunk), keys, k.mul(j, width));
  });
  clearRows(hi, k.index(kBlock));
  return {k.index(0), hi};
}

template <typename Op> Value Attention<Op>::visibleLanes(Value lo, Value hi) {
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < kBlock; ++lane)
    numbers.push_back(lane);
  auto type = VectorType::get({kBlock}, k.b.getI32Type());
  Value lane = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  Value above = k.less(k.splat(k.toInteger(k.add(lo, -1)), kBlock), lane);
  Value below = k.less(lane, k.splat(k.toInteger(hi), kBlock));
  return arith::AndIOp::create(k.b, k.loc, above, below);
}

//===----------------------------------------------------------------------===//
// Arithmetic of a block
//===----------------------------------------------------------------------===//

/// scores[head + i, row] of a tile of heads and all rows of the block.
template <typename Op> void Attention<Op>::scoreTile(Value head, ArrayRef<Value> queryAt) {
  int64_t rowTile = kLanes / tile;
  Value scale = k.real(float(1 / std::sqrt(double(dim))), kLanes);
  k.loop(k.index(0), k.index(kBlock), rowTile, [&](Value row) {
    SmallVector<Value> keyAt;
    for (int64_t i = 0; i < rowTile; ++i)
      keyAt.push_back(k.mul(k.add(row, i), width));
    Value dots = k.mul(dotTile(k, queries, queryAt, keys, keyAt, width), scale);
    for (int64_t i = 0; i < tile; ++i)
      k.store(lanesFrom(k, dots, i * rowTile, rowTile), scores, k.add(k.mul(k.add(head, i), kBlock), row));
  });
}

/// Replaces the scores of a head by probabilities (not yet divided by the total) and notes how older sums fade.
template <typename Op> void Attention<Op>::softmax(Value head, Value visible) {
  Value at = k.mul(head, kBlock);
  Value score = k.load(scores, at, kBlock);
  Value seen = k.select(visible, score, k.real(kLowest, kBlock));
  Value before = k.load(maxima, head);
  Value most = k.maximum(horizontalMaximum(k, seen), before);
  Value fade = k.exp(k.sub(before, most));
  Value p = k.select(visible, k.exp(k.sub(score, k.splat(most, kBlock))), k.real(0, kBlock));
  k.store(p, scores, at);
  k.store(fade, fades, head);
  k.store(most, maxima, head);
  k.store(k.fma(k.load(totals, head), fade, k.horizontalSum(p)), totals, head);
}

/// sums[head + i, :] = sums * fade + probabilities * keys, for a tile of heads.
template <typename Op> void Attention<Op>::addValues(Value head) {
  int64_t vectors = width % (4 * kLanes) == 0 ? 4 : 1;
  SmallVector<Value> fade;
  for (int64_t i = 0; i < tile; ++i)
    fade.push_back(k.splat(k.load(fades, k.add(head, i)), kLanes));
  auto sumAt = [&](int64_t i, Value column) { return k.add(k.mul(k.add(head, i), width), column); };
  k.loop(k.index(0), k.index(width), vectors * kLanes, [&](Value column) {
    KernelEmitter::Values faded;
    for (int64_t i = 0; i < tile; ++i)
      for (int64_t v = 0; v < vectors; ++v)
        faded.push_back(k.mul(k.load(sums, k.add(sumAt(i, column), v * kLanes), kLanes), fade[i]));
    auto next = k.loop(k.index(0), k.index(kBlock), 1, faded, [&](Value row, ValueRange carried) {
      KernelEmitter::Values values, added;
      for (int64_t v = 0; v < vectors; ++v)
        values.push_back(k.load(keys, k.add(k.add(k.mul(row, width), column), v * kLanes), kLanes));
      for (int64_t i = 0; i < tile; ++i) {
        Value p = k.splat(k.load(scores, k.add(k.mul(k.add(head, i), kBlock), row)), kLanes);
        for (int64_t v = 0; v < vectors; ++v)
          added.push_back(k.fma(p, values[v], carried[added.size()]));
      }
      return added;
    });
    for (int64_t i = 0; i < tile; ++i)
      for (int64_t v = 0; v < vectors; ++v)
        k.store(next[i * vectors + v], sums, k.add(sumAt(i, column), v * kLanes));
  });
}

template <typename Op> void Attention<Op>::attend(Value visible) {
  k.loop(k.index(0), k.index(padded), tile, [&](Value head) {
    SmallVector<Value> queryAt;
    for (int64_t i = 0; i < tile; ++i)
      queryAt.push_back(k.mul(k.add(head, i), width));
    scoreTile(head, queryAt);
    k.loop(head, k.add(head, tile), 1, [&](Value each) { softmax(each, visible); });
    addValues(head);
  });
}

template <typename Op> void Attention<Op>::finish(Value row, Value firstHead) {
  Value to = k.mul(k.add(k.mul(row, heads), firstHead), dim);
  k.loop(k.index(0), k.index(group), 1, [&](Value head) {
    // At least one once there is a key; the floor only serves tokens without any, whose sums are zero.
    Value total = k.maximum(k.load(totals, head), k.real(1e-30f));
    k.lanes(dim, [&](Value i, int64_t lanes) {
      Value sum = k.load(sums, k.add(k.mul(head, width), i), lanes);
      k.store(k.div(sum, k.splat(total, lanes)), result, k.add(k.add(to, k.mul(head, dim)), i));
    });
    if (table)
      turnBack(row, k.add(to, k.mul(head, dim)));
  });
}

/// Rotates one head of the result where it lies, rounded as it is.
template <typename Op> void Attention<Op>::turnBack(Value row, Value at) {
  int64_t pairs = ring.getType().getRope() / 2;
  RowPlace rotary{result, k.add(at, dim - 2 * pairs)};
  rotateRow(k, rotary, {table, k.mul(row, 2 * pairs), pairs, /*inverse=*/true}, rotary, 2 * pairs);
}

template <typename Op> void Attention<Op>::emit(Value row, Value tileIndex) {
  Value firstHead = k.mul(tileIndex, group);
  begin(row, firstHead);
  Sight sight = look(row);
  k.loop(k.index(0), sight.blocks, 1, [&](Value block) {
    KernelEmitter::Values bounds =
        rows ? k.ifElse(
                   k.less(block, sight.windowBlocks), [&] { return gatherWindow(sight, block); },
                   [&] { return gatherCompressed(sight, block); })
             : gatherWindow(sight, block);
    attend(visibleLanes(bounds[0], bounds[1]));
  });
  finish(row, firstHead);
}

struct AttentionModel : DecomposableOpInterface::ExternalModel<AttentionModel, AttentionOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    Attention<AttentionOp> attention(cast<AttentionOp>(operation), k);
    k.workgroups(RowSpace::Tokens, 1, attention.groups(), [&](Value row, Value, Value tile) { attention.emit(row, tile); });
    return success();
  }
};

struct AttendModel : DecomposableOpInterface::ExternalModel<AttendModel, AttendOp> {
  LogicalResult decompose(Operation *operation, KernelEmitter &k) const {
    auto op = cast<AttendOp>(operation);
    Attention<AttendOp> attention(op, k);
    attention.turnBackBy(k.operandOf(op.getTable()));
    k.workgroups(RowSpace::Tokens, 1, attention.groups(), [&](Value row, Value, Value tile) { attention.emit(row, tile); });
    return success();
  }
};

} // namespace

void v4::registerAttentionDecompositions(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, V4Dialect *) {
        AttentionOp::attachInterface<AttentionModel>(*context);
        AttendOp::attachInterface<AttendModel>(*context);
      });
}

//===- EmitStreams.cpp - Hyper-connections in two passes --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first pass: a workgroup owns some columns of all streams. New streams of four
// tokens go to memory as bf16 and, widened, to a scratch buffer in L1; the products
// with fn then run on that buffer with 4 x 6 sums in registers. A single token (decode)
// runs all rows of fn side by side, so that fn is one sequential stream.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/RowLanes.h"
#include "dialects/kernel/PanelLayout.h"

using namespace mlir;
using namespace v4;

namespace {

using Values = BodyBuilder::Values;

class StreamMixer {
public:
  StreamMixer(kernel::StreamMixOp op, const CpuLevel &level)
      : k(op, level), op(op), count(op.getStreams()), width(op.getWidth()), outputs(op.getOutputs()),
        parts(op.getGrid().getTiles()), columns(width / parts), sums(outputs / 16 * 16 + 16) {
    if (!op.getFn())
      return;
    wide = k.scratch(tokensPerPass() * count * columns, k.f32());
    squares = k.scratch(tokensPerPass(), k.f32());
    results = k.scratch(tokensPerPass() * resultStride(), k.f32());
  }

  void emit() {
    k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value begin, Value end, Value part) {
      base = k.mul(part, columns);
      this->part = part;
      if (!op.getFn())
        return k.loop(begin, end, 1, [&](Value token) { update(token, Value()); });
      int64_t tokens = tokensPerPass();
      Value whole = k.sub(end, k.mod(k.sub(end, begin), tokens));
      k.loop(begin, whole, tokens, [&](Value first) { pass(first, tokens); });
      k.loop(whole, end, 1, [&](Value token) { pass(token, 1); });
    });
  }

private:
  /// Sums of 4 x 6 (token, row) pairs are 24 vectors of 512 bits; of 2 x 3 are 12 of 256.
  int64_t tokensPerPass() const { return k.has512() ? 4 : 2; }
  int64_t rowsPerPass() const { return k.has512() ? 6 : 3; }
  /// Groups are stored 16 sums at a time.
  int64_t resultStride() const { return sums + kLanes; }

  void pass(Value first, int64_t tokens) {
    for (int64_t i = 0; i < tokens; ++i)
      update(k.add(first, i), k.index(i));
    for (int64_t row = 0; row < outputs; row += kF32GroupRows) {
      int64_t group = std::min(kF32GroupRows, outputs - row);
      if (tokens == 1 && k.has512()) {
        allRows();
        break;
      }
      for (int64_t r = 0; r < group; r += rowsPerPass())
        rows(row, r, std::min(rowsPerPass(), group - r), tokens);
    }
    for (int64_t i = 0; i < tokens; ++i)
      storeSums(k.add(first, i), i);
  }

  //===--------------------------------------------------------------------===//
  // New streams
  //===--------------------------------------------------------------------===//

  /// Columns of one token; `slot` of the scratch buffer gets them widened, unless null.
  void update(Value token, Value slot) {
    Values post, comb;
    if (op.getY()) {
      for (int64_t j = 0; j < count; ++j)
        post.push_back(scalar(op.getPost(), token, count, j));
      for (int64_t i = 0; i < count * count; ++i)
        comb.push_back(scalar(op.getComb(), token, count * count, i));
    }
    Value from = k.add(k.mul(token, count * width), base);
    Values zeros(slot ? count : 0, k.real(0, kLanes));
    Values totals = k.loop(k.index(0), k.index(columns), kLanes, zeros, [&](Value column, ValueRange carried) {
      Values x = streamsAt(token, from, column, post, comb);
      Values next;
      for (int64_t j = 0; slot && j < count; ++j) {
        k.store(x[j], wide, k.add(k.mul(k.add(k.mul(slot, count), j), columns), column));
        next.push_back(k.fma(x[j], x[j], carried[j]));
      }
      return next;
    });
    if (!slot)
      return;
    Value all = totals[0];
    for (int64_t j = 1; j < count; ++j)
      all = k.add(all, totals[j]);
    k.store(k.horizontalSum(all), squares, slot);
  }

  Value scalar(Value memory, Value token, int64_t n, int64_t i) {
    return k.splat(k.load(memory, k.add(k.mul(token, n), i)), kLanes);
  }

  /// 16 columns of all streams: loaded, or mixed, rounded and stored.
  Values streamsAt(Value token, Value from, Value column, const Values &post, const Values &comb) {
    Values x;
    for (int64_t i = 0; i < count; ++i)
      x.push_back(k.load(op.getFrom(), k.add(k.add(from, i * width), column), kLanes));
    if (!op.getY())
      return x;
    Values mixed;
    Value y = k.load(op.getY(), k.add(k.add(k.mul(token, width), base), column), kLanes);
    for (int64_t j = 0; j < count; ++j) {
      Value total = k.mul(post[j], y);
      for (int64_t i = 0; i < count; ++i)
        total = k.fma(comb[i * count + j], x[i], total);
      mixed.push_back(k.roundBf16(total));
      storeExact(k, mixed[j], op.getNext(), k.add(k.add(from, j * width), column));
    }
    return mixed;
  }

  //===--------------------------------------------------------------------===//
  // Products
  //===--------------------------------------------------------------------===//

  /// Loops over the blocks of the part with carried sums; `body` gets the block's first element in fn and the
  /// first of its columns in a token's scratch.
  Values overBlocks(int64_t vectors, function_ref<Values(Value weights, Value column, ValueRange carried)> body) {
    Values zeros(vectors, k.real(0, kLanes));
    return k.loop(k.index(0), k.index(count), 1, zeros, [&](Value stream, ValueRange outer) {
      Value first = k.mul(k.add(k.mul(stream, width), base), outputs);
      return k.loop(k.index(0), k.index(columns), kPanelColumns, outer, [&](Value column, ValueRange carried) {
        return body(k.add(first, k.mul(column, outputs)), k.add(k.mul(stream, columns), column), carried);
      });
    });
  }

  void allRows() {
    Values totals = overBlocks(outputs, [&](Value weights, Value column, ValueRange carried) {
      Values next(carried.begin(), carried.end());
      for (int64_t row = 0; row < outputs; row += kF32GroupRows) {
        int64_t group = std::min(kF32GroupRows, outputs - row);
        Value at = k.add(weights, row * kPanelColumns);
        // A small body in the order of addresses: the hardware prefetcher follows it.
        ValueRange sums = ValueRange(next).slice(row, group);
        Values added = k.loop(k.index(0), k.index(kPanelColumns), kLanes, sums, [&](Value i, ValueRange inner) {
          Value z = k.load(wide, k.add(column, i), kLanes);
          Values out;
          for (int64_t r = 0; r < group; ++r)
            out.push_back(k.fma(k.load(op.getFn(), k.add(k.add(at, k.mul(i, group)), r * kLanes), kLanes), z, inner[r]));
          return out;
        });
        llvm::copy(added, next.begin() + row);
      }
      return next;
    });
    for (int64_t row = 0; row < outputs; row += kLanes)
      k.store(sumsOfVectors(k, ArrayRef<Value>(totals).slice(row, std::min(kLanes, outputs - row))), results,
              k.index(row));
  }

  /// Rows [row + r, row + r + n) of group `row` for some tokens.
  void rows(int64_t row, int64_t r, int64_t n, int64_t tokens) {
    int64_t group = std::min(kF32GroupRows, outputs - row);
    Values totals = overBlocks(n * tokens, [&](Value weights, Value column, ValueRange carried) {
      Values next(carried.begin(), carried.end());
      for (int64_t i = 0; i < kPanelColumns; i += kLanes) {
        Values z;
        for (int64_t t = 0; t < tokens; ++t)
          z.push_back(k.load(wide, k.add(column, t * count * columns + i), kLanes));
        for (int64_t j = 0; j < n; ++j) {
          Value w = k.load(op.getFn(), k.add(weights, row * kPanelColumns + i * group + (r + j) * kLanes), kLanes);
          for (int64_t t = 0; t < tokens; ++t)
            next[j * tokens + t] = k.fma(w, z[t], next[j * tokens + t]);
        }
      }
      return next;
    });
    for (int64_t t = 0; t < tokens; ++t) {
      Values ofToken;
      for (int64_t j = 0; j < n; ++j)
        ofToken.push_back(totals[j * tokens + t]);
      k.store(sumsOfVectors(k, ofToken), results, k.index(t * resultStride() + row + r));
    }
  }

  void storeSums(Value token, int64_t slot) {
    Value at = k.mul(k.add(k.mul(token, parts), part), sums);
    // Lanes behind the outputs are zero: vectors that do not exist.
    k.store(k.load(squares, k.index(slot)), results, k.index(slot * resultStride() + outputs));
    for (int64_t i = 0; i < sums; i += kLanes)
      k.store(k.load(results, k.index(slot * resultStride() + i), kLanes), op.getMix(), k.add(at, i));
  }

  CpuBody k;
  kernel::StreamMixOp op;
  int64_t count, width, outputs, parts, columns, sums;
  Value wide;    ///< f32 streams [token of the pass][stream][column of the part].
  Value squares; ///< Of each token of the pass.
  Value results; ///< Sums of each token of the pass.
  Value part, base;
};

} // namespace

void v4::emitStreamMix(kernel::StreamMixOp op, const CpuLevel &level) { StreamMixer(op, level).emit(); }

//===- EmitMoves.cpp - Rows copied, summed, and tables of angles - -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of these are bound by memory: rows are cut into parts of columns, so that one row
// of a decode step is work for several threads, and values stay bf16 where nothing is
// computed from them.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/CpuBody.h"
#include "dialects/kernel/PoolRows.h"

using namespace mlir;
using namespace v4;

using Values = BodyBuilder::Values;

/// `body(first column, columns)` over n columns: 64 at a time, then what is left in ever smaller vectors.
static void overColumns(CpuBody &k, int64_t n, function_ref<void(Value i, int64_t lanes)> body) {
  constexpr int64_t kWide = 32;
  int64_t whole = n / (2 * kWide) * (2 * kWide);
  if (whole)
    k.loop(k.index(0), k.index(whole), 2 * kWide, [&](Value i) {
      body(i, kWide);
      body(k.add(i, kWide), kWide);
    });
  int64_t rest = n - whole, done = whole;
  for (int64_t lanes : {kWide, kLanes})
    for (; rest >= lanes; rest -= lanes, done += lanes)
      body(k.index(done), lanes);
  if (rest)
    k.loop(k.index(done), k.index(n), 1, [&](Value i) { body(i, 1); });
}

/// `lanes` bf16 as they are.
static Value loadBits(CpuBody &k, Value memory, Value at, int64_t lanes) {
  return lanes == 1 ? Value(memref::LoadOp::create(k.b, k.loc, memory, at)) : k.loadRaw(memory, at, lanes);
}

void v4::emitGatherRows(kernel::GatherRowsOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t width = op.getWidth(), copies = op.getCopies(), columns = width / op.getGrid().getTiles();
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value part) {
    Value base = k.mul(part, columns);
    Value from = k.add(k.mul(k.loadIndex(op.getRows(), row), width), base);
    Value to = k.add(k.mul(row, copies * width), base);
    overColumns(k, columns, [&](Value i, int64_t lanes) {
      Value bits = loadBits(k, op.getFrom(), k.add(from, i), lanes);
      for (int64_t j = 0; j < copies; ++j)
        k.store(bits, op.getOut(), k.add(k.add(to, j * width), i));
    });
  });
}

void v4::emitPreviousRows(kernel::PreviousRowsOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t width = op.getWidth(), columns = width / op.getGrid().getTiles();
  PoolRows ring(k, op.getPool(), {k.b.getBF16Type(), width, 0, 2 * width});
  auto zero = [&](int64_t lanes) -> Value {
    Type type = k.vec(k.b.getBF16Type(), lanes);
    return arith::ConstantOp::create(k.b, k.loc, k.b.getZeroAttr(type));
  };
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value part) {
    Value base = k.mul(part, columns), to = k.add(k.mul(row, width), base);
    auto fill = [&](function_ref<Value(Value i, int64_t lanes)> bits) {
      overColumns(k, columns, [&](Value i, int64_t lanes) { k.store(bits(i, lanes), op.getOut(), k.add(to, i)); });
      return Values();
    };
    Value slot = k.loadIndex(op.getTokenSlots(), row);
    Value isFirst = k.less(row, k.add(k.loadIndex(op.getSlotRows(), slot), 1));
    k.ifElse(
        isFirst,
        [&] {
          // Position 0 has no predecessor.
          Value position = k.loadIndex(op.getPositions(), row), known = k.less(k.index(0), position);
          Value previous = k.select(known, k.sub(position, k.index(1)), k.index(0));
          Value place = ring.ringRow(k.loadIndex(op.getStates(), slot), previous, op.getRingRows());
          Value state = k.add(place, k.mul(base, 2));
          return fill([&](Value i, int64_t lanes) {
            Value kept = k.cacheLoad(op.getPool(), k.add(state, k.mul(i, 2)), k.vec(k.b.getBF16Type(), lanes));
            return k.select(known, kept, zero(lanes));
          });
        },
        [&] {
          Value from = k.sub(to, k.index(width));
          return fill([&](Value i, int64_t lanes) { return loadBits(k, op.getX(), k.add(from, i), lanes); });
        });
  });
}

void v4::emitSumRows(kernel::SumRowsOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t width = op.getWidth(), inner = op.getInner(), terms = op.getTerms();
  int64_t parts = op.getGrid().getTiles() / inner, columns = width / parts;
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value tile) {
    Value run = k.add(k.mul(row, inner), k.div(tile, parts)), base = k.mul(k.mod(tile, parts), columns);
    Value from = k.add(k.mul(run, terms * width), base), to = k.add(k.mul(run, width), base);
    Value other = k.add(k.mul(row, width), base);
    auto body = [&](Value i, int64_t lanes) {
      Value total = k.load(op.getX(), k.add(from, i), lanes);
      for (int64_t t = 1; t < terms; ++t)
        total = k.add(total, k.load(op.getX(), k.add(k.add(from, t * width), i), lanes));
      if (op.getY())
        total = k.add(total, k.load(op.getY(), k.add(other, i), lanes));
      else
        total = k.mul(total, k.real(op.getFactor()->convertToFloat(), lanes));
      k.store(total, op.getOut(), k.add(to, i));
    };
    int64_t whole = columns / (2 * kLanes) * (2 * kLanes);
    if (whole)
      k.loop(k.index(0), k.index(whole), 2 * kLanes, [&](Value i) {
        body(i, kLanes);
        body(k.add(i, kLanes), kLanes);
      });
    if (columns - whole >= kLanes)
      body(k.index(whole), kLanes);
    if (columns % kLanes)
      k.loop(k.index(columns / kLanes * kLanes), k.index(columns), 1, [&](Value i) { body(i, 1); });
  });
}

void v4::emitRopeTable(kernel::RopeTableOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  SmallVector<float> freqs = llvm::to_vector(cast<DenseElementsAttr>(op.getFreqs()).getValues<float>());
  int64_t pairs = freqs.size();
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value) {
    Value place = k.loadIndex(op.getPlaces(), row);
    Value position = k.add(k.mul(place, int64_t(op.getStride())), k.index(op.getOffset()));
    Value turns = arith::SIToFPOp::create(k.b, k.loc, k.f32(), k.toInteger(position));
    Value at = k.mul(row, 2 * pairs);
    for (int64_t j = 0, lanes; j < pairs; j += lanes) {
      lanes = pairs - j >= kLanes ? kLanes : 1;
      Value frequency = k.real(freqs[j]);
      if (lanes != 1)
        frequency = arith::ConstantOp::create(
            k.b, k.loc,
            DenseElementsAttr::get(VectorType::get({lanes}, k.f32()), ArrayRef<float>(freqs).slice(j, lanes)));
      Value angle = k.mul(k.splat(turns, lanes), frequency);
      k.store(math::CosOp::create(k.b, k.loc, angle), op.getOut(), k.add(at, j));
      k.store(math::SinOp::create(k.b, k.loc, angle), op.getOut(), k.add(at, pairs + j));
    }
  });
}

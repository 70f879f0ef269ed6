//===- EmitRoute.cpp - Routing and dispatch of tokens to experts -- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Learned routing keeps scores as integers of the same order: a round of the search is a
// maximum over 16 experts at a time, and an expert that was taken has the lowest key of
// all. Hash routing computes the scores of the chosen experts alone.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/CpuBody.h"
#include "dialects/kernel/RouteScore.h"
#include "runtime/plan/KernelAbi.h"

#include <limits>

using namespace mlir;
using namespace v4;

using Values = BodyBuilder::Values;

namespace {

class Router {
public:
  Router(kernel::RouteOp op, const CpuLevel &level)
      : k(op, level), op(op), count(op.getCount()), active(op.getActive()),
        padded((count + kLanes - 1) / kLanes * kLanes), i32(k.b.getI32Type()), chosen(k.scratch(kLanes, i32)),
        ranks(k.scratch(kLanes, i32)), picked(k.scratch(kLanes, k.f32())) {
    if (!op.getBias())
      return;
    scores = k.scratch(padded, k.f32());
    keys = k.scratch(padded, i32);
  }

  void emit() {
    k.store(k.lanesOfInteger(i32, std::numeric_limits<int32_t>::max(), kLanes), chosen, k.index(0));
    k.store(k.real(0, kLanes), picked, k.index(0));
    k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value token, Value, Value) {
      this->token = token;
      first = k.mul(token, active);
      if (op.getBias())
        chooseBest();
      else
        readTable();
      storeAscending();
      storeWeights();
    });
  }

private:
  void eachActive(function_ref<void(Value a)> body) { k.loop(k.index(0), k.index(active), 1, body); }

  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(k.b, k.loc, predicate, a, b);
  }
  Value reduce(vector::CombiningKind kind, Value lanes) { return vector::ReductionOp::create(k.b, k.loc, kind, lanes); }

  //===--------------------------------------------------------------------===//
  // Which experts
  //===--------------------------------------------------------------------===//

  void readTable() {
    Value row = k.mul(k.loadIndex(op.getIds(), token), active);
    eachActive([&](Value a) {
      Value id = memref::LoadOp::create(k.b, k.loc, op.getTable(), k.add(row, a));
      Value inside = arith::MaxSIOp::create(k.b, k.loc, k.integer(0), id);
      k.store(arith::MinSIOp::create(k.b, k.loc, inside, k.integer(count - 1)), chosen, a);
    });
  }

  /// Signed integers in the order of the scores; NaN counts as -inf, and nothing maps to the lowest integer.
  Value keyOf(Value score) {
    int64_t lanes = k.lanesOf(score);
    Type type = k.vec(i32, lanes);
    auto constant = [&](int64_t value) { return lanes == 1 ? k.integer(value) : k.lanesOfInteger(i32, value, lanes); };
    Value low = k.real(-std::numeric_limits<float>::infinity(), lanes);
    Value isNan = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UNO, score, score);
    Value bits = arith::BitcastOp::create(k.b, k.loc, type, k.select(isNan, low, score));
    Value sign = arith::ShRSIOp::create(k.b, k.loc, bits, constant(31));
    Value flips = arith::AndIOp::create(k.b, k.loc, sign, constant(0x7FFFFFFF));
    return arith::XOrIOp::create(k.b, k.loc, bits, flips);
  }

  void chooseBest() {
    if (count != padded)
      k.store(k.lanesOfInteger(i32, kTaken, kLanes), keys, k.index(padded - kLanes));
    k.lanes(count, [&](Value e, int64_t lanes) {
      Value score = routeScore(k, k.load(op.getLogits(), k.add(k.mul(token, count), e), lanes));
      k.store(score, scores, e);
      k.store(keyOf(k.add(score, k.load(op.getBias(), e, lanes))), keys, e);
    });
    eachActive([&](Value a) {
      Value best = bestKey();
      k.store(best, chosen, a);
      k.store(k.integer(kTaken), keys, k.toIndex(best));
    });
  }

  /// The expert of the largest key, the lowest one of equals.
  Value bestKey() {
    SmallVector<int64_t> lane;
    for (int64_t i = 0; i < kLanes; ++i)
      lane.push_back(i);
    Value most = k.lanesOfInteger(i32, kTaken, kLanes), zero = k.lanesOfInteger(i32, 0, kLanes);
    Values found =
        k.loop(k.index(0), k.index(padded), kLanes, ValueRange{most, zero}, [&](Value e, ValueRange carried) {
          Value key = k.load(keys, e, kLanes);
          Value better = compare(arith::CmpIPredicate::sgt, key, carried[0]);
          return Values{k.select(better, key, carried[0]),
                        k.select(better, k.splat(k.toInteger(e), kLanes), carried[1])};
        });
    Value number = k.add(found[1], k.constants(i32, lane));
    Value largest = k.splat(reduce(vector::CombiningKind::MAXSI, found[0]), kLanes);
    Value isBest = compare(arith::CmpIPredicate::eq, found[0], largest);
    Value none = k.lanesOfInteger(i32, std::numeric_limits<int32_t>::max(), kLanes);
    return reduce(vector::CombiningKind::MINSI, k.select(isBest, number, none));
  }

  //===--------------------------------------------------------------------===//
  // In which order, with which weights
  //===--------------------------------------------------------------------===//

  /// The rank of an expert is the number of smaller ones, of equals those in front.
  void storeAscending() {
    Value mine = k.load(chosen, k.index(0), kLanes), rank = k.lanesOfInteger(i32, 0, kLanes);
    for (int64_t b = 0; b < active; ++b) {
      SmallVector<bool> behind;
      for (int64_t lane = 0; lane < kLanes; ++lane)
        behind.push_back(lane > b);
      auto masks = VectorType::get({kLanes}, k.b.getI1Type());
      Value isBehind = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(masks, ArrayRef<bool>(behind)));
      Value other = k.splat(k.load(chosen, k.index(b)), kLanes);
      Value equal = arith::AndIOp::create(k.b, k.loc, compare(arith::CmpIPredicate::eq, other, mine), isBehind);
      Value before = arith::OrIOp::create(k.b, k.loc, compare(arith::CmpIPredicate::slt, other, mine), equal);
      rank = k.add(rank, arith::ExtUIOp::create(k.b, k.loc, k.vec(i32, kLanes), before));
    }
    k.store(rank, ranks, k.index(0));
    eachActive([&](Value a) {
      Value expert = k.load(chosen, a), place = k.loadIndex(ranks, a);
      k.store(expert, op.getExperts(), k.add(first, place));
      Value score = scores ? k.load(scores, k.toIndex(expert))
                           : k.load(op.getLogits(), k.add(k.mul(token, count), k.toIndex(expert)));
      k.store(score, picked, place);
    });
    if (!scores)
      k.store(routeScore(k, k.load(picked, k.index(0), kLanes)), picked, k.index(0));
  }

  void storeWeights() {
    Value share = k.load(picked, k.index(0), kLanes);
    if (op.getNormalize()) {
      Value total = k.load(picked, k.index(0));
      for (int64_t a = 1; a < active; ++a)
        total = k.add(total, k.load(picked, k.index(a)));
      share = k.div(share, k.splat(total, kLanes));
    }
    k.store(k.mul(share, k.real(op.getFactor().convertToFloat(), kLanes)), picked, k.index(0));
    eachActive([&](Value a) { k.store(k.load(picked, a), op.getWeights(), k.add(first, a)); });
  }

  static constexpr int64_t kTaken = std::numeric_limits<int32_t>::min();

  CpuBody k;
  kernel::RouteOp op;
  int64_t count, active, padded;
  Type i32;
  Value chosen, ranks, picked; ///< 16 lanes; behind `active` no expert.
  Value scores, keys;          ///< Of all experts; null with a table.
  Value token, first;
};

} // namespace

void v4::emitRoute(kernel::RouteOp op, const CpuLevel &level) { Router(op, level).emit(); }

void v4::emitDispatch(kernel::DispatchOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t count = op.getCount();
  Value cursor = k.scratch(count, k.b.getI32Type()), one = k.integer(1);
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value, Value, Value) {
    Value assignments = k.mul(k.loadIndex(op.getCounts(), k.index(plan::kCountTokens)), int64_t(op.getActive()));
    k.lanes(count, [&](Value e, int64_t lanes) {
      k.store(lanes == 1 ? k.integer(0) : k.lanesOfInteger(k.b.getI32Type(), 0, lanes), cursor, e);
    });
    k.loop(k.index(0), assignments, 1, [&](Value i) {
      Value e = k.loadIndex(op.getExperts(), i);
      k.store(k.add(k.load(cursor, e), one), cursor, e);
    });
    // Counts become first places. An expert is written behind the hits whether it is one or not: no branch.
    Values ends =
        k.loop(k.index(0), k.index(count), 1, ValueRange{k.integer(0), k.index(0)}, [&](Value e, ValueRange carried) {
          Value here = k.load(cursor, e);
          k.store(carried[0], cursor, e);
          k.store(carried[0], op.getOffsets(), e);
          k.store(k.toInteger(e), op.getHits(), k.add(carried[1], 1));
          Value isHit = k.less(k.integer(0), here);
          return Values{k.add(carried[0], here), k.add(carried[1], k.select(isHit, k.index(1), k.index(0)))};
        });
    k.store(ends[0], op.getOffsets(), k.index(count));
    k.store(k.toInteger(ends[1]), op.getHits(), k.index(0));
    k.loop(k.index(0), assignments, 1, [&](Value i) {
      Value e = k.loadIndex(op.getExperts(), i), place = k.load(cursor, e);
      k.store(k.toInteger(i), op.getOrder(), k.toIndex(place));
      k.store(k.add(place, one), cursor, e);
    });
  });
}

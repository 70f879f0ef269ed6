//===- DecomposeMoe.cpp - Routing, dispatch, SwiGLU, combine ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/RouteScore.h"
#include "passes/lower/Decompositions.h"
#include "passes/lower/RowSteps.h"

using namespace mlir;
using namespace v4;

namespace {

template <typename Model, typename Op>
using Decomposition = DecomposableOpInterface::ExternalModel<Model, Op>;

/// scores_e = sqrt(softplus(logits_e)) of one token.
void routeScores(KernelEmitter &k, Value logits, Value token, Value scores, int64_t experts) {
  k.lanes(experts, [&](Value e, int64_t width) {
    Value l = k.load(logits, k.add(k.mul(token, experts), e), width);
    k.store(routeScore(k, l), scores, e);
  });
}

/// weights_a = scores[experts_a] / sum * factor of one token, in ascending slots.
void routeWeights(KernelEmitter &k, Value scores, Value experts, Value weights, Value token, int64_t active,
                  float factor, bool normalize) {
  Value first = k.mul(token, active);
  auto score = [&](Value a) { return k.load(scores, k.loadIndex(experts, k.add(first, a))); };
  Value total = k.real(1);
  if (normalize)
    total = k.loop(k.index(0), k.index(active), 1, ValueRange{k.real(0)}, [&](Value a, ValueRange carried) {
      return KernelEmitter::Values{k.add(carried[0], score(a))};
    })[0];
  k.loop(k.index(0), k.index(active), 1, [&](Value a) {
    Value share = normalize ? k.div(score(a), total) : score(a);
    k.store(k.mul(share, k.real(factor)), weights, k.add(first, a));
  });
}

struct RouteModel : Decomposition<RouteModel, RouteOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto route = cast<RouteOp>(op);
    int64_t experts = lastDim(route.getLogits().getType()), active = lastDim(route.getExperts().getType());
    Value scores = k.scratch(experts, k.f32()), biased = k.scratch(experts, k.f32());
    // A mark of its own: a bias may be -inf, which keeps an expert out as long as others are left.
    Value taken = k.scratch(experts, k.b.getI32Type());
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value token, Value, Value) {
      routeScores(k, k.operand(0), token, scores, experts);
      k.lanes(experts, [&](Value e, int64_t width) {
        k.store(k.add(k.load(scores, e, width), k.load(k.operand(1), e, width)), biased, e);
      });
      k.loop(k.index(0), k.index(experts), 1, [&](Value e) { k.store(k.integer(0), taken, e); });
      k.loop(k.index(0), k.index(active), 1, [&](Value) { k.store(k.integer(1), taken, best(k, biased, taken, experts)); });
      // Each round marked one expert more, so exactly `active` are marked.
      k.loop(k.index(0), k.index(experts), 1, ValueRange{k.index(0)}, [&](Value e, ValueRange carried) {
        Value chosen = k.less(k.integer(0), k.load(taken, e));
        k.ifThen(chosen, [&] {
          k.store(k.toInteger(e), k.result(0), k.add(k.mul(token, active), carried[0]));
        });
        return KernelEmitter::Values{k.select(chosen, k.add(carried[0], 1), carried[0])};
      });
      routeWeights(k, scores, k.result(0), k.result(1), token, active, route.getFactor().convertToFloat(),
                   route.getNormalize());
    });
    return success();
  }

  /// Index of the largest score that is not taken, the lowest one of equals; a NaN is below everything.
  static Value best(KernelEmitter &k, Value biased, Value taken, int64_t experts) {
    Value low = k.real(-std::numeric_limits<float>::infinity()), none = k.index(experts);
    return k.loop(k.index(0), k.index(experts), 1, ValueRange{low, none}, [&](Value e, ValueRange carried) {
      Value score = k.load(biased, e), open = k.less(k.load(taken, e), k.integer(1));
      Value first = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, carried[1], none);
      Value better = arith::OrIOp::create(k.b, k.loc, k.less(carried[0], score), first);
      better = arith::AndIOp::create(k.b, k.loc, better, open);
      // The first open one may be NaN: what it is compared with stays -inf then.
      Value above = k.less(carried[0], score);
      return KernelEmitter::Values{k.select(arith::AndIOp::create(k.b, k.loc, better, above), score, carried[0]),
                                   k.select(better, e, carried[1])};
    })[1];
  }
};

struct HashRouteModel : Decomposition<HashRouteModel, HashRouteOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto route = cast<HashRouteOp>(op);
    int64_t experts = lastDim(route.getLogits().getType()), active = lastDim(route.getExperts().getType());
    Value scores = k.scratch(experts, k.f32());
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value token, Value, Value) {
      routeScores(k, k.operand(0), token, scores, experts);
      Value row = k.mul(k.loadIndex(k.step(plan::StepField::TokenIds), token), active);
      auto id = [&](Value a) { return k.loadIndex(k.operand(1), k.add(row, a)); };
      // Ascending by rank: the number of smaller ids in front, equal ones in table order.
      k.loop(k.index(0), k.index(active), 1, [&](Value a) {
        Value mine = id(a);
        Value rank = k.loop(k.index(0), k.index(active), 1, ValueRange{k.index(0)}, [&](Value o, ValueRange carried) {
          Value other = id(o), equal = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, other, mine);
          Value before = arith::OrIOp::create(k.b, k.loc, k.less(other, mine), arith::AndIOp::create(k.b, k.loc, equal, k.less(o, a)));
          return KernelEmitter::Values{k.select(before, k.add(carried[0], 1), carried[0])};
        })[0];
        Value inside = k.maxIndex(k.index(0), k.minIndex(mine, k.index(experts - 1)));
        k.store(k.toInteger(inside), k.result(0), k.add(k.mul(token, active), rank));
      });
      routeWeights(k, scores, k.result(0), k.result(1), token, active, route.getFactor().convertToFloat(),
                   route.getNormalize());
    });
    return success();
  }
};

struct DispatchModel : Decomposition<DispatchModel, DispatchOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto dispatch = cast<DispatchOp>(op);
    int64_t active = lastDim(dispatch.getExperts().getType()), experts = lastDim(dispatch.getOffsets().getType()) - 1;
    Value cursor = k.scratch(experts, k.b.getI32Type());
    k.workgroups(RowSpace::One, 1, 1, [&](Value, Value, Value) {
      Value order = k.result(0), offsets = k.result(1), hits = k.result(2);
      Value assignments = k.mul(k.count(plan::kCountTokens), active);
      k.loop(k.index(0), k.index(experts), 1, [&](Value e) { k.store(k.integer(0), cursor, e); });
      k.loop(k.index(0), assignments, 1, [&](Value i) {
        Value e = k.loadIndex(k.operand(0), i);
        k.store(k.add(k.load(cursor, e), k.integer(1)), cursor, e);
      });
      // Counts become first places; experts with a count are hits.
      auto ends = k.loop(k.index(0), k.index(experts), 1, ValueRange{k.integer(0), k.index(0)}, [&](Value e, ValueRange carried) {
        Value count = k.load(cursor, e), hit = k.less(k.integer(0), count);
        k.store(carried[0], offsets, e);
        k.store(carried[0], cursor, e);
        k.ifThen(hit, [&] { k.store(k.toInteger(e), hits, k.add(carried[1], 1)); });
        return KernelEmitter::Values{k.add(carried[0], count), k.select(hit, k.add(carried[1], 1), carried[1])};
      });
      k.store(ends[0], offsets, k.index(experts));
      k.store(k.toInteger(ends[1]), hits, k.index(0));
      k.loop(k.index(0), assignments, 1, [&](Value i) {
        Value e = k.loadIndex(k.operand(0), i), place = k.load(cursor, e);
        k.store(k.toInteger(i), order, k.toIndex(place));
        k.store(k.add(place, k.integer(1)), cursor, e);
      });
    });
    return success();
  }
};

struct SwigluModel : Decomposition<SwigluModel, SwigluOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto swiglu = cast<SwigluOp>(op);
    Type type = swiglu.getGate().getType();
    int64_t f = lastDim(type), inner = rowElements(type) / f;
    float limit = swiglu.getLimit() ? swiglu.getLimit()->convertToFloat() : 0;
    k.workgroups(rowsOf(type), 1, inner, [&](Value row, Value, Value slot) {
      Value line = k.add(k.mul(row, inner), slot);
      Value weight = swiglu.getWeights() ? k.load(k.operandOf(swiglu.getWeights()), line) : Value();
      Value at = k.mul(line, f);
      gateRow(k, {k.operand(0), at}, {k.operand(1), at}, weight, limit, {k.result(0), at}, f);
    });
    return success();
  }
};

struct CombineModel : Decomposition<CombineModel, CombineOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto type = cast<RankedTensorType>(op->getOperand(0).getType());
    int64_t active = type.getDimSize(1), d = type.getDimSize(2);
    k.workgroups(rowsOf(type), 1, 1, [&](Value token, Value, Value) {
      k.lanes(d, [&](Value i, int64_t width) {
        auto expert = [&](int64_t a) {
          return k.load(k.operand(0), k.add(k.add(k.mul(token, active * d), a * d), i), width);
        };
        Value total = expert(0);
        for (int64_t a = 1; a < active; ++a)
          total = k.add(total, expert(a));
        Value at = k.add(k.mul(token, d), i);
        k.store(k.add(total, k.load(k.operand(1), at, width)), k.result(0), at);
      });
    });
    return success();
  }
};

} // namespace

void v4::registerMoeDecompositions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, V4Dialect *) {
    RouteOp::attachInterface<RouteModel>(*context);
    HashRouteOp::attachInterface<HashRouteModel>(*context);
    DispatchOp::attachInterface<DispatchModel>(*context);
    SwigluOp::attachInterface<SwigluModel>(*context);
    CombineOp::attachInterface<CombineModel>(*context);
  });
}

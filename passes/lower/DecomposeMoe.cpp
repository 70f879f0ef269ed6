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

/// The experts of one token that are left, each a number: of two the larger is that of the better score or, of equal
/// ones, of the lower expert. A NaN is below everything but -inf, which it equals.
class ExpertKeys {
public:
  ExpertKeys(KernelEmitter &k, int64_t experts) : k(k), keys(k.scratch(experts, k.b.getI64Type())), experts(experts) {}

  void set(Value score, Value e, int64_t width) {
    // -inf stands for NaN, 0 for -0; then bits of negative numbers are turned round.
    Value low = k.real(-std::numeric_limits<float>::infinity(), width);
    Value real = k.add(k.select(k.less(low, score), score, low), k.real(0, width));
    Value bits = arith::BitcastOp::create(k.b, k.loc, k.vec(k.b.getI32Type(), width), real);
    Value sign = arith::ShRSIOp::create(k.b, k.loc, bits, numbers(k.b.getI32Type(), width, 31));
    Value turned = arith::AndIOp::create(k.b, k.loc, sign, numbers(k.b.getI32Type(), width, INT32_MAX));
    Value order = arith::XOrIOp::create(k.b, k.loc, bits, turned);
    Value high = arith::ShLIOp::create(k.b, k.loc, arith::ExtSIOp::create(k.b, k.loc, i64(width), order),
                                       numbers(k.b.getI64Type(), width, 32));
    Value first = arith::IndexCastOp::create(k.b, k.loc, k.b.getI64Type(), k.sub(k.index(experts - 1), e));
    Value number = k.sub(k.splat(first, width), numbers(k.b.getI64Type(), width, 0, 1));
    k.store(arith::OrIOp::create(k.b, k.loc, high, number), keys, e);
  }

  /// Takes the best one away and gives its index.
  Value take() {
    int64_t whole = experts / kLanes * kLanes;
    Value most = numbers(k.b.getI64Type(), 1, INT64_MIN);
    if (whole) {
      Value lanes =
          k.loop(k.index(0), k.index(whole), kLanes, ValueRange{numbers(k.b.getI64Type(), kLanes, INT64_MIN)},
                 [&](Value e, ValueRange carried) { return KernelEmitter::Values{larger(e, kLanes, carried[0])}; })[0];
      most = vector::ReductionOp::create(k.b, k.loc, vector::CombiningKind::MAXSI, lanes);
    }
    if (whole < experts)
      most = k.loop(k.index(whole), k.index(experts), 1, ValueRange{most},
                    [&](Value e, ValueRange carried) { return KernelEmitter::Values{larger(e, 1, carried[0])}; })[0];
    Value number = arith::AndIOp::create(k.b, k.loc, most, numbers(k.b.getI64Type(), 1, UINT32_MAX));
    Value best = k.sub(k.index(experts - 1), k.toIndex(number));
    k.store(numbers(k.b.getI64Type(), 1, INT64_MIN), keys, best);
    return best;
  }

private:
  Type i64(int64_t width) { return k.vec(k.b.getI64Type(), width); }

  Value larger(Value e, int64_t width, Value other) {
    return arith::MaxSIOp::create(k.b, k.loc, k.load(keys, e, width), other);
  }

  /// value + i * step in element i.
  Value numbers(Type element, int64_t width, int64_t value, int64_t step = 0) {
    if (width == 1)
      return arith::ConstantOp::create(k.b, k.loc, k.b.getIntegerAttr(element, value));
    SmallVector<APInt> values;
    for (int64_t i = 0; i < width; ++i)
      values.emplace_back(element.getIntOrFloatBitWidth(), uint64_t(value + i * step));
    return arith::ConstantOp::create(k.b, k.loc,
                                     DenseElementsAttr::get(cast<VectorType>(k.vec(element, width)), values));
  }

  KernelEmitter &k;
  Value keys;
  int64_t experts;
};

/// Stores the `active` different indices in `from` by rising value.
void storeRising(KernelEmitter &k, Value from, int64_t active, Value to, Value first) {
  k.loop(k.index(0), k.index(active), 1, [&](Value a) {
    Value mine = k.loadIndex(from, a);
    Value rank = k.loop(k.index(0), k.index(active), 1, ValueRange{k.index(0)}, [&](Value o, ValueRange carried) {
      return KernelEmitter::Values{k.select(k.less(k.loadIndex(from, o), mine), k.add(carried[0], 1), carried[0])};
    })[0];
    k.store(k.toInteger(mine), to, k.add(first, rank));
  });
}

struct RouteModel : Decomposition<RouteModel, RouteOp> {
  LogicalResult decompose(Operation *op, KernelEmitter &k) const {
    auto route = cast<RouteOp>(op);
    int64_t experts = lastDim(route.getLogits().getType()), active = lastDim(route.getExperts().getType());
    Value scores = k.scratch(experts, k.f32()), chosen = k.scratch(active, k.b.getI32Type());
    ExpertKeys keys(k, experts);
    k.workgroups(RowSpace::Tokens, 1, 1, [&](Value token, Value, Value) {
      routeScores(k, k.operand(0), token, scores, experts);
      k.lanes(experts, [&](Value e, int64_t width) {
        keys.set(k.add(k.load(scores, e, width), k.load(k.operand(1), e, width)), e, width);
      });
      k.loop(k.index(0), k.index(active), 1, [&](Value a) { k.store(k.toInteger(keys.take()), chosen, a); });
      storeRising(k, chosen, active, k.result(0), k.mul(token, active));
      routeWeights(k, scores, k.result(0), k.result(1), token, active, route.getFactor().convertToFloat(),
                   route.getNormalize());
    });
    return success();
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

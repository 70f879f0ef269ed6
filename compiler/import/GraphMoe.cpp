//===- GraphMoe.cpp - Experts sub-layer -------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/LayerBody.h"

using namespace mlir;
using namespace v4;

Value LayerBody::moe(Value x) {
  locate("moe");
  Dispatch dispatch = route(x);
  Value experts = routedExperts(x, dispatch);
  return CombineOp::create(b, x.getType(), experts, sharedExpert(x));
}

LayerBody::Dispatch LayerBody::route(Value x) {
  Value logits = linear(x, Role::Router, {c.experts}, /*wide=*/true);
  Type experts = g.tokens({c.activeExperts}, g.i32()), weights = g.tokens({c.activeExperts}, g.f32());
  bool normalize = c.normalizeRoutes && !g.planted("no_route_norm");
  Value chosen, shares;
  if (shape.hash) {
    auto op = HashRouteOp::create(b, experts, weights, logits, value(Role::RouterTable), f32Value(c.routedScaling),
                                  normalize);
    chosen = op.getExperts(), shares = op.getWeights();
  } else {
    auto op =
        RouteOp::create(b, experts, weights, logits, value(Role::RouterBias), f32Value(c.routedScaling), normalize);
    chosen = op.getExperts(), shares = op.getWeights();
  }
  probe("route_experts", chosen);
  probe("route_weights", shares);
  Type runs = g.rows(RowSpace::One, {c.experts + 1}, g.i32());
  auto dispatch = DispatchOp::create(b, experts, runs, runs, chosen);
  return {shares, dispatch.getOrder(), dispatch.getOffsets(), dispatch.getHits()};
}

Value LayerBody::routedExperts(Value x, const Dispatch &dispatch) {
  Value gate = expertLinear(x, Role::ExpertGate, c.expertWidth, dispatch);
  Value up = expertLinear(x, Role::ExpertUp, c.expertWidth, dispatch);
  return expertLinear(swiglu(gate, up, dispatch.weights), Role::ExpertDown, c.hidden, dispatch);
}

Value LayerBody::sharedExpert(Value x) {
  Value gate = linear(x, Role::SharedGate, {c.expertWidth});
  Value up = linear(x, Role::SharedUp, {c.expertWidth});
  return linear(swiglu(gate, up, Value()), Role::SharedDown, {c.hidden});
}

Value LayerBody::expertLinear(Value x, Role role, int64_t width, const Dispatch &dispatch) {
  const Bound &weight = bound.at(role);
  auto op = ExpertLinearOp::create(b, g.tokens({c.activeExperts, width}, g.bf16()), weight.scale ? quantizeInput(x) : x,
                                   weight.weight, weight.scale, dispatch.order, dispatch.offsets, dispatch.hits);
  plant(op, "nibbles");
  if (weight.scale)
    plant(op, "act_fp8");
  return op;
}

Value LayerBody::swiglu(Value gate, Value up, Value weights) {
  bool isShared = !weights;
  bool clamp = c.swigluLimit > 0 && !g.planted("no_clamp") && !(isShared && g.planted("no_shared_clamp"));
  FloatAttr limit = clamp ? b.getF32FloatAttr(float(c.swigluLimit)) : FloatAttr();
  return SwigluOp::create(b, gate.getType(), gate, up, weights, limit);
}

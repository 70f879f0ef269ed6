//===- ProveExactForms.cpp - Ask for facts about weights --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// IR has no bytes of weights, so this pass only says which facts are worth a proof;
// the plan writer proves them on every byte that it streams.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/quant/WeightFlows.h"

namespace v4 {
#define GEN_PASS_DEF_PROVEEXACTFORMSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

Type elementOf(RankedTensorType type) {
  if (auto packed = dyn_cast_or_null<PackedAttr>(type.getEncoding()))
    return packed.getElement();
  if (auto panels = dyn_cast_or_null<PanelsAttr>(type.getEncoding()))
    return panels.getElement();
  if (auto tiles = dyn_cast_or_null<TilesAttr>(type.getEncoding()))
    return tiles.getElement();
  return type.getElementType();
}

/// The scales are an operand of an op that has FP4 codes too.
bool scalesFp4(Value scales) {
  return llvm::any_of(scales.getUsers(), [](Operation *user) {
    return !isa<func::CallOp>(user) && llvm::any_of(user->getOperandTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && isa<Float4E2M1FNType>(elementOf(tensor));
    });
  });
}

struct ProveExactForms : v4::impl::ProveExactFormsPassBase<ProveExactForms> {
  void runOnOperation() override {
    WeightFlows flows(getOperation());
    llvm::DenseSet<ml_program::GlobalOp> fp4Scales;
    for (auto &[value, globals] : flows.owners)
      if (scalesFp4(value))
        fp4Scales.insert(globals.begin(), globals.end());
    for (auto &[global, list] : flows.loads) {
      auto type = dyn_cast<RankedTensorType>(global.getType());
      Type element = type ? elementOf(type) : Type();
      if (isa_and_nonnull<Float8E4M3FNType>(element))
        ask(global, {"no_nan"});
      else if (isa_and_nonnull<Float8E8M0FNUType>(element) && fp4Scales.contains(global))
        ask(global, {"normal_scales", "e4m3_per_128"});
      else if (isa_and_nonnull<Float8E8M0FNUType>(element))
        ask(global, {"normal_scales"});
    }
  }

  void ask(ml_program::GlobalOp global, ArrayRef<StringRef> facts) {
    global->setAttr("v4.exact_forms", Builder(&getContext()).getStrArrayAttr(facts));
  }
};

} // namespace

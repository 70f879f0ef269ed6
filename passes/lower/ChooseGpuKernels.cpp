//===- ChooseGpuKernels.cpp - Templates where their conditions hold -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/lower/KernelLaunches.h"
#include "passes/lower/TemplateCall.h"
#include "passes/quant/WeightFlows.h"

namespace v4 {
#define GEN_PASS_DEF_CHOOSEGPUKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

KernelContracts allTemplates() {
  KernelContracts templates;
  addGpuLinearTemplates(templates);
  addGpuMoeTemplates(templates);
  addGpuExpertTemplates(templates);
  addGpuIndexerTemplates(templates);
  return templates;
}

struct ChooseGpuKernelsPass : v4::impl::ChooseGpuKernelsPassBase<ChooseGpuKernelsPass> {
  using ChooseGpuKernelsPassBase::ChooseGpuKernelsPassBase;

  /// Of fused ops a template covers the experts' alone, but some cover parts of others.
  void splitFused() {
    SmallVector<FusedOpInterface> fused;
    getOperation().walk([&](FusedOpInterface op) { fused.push_back(op); });
    for (FusedOpInterface op : fused)
      if (!ExpertProducts::covers(op))
        replaceByParts(op);
  }

  void runOnOperation() override {
    if (!gpuTargetOf(getOperation())) {
      getOperation().emitError("v4-choose-gpu-kernels: module has no v4.target with limits, expected that of a GPU");
      return signalPassFailure();
    }
    splitFused();
    KernelContracts templates = allTemplates();
    SmallVector<std::pair<Operation *, KernelContract>> chosen;
    SmallVector<Operation *> attention;
    getOperation().walk([&](Operation *op) {
      if (isGpuAttention(op))
        attention.push_back(op);
      if (isa<GateUpOp>(op))
        chosen.push_back({op, {}});
      auto found = templates.find(op->getName().getStringRef());
      if (found == templates.end())
        return;
      std::string reason = found->second.reasonAgainst(op);
      if (reason.empty())
        chosen.push_back({op, found->second});
      else
        op->emitRemark() << "v4-choose-gpu-kernels: no template: " << reason;
    });
    KernelLaunches launches(getOperation());
    WeightFlows flows(getOperation());
    for (Operation *op : attention)
      replaceGpuAttention(op, launches);
    Fp8Products products(launches);
    ExpertProducts experts(launches, flows);
    for (auto &[op, contract] : chosen) {
      if (Fp8Products::covers(op)) {
        products.replace(op);
        continue;
      }
      if (ExpertProducts::covers(op)) {
        experts.replace(op);
        continue;
      }
      auto write = [&, op = op, contract = contract](KernelEmitter &k) {
        contract.write(op, k);
        return success();
      };
      if (failed(launches.replace(op, write)))
        return signalPassFailure();
    }
  }
};

} // namespace

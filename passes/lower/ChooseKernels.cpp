//===- ChooseKernels.cpp - Tuned kernels where their conditions hold -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/lower/KernelContracts.h"
#include "passes/lower/KernelLaunches.h"

namespace v4 {
#define GEN_PASS_DEF_CHOOSEKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

KernelContracts allContracts() {
  KernelContracts contracts;
  addLinearContracts(contracts);
  addStreamContracts(contracts);
  addRowContracts(contracts);
  addAttentionContracts(contracts);
  addIndexerContracts(contracts);
  addMoveContracts(contracts);
  addCacheContracts(contracts);
  return contracts;
}

struct ChooseKernelsPass : v4::impl::ChooseKernelsPassBase<ChooseKernelsPass> {
  using ChooseKernelsPassBase::ChooseKernelsPassBase;

  /// The parts of a fused op without a kernel may have kernels of their own.
  void splitDeclined(const KernelContracts &contracts) {
    SmallVector<FusedOpInterface> split;
    getOperation().walk([&](FusedOpInterface op) {
      auto found = contracts.find(op->getName().getStringRef());
      std::string reason = found == contracts.end() ? "there is none" : found->second.reasonAgainst(op);
      if (reason.empty())
        return;
      op->emitRemark() << "v4-choose-kernels: no tuned kernel, its parts stand for it: " << reason;
      split.push_back(op);
    });
    for (FusedOpInterface op : split)
      replaceByParts(op);
  }

  void runOnOperation() override {
    KernelContracts contracts = allContracts();
    SmallVector<std::pair<Operation *, KernelContract>> chosen;
    splitDeclined(contracts);
    getOperation().walk([&](Operation *op) {
      auto found = contracts.find(op->getName().getStringRef());
      if (found == contracts.end())
        return;
      std::string reason = found->second.reasonAgainst(op);
      if (reason.empty())
        chosen.push_back({op, found->second});
      else
        op->emitRemark() << "v4-choose-kernels: no tuned kernel: " << reason;
    });
    KernelLaunches launches(getOperation());
    for (auto &[op, contract] : chosen) {
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

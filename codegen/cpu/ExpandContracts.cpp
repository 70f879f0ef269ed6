//===- ExpandContracts.cpp - Contract ops to tuned code ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/CpuPasses.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace v4 {

#define GEN_PASS_DEF_EXPANDCONTRACTSPASS
#include "codegen/cpu/CpuPasses.h.inc"

namespace {

/// Whether `op` was a contract; its code is then in front of it.
bool expand(Operation *op, const CpuLevel &level) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](kernel::PanelLinearOp contract) { return emitPanelLinear(contract, level), true; })
      .Case([&](kernel::PanelExpertsOp contract) { return emitPanelExperts(contract, level), true; })
      .Case([&](kernel::PanelProjectionsOp contract) { return emitPanelProjections(contract, level), true; })
      .Case([&](kernel::PanelGateUpOp contract) { return emitPanelGateUp(contract, level), true; })
      .Case([&](kernel::StreamMixOp contract) { return emitStreamMix(contract, level), true; })
      .Case([&](kernel::StreamNormOp contract) { return emitStreamNorm(contract, level), true; })
      .Case([&](kernel::StreamHeadOp contract) { return emitStreamHead(contract, level), true; })
      .Case([&](kernel::RowChainOp contract) { return emitRowChain(contract, level), true; })
      .Case([&](kernel::SwigluOp contract) { return emitSwiglu(contract, level), true; })
      .Case([&](kernel::AttendOp contract) { return emitAttend(contract, level), true; })
      .Case([&](kernel::IndexCandidatesOp contract) { return emitIndexCandidates(contract, level), true; })
      .Case([&](kernel::SelectCandidatesOp contract) { return emitSelectCandidates(contract, level), true; })
      .Case([&](kernel::GatherRowsOp contract) { return emitGatherRows(contract, level), true; })
      .Case([&](kernel::PreviousRowsOp contract) { return emitPreviousRows(contract, level), true; })
      .Case([&](kernel::SumRowsOp contract) { return emitSumRows(contract, level), true; })
      .Case([&](kernel::RopeTableOp contract) { return emitRopeTable(contract, level), true; })
      .Case([&](kernel::RouteOp contract) { return emitRoute(contract, level), true; })
      .Case([&](kernel::DispatchOp contract) { return emitDispatch(contract, level), true; })
      .Case([&](kernel::AppendRowsOp contract) { return emitAppendRows(contract, level), true; })
      .Case([&](kernel::CompressAppendOp contract) { return emitCompressAppend(contract, level), true; })
      .Default(false);
}

struct ExpandContractsPass : impl::ExpandContractsPassBase<ExpandContractsPass> {
  using ExpandContractsPassBase::ExpandContractsPassBase;

  void runOnOperation() override {
    const CpuLevel *cpu = findCpuLevel(level);
    if (!cpu) {
      getOperation().emitError("level '") << level << "' is no CPU target, see --list-targets";
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      if (expand(op, *cpu))
        op->erase();
  }
};

} // namespace
} // namespace v4

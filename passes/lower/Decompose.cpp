//===- Decompose.cpp - Turns every v4 op into a kernel and a launch -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/lower/KernelLaunches.h"

namespace v4 {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

/// Decompositions read the checkpoint's own layout.
LogicalResult checkLayout(Operation *op) {
  for (Type type : op->getOperandTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && (isPanels(tensor) || isTiles(tensor)))
      return op->emitOpError() << "reads a weight in " << (isTiles(tensor) ? "tiles, " : "panels, ") << type
                               << ", expected a tuned kernel for it; run "
                               << (isTiles(tensor) ? "v4-choose-gpu-kernels" : "v4-choose-kernels")
                               << ", or leave out v4-pack-weights";
  return success();
}

struct DecomposePass : v4::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;

  void runOnOperation() override {
    SmallVector<FusedOpInterface> fused;
    getOperation().walk([&](FusedOpInterface op) { fused.push_back(op); });
    for (FusedOpInterface op : fused)
      replaceByParts(op);
    SmallVector<DecomposableOpInterface> ops;
    getOperation().walk([&](DecomposableOpInterface op) { ops.push_back(op); });
    KernelLaunches launches(getOperation());
    for (DecomposableOpInterface op : ops)
      if (failed(checkLayout(op)) ||
          failed(launches.replace(op, [&](KernelEmitter &emitter) { return op.decompose(emitter); })))
        return signalPassFailure();
  }
};

} // namespace

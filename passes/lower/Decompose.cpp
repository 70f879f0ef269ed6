//===- Decompose.cpp - Turns every v4 op into a kernel and a launch -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/lower/KernelEmitter.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/BuiltinOps.h"

namespace v4 {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "passes/Passes.h.inc"
} // namespace v4

using namespace mlir;
using namespace v4;

namespace {

struct Kernel {
  func::FuncOp function;
  kernel::GridAttr grid;
  SmallVector<int64_t> step;
};

/// Two ops with equal keys compute with the same kernel.
std::string kernelKey(Operation *op) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op->getName() << op->getAttrDictionary() << '(';
  llvm::interleaveComma(op->getOperandTypes(), os);
  os << ")->(";
  llvm::interleaveComma(op->getResultTypes(), os);
  os << ')';
  return key;
}

/// Operand indices of the caches that an op writes.
SmallVector<int64_t> writtenOperands(Operation *op) {
  SmallVector<int64_t> writes;
  SmallVector<MemoryEffects::EffectInstance> effects;
  if (auto interface = dyn_cast<MemoryEffectOpInterface>(op))
    interface.getEffects(effects);
  for (auto &effect : effects)
    if (isa<MemoryEffects::Write>(effect.getEffect()))
      if (auto *operand = effect.getEffectValue<OpOperand *>())
        writes.push_back(operand->getOperandNumber());
  return writes;
}

struct DecomposePass : v4::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;

  void runOnOperation() override {
    SmallVector<DecomposableOpInterface> ops;
    getOperation().walk([&](DecomposableOpInterface op) { ops.push_back(op); });
    for (DecomposableOpInterface op : ops)
      if (failed(lower(op)))
        return signalPassFailure();
  }

  LogicalResult lower(DecomposableOpInterface op) {
    std::string key = kernelKey(op);
    auto found = kernels.find(key);
    if (found == kernels.end()) {
      StringRef mnemonic = op->getName().stripDialect();
      std::string name = (mnemonic + "_" + Twine(counters[mnemonic]++)).str();
      KernelEmitter emitter(op, getOperation(), name);
      if (failed(op.decompose(emitter)))
        return failure();
      func::FuncOp function = emitter.finish();
      found = kernels.insert({key, Kernel{function, emitter.grid(), SmallVector<int64_t>(emitter.stepFields())}}).first;
    }
    OpBuilder b(op);
    auto launch = kernel::LaunchOp::create(
        b, op->getLoc(), op->getResultTypes(), FlatSymbolRefAttr::get(found->second.function.getSymNameAttr()),
        found->second.grid, op->getOperands(), b.getDenseI64ArrayAttr(writtenOperands(op)),
        b.getDenseI64ArrayAttr(found->second.step));
    op->replaceAllUsesWith(launch);
    op->erase();
    return success();
  }

  llvm::MapVector<std::string, Kernel, llvm::StringMap<unsigned>> kernels;
  llvm::StringMap<unsigned> counters;
};

} // namespace

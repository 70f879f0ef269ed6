//===- KernelLaunches.cpp - Ops become kernels and launches -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelLaunches.h"

#include "passes/lower/LaunchCost.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace v4;

/// Two ops with equal keys compute with the same kernel.
static std::string kernelKey(Operation *op) {
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
static SmallVector<int64_t> writtenOperands(Operation *op) {
  SmallVector<int64_t> writes;
  SmallVector<MemoryEffects::EffectInstance> effects;
  if (auto interface = dyn_cast<MemoryEffectOpInterface>(op))
    interface.getEffects(effects);
  for (auto &effect : effects)
    if (isa<MemoryEffects::Write>(effect.getEffect()))
      if (auto *operand = effect.getEffectValue<OpOperand *>())
        writes.push_back(operand->getOperandNumber());
  llvm::sort(writes);
  return writes;
}

std::string KernelLaunches::freeName(StringRef mnemonic) {
  std::string name;
  do
    name = (mnemonic + "_" + Twine(counters[mnemonic]++)).str();
  while (module.lookupSymbol(name));
  return name;
}

LogicalResult KernelLaunches::replace(Operation *op, Body body) {
  // When it runs does not change what it computes.
  Attribute group = op->removeDiscardableAttr("v4.group");
  std::string key = kernelKey(op);
  auto found = kernels.find(key);
  if (found == kernels.end()) {
    KernelEmitter emitter(op, module, freeName(op->getName().stripDialect()));
    if (failed(body(emitter)))
      return failure();
    func::FuncOp function = emitter.finish();
    setLaunchCost(op, function, op->getOperands());
    Kernel kernel{FlatSymbolRefAttr::get(function.getSymNameAttr()), emitter.grid(),
                  SmallVector<int64_t>(emitter.stepFields())};
    found = kernels.insert({key, kernel}).first;
  }
  OpBuilder b(op);
  auto launch = kernel::LaunchOp::create(
      b, op->getLoc(), op->getResultTypes(), found->second.symbol, found->second.grid, op->getOperands(),
      b.getDenseI64ArrayAttr(writtenOperands(op)), b.getDenseI64ArrayAttr(found->second.step));
  if (group)
    launch->setAttr("v4.group", group);
  op->replaceAllUsesWith(launch);
  op->erase();
  return success();
}

kernel::LaunchOp KernelLaunches::insert(Operation *op, const Step &step, ValueRange inputs, TypeRange outputs,
                                        llvm::function_ref<void(KernelEmitter &)> body) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << "step " << step.name << ' ';
  llvm::interleaveComma(step.constants, os);
  os << '(';
  llvm::interleaveComma(inputs.getTypes(), os);
  os << ")->(";
  llvm::interleaveComma(outputs, os);
  os << ')';
  auto found = kernels.find(key);
  if (found == kernels.end()) {
    KernelEmitter emitter(op, step.name, inputs.getTypes(), outputs, module, freeName(step.name));
    body(emitter);
    func::FuncOp function = emitter.finish();
    if (step.bearsCost)
      setLaunchCost(op, function, inputs);
    Kernel kernel{FlatSymbolRefAttr::get(function.getSymNameAttr()), emitter.grid(),
                  SmallVector<int64_t>(emitter.stepFields())};
    found = kernels.insert({key, kernel}).first;
  }
  OpBuilder b(op);
  auto launch = kernel::LaunchOp::create(b, op->getLoc(), outputs, found->second.symbol, found->second.grid, inputs,
                                         b.getDenseI64ArrayAttr({}), b.getDenseI64ArrayAttr(found->second.step));
  if (Attribute group = op->getDiscardableAttr("v4.group"))
    launch->setAttr("v4.group", group);
  return launch;
}

void v4::replaceByParts(FusedOpInterface op) {
  OpBuilder b(op);
  op->replaceAllUsesWith(op.toParts(b));
  op->erase();
}

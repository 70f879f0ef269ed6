//===- VerifyKernels.cpp - Exit contract of the lower stage -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_VERIFYKERNELSPASS
#include "passes/Passes.h.inc"

namespace {

/// Workers have 8 MiB of stack; a kernel is a leaf and needs far less.
constexpr int64_t kMaxStackBytes = 1 << 20;

bool isAllowedDialect(llvm::StringRef name) {
  return name == "arith" || name == "math" || name == "memref" || name == "scf" || name == "vector" || name == "kernel";
}

LogicalResult checkSignature(func::FuncOp kernel) {
  if (!kernel->getAttrOfType<StringAttr>("kernel.op"))
    return kernel.emitOpError() << "has no kernel.op, expected the name of the v4 op it computes";
  if (kernel.isExternal())
    return kernel.emitOpError() << "has no body, expected a kernel that is defined here";
  if (kernel.getNumResults() != 0)
    return kernel.emitOpError() << "returns " << kernel.getNumResults()
                                << " values, expected none: a kernel writes through its bindings";
  ArrayRef<Type> types = kernel.getArgumentTypes();
  if (types.size() < 2 || !types[0].isIndex() || !types[1].isIndex())
    return kernel.emitOpError() << "starts with other arguments than %begin, %end : index";
  for (Type type : types.drop_front(2))
    if (!isa<MemRefType>(type))
      return kernel.emitOpError() << "has an argument of type " << type << ", expected memrefs behind %begin, %end";
  return success();
}

/// Adds the bytes of `alloca` to `stackBytes`.
LogicalResult checkAlloca(memref::AllocaOp alloca, Block *entry, int64_t &stackBytes) {
  MemRefType type = alloca.getType();
  if (!type.hasStaticShape())
    return alloca.emitOpError() << "has dynamic type " << type << ", expected a static shape";
  if (alloca->getBlock() != entry)
    return alloca.emitOpError() << "is inside a region, expected it in the entry block: a loop would grow the stack";
  Type element = type.getElementType();
  int64_t lanes = 1;
  if (auto vector = dyn_cast<VectorType>(element)) {
    lanes = vector.getNumElements();
    element = vector.getElementType();
  }
  if (!element.isIntOrIndexOrFloat())
    return alloca.emitOpError() << "holds " << element << ", expected numbers";
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  if (type.getNumElements() > kMaxStackBytes || lanes > kMaxStackBytes)
    stackBytes = kMaxStackBytes + 1;
  else
    stackBytes += type.getNumElements() * lanes * ((bits + 7) / 8);
  if (stackBytes > kMaxStackBytes)
    return alloca.emitOpError() << "takes the kernel's stack above " << kMaxStackBytes
                                << " bytes; use smaller tiles or a scratch binding";
  return success();
}

LogicalResult checkKernelOp(Operation *op, Block *entry, int64_t &stackBytes) {
  if (isa<memref::AllocOp, memref::DeallocOp, memref::ReallocOp>(op))
    return op->emitOpError() << "is in a kernel, expected no heap: use a static memref.alloca or a binding";
  if (isa<memref::CopyOp>(op))
    return op->emitOpError() << "is in a kernel, expected a loop: it may become a call";
  if (isa<memref::GlobalOp, memref::GetGlobalOp>(op))
    return op->emitOpError() << "is in a kernel, expected all data to come through bindings";
  if (isa<kernel::LaunchOp>(op))
    return op->emitOpError() << "is in a kernel, expected launches outside only";
  if (auto alloca = dyn_cast<memref::AllocaOp>(op))
    return checkAlloca(alloca, entry, stackBytes);
  if (isa<func::ReturnOp>(op) || isAllowedDialect(op->getName().getDialectNamespace()))
    return success();
  return op->emitOpError() << "is in a kernel, expected only arith, math, memref, scf, vector and kernel ops";
}

LogicalResult checkKernel(func::FuncOp kernel) {
  if (failed(checkSignature(kernel)))
    return failure();
  int64_t stackBytes = 0;
  Block *entry = &kernel.getBody().front();
  WalkResult result = kernel.getBody().walk([&](Operation *op) {
    return failed(checkKernelOp(op, entry, stackBytes)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult checkProgramOp(Operation *op) {
  llvm::StringRef dialect = op->getName().getDialectNamespace();
  if (isa<kernel::LaunchOp, ProbeOp>(op) || dialect == "func" || dialect == "ml_program")
    return success();
  return op->emitOpError() << "is left outside kernels, expected launches, probes and calls only";
}

struct VerifyKernels : public impl::VerifyKernelsPassBase<VerifyKernels> {
  LogicalResult check(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function->hasAttr("kernel.entry")) {
        if (failed(checkKernel(function)))
          return failure();
        continue;
      }
      WalkResult result = function.getBody().walk(
          [&](Operation *op) { return failed(checkProgramOp(op)) ? WalkResult::interrupt() : WalkResult::advance(); });
      if (result.wasInterrupted())
        return failure();
    }
    return success();
  }

  void runOnOperation() override {
    if (failed(check(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace v4

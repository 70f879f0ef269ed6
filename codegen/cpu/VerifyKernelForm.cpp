//===- VerifyKernelForm.cpp - What the CPU back end accepts ------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LowerToLlvm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace v4 {
namespace {

/// Workers run kernels on ordinary thread stacks; more scratch than this belongs
/// into a buffer of the plan.
constexpr int64_t kMaxScratchBytes = 256 << 10;

/// A plain array of rows of one static shape.
bool hasBindingForm(MemRefType type) {
  ArrayRef<int64_t> row = type.getRank() ? type.getShape().drop_front() : type.getShape();
  return type.getLayout().isIdentity() && !llvm::is_contained(row, ShapedType::kDynamic);
}

LogicalResult verifyArguments(func::FuncOp kernel) {
  ArrayRef<Type> types = kernel.getArgumentTypes();
  if (types.size() < 2 || !types[0].isIndex() || !types[1].isIndex() || kernel.getNumResults() != 0)
    return kernel.emitError("kernel '") << kernel.getSymName() << "' has type " << kernel.getFunctionType()
                                        << ", expected (index, index, memrefs...) -> ()";
  for (auto [i, type] : llvm::enumerate(types.drop_front(2))) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !hasBindingForm(memref))
      return kernel.emitError("kernel '") << kernel.getSymName() << "': binding " << i << " is " << type
                                          << ", expected a memref without layout, dynamic in its first dimension only";
  }
  return success();
}

int64_t byteSize(MemRefType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// The only operations whose bf16 form is exact everywhere. Arithmetic on bf16
/// would round with an instruction that flushes denormals where there is one.
bool mayTouchBf16(Operation *op) {
  return !isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) && !isa<vector::ReductionOp, vector::FMAOp>(op);
}

LogicalResult verifyBf16(Operation *op) {
  auto isBf16 = [](Type type) { return getElementTypeOrSelf(type).isBF16(); };
  if (mayTouchBf16(op) || isa<arith::BitcastOp, arith::ConstantOp, arith::SelectOp>(op))
    return success();
  bool reads = llvm::any_of(op->getOperandTypes(), isBf16);
  bool writes = llvm::any_of(op->getResultTypes(), isBf16);
  if (!reads && !writes)
    return success();
  if (isa<arith::ExtFOp>(op) && reads)
    return success();
  if (isa<arith::TruncFOp>(op) && !reads && getElementTypeOrSelf(op->getOperand(0)).isF32())
    return success();
  return op->emitOpError("computes on bf16, expected arith.extf to f32 before and arith.truncf from f32 after");
}

/// Math operations that become a few instructions, or polynomials of our own.
bool hasExpansion(Operation *op) {
  if (isa<math::ExpOp, math::Log1pOp>(op))
    return getElementTypeOrSelf(op->getResult(0)).isF32();
  return isa<math::SqrtOp, math::FmaOp, math::AbsFOp, math::AbsIOp, math::FloorOp, math::CeilOp, math::TruncOp,
             math::RoundEvenOp, math::CopySignOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
             math::SinOp, math::CosOp>(op);
}

LogicalResult verifyOp(Operation *op, int64_t &scratch) {
  if (isa<CallOpInterface>(op) || isa<memref::AllocOp, memref::CopyOp, memref::DeallocOp>(op))
    return op->emitOpError("is not allowed in a kernel, expected a leaf function without allocation");
  if (auto alloca = dyn_cast<memref::AllocaOp>(op)) {
    if (!alloca.getType().hasStaticShape())
      return op->emitOpError("has the dynamic type ") << alloca.getType() << ", expected static scratch";
    scratch += byteSize(alloca.getType());
  }
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    auto type = dyn_cast<MemRefType>(dim.getSource().getType());
    std::optional<int64_t> index = dim.getConstantIndex();
    if (!type || !index || *index < 0 || *index >= type.getRank() || type.isDynamicDim(*index))
      return op->emitOpError("asks for a size that kernels do not get, expected the step's counts as a binding");
  }
  if (isa<math::MathDialect>(op->getDialect()) && !hasExpansion(op))
    return op->emitOpError("has no expansion for ") << op->getOperand(0).getType()
                                                  << ", expected exp, log1p (f32), sin, cos, sqrt or fma";
  // Any fast-math flag makes the bits depend on what LLVM does with it.
  auto floats = dyn_cast<arith::ArithFastMathInterface>(op);
  if (floats && floats.getFastMathFlagsAttr() && floats.getFastMathFlagsAttr().getValue() != arith::FastMathFlags::none)
    return op->emitOpError("has fast-math flags, expected none");
  return verifyBf16(op);
}

} // namespace

LogicalResult verifyKernelForm(func::FuncOp kernel) {
  if (failed(verifyArguments(kernel)))
    return failure();
  int64_t scratch = 0;
  WalkResult result = kernel.getBody().walk([&](Operation *op) -> WalkResult { return verifyOp(op, scratch); });
  if (result.wasInterrupted())
    return failure();
  if (scratch > kMaxScratchBytes)
    return kernel.emitError("kernel '") << kernel.getSymName() << "' has " << scratch
                                        << " bytes of scratch, expected at most " << kMaxScratchBytes
                                        << "; use a buffer of the plan";
  return success();
}

} // namespace v4

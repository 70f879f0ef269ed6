//===- KernelOps.cpp - Verifiers and effects --------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in KernelOps.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelDialect.h"

#include "dialects/v4/V4Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace v4::kernel;

namespace {
/// Fields of the step block (kStepFieldCount of runtime/plan/KernelAbi.h).
constexpr int64_t kStepFields = 13;

bool isCache(Value value) { return isa<v4::CacheType>(value.getType()); }
} // namespace

//===----------------------------------------------------------------------===//
// Launch
//===----------------------------------------------------------------------===//

namespace {
/// (C2) and (C3): order makes the list canonical, so that equal launches are equal ops.
LogicalResult checkWrites(LaunchOp op) {
  ValueRange inputs = op.getInputs();
  int64_t previous = -1, count = inputs.size();
  for (int64_t index : op.getWrites()) {
    // launch_c2
    if (index < 0 || index >= count)
      return op.emitOpError() << "writes operand " << index << ", expected 0 to " << count - 1;
    if (index <= previous)
      return op.emitOpError() << "writes operand " << index << " behind operand " << previous
                              << ", expected ascending indices";
    if (!isCache(inputs[index]))
      return op.emitOpError() << "writes operand " << index << " of type " << inputs[index].getType()
                              << ", expected a !v4.cache: tensors are values";
    // launch_c3
    if (llvm::count(inputs, inputs[index]) != 1)
      return op.emitOpError() << "writes operand " << index << ", which is bound " << llvm::count(inputs, inputs[index])
                              << " times, expected once: ranges of workgroups run concurrently";
    previous = index;
  }
  return success();
}

LogicalResult checkSignature(LaunchOp op, func::FuncOp callee) {
  FunctionType type = callee.getFunctionType();
  int64_t bindings = op.getInputs().size() + op.getOutputs().size() + op.getStep().size();
  if (type.getNumResults() != 0)
    return op.emitOpError() << "kernel '" << op.getKernel() << "' has " << type.getNumResults()
                            << " results, expected none";
  if (static_cast<int64_t>(type.getNumInputs()) != 2 + bindings)
    return op.emitOpError() << "kernel '" << op.getKernel() << "' has " << type.getNumInputs()
                            << " arguments, expected " << 2 + bindings << ": begin, end and " << bindings
                            << " bindings";
  for (auto [index, argument] : llvm::enumerate(type.getInputs()))
    if (index < 2 ? !argument.isIndex() : !isa<MemRefType>(argument))
      return op.emitOpError() << "kernel '" << op.getKernel() << "' has argument " << index << " of type " << argument
                              << ", expected " << (index < 2 ? "index" : "a memref");
  return success();
}
} // namespace

LogicalResult LaunchOp::verify() {
  // launch_c1
  for (auto [index, input] : llvm::enumerate(getInputs()))
    if (!isCache(input) && !isa<RankedTensorType>(input.getType()))
      return emitOpError() << "operand " << index << " has type " << input.getType()
                           << ", expected a ranked tensor or a !v4.cache";
  if (failed(checkWrites(*this)))
    return failure();
  // launch_c4
  for (int64_t field : getStep())
    if (field < 0 || field >= kStepFields)
      return emitOpError() << "step field " << field << " is unknown, expected 0 to " << kStepFields - 1;
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // launch_c5
  auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getKernelAttr());
  if (!callee)
    return emitOpError() << "kernel '" << getKernel() << "' is no func.func, expected one with kernel.entry";
  if (!callee->hasAttr("kernel.entry"))
    return emitOpError() << "kernel '" << getKernel() << "' has no kernel.entry, expected a kernel function";
  // launch_c6
  return checkSignature(*this, callee);
}

void LaunchOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  ArrayRef<int64_t> writes = getWrites();
  for (OpOperand &input : getInputsMutable()) {
    if (!isCache(input.get()))
      continue;
    if (llvm::is_contained(writes, static_cast<int64_t>(input.getOperandNumber())))
      effects.emplace_back(MemoryEffects::Write::get(), &input, v4::CacheState::get());
    else
      effects.emplace_back(MemoryEffects::Read::get(), &input, v4::CacheState::get());
  }
}

//===----------------------------------------------------------------------===//
// Float formats
//===----------------------------------------------------------------------===//

namespace {
/// 0 for a scalar.
int64_t lengthOf(Value value) {
  auto vector = dyn_cast<VectorType>(value.getType());
  return vector ? vector.getDimSize(0) : 0;
}

/// A scalar has no length of its own, so a vector of one element is not one.
LogicalResult checkLengths(Operation *op, Value codes, Value values) {
  if (lengthOf(codes) == lengthOf(values))
    return success();
  return op->emitOpError() << "codes are " << codes.getType() << " and values " << values.getType()
                           << ", expected the same length";
}
} // namespace

LogicalResult UnpackOp::verify() {
  // unpack_c1
  int64_t bytes = lengthOf(getBytes()), codes = lengthOf(getCodes());
  if (codes % 2 != 0 || codes / 2 != bytes)
    return emitOpError() << "makes " << codes << " codes of " << bytes << " bytes, expected two of each";
  return success();
}

LogicalResult DecodeOp::verify() {
  // decode_c1
  if (!isa<Float8E4M3FNType, Float8E8M0FNUType, Float4E2M1FNType>(getFormat()))
    return emitOpError() << "format is " << getFormat() << ", expected f8E4M3FN, f8E8M0FNU or f4E2M1FN";
  // decode_c2
  return checkLengths(*this, getCodes(), getValues());
}

LogicalResult EncodeOp::verify() {
  // encode_c1
  if (!isa<Float8E4M3FNType, Float4E2M1FNType>(getFormat()))
    return emitOpError() << "format is " << getFormat() << ", expected f8E4M3FN or f4E2M1FN";
  // encode_c2
  return checkLengths(*this, getCodes(), getValues());
}

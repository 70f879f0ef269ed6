//===- KernelEmitter.cpp - Function, bindings and workgroups -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/KernelEmitter.h"

using namespace mlir;
using namespace v4;

static Type bindingType(Type type) {
  Type element = IntegerType::get(type.getContext(), 8);
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    if (!isa<FloatType>(tensor.getElementType()) || tensor.getElementType().getIntOrFloatBitWidth() >= 16)
      element = tensor.getElementType();
  return MemRefType::get({ShapedType::kDynamic}, element);
}

static bool is64Bit(plan::StepField field) {
  return field == plan::StepField::Counts || field == plan::StepField::PageOffsets ||
         field == plan::StepField::StateOffsets;
}

int64_t v4::rowElements(Type type) {
  int64_t elements = 1;
  for (int64_t dim : cast<RankedTensorType>(type).getShape().drop_front())
    elements *= dim;
  return elements;
}

int64_t v4::lastDim(Type type) { return cast<RankedTensorType>(type).getShape().back(); }

KernelEmitter::KernelEmitter(Operation *op, ModuleOp module, StringRef name)
    : KernelEmitter(op, op->getName().stripDialect(), op->getOperandTypes(), op->getResultTypes(), module, name) {}

KernelEmitter::KernelEmitter(Operation *op, StringRef step, TypeRange operandTypes, TypeRange resultTypes,
                             ModuleOp module, StringRef name)
    : BodyBuilder(OpBuilder(module.getContext()), op->getLoc()), op(op), operands(operandTypes.size()),
      results(resultTypes.size()) {
  SmallVector<Type> inputs(2, b.getIndexType());
  for (Type type : operandTypes)
    inputs.push_back(bindingType(type));
  for (Type type : resultTypes)
    inputs.push_back(bindingType(type));
  b.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(b, loc, name, b.getFunctionType(inputs, {}));
  function.setPrivate();
  function->setAttr("kernel.entry", b.getUnitAttr());
  function->setAttr("kernel.op", b.getStringAttr(step));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
}

func::FuncOp KernelEmitter::finish() {
  b.setInsertionPointToEnd(&function.getBody().front());
  func::ReturnOp::create(b, loc);
  return function;
}

Value KernelEmitter::operandOf(Value value) {
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get() == value)
      return this->operand(operand.getOperandNumber());
  return {};
}

Value KernelEmitter::step(plan::StepField field) {
  unsigned first = 2 + operands + results;
  auto *found = llvm::find(fields, int64_t(field));
  if (found != fields.end())
    return function.getArgument(first + (found - fields.begin()));
  fields.push_back(int64_t(field));
  Type element = b.getIntegerType(is64Bit(field) ? 64 : 32);
  unsigned at = function.getNumArguments();
  (void)function.insertArgument(at, MemRefType::get({ShapedType::kDynamic}, element), {}, loc);
  return function.getArgument(at);
}

Value KernelEmitter::count(plan::StepCount which) { return loadIndex(step(plan::StepField::Counts), index(which)); }

kernel::GridAttr KernelEmitter::setGrid(RowSpace rows, int64_t tile, int64_t tiles) {
  return gridAttr = kernel::GridAttr::get(b.getContext(), int64_t(rows), tile, tiles);
}

void KernelEmitter::workgroups(RowSpace rows, int64_t tile, int64_t tiles,
                               function_ref<void(Value, Value, Value)> body) {
  setGrid(rows, tile, tiles);
  // Only a tile of several rows can hang over the end.
  Value total = tile == 1 ? Value() : count(plan::StepCount(int64_t(rows)));
  loop(function.getArgument(0), function.getArgument(1), 1, [&](Value group) {
    Value rowTile = div(group, tiles);
    Value rowBegin = mul(rowTile, tile);
    Value rowEnd = tile == 1 ? add(rowBegin, 1) : minIndex(add(rowBegin, tile), total);
    body(rowBegin, rowEnd, tiles == 1 ? index(0) : mod(group, tiles));
  });
}

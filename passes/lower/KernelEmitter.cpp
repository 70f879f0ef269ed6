//===- KernelEmitter.cpp - Function, workgroups and control flow -*- C++ -*-===//
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
    : b(module.getContext()), loc(op->getLoc()), op(op) {
  SmallVector<Type> inputs(2, b.getIndexType());
  for (Type type : op->getOperandTypes())
    inputs.push_back(bindingType(type));
  for (Type type : op->getResultTypes())
    inputs.push_back(bindingType(type));
  b.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(b, loc, name, b.getFunctionType(inputs, {}));
  function.setPrivate();
  function->setAttr("kernel.entry", b.getUnitAttr());
  function->setAttr("kernel.op", b.getStringAttr(op->getName().stripDialect()));
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
  unsigned first = 2 + op->getNumOperands() + op->getNumResults();
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

void KernelEmitter::workgroups(RowSpace rows, int64_t tile, int64_t tiles,
                               function_ref<void(Value, Value, Value)> body) {
  gridAttr = kernel::GridAttr::get(b.getContext(), int64_t(rows), tile, tiles);
  // Only a tile of several rows can hang over the end.
  Value total = tile == 1 ? Value() : count(plan::StepCount(int64_t(rows)));
  loop(function.getArgument(0), function.getArgument(1), 1, [&](Value group) {
    Value rowTile = div(group, tiles);
    Value rowBegin = mul(rowTile, tile);
    Value rowEnd = tile == 1 ? add(rowBegin, 1) : minIndex(add(rowBegin, tile), total);
    body(rowBegin, rowEnd, tiles == 1 ? index(0) : mod(group, tiles));
  });
}

KernelEmitter::Values KernelEmitter::loop(Value lo, Value hi, int64_t step, ValueRange init,
                                          function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, lo, hi, index(step), init,
                                 [&](OpBuilder &, Location, Value i, ValueRange carried) {
                                   OpBuilder::InsertionGuard guard(b);
                                   b.setInsertionPointToEnd(i.getParentBlock());
                                   Values next = body(i, carried);
                                   scf::YieldOp::create(b, loc, next);
                                 });
  return Values(loop.getResults());
}

void KernelEmitter::loop(Value lo, Value hi, int64_t step, function_ref<void(Value)> body) {
  loop(lo, hi, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

void KernelEmitter::ifThen(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

KernelEmitter::Values KernelEmitter::ifElse(Value condition, function_ref<Values()> then,
                                            function_ref<Values()> otherwise) {
  auto emit = [&](function_ref<Values()> body) {
    return [&, body](OpBuilder &nested, Location) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(nested.getInsertionBlock());
      Values values = body();
      scf::YieldOp::create(b, loc, values);
    };
  };
  auto branch = scf::IfOp::create(b, loc, condition, emit(then), emit(otherwise));
  return Values(branch.getResults());
}

void KernelEmitter::lanes(int64_t n, function_ref<void(Value, int64_t)> body) {
  int64_t whole = n / kLanes * kLanes;
  if (whole == kLanes)
    body(index(0), kLanes);
  else if (whole)
    loop(index(0), index(whole), kLanes, [&](Value i) { body(i, kLanes); });
  if (whole != n)
    loop(index(whole), index(n), 1, [&](Value i) { body(i, 1); });
}

Value KernelEmitter::sum(int64_t n, function_ref<Value(Value, int64_t, Value)> accumulate) {
  int64_t whole = n / kLanes * kLanes;
  Value total = real(0);
  if (whole) {
    Values wide = loop(index(0), index(whole), kLanes, ValueRange{real(0, kLanes)}, [&](Value i, ValueRange carried) {
      return Values{accumulate(i, kLanes, carried[0])};
    });
    total = horizontalSum(wide[0]);
  }
  if (whole == n)
    return total;
  return loop(index(whole), index(n), 1, ValueRange{total}, [&](Value i, ValueRange carried) {
    return Values{accumulate(i, 1, carried[0])};
  })[0];
}

Value KernelEmitter::absMax(Value memory, Value at, int64_t n) {
  // Maxima of bit patterns: exact, and integer reductions have no order.
  int64_t width = n % kLanes == 0 ? kLanes : 1;
  Type narrow = vec(b.getI16Type(), width);
  auto constant = [&](int64_t value, Type type) -> Value {
    TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, Attribute(attr));
    return arith::ConstantOp::create(b, loc, attr);
  };
  Value most = loop(index(0), index(n), width, ValueRange{constant(0, narrow)}, [&](Value i, ValueRange carried) {
    Value offset = add(at, i);
    Value raw = width == 1 ? Value(memref::LoadOp::create(b, loc, memory, offset))
                           : Value(vector::LoadOp::create(b, loc, cast<VectorType>(vec(b.getBF16Type(), width)), memory, offset));
    Value bits = arith::BitcastOp::create(b, loc, narrow, raw);
    bits = arith::AndIOp::create(b, loc, bits, constant(0x7FFF, narrow));
    return Values{arith::MaxUIOp::create(b, loc, carried[0], bits)};
  })[0];
  if (width != 1)
    most = vector::ReductionOp::create(b, loc, vector::CombiningKind::MAXUI, most);
  Value bits = arith::ExtUIOp::create(b, loc, b.getI32Type(), most);
  bits = arith::ShLIOp::create(b, loc, bits, integer(16));
  return arith::BitcastOp::create(b, loc, f32(), bits);
}

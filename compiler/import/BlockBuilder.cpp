//===- BlockBuilder.cpp - Values and steps of a function --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/BlockBuilder.h"

#include "compiler/import/RopeFrequencies.h"

using namespace mlir;
using namespace v4;

/// Columns that share an activation scale in front of narrow weights.
static constexpr int64_t kActivationBlock = 128;

//===----------------------------------------------------------------------===//
// GraphContext
//===----------------------------------------------------------------------===//

RankedTensorType GraphContext::rows(RowSpace space, ArrayRef<int64_t> tail, Type element) const {
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, tail);
  return RankedTensorType::get(shape, element, RowsAttr::get(&context, space));
}

RankedTensorType GraphContext::weight(const Weight &weight) const {
  Type i8 = IntegerType::get(&context, 8);
  switch (weight.element) {
  case Element::BF16:
    return RankedTensorType::get(weight.shape, bf16());
  case Element::F32:
    return RankedTensorType::get(weight.shape, f32());
  case Element::FP8:
    return RankedTensorType::get(weight.shape, Float8E4M3FNType::get(&context));
  case Element::E8M0:
    return RankedTensorType::get(weight.shape, Float8E8M0FNUType::get(&context));
  case Element::FP4:
    return RankedTensorType::get(weight.shape, i8, PackedAttr::get(&context, Float4E2M1FNType::get(&context)));
  case Element::I32:
    break;
  }
  return RankedTensorType::get(weight.shape, i32());
}

void GraphContext::appendTypes(const WeightSet &weights, SmallVectorImpl<Type> &types) const {
  for (const auto &entry : weights) {
    types.push_back(weight(entry.second.weight));
    if (entry.second.scale)
      types.push_back(weight(*entry.second.scale));
  }
}

//===----------------------------------------------------------------------===//
// BlockBuilder
//===----------------------------------------------------------------------===//

void BlockBuilder::bindArguments(const WeightSet &weights, func::FuncOp function, unsigned &index) {
  for (const auto &[role, entry] : weights) {
    Bound &values = bound[role];
    values.weight = function.getArgument(index++);
    values.scale = entry.scale ? function.getArgument(index++) : Value();
  }
}

Value BlockBuilder::linear(Value x, Role role, ArrayRef<int64_t> tail, bool wide) {
  const Bound &weight = bound.at(role);
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape().drop_back());
  llvm::append_range(shape, tail);
  auto result = RankedTensorType::get(shape, wide ? g.f32() : g.bf16(), type.getEncoding());
  auto op = LinearOp::create(b, result, weight.scale ? quantizeInput(x) : x, weight.weight, weight.scale);
  if (weight.scale)
    plant(op, "act_fp8"); // kernels of tensor cores quantize what they get
  return op;
}

Value BlockBuilder::quantizeInput(Value x) {
  if (g.planted("act_fp8"))
    return x;
  Value &quantized = quantizedInputs[x];
  if (!quantized)
    quantized = quantize(x, QuantFormat::Fp8, kActivationBlock, cast<RankedTensorType>(x.getType()).getShape().back());
  return quantized;
}

Value BlockBuilder::quantize(Value x, QuantFormat format, int64_t block, int64_t prefix) {
  return QuantizeOp::create(b, x.getType(), x, format, block, prefix);
}

Value BlockBuilder::rmsNorm(Value x, Role role) {
  return RmsNormOp::create(b, x.getType(), x, value(role), f32Value(c.rmsEps));
}

Value BlockBuilder::ropeTable(RowSpace space, bool compressed, int64_t offset) {
  std::vector<float> freqs = ropeFrequencies(c, compressed, !g.planted("no_yarn"));
  auto type = RankedTensorType::get({int64_t(freqs.size())}, b.getF32Type());
  auto values = DenseElementsAttr::get(type, llvm::ArrayRef<float>(freqs));
  return RopeTableOp::create(b, g.ropeTable(space), values, offset);
}

Value BlockBuilder::logits(Value streams) {
  locate("head");
  Value rows = SelectLogitsRowsOp::create(b, g.rows(RowSpace::Logits, {c.streams, c.hidden}, g.bf16()), streams);
  Value x = HcHeadOp::create(b, g.rows(RowSpace::Logits, {c.hidden}, g.bf16()), rows, value(Role::HcHeadFn),
                             value(Role::HcHeadBase), value(Role::HcHeadScale), f32Value(c.rmsEps), f32Value(c.hcEps));
  return linear(rmsNorm(x, Role::FinalNorm), Role::Head, {c.vocab}, /*wide=*/true);
}

void BlockBuilder::plant(Operation *op, StringRef mistake) {
  if (g.planted(mistake))
    op->setDiscardableAttr("v4.planted", b.getStringAttr(mistake));
}

void BlockBuilder::locate(const Twine &name) { b.setLoc(NameLoc::get(b.getStringAttr(name))); }

func::FuncOp BlockBuilder::function(ModuleOp module, StringRef name, FunctionType type) {
  locate(name);
  b.setInsertionPointToEnd(module.getBody());
  auto func = func::FuncOp::create(b, name, type);
  b.setInsertionPointToStart(func.addEntryBlock());
  return func;
}

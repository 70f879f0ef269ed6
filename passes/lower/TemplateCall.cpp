//===- TemplateCall.cpp - The body of a kernel made of a template ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/TemplateCall.h"

using namespace mlir;
using namespace v4;

/// Bytes of a row of a box, and of its swizzle.
static constexpr int64_t kBoxBytes = kTileRowBytes;

/// The number of a binding among those of a launch.
static int64_t numberOf(Value binding) { return int64_t(cast<BlockArgument>(binding).getArgNumber()) - 2; }

TemplateCall &TemplateCall::add(kernel::ArgumentKind kind, int64_t binding, int64_t value, kernel::MapAttr map) {
  arguments.push_back(kernel::ArgumentAttr::get(k.b.getContext(), kind, binding, value, map));
  return *this;
}

TemplateCall &TemplateCall::address(Value binding) { return add(kernel::ArgumentKind::Address, numberOf(binding), 0); }

TemplateCall &TemplateCall::word(int64_t value) {
  return add(kernel::ArgumentKind::Word, -1, static_cast<uint32_t>(value));
}

TemplateCall &TemplateCall::rows(int64_t each) { return add(kernel::ArgumentKind::Rows, -1, each); }

TemplateCall &TemplateCall::map(Value binding, Type element, int64_t each, int64_t columns, int64_t boxRows) {
  int64_t boxColumns = kBoxBytes * 8 / element.getIntOrFloatBitWidth();
  auto map = kernel::MapAttr::get(k.b.getContext(), element, columns, boxRows, boxColumns, kBoxBytes);
  return add(kernel::ArgumentKind::Map, numberOf(binding), each, map);
}

void TemplateCall::run(StringRef name, ArrayRef<int64_t> values, int64_t most, kernel::FewRowsAttr few) {
  kernel::RunTemplateOp::create(k.b, k.loc, name, values, k.b.getArrayAttr(arguments), most, few);
}

kernel::TargetAttr v4::gpuTargetOf(Operation *op) {
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  auto target = module ? module->getAttrOfType<kernel::TargetAttr>("v4.target") : kernel::TargetAttr();
  return target && target.getLimits() ? target : kernel::TargetAttr();
}

int64_t v4::rowBound(Operation *op, RowSpace rows) {
  auto envelope = op->getParentOfType<ModuleOp>()->getAttrOfType<EnvelopeAttr>("v4.envelope");
  // Chunks, sequences and rows of logits are no more than tokens.
  return rows == RowSpace::One ? 1 : envelope ? envelope.getTokens() : INT64_MAX;
}

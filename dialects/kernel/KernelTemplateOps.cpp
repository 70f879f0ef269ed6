//===- KernelTemplateOps.cpp - Constraints of templates' kernels -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime checks the same of a plan (PlanCallRules.cpp).
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace v4::kernel;

namespace {
using EmitError = llvm::function_ref<InFlightDiagnostic()>;

constexpr int64_t kMapUnit = 16; ///< Bytes.
constexpr int64_t kMaxBox = 256;
constexpr int64_t kSwizzle = 128;
constexpr int64_t kMaxRowsPerRow = 1024;
constexpr int64_t kMostValue = 1 << 20; ///< Of a template argument: a size of tiles.
} // namespace

LogicalResult MapAttr::verify(EmitError emitError, Type element, int64_t columns, int64_t boxRows, int64_t boxColumns,
                              int64_t swizzle) {
  // map_c1
  if (!isa<BFloat16Type, Float32Type, Float8E4M3FNType>(element))
    return emitError() << "map has elements of " << element << ", expected bf16, f32 or f8E4M3FN";
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  // map_c2
  if (columns < 1 || columns > INT32_MAX || columns * bytes % kMapUnit != 0)
    return emitError() << "map has " << columns << " columns of " << element << ", expected 1 to " << INT32_MAX
                       << " in a multiple of " << kMapUnit << " bytes";
  // map_c3
  if (boxRows < 1 || boxRows > kMaxBox || boxColumns < 1 || boxColumns > kMaxBox || boxColumns * bytes % kMapUnit != 0)
    return emitError() << "map has a box of " << boxRows << " : " << boxColumns << ", expected 1 to " << kMaxBox
                       << " each, and rows of a multiple of " << kMapUnit << " bytes";
  // map_c4
  if (swizzle != 0 && (swizzle != kSwizzle || boxColumns * bytes != kSwizzle))
    return emitError() << "map has swizzle " << swizzle << " and a box of rows of " << boxColumns * bytes
                       << " bytes, expected 0, or " << kSwizzle << " for as many bytes";
  return success();
}

LogicalResult ArgumentAttr::verify(EmitError emitError, ArgumentKind kind, int64_t binding, int64_t value,
                                   MapAttr map) {
  bool bound = kind == ArgumentKind::Address || kind == ArgumentKind::Map;
  // argument_c1
  if (bound ? binding < 0 : binding != -1)
    return emitError() << stringifyArgumentKind(kind) << " argument has binding " << binding << ", expected "
                       << (bound ? "at least 0" : "-1, none");
  // argument_c2
  bool counts = kind == ArgumentKind::Rows || kind == ArgumentKind::Map;
  int64_t least = counts, most = counts ? kMaxRowsPerRow : kind == ArgumentKind::Word ? int64_t(UINT32_MAX) : 0;
  if (value < least || value > most)
    return emitError() << stringifyArgumentKind(kind) << " argument has value " << value << ", expected " << least
                       << " to " << most;
  // argument_c3
  if (bool(map) != (kind == ArgumentKind::Map))
    return emitError() << stringifyArgumentKind(kind) << " argument has " << (map ? "a" : "no")
                       << " #kernel.map, expected one of a map alone";
  return success();
}

LogicalResult FewRowsAttr::verify(EmitError emitError, int64_t most, int64_t tile, int64_t tiles) {
  // few_rows_c1
  if (most >= 1 && most <= INT32_MAX && tile >= 1 && tiles >= 1)
    return success();
  return emitError() << "few_rows has most = " << most << ", tile = " << tile << " and tiles = " << tiles
                     << ", expected at least 1, and most at most " << INT32_MAX;
}

/// (C4): a launch of any number of rows has one instance.
static LogicalResult checkNext(RunTemplateOp op) {
  Operation *behind = op->getNextNode();
  auto next = dyn_cast_or_null<RunTemplateOp>(behind);
  FewRowsAttr few = op.getFewAttr();
  if (!few && !next)
    return success();
  if (!few)
    return op.emitOpError() << "is for all rows and has an instance behind it, expected none";
  if (!next || next.getName() != op.getName())
    return op.emitOpError() << "is for few rows and has no instance of '" << op.getName()
                            << "' behind it, expected one for more";
  if (FewRowsAttr more = next.getFewAttr(); more && more.getMost() <= few.getMost())
    return next.emitOpError() << "is for at most " << more.getMost() << " rows, expected more than the "
                              << few.getMost() << " of the instance in front of it";
  return success();
}

LogicalResult RunTemplateOp::verify() {
  auto kernel = (*this)->getParentOfType<func::FuncOp>();
  int64_t bindings = kernel ? static_cast<int64_t>(kernel.getNumArguments()) - 2 : 0;
  for (auto [index, attribute] : llvm::enumerate(getArguments())) {
    // run_template_c1
    auto argument = dyn_cast<ArgumentAttr>(attribute);
    if (!argument)
      return emitOpError() << "argument " << index << " is " << attribute << ", expected a #kernel.argument";
    // run_template_c2
    if (argument.getBinding() >= bindings)
      return emitOpError() << "argument " << index << " has binding " << argument.getBinding()
                           << ", expected one of the " << bindings << " of its kernel";
  }
  // run_template_c3
  for (int64_t value : getValues())
    if (value < 0 || value > kMostValue)
      return emitOpError() << "has the template argument " << value << ", expected 0 to " << kMostValue;
  if (static_cast<int64_t>(getMost()) < 0)
    return emitOpError() << "has at most " << static_cast<int64_t>(getMost()) << " blocks, expected at least 0";
  // run_template_c4
  return checkNext(*this);
}

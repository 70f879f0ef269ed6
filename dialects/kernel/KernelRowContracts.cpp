//===- KernelRowContracts.cpp - Constraints of row contracts ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/ContractChecks.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace v4;
using namespace v4::kernel;

LogicalResult kernel::checkOneRow(Operation *op, GridAttr grid) {
  if (grid.getTile() == 1)
    return success();
  return op->emitOpError() << "grid has tile = " << grid.getTile() << ", expected 1";
}

LogicalResult kernel::checkMultiple(Operation *op, StringRef name, int64_t value, int64_t unit) {
  if (value % unit == 0)
    return success();
  return op->emitOpError() << name << " = " << value << ", expected a multiple of " << unit;
}

LogicalResult kernel::checkSingle(Operation *op, GridAttr grid) {
  if (grid.getTile() == 1 && grid.getTiles() == 1)
    return success();
  return op->emitOpError() << "grid has tile = " << grid.getTile() << ", tiles = " << grid.getTiles()
                           << ", expected 1 and 1: a workgroup is one row";
}

LogicalResult kernel::checkPositive(Operation *op, StringRef name, int64_t value) {
  if (value >= 1)
    return success();
  return op->emitOpError() << name << " = " << value << ", expected at least 1";
}

LogicalResult kernel::checkParts(Operation *op, int64_t width, int64_t parts) {
  if (parts >= 1 && width >= 1 && width % parts == 0)
    return success();
  return op->emitOpError() << "cuts " << width << " values into " << parts << " parts, expected a divisor";
}

LogicalResult RowChainOp::verify() {
  // row_chain_c1
  if (failed(checkOneRow(*this, getGrid())))
    return failure();
  // row_chain_c2
  int64_t width = getWidth(), rotary = getRotary(), prefix = getPrefix(), block = getQuantize();
  if (failed(checkMultiple(*this, "width", width, 16)) || failed(checkMultiple(*this, "rotary", rotary, 16)) ||
      failed(checkMultiple(*this, "prefix", prefix, 16)))
    return failure();
  // row_chain_c3
  if (block &&
      (failed(checkMultiple(*this, "quantize", block, 16)) || failed(checkMultiple(*this, "prefix", prefix, block))))
    return failure();
  if (block && !getHadamard() && prefix > width - rotary && (width - rotary) % block != 0)
    return emitOpError() << "rotates from value " << width - rotary << ", inside a block of " << block;
  // row_chain_c4
  if (getHadamard() && (!llvm::isPowerOf2_64(width) || width > 512))
    return emitOpError() << "transforms " << width << " values, expected a power of two up to 512";
  return success();
}

LogicalResult SwigluOp::verify() {
  // swiglu_c1
  if (failed(checkOneRow(*this, getGrid())))
    return failure();
  // swiglu_c2
  return checkMultiple(*this, "width", getWidth(), getQuantize() ? 128 : 16);
}

//===- KernelMoveContracts.cpp - Constraints of row moves and routing -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/ContractChecks.h"

using namespace mlir;
using namespace v4;
using namespace v4::kernel;

LogicalResult GatherRowsOp::verify() {
  // gather_rows_c1
  if (failed(checkOneRow(*this, getGrid())))
    return failure();
  // gather_rows_c2
  if (failed(checkParts(*this, getWidth(), getGrid().getTiles())))
    return failure();
  // gather_rows_c3
  return checkPositive(*this, "copies", getCopies());
}

LogicalResult PreviousRowsOp::verify() {
  // previous_rows_c1
  if (failed(checkOneRow(*this, getGrid())))
    return failure();
  // previous_rows_c2
  if (failed(checkParts(*this, getWidth(), getGrid().getTiles())))
    return failure();
  // previous_rows_c3
  return checkPositive(*this, "ring_rows", getRingRows());
}

LogicalResult SumRowsOp::verify() {
  // sum_rows_c1
  int64_t tiles = getGrid().getTiles(), inner = getInner();
  if (failed(checkOneRow(*this, getGrid())) || failed(checkPositive(*this, "inner", inner)))
    return failure();
  if (tiles % inner != 0)
    return emitOpError() << "grid has tiles = " << tiles << ", expected a multiple of inner = " << inner;
  if (failed(checkParts(*this, getWidth(), tiles / inner)))
    return failure();
  // sum_rows_c2
  if (failed(checkPositive(*this, "terms", getTerms())))
    return failure();
  // sum_rows_c3
  if (bool(getY()) == bool(getFactor()))
    return emitOpError() << (getY() ? "has both y and factor" : "has neither y nor factor") << ", expected one of them";
  return success();
}

LogicalResult RopeTableOp::verify() {
  // rope_table_c1
  if (failed(checkSingle(*this, getGrid())))
    return failure();
  // rope_table_c2
  return checkPositive(*this, "stride", getStride());
}

LogicalResult RouteOp::verify() {
  // route_c1
  if (failed(checkSingle(*this, getGrid())))
    return failure();
  // route_c2
  int64_t active = getActive(), count = getCount();
  if (active < 1 || active > 16 || active > count)
    return emitOpError() << "chooses " << active << " of " << count
                         << " experts, expected 1 to 16 and no more than all";
  // route_c3
  if (bool(getBias()) == bool(getTable()) || bool(getIds()) != bool(getTable()))
    return emitOpError() << "expected a bias, or ids with a table";
  return success();
}

LogicalResult DispatchOp::verify() {
  // dispatch_c1
  if (failed(checkSingle(*this, getGrid())))
    return failure();
  if (getGrid().getRows() != 0)
    return emitOpError() << "grid has rows = " << getGrid().getRows()
                         << ", expected 0: one workgroup sees all assignments";
  // dispatch_c2
  if (failed(checkPositive(*this, "active", getActive())))
    return failure();
  return checkPositive(*this, "count", getCount());
}

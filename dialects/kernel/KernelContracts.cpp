//===- KernelContracts.cpp - Constraints of contract ops --------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelDialect.h"
#include "dialects/kernel/PanelLayout.h"

using namespace mlir;
using namespace v4;
using namespace v4::kernel;

static LogicalResult checkColumns(Operation *op, int64_t columns) {
  if (columns > 0 && columns % kPanelColumns == 0)
    return success();
  return op->emitOpError() << "columns = " << columns << ", expected a multiple of " << kPanelColumns
                           << ": a panel is made of such blocks";
}

static LogicalResult checkPanelScales(Operation *op, Type format, Value scales) {
  bool narrow = isa<Float8E4M3FNType, Float4E2M1FNType>(format);
  if (narrow == bool(scales))
    return success();
  return op->emitOpError() << "weight of " << format << (scales ? " has scales, expected none" : " has no scales")
                           << ": only f8E4M3FN and f4E2M1FN have them";
}

static LogicalResult checkTiles(Operation *op, GridAttr grid, int64_t rows) {
  if (grid.getTiles() == panelCount(rows))
    return success();
  return op->emitOpError() << "grid has " << grid.getTiles() << " tiles, expected " << panelCount(rows)
                           << ": one per panel of " << rows << " rows";
}

LogicalResult PanelLinearOp::verify() {
  // panel_linear_c1
  if (failed(checkColumns(*this, getColumns())))
    return failure();
  // panel_linear_c2
  int64_t rows = getRows(), groups = getGroups();
  if (groups < 1 || rows % groups != 0 || (groups > 1 && rows / groups % kPanelRows != 0))
    return emitOpError() << "has " << groups << " groups of " << rows << " rows, expected a divisor and, for more than "
                         << "one, groups of a multiple of " << kPanelRows << " rows";
  // panel_linear_c3
  if (failed(checkPanelScales(*this, getFormat(), getScales())))
    return failure();
  // panel_linear_c4
  return checkTiles(*this, getGrid(), rows);
}

LogicalResult PanelExpertsOp::verify() {
  // panel_experts_c1
  if (failed(checkColumns(*this, getColumns())))
    return failure();
  // panel_experts_c2
  if (failed(checkPanelScales(*this, getFormat(), getScales())))
    return failure();
  // panel_experts_c3
  return checkTiles(*this, getGrid(), getRows());
}

LogicalResult PanelProjectionsOp::verify() {
  // panel_projections_c1
  if (failed(checkColumns(*this, getColumns())))
    return failure();
  // panel_projections_c2
  size_t count = getWeights().size();
  if (getOuts().size() != count || getRows().size() != count)
    return emitOpError() << "has " << count << " weights, " << getOuts().size() << " outs and " << getRows().size()
                         << " rows, expected one of each for every weight";
  // panel_projections_c3
  bool narrow = isa<Float8E4M3FNType, Float4E2M1FNType>(getFormat());
  if (getScales().size() != (narrow ? count : 0))
    return emitOpError() << "has " << getScales().size() << " scales for " << count << " weights of " << getFormat()
                         << ", expected one for each narrow weight";
  // panel_projections_c4
  int64_t panels = 0;
  for (int64_t rows : getRows())
    panels += panelCount(rows);
  if (getGrid().getTiles() != panels)
    return emitOpError() << "grid has " << getGrid().getTiles() << " tiles, expected " << panels << ", one per panel";
  return success();
}

LogicalResult PanelGateUpOp::verify() {
  // panel_gate_up_c1
  if (failed(checkColumns(*this, getColumns())))
    return failure();
  // panel_gate_up_c2
  int64_t rows = getRows(), shares = getOrder() ? kExpertShares : 1;
  if (rows % 128 != 0 || getGrid().getTiles() != rows / 128 * shares)
    return emitOpError() << "has " << rows << " rows and " << getGrid().getTiles()
                         << " tiles, expected a multiple of 128 rows and " << shares << " for each 128";
  // panel_gate_up_c3
  if (failed(checkPanelScales(*this, getFormat(), getGateScales())) ||
      failed(checkPanelScales(*this, getFormat(), getUpScales())))
    return failure();
  // panel_gate_up_c4
  if (bool(getOrder()) != bool(getOffsets()) || bool(getOrder()) != bool(getHits()))
    return emitOpError() << "has some of order, offsets and hits, expected all or none";
  // panel_gate_up_c5
  if (getGrid().getTile() > kPanelInputs)
    return emitOpError() << "grid has tile = " << getGrid().getTile() << ", expected at most " << kPanelInputs
                         << " inputs";
  return success();
}

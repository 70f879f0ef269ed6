//===- KernelStreamContracts.cpp - Constraints of stream contracts -*- C++ -*-===//
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

LogicalResult StreamMixOp::verify() {
  // stream_mix_c1
  bool sums = bool(getFn()), after = bool(getY());
  if (bool(getMix()) != sums || bool(getPost()) != after || bool(getComb()) != after || bool(getNext()) != after ||
      (!sums && !after))
    return emitOpError() << "has a part of its operands, expected fn with mix, or y with post, comb and next, or both";
  // stream_mix_c2
  int64_t width = getWidth(), tiles = getGrid().getTiles(), block = sums ? kPanelColumns : 16;
  if (width % tiles != 0 || width / tiles % block != 0)
    return emitOpError() << "cuts " << width << " columns into " << tiles << " parts, expected parts of a multiple of "
                         << block << " columns";
  return success();
}

LogicalResult StreamNormOp::verify() {
  // stream_norm_c1
  if (getGrid().getTile() != 16 || getGrid().getTiles() != 1)
    return emitOpError() << "grid has tile = " << getGrid().getTile() << ", tiles = " << getGrid().getTiles()
                         << ", expected 16 and 1: a row to a lane";
  // stream_norm_c2
  if (int64_t width = getWidth(); width < 128 || width % 128 != 0)
    return emitOpError() << "width = " << width << ", expected a multiple of 128";
  return success();
}

LogicalResult StreamHeadOp::verify() {
  // stream_head_c1
  if (getGrid().getTile() != 1 || getGrid().getTiles() != 1)
    return emitOpError() << "grid has tile = " << getGrid().getTile() << ", tiles = " << getGrid().getTiles()
                         << ", expected 1 and 1: a row to a workgroup";
  // stream_head_c2
  if (int64_t width = getWidth(); width < 16 || width % 16 != 0)
    return emitOpError() << "width = " << width << ", expected a multiple of 16";
  return success();
}

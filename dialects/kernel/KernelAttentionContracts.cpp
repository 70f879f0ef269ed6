//===- KernelAttentionContracts.cpp - Constraints of attention --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/AttentionTile.h"
#include "dialects/kernel/KernelDialect.h"

using namespace mlir;
using namespace v4;
using namespace v4::kernel;

LogicalResult AttendOp::verify() {
  int64_t dim = getDim(), rope = getRope(), heads = getHeads();
  // attend_c1
  if (rope < 0 || rope % 2 != 0 || dim <= rope || (dim - rope) % 64 != 0 || dim > kAttentionMaxDim)
    return emitOpError() << "heads have " << dim << " values with " << rope << " rotary ones, expected at most "
                         << kAttentionMaxDim << ", the rotary ones even and the others a multiple of 64";
  // attend_c2
  if (bool(getRows()) != (getRatio() != 0) || bool(getPages()) != bool(getRows()))
    return emitOpError() << "ratio = " << getRatio() << (getRows() ? " with rows" : " without rows")
                         << (getPages() ? " and with pages" : " and without pages")
                         << ", expected rows and pages exactly when ratio is not 0";
  // attend_c3
  if (bool(getSelected()) != (getTopK() != 0))
    return emitOpError() << "top_k = " << getTopK() << (getSelected() ? " with" : " without")
                         << " selected, expected selected exactly when top_k is not 0";
  // attend_c4
  GridAttr grid = getGrid();
  int64_t tiles = (heads + kAttentionTileHeads - 1) / kAttentionTileHeads;
  if (heads < 1 || grid.getTiles() != tiles || grid.getTile() > kAttentionTokens)
    return emitOpError() << "grid has tile = " << grid.getTile() << " and tiles = " << grid.getTiles() << " for " << heads
                         << " heads, expected at most " << kAttentionTokens << " tokens and " << tiles
                         << " tiles, one per " << kAttentionTileHeads << " heads";
  return success();
}

LogicalResult IndexCandidatesOp::verify() {
  // index_candidates_c1
  int64_t dim = getDim(), heads = getHeads();
  if (dim != 32 && dim != 64 && dim != 128)
    return emitOpError() << "keys have " << dim << " values, expected 32, 64 or 128";
  // index_candidates_c2
  if (getTopK() < 1 || heads < 1)
    return emitOpError() << "heads = " << heads << ", top_k = " << getTopK() << ", expected at least 1 of each";
  // index_candidates_c3
  if (getGrid().getTile() > kIndexTokens)
    return emitOpError() << "grid has tile = " << getGrid().getTile() << ", expected at most " << kIndexTokens
                         << " tokens";
  return success();
}

LogicalResult SelectCandidatesOp::verify() {
  // select_candidates_c1
  if (getStrips() < 1 || getTopK() < 1)
    return emitOpError() << "strips = " << getStrips() << ", top_k = " << getTopK() << ", expected at least 1 of each";
  // select_candidates_c2
  if (getGrid().getTile() != 1 || getGrid().getTiles() != 1)
    return emitOpError() << "grid has tile = " << getGrid().getTile() << " and tiles = " << getGrid().getTiles()
                         << ", expected one token to a workgroup";
  return success();
}

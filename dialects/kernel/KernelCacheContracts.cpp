//===- KernelCacheContracts.cpp - Constraints of what writes caches -*- C++ -*-===//
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

/// Values that share a scale: those in front of the rotary ones of kv_compact, all of index_fp4.
static LogicalResult checkRuns(Operation *op, Type format, int64_t values, int64_t rope) {
  if (isa<Float8E4M3FNType>(format))
    return checkMultiple(op, "values in front of the rotary ones", values - rope, 64);
  return isa<Float4E2M1FNType>(format) ? checkMultiple(op, "values", values, 32) : success();
}

LogicalResult AppendRowsOp::verify() {
  // append_rows_c1
  if (failed(checkSingle(*this, getGrid())))
    return failure();
  // append_rows_c2
  Type element = cast<MemRefType>(getX().getType()).getElementType(), format = getFormat();
  bool narrow = isa<Float8E4M3FNType, Float4E2M1FNType>(format);
  if (narrow ? !element.isBF16() : format != element)
    return emitOpError() << "stores " << element << " as " << format
                         << ", expected f8E4M3FN or f4E2M1FN for bf16, or the type itself";
  // append_rows_c3
  if (failed(checkRuns(*this, format, getWidth(), getRope())))
    return failure();
  // append_rows_c4
  if (getSecond() && !element.isF32())
    return emitOpError() << "has a second row of values beside " << element << ", expected f32";
  // append_rows_c5
  if (bool(getSlotRows()) != bool(getSlotStarts()) || (!getSlotRows() && getOffset() != 0))
    return emitOpError() << "expected slot_rows and slot_starts, or neither and offset = 0";
  return success();
}

LogicalResult CompressAppendOp::verify() {
  // compress_append_c1
  if (failed(checkSingle(*this, getGrid())))
    return failure();
  // compress_append_c2
  if (getRatio() != 4 && getRatio() != 128)
    return emitOpError() << "ratio = " << getRatio() << ", expected 4 or 128";
  // compress_append_c3
  int64_t dim = getDim();
  if (failed(checkMultiple(*this, "dim", dim, 16)) || failed(checkMultiple(*this, "rotary", getRotary(), 16)) ||
      failed(checkRuns(*this, getFormat(), dim, getRope())))
    return failure();
  // compress_append_c4
  if (getHadamard() && (!llvm::isPowerOf2_64(dim) || dim > 512))
    return emitOpError() << "transforms " << dim << " values, expected a power of two up to 512";
  // compress_append_c5
  if (!isa<Float8E4M3FNType, Float4E2M1FNType>(getFormat()))
    return emitOpError() << "stores rows as " << getFormat() << ", expected f8E4M3FN or f4E2M1FN";
  return success();
}

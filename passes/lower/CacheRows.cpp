//===- CacheRows.cpp - Cache rows as kernels see them -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/lower/CacheRows.h"

using namespace mlir;
using namespace v4;

Value v4::notNegative(KernelEmitter &k, Value value) { return k.maxIndex(value, k.index(0)); }

Value v4::ceilDiv(KernelEmitter &k, Value value, int64_t divisor) { return k.div(k.add(value, divisor - 1), divisor); }

static Type formatOf(RowEncoding encoding, MLIRContext *context) {
  switch (encoding) {
  case RowEncoding::KvCompact:
    return Float8E4M3FNType::get(context);
  case RowEncoding::IndexFp4:
    return Float4E2M1FNType::get(context);
  case RowEncoding::F32:
    return Float32Type::get(context);
  case RowEncoding::Bf16:
    return BFloat16Type::get(context);
  }
  llvm_unreachable("unknown row encoding");
}

PoolRow v4::poolRowOf(CacheType type) {
  return {formatOf(type.getEncoding(), type.getContext()), type.getValues(), type.getRope(), type.getRowBytes()};
}

Value CacheRows::pageRow(Value slot, Value number) {
  Value first = emitter.mul(slot, emitter.count(plan::kCountPages));
  return PoolRows::pageRow(emitter.step(plan::StepField::PageOffsets), first, number, type.getRows());
}

Value CacheRows::ringRow(Value slot, Value position) {
  Value state = emitter.loadIndex(emitter.step(plan::StepField::StateOffsets), slot);
  return PoolRows::ringRow(state, position, type.getRows());
}

StepRows v4::stepRows(KernelEmitter &k, Value slot) {
  Value rows = k.step(plan::StepField::SlotRows);
  return StepRows(k, rows, k.step(plan::StepField::SlotStarts), slot);
}

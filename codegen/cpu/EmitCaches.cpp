//===- EmitCaches.cpp - Rows that go to caches -------------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/ContractEmitters.h"
#include "codegen/cpu/CpuBody.h"
#include "dialects/kernel/PoolRows.h"
#include "runtime/plan/KernelAbi.h"

using namespace mlir;
using namespace v4;

/// `n` values from `at` of `source` as they are, to a byte offset of the pool.
static void storePlain(CpuBody &k, Value source, Value at, int64_t n, Value pool, Value offset) {
  int64_t bytes = cast<MemRefType>(source.getType()).getElementTypeBitWidth() / 8;
  k.lanes(n, [&](Value i, int64_t lanes) {
    Value from = k.add(at, i);
    Value bits = lanes == 1 ? Value(memref::LoadOp::create(k.b, k.loc, source, from)) : k.loadRaw(source, from, lanes);
    k.cacheStore(bits, pool, k.add(offset, k.mul(i, bytes)));
  });
}

void v4::emitAppendRows(kernel::AppendRowsOp op, const CpuLevel &level) {
  CpuBody k(op, level);
  int64_t width = op.getWidth(), poolRows = op.getPoolRows();
  bool narrow = isa<Float8E4M3FNType, Float4E2M1FNType>(op.getFormat());
  PoolRows rows(k, op.getPool(), {op.getFormat(), width, int64_t(op.getRope()), int64_t(op.getRowBytes())});
  k.workgroups(op.getBegin(), op.getEnd(), op.getGrid(), op.getCounts(), [&](Value row, Value, Value) {
    Value slot = k.loadIndex(op.getSlots(), row), place = k.loadIndex(op.getPlaces(), row), from = k.mul(row, width);
    auto write = [&](Value to) {
      if (narrow)
        return rows.encode(op.getX(), from, to);
      storePlain(k, op.getX(), from, width, op.getPool(), to);
      if (op.getSecond())
        storePlain(k, op.getSecond(), from, width, op.getPool(), k.add(to, 4 * width));
    };
    if (!op.getSlotRows())
      return write(rows.pageRow(op.getOffsets(), k.mul(slot, k.loadIndex(op.getCounts(), k.index(plan::kCountPages))),
                                place, poolRows));
    int64_t offset = op.getOffset();
    StepRows step(k, op.getSlotRows(), op.getSlotStarts(), slot);
    k.ifThen(step.isLastOfRing(k, place, offset, poolRows),
             [&] { write(rows.ringRow(k.loadIndex(op.getOffsets(), slot), k.add(place, k.index(offset)), poolRows)); });
  });
}

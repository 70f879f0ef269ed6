//===- PlanKvCache.cpp - Pools in cache pages and state blocks --*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/schedule/ProgramIndex.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace v4 {
#define GEN_PASS_DEF_PLANKVCACHEPASS
#include "passes/Passes.h.inc"

namespace {

/// One cache page or state block: slices of pools, one behind the other.
struct Region {
  static constexpr int64_t kAlignment = 64;
  int64_t bytes = 0;

  /// Offset of the pool's slice; none when the region would reach 2^40 bytes, which the runtime refuses.
  std::optional<int64_t> add(CacheType pool) {
    int64_t offset = bytes;
    bool overflow = llvm::MulOverflow(pool.getRows(), pool.getRowBytes(), bytes);
    if (overflow || bytes < 0 || bytes >= (int64_t(1) << 40) - offset)
      return std::nullopt;
    bytes = static_cast<int64_t>(llvm::alignTo(static_cast<uint64_t>(offset + bytes), kAlignment));
    return offset;
  }
};

struct PlanKvCache : public impl::PlanKvCachePassBase<PlanKvCache> {
  LogicalResult place(ProgramIndex &index, llvm::StringRef group, Region &page, Region &state) {
    for (plan::PoolOp pool : index.pools) {
      if (pool.getGroup() != group)
        continue;
      auto type = dyn_cast<CacheType>(pool.getType());
      if (!type)
        return pool.emitOpError() << "'" << pool.getSymName() << "' has type " << pool.getType()
                                  << ", expected a !v4.cache";
      std::optional<int64_t> offset = (type.getKind() == PoolKind::Page ? page : state).add(type);
      if (!offset)
        return pool.emitOpError() << "'" << pool.getSymName() << "' of " << type.getRows() << " rows of "
                                  << type.getRowBytes() << " bytes takes its page or state block above 2^40 bytes";
      pool.setOffset(*offset);
    }
    return success();
  }

  void runOnOperation() override {
    FailureOr<plan::ProgramOp> program = findProgram(getOperation());
    if (failed(program))
      return signalPassFailure();
    ProgramIndex index(*program);
    Region page, state;
    // A session without MTP needs only the front part of pages and state blocks.
    if (failed(place(index, "main", page, state)) || failed(place(index, "mtp", page, state)))
      return signalPassFailure();
    program->setPageBytes(page.bytes);
    program->setStateBytes(state.bytes);
  }
};

} // namespace
} // namespace v4

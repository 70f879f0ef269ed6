//===- CacheRows.h - Cache rows as kernels see them -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PoolRows with the fields of the step block that a decomposition asks for.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_LOWER_CACHEROWS_H
#define V4_PASSES_LOWER_CACHEROWS_H

#include "dialects/kernel/PoolRows.h"
#include "passes/lower/KernelEmitter.h"

namespace v4 {

/// How rows of a cache are stored.
PoolRow poolRowOf(CacheType type);

class CacheRows : public PoolRows {
public:
  /// `pool` is the binding of a cache operand of type `type`.
  CacheRows(KernelEmitter &k, CacheType type, Value pool) : PoolRows(k, pool, poolRowOf(type)), emitter(k), type(type) {}
  /// The binding of `cache`, an operand of the op being decomposed.
  CacheRows(KernelEmitter &k, Value cache)
      : CacheRows(k, mlir::cast<CacheType>(cache.getType()), k.operandOf(cache)) {}

  CacheType getType() const { return type; }

  /// Byte offset of row `number` of a page pool, counted from the sequence's start.
  Value pageRow(Value slot, Value number);
  /// Byte offset of the ring row that holds `position`. REQUIRES: position >= 0.
  Value ringRow(Value slot, Value position);

private:
  KernelEmitter &emitter;
  CacheType type;
};

/// Where the tokens of a slot lie.
StepRows stepRows(KernelEmitter &k, mlir::Value slot);

/// max(value, 0) of an index.
mlir::Value notNegative(KernelEmitter &k, mlir::Value value);
/// ceil(value / divisor) of a non-negative index.
mlir::Value ceilDiv(KernelEmitter &k, mlir::Value value, int64_t divisor);

} // namespace v4

#endif // V4_PASSES_LOWER_CACHEROWS_H

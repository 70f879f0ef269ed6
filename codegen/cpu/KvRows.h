//===- KvRows.h - kv_compact rows as tuned kernels read them ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows in the number format that the target multiplies: bf16 with avx512bf16, f32
// otherwise. Exact either way, since a stored row holds bf16 values.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_KVROWS_H
#define V4_CODEGEN_CPU_KVROWS_H

#include "codegen/cpu/CpuBody.h"

namespace v4 {

class KvRows {
public:
  using Value = mlir::Value;

  KvRows(CpuBody &k, int64_t dim, int64_t rope) : k(k), dim(dim), rope(rope) {}

  /// Asks for the stored row at a byte offset, to be decoded later.
  void fetch(Value pool, Value offset);
  /// Decodes the stored row at a byte offset into `keys` from `at`.
  void decode(Value pool, Value offset, Value keys, Value at);
  /// Copies `dim` bf16 values of an activation.
  void copy(Value values, Value from, Value keys, Value at);

private:
  Value scaled(Value bf16s, Value bias);
  void decodeRun(Value pool, Value offset, Value scalePlace, Value keys, Value at);
  void decodeRope(Value pool, Value offset, Value keys, Value at);

  CpuBody &k;
  int64_t dim, rope;
};

} // namespace v4

#endif // V4_CODEGEN_CPU_KVROWS_H

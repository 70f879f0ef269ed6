//===- TileRegisters.h - Tiles of AMX -----------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Eight tiles of up to 16 rows of 64 bytes. Tiles are named by number: what holds what is
// known when a kernel is emitted, and nothing has to be spilled. A product adds to a tile
// of m x 16 sums the product of m x 32 inputs and 32 x 16 weights (tdpbf16ps): for each
// sum, the 16 even columns are one chain of fmas, the 16 odd columns another, and both
// are added to it. A sum does not depend on m or on the other rows.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CPU_TILEREGISTERS_H
#define V4_CODEGEN_CPU_TILEREGISTERS_H

#include "codegen/cpu/CpuBody.h"

namespace v4 {

/// Rows of a tile; columns of bf16 that one product adds up.
inline constexpr int64_t kTileRows = 16;
inline constexpr int64_t kTileColumns = 32;

class TileRegisters {
public:
  using Value = mlir::Value;

  /// Tiles below `weightTile` hold sums and inputs, those from it on weights. Allocates scratch: create in front of
  /// loops.
  TileRegisters(CpuBody &k, int64_t weightTile);

  /// Sums and inputs of `rows` rows (1 to 16) from here on. Clears all tiles.
  void configure(Value rows);
  void zero(int64_t tile);
  /// Rows of 64 bytes, the first at element `at` of a flat memref, `stride` elements from one to the next.
  void load(int64_t tile, Value memory, Value at, int64_t stride);
  /// The same from an address of `address`; the stride is in bytes.
  void loadFrom(int64_t tile, Value address, int64_t strideBytes);
  /// i64
  Value address(Value memory, Value at);
  void store(int64_t tile, Value memory, int64_t at, int64_t stride);
  /// sums += inputs x weights
  void dot(int64_t sums, int64_t inputs, int64_t weights);
  /// Gives the tiles back: a thread without them is cheaper to switch. At the end of a kernel.
  void release();

private:
  Value pointer(Value address);
  Value number(int64_t tile);
  Value bytes(int64_t value);
  void call(llvm::StringRef name, mlir::ValueRange arguments);

  CpuBody &k;
  int64_t weightTile;
  Value configuration;
};

} // namespace v4

#endif // V4_CODEGEN_CPU_TILEREGISTERS_H

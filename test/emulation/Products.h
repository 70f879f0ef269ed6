//===- Products.h - What instructions of bf16 and tiles compute -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// By the operations of the architecture's manual: fused multiply-adds that round to
// the nearest, subnormals in and out are zeros. REQUIRES: the calling thread rounds
// and flushes so (`kFlushing` in MXCSR).
//
//===----------------------------------------------------------------------===//

#ifndef V4_TEST_EMULATION_PRODUCTS_H
#define V4_TEST_EMULATION_PRODUCTS_H

#include "test/emulation/SignalFrame.h"

namespace v4::emulation {

/// Exceptions masked, nearest even, flush to zero, subnormals are zeros.
inline constexpr unsigned kFlushing = 0x9fc0;

float widen(uint16_t bf16);
uint16_t narrow(float value);

/// vdpbf16ps: to each f32 of `sums` the product of the odd values, then that of the even ones.
void addDots(Vector &sums, const Vector &left, const Vector &right);

/// Tiles of one thread.
struct Tiles {
  uint8_t configuration[64]; ///< As ldtilecfg reads it.
  uint8_t data[8][16][64];

  unsigned rows(unsigned tile) const { return configuration[48 + tile]; }
  /// Bytes of a row.
  unsigned columns(unsigned tile) const;
  void configure(const uint8_t *from);
  void release();
  void load(unsigned tile, uint64_t address, uint64_t stride);
  void store(unsigned tile, uint64_t address, uint64_t stride) const;
  /// tdpbf16ps: even and odd columns are two chains from zero, whose sum is added.
  void addDots(unsigned sums, unsigned left, unsigned right);
};

} // namespace v4::emulation

#endif // V4_TEST_EMULATION_PRODUCTS_H

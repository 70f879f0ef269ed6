//===- AttendSources.h - Rows that a token sees -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The list of a token: its window, oldest first, then compressed rows, those that the
// indexer chose or all finished ones. It depends on the token's position alone.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_CUDA_KERNELS_ATTENDSOURCES_H
#define V4_CODEGEN_CUDA_KERNELS_ATTENDSOURCES_H

#include "codegen/cuda/kernels/Device.h"

namespace v4::cuda {

/// Fields of the step block and places of rows, as kernel.attend has them. `ratio` is 0 without compressed rows, `topK`
/// where all of them are seen; `rows`, `pages` and `selected` are not read then.
struct AttendStep {
  const int *positions, *tokenSlots, *slotRows, *slotStarts;
  const long long *states;
  const unsigned short *kv;  ///< bf16 [tokens, DIM]: the rows of this step.
  const unsigned char *ring; ///< Compact rows of the state block.
  const unsigned char *rows;
  const long long *pages;
  const int *selected; ///< [tokens, topK]
  long long pageStride;
  int window, offset, ringRows, ratio, topK;
};

/// Of one token.
struct AttendList {
  int slot, first, windowRows, compressed;

  V4_DEVICE int count() const { return windowRows + compressed; }
};

V4_DEVICE AttendList attendList(const AttendStep &s, int token) {
  int end = s.positions[token] + s.offset + 1;
  end = end < 0 ? 0 : end;
  int first = end > s.window ? end - s.window : 0, chunks = s.ratio ? end / s.ratio : 0;
  return {s.tokenSlots[token], first, end - first, s.topK && chunks > s.topK ? s.topK : chunks};
}

/// Address of the row at `place` of the list; odd (one more) where it is bf16, 0 behind the list.
V4_DEVICE unsigned long long attendSource(const AttendStep &s, const AttendList &list, int token, int place, int dim,
                                          int rowBytes) {
  if (place >= list.count())
    return 0;
  if (place >= list.windowRows) {
    int chunk = place - list.windowRows, pageRows = 128 / s.ratio;
    if (s.topK)
      chunk = s.selected[(long long)token * s.topK + chunk];
    long long page = s.pages[list.slot * s.pageStride + chunk / pageRows];
    return reinterpret_cast<unsigned long long>(s.rows + page + chunk % pageRows * rowBytes);
  }
  int position = list.first + place, behind = position - s.offset - s.slotStarts[list.slot];
  if (behind >= 0)
    return reinterpret_cast<unsigned long long>(s.kv + (long long)(s.slotRows[list.slot] + behind) * dim) + 1;
  return reinterpret_cast<unsigned long long>(s.ring + s.states[list.slot] + position % s.ringRows * rowBytes);
}

} // namespace v4::cuda

#endif // V4_CODEGEN_CUDA_KERNELS_ATTENDSOURCES_H

//===- ComparedModel.h - What DeepSeek-V3.2 spends on a token ---*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The other side of the paper's comparison (7 % of the cache, 10 % of the
// operations at 1M tokens), from the dimensions that V3.2 publishes. The paper
// does not state how it weighs operations of different widths; kWeights is the
// reading that gives its figures.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_COMPAREDMODEL_H
#define V4_TOOLS_INSPECT_COMPAREDMODEL_H

#include "runtime/plan/plan_generated.h"

#include <cstdint>
#include <vector>

namespace v4::inspect {

/// Operations of one decoded token: all alike, and weighted by width.
struct ComparedFlops {
  double plain = 0;
  double weighted = 0;

  void add(double flops, double weight) {
    plain += flops;
    weighted += flops * weight;
  }
};

/// FP8 operations that one of this kind stands for.
double fp8Equivalents(plan::fb::Arithmetic arithmetic);
inline constexpr const char *kWeights =
    "FP4 1/2, FP8 and narrower weights 1, BF16 and F32 (core attention, wide linears) 2";

/// What V3.2 multiplies for a token, embedding look-up and MTP excluded.
std::vector<plan::fb::WorkTerm> workOfV32();
/// The operations of the last token of a context, embedding look-up and MTP excluded.
ComparedFlops flopsOfV32(uint64_t context);
/// FP8 latent with scales and rotary part, FP8 index key, in all layers.
double cacheBytesPerTokenOfV32();

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_COMPAREDMODEL_H

//===- ComparedModel.cpp - What DeepSeek-V3.2 spends on a token -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/ComparedModel.h"

#include <algorithm>

using namespace v4;
using namespace v4::inspect;
using plan::fb::Arithmetic;

namespace {

// config.json of deepseek-ai/DeepSeek-V3.2-Exp.
constexpr double kLayers = 61, kDenseLayers = 3, kHidden = 7168, kVocabulary = 129280;
constexpr double kHeads = 128, kQueryRank = 1536, kLatent = 512, kRotary = 64, kHeadDim = 128, kValueDim = 128;
constexpr double kIndexHeads = 64, kIndexDim = 128;
constexpr uint64_t kIndexTopK = 2048;
constexpr double kDenseWidth = 18432, kExpertWidth = 2048, kExperts = 256, kActiveExperts = 8, kSharedExperts = 1;

/// Products of the attention's projections, keys and values absorbed into queries and outputs.
double projections() {
  return kHidden * kQueryRank + kQueryRank * kHeads * (kHeadDim + kRotary) + kHidden * (kLatent + kRotary) +
         kHeads * (kHeadDim + kValueDim) * kLatent + kHeads * kValueDim * kHidden;
}

} // namespace

double inspect::fp8Equivalents(Arithmetic arithmetic) {
  switch (arithmetic) {
  case Arithmetic::Fp4:
    return 0.5;
  case Arithmetic::Fp8:
    return 1;
  case Arithmetic::BF16:
  case Arithmetic::F32:
    break;
  }
  return 2;
}

ComparedFlops inspect::flopsOfV32(uint64_t context) {
  double visible = static_cast<double>(context), selected = static_cast<double>(std::min(context, kIndexTopK));
  double narrow = fp8Equivalents(Arithmetic::Fp8), wide = fp8Equivalents(Arithmetic::BF16);
  double sparse = kLayers - kDenseLayers;
  ComparedFlops flops;
  flops.add(2 * kLayers * projections(), narrow);
  flops.add(2 * kLayers * (kQueryRank * kIndexHeads + kHidden) * kIndexDim, narrow);
  flops.add(2 * kLayers * kHidden * kIndexHeads, wide);
  flops.add(2 * kLayers * kIndexHeads * kIndexDim * visible, narrow);
  flops.add(2 * kLayers * kHeads * (2 * kLatent + kRotary) * selected, wide);
  flops.add(2 * kDenseLayers * 3 * kHidden * kDenseWidth, narrow);
  flops.add(2 * sparse * (kActiveExperts + kSharedExperts) * 3 * kHidden * kExpertWidth, narrow);
  flops.add(2 * sparse * kHidden * kExperts, wide);
  flops.add(2 * kHidden * kVocabulary, wide);
  return flops;
}

double inspect::cacheBytesPerTokenOfV32() {
  double entry = kLatent + 4 * kLatent / 128 + 2 * kRotary; // e4m3, an f32 scale per 128, bf16
  double key = kIndexDim + 4;
  return kLayers * (entry + key);
}

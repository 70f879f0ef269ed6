//===- ComparedModel.cpp - What DeepSeek-V3.2 spends on a token -----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/ComparedModel.h"

#include "runtime/plan/PlanCost.h"

using namespace v4;
using namespace v4::inspect;
using plan::fb::Arithmetic;
using plan::fb::CostUnit;
using plan::fb::WorkTerm;

namespace {

// config.json of deepseek-ai/DeepSeek-V3.2-Exp.
constexpr uint64_t kLayers = 61, kDenseLayers = 3, kHidden = 7168, kVocabulary = 129280;
constexpr uint64_t kHeads = 128, kQueryRank = 1536, kLatent = 512, kRotary = 64, kHeadDim = 128, kValueDim = 128;
constexpr uint64_t kIndexHeads = 64, kIndexDim = 128, kIndexTopK = 2048;
constexpr uint64_t kDenseWidth = 18432, kExpertWidth = 2048, kExperts = 256, kActiveExperts = 8, kSharedExperts = 1;

/// Products of the attention's projections, keys and values absorbed into queries and outputs.
constexpr uint64_t kProjections = kHidden * kQueryRank + kQueryRank * kHeads * (kHeadDim + kRotary) +
                                  kHidden * (kLatent + kRotary) + kHeads * (kHeadDim + kValueDim) * kLatent +
                                  kHeads * kValueDim * kHidden;

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

std::vector<WorkTerm> inspect::workOfV32() {
  constexpr uint64_t sparse = kLayers - kDenseLayers;
  auto each = [](Arithmetic arithmetic, uint64_t products) {
    return WorkTerm(arithmetic, CostUnit::Tokens, 1, 0, products);
  };
  return {each(Arithmetic::Fp8, kLayers * kProjections),
          each(Arithmetic::Fp8, kLayers * (kQueryRank * kIndexHeads + kHidden) * kIndexDim),
          each(Arithmetic::BF16, kLayers * kHidden * kIndexHeads),
          WorkTerm(Arithmetic::Fp8, CostUnit::Visible, 1, 0, kLayers * kIndexHeads * kIndexDim),
          WorkTerm(Arithmetic::BF16, CostUnit::Visible, 1, kIndexTopK, kLayers * kHeads * (2 * kLatent + kRotary)),
          each(Arithmetic::Fp8, kDenseLayers * 3 * kHidden * kDenseWidth),
          each(Arithmetic::Fp8, sparse * (kActiveExperts + kSharedExperts) * 3 * kHidden * kExpertWidth),
          each(Arithmetic::BF16, sparse * kHidden * kExperts),
          each(Arithmetic::BF16, kHidden * kVocabulary)};
}

ComparedFlops inspect::flopsOfV32(uint64_t context) {
  plan::StepShape step{{{context - 1, context}}, 1};
  ComparedFlops flops;
  for (const WorkTerm &term : workOfV32())
    flops.add(2 * plan::productsOf(term, step), fp8Equivalents(term.arithmetic()));
  return flops;
}

double inspect::cacheBytesPerTokenOfV32() {
  constexpr uint64_t entry = kLatent + 4 * kLatent / 128 + 2 * kRotary; // e4m3, an f32 scale per 128, bf16
  constexpr uint64_t key = kIndexDim + 4;
  return kLayers * (entry + key);
}

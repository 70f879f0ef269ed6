//===- StoredWeight.h - A weight as a plan describes it --- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of a plan.weight, or of a table Weight of a finished plan, that says how
// its bytes come from checkpoint tensors.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_STOREDWEIGHT_H
#define V4_CODEGEN_PLAN_STOREDWEIGHT_H

#include "codegen/plan/WeightImage.h"
#include "runtime/plan/plan_generated.h"

#include <string>
#include <vector>

namespace v4::codegen {

struct StoredWeight {
  std::string name;
  plan::fb::ElementType element;
  std::vector<int64_t> shape; ///< At least one dimension.
  std::string layout, recipe;
  std::vector<std::string> sources; ///< One name per checkpoint tensor.
  uint64_t bytes = 0;
  bool inTables = false;
  uint32_t wantedForms = 0; ///< fb::ExactForm bits to prove.
  uint32_t neededForms = 0; ///< Those that kernels were chosen by.
};

/// Facts that a plan states of such a weight only where its kernels were chosen by them: those of scales in tiles
/// (--v4-choose-gpu-kernels). So a plan says what other weights for it must be.
uint32_t kernelForms(plan::fb::ElementType element, llvm::StringRef layout);

/// How each source becomes its part of the weight.
llvm::Expected<WeightForm> formOf(const StoredWeight &weight);

/// Both images of a plan, and the place of every weight in its own.
struct PlacedWeights {
  struct Entry {
    bool inTables;
    size_t firstPiece, pieces; ///< No piece: the weight has no bytes here.
    uint64_t offset;
    uint32_t neededForms;
    uint32_t kernelForms;
  };

  WeightImage tables, weights;
  std::vector<Entry> entries; ///< In the order of the plan's weights.

  /// Places the next weight; without a source only its room.
  llvm::Error add(const StoredWeight &weight, WeightSource *source);
  llvm::ArrayRef<Piece> pieces(const Entry &entry) const;
  /// Facts that no byte written so far disproves, kernelForms() as they are needed; of a weight without bytes here
  /// those that it must have.
  uint32_t exactForms(const Entry &entry) const;
  /// Whether all weights have the facts that kernels were chosen by. REQUIRES: all bytes were made.
  llvm::Error checkNeeded() const;
  /// The same of weights that are copied, by the bytes of their sources: before any byte is made.
  llvm::Error checkSources(WeightSource &source) const;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_STOREDWEIGHT_H

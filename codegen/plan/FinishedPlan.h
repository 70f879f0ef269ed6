//===- FinishedPlan.h - Other weights for a plan -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan's schedule and layouts do not depend on the values of weights, and its kernels at
// most on facts that the plan states (kernelForms). So a fine-tune of the same shapes needs
// no compilation: its tensors are packed as the plan describes them, and what is known of
// their values is proven anew. Where kernels need a fact, weights without it are refused;
// weights that would have allowed faster kernels get those that the plan has.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_FINISHEDPLAN_H
#define V4_CODEGEN_PLAN_FINISHEDPLAN_H

#include "codegen/plan/PlanFile.h"

#include <string>

namespace v4::codegen {

/// A checkpoint tensor as a plan's weight needs it.
struct NeededTensor {
  std::string name;
  std::string dtype; ///< As safetensors spell it.
  std::string weight;
};

/// The parts of a plan that stay when its weights change. Refers to the bytes it is made of.
class FinishedPlan {
public:
  /// REQUIRES: `metadata` is the section of a plan that passed the loader's checks; `object` is its code without seal.
  FinishedPlan(llvm::ArrayRef<uint8_t> metadata, llvm::ArrayRef<uint8_t> object);

  /// SHA-256 of the resolved dimensions, hex.
  std::string modelDigest() const;
  /// A flag that shaped the plan; "" when it was not given.
  std::string option(llvm::StringRef name) const;
  std::vector<NeededTensor> neededTensors() const;

  /// Writes the plan to `path` with the weights of `source`, as writePlanFile() does: the bytes are those that a
  /// compilation from that checkpoint gives, if that chooses the same kernels.
  llvm::Error write(WeightSource &source, llvm::StringRef path, const PlanFileOptions &options) const;

private:
  bool provesForms() const;
  uint32_t wantedForms(const plan::fb::Weight &weight) const;
  StoredWeight describe(const plan::fb::Weight &weight) const;

  llvm::ArrayRef<uint8_t> metadata, object;
  const plan::fb::Program *program;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_FINISHEDPLAN_H

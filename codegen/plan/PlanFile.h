//===- PlanFile.h - The sections of a plan, sealed and written  -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The container around metadata, code and weights (Format.h), whether they come
// from a module or from another plan. Its bytes depend on these alone: not on the
// number of threads, on interruptions, the time, the host or any path.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_PLANFILE_H
#define V4_CODEGEN_PLAN_PLANFILE_H

#include "codegen/plan/StoredWeight.h"
#include "codegen/plan/WeightPlacement.h"
#include "codegen/plan/WeightWriter.h"
#include "runtime/plan/Format.h"

namespace v4::codegen {

struct PlanContents {
  llvm::ArrayRef<uint8_t> object; ///< Code, without a seal.
  PlacedWeights weights;
  /// The metadata with the facts that are proven so far; called before and after the weights are written. Its size
  /// does not depend on the facts.
  std::function<llvm::Expected<std::vector<uint8_t>>()> metadata;
};

struct PlanFileOptions {
  /// Threads that read, hash and write weights.
  unsigned threads = 1;
  /// Told how far the weights are; may be empty.
  WriteProgress progress = nullptr;
  WeightPlacement placement = WeightPlacement::Embed;
  /// Keeps what an interruption leaves, and goes on behind what one left.
  bool resume = false;
  /// Told what resume found; may be empty.
  std::function<void(const std::string &)> note = nullptr;
  /// Signs the finished header; empty: the plan has no signature.
  std::function<plan::SignatureBlock(const plan::Header &)> sign = nullptr;
};

/// <plan stem>.v4weights
std::string weightsPathOf(llvm::StringRef planPath);

/// Writes the plan to `path`, and its weights where `placement` says. A file appears under its name when it is
/// complete; until then it is `<path>.partial`, which every failure and every terminating signal removes, unless
/// `resume` is set: then it stays, with a journal beside it, for the next try.
llvm::Error writePlanFile(PlanContents &contents, WeightSource *source, llvm::StringRef path,
                          const PlanFileOptions &options);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_PLANFILE_H

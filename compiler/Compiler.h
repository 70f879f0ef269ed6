//===- Compiler.h - From a checkpoint to an engine plan ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All that a tool needs to compile. The phases run in the order of Phase; every
// one up to Codegen ends with a module that verifies, prints, and continues to the
// same plan when it is read back.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_COMPILER_H
#define V4_COMPILER_COMPILER_H

#include "codegen/plan/WeightPlacement.h"
#include "compiler/CompileReport.h"
#include "runtime/plan/Format.h"

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace v4 {

enum class Phase { Import, Graph, Quant, Lower, Schedule, Codegen, Plan };

/// All phase names in order: "import", "graph", ...
std::vector<std::string> phaseNames();
llvm::StringRef phaseName(Phase phase);
std::optional<Phase> findPhase(llvm::StringRef name);

/// Exit codes that all tools share.
enum ExitCode { kOk = 0, kBadInput = 1, kCheckFailed = 2, kCannotRunHere = 3, kDefect = 4 };

struct CompileOptions {
  std::string input; ///< Checkpoint folder, its config.json, or a module; without weights also a config of any name.
  std::string checkpoint; ///< Weights for a module; the input itself otherwise.
  std::string output;     ///< Plan file, or the module of `compileTo` ("" and "-": stdout).
  std::string target = "cpu";

  int64_t maxTokens = 512;
  int64_t maxSequences = 8;
  std::optional<int64_t> maxContext; ///< Not set: the config's, at most kDefaultContext.
  int64_t maxDraft = 1;

  unsigned optimization = 2; ///< 0: no optional pass, no tuned kernel; 1: tuned kernels; 2: all.
  std::vector<std::string> disabledPasses;
  std::string quantize;       ///< "experts:fp4,linear:fp8": formats for wide weights; "" = as they are.
  std::string probes = ".*";  ///< Names of the probes that the plan offers.
  std::string shrink;         ///< "layers:4,experts:8": compile a small twin of the model; "" = the model.
  std::string plantedMistake; ///< Test-only: a known error to build in, NAME or NAME@LAYER; "" = none.

  Phase compileTo = Phase::Plan;
  std::optional<Phase> compileFrom; ///< Set: the input is the module that this phase wrote.
  std::string dumpPhasesTo;
  std::string dumpKernelsTo;
  std::string kernelCache; ///< Folder with the code of kernels compiled before; may be missing.
  int64_t threads = 1;
  codegen::WeightPlacement weights = codegen::WeightPlacement::Embed;
  bool resume = false;             ///< Keep what an interruption leaves of the weights, and go on behind it.
  std::function<plan::SignatureBlock(const plan::Header &)> sign; ///< Signs the plan; empty: no signature.
  CompileReport *report = nullptr; ///< Set: gets what the compilation did.
  /// Told of the bytes of weights that are written, and of all; from any thread, one at a time. May be empty.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

/// Longest context that a plan is made for unless it is asked for more. Longer ones cost
/// address space per session (index scores grow with tokens x context), so they are a choice.
inline constexpr int64_t kDefaultContext = 131072;

/// Compiles; messages go to stderr. Leaves no partial output behind.
ExitCode compile(const CompileOptions &options);

} // namespace v4

#endif // V4_COMPILER_COMPILER_H

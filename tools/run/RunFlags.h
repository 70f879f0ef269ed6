//===- RunFlags.h - Flags of v4-run -----------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_RUNFLAGS_H
#define V4_TOOLS_RUN_RUNFLAGS_H

#include <CLI/CLI.hpp>
#include <v4/runtime.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace v4 {

constexpr uint64_t kDefaultCount = 32;

struct RunFlags {
  std::string plan;
  std::string tokens, tokensFile, forceTokens;
  std::optional<uint64_t> count; ///< Without it kDefaultCount, or all forced tokens.
  uint64_t chunk = 0, stepTokens = 0, threads = 0, cacheBytes = 0;
  double temperature = 0, topP = 1, minP = 0;
  uint64_t topK = 0, seed = 0, draft = 0;
  std::string load = "map", weights, publicKey;
  std::string logitsOut, mtpLogitsOut, probesFolder;
  std::string saveState, loadState, batchFile, trace;
  bool ignoreEos = false, json = false, debugPlacement = false;
};

/// Throws CLI::ParseError and InputError.
void parseFlags(CLI::App &app, RunFlags &flags, int argc, char **argv);

/// Of one sequence. Throws InputError.
v4_sampler_options samplingOf(const RunFlags &flags);

} // namespace v4

#endif // V4_TOOLS_RUN_RUNFLAGS_H

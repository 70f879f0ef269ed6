//===- BatchRun.h - Many requests through the scheduler ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_BATCHRUN_H
#define V4_TOOLS_RUN_BATCHRUN_H

#include "tools/run/BatchFile.h"
#include "tools/run/TraceFile.h"

#include <v4/runtime.hpp>

namespace v4 {

/// Zero: as much as the plan allows, or needs.
struct BatchOptions {
  std::string file;
  BatchRequest defaults; ///< What lines leave out.
  uint64_t stepTokens = 0, chunk = 0, cacheBytes = 0, threads = 0;
  bool debugPlacement = false;
  TraceFile *trace = nullptr;       ///< Not owned; hears all launches.
  std::string loadState, saveState; ///< Kept prefixes; of loaded sequences too.
};

/// Prints one JSON object for each request when it is over. All lines are read, and refused where they could not
/// finish, before anything runs. Interrupted by SIGINT it prints what there is and ends as by the signal. Gives the
/// exit code: 2 when a request failed. Throws InputError and api::Error.
int runBatch(api::Engine &engine, const BatchOptions &options);

} // namespace v4

#endif // V4_TOOLS_RUN_BATCHRUN_H

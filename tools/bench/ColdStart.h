//===- ColdStart.h - From process start to the first token -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parent starts this very program again and waits for one line; the child
// opens the plan, feeds one token, picks the best logit and says so at once.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_COLDSTART_H
#define V4_TOOLS_BENCH_COLDSTART_H

#include "tools/bench/Throughput.h"

namespace v4::bench {

/// Seconds.
struct ColdStart {
  Spread total;   ///< From the start of the process to its first token.
  double process; ///< Medians of the parts: until main, ...
  double open;    ///< ... the plan mapped and checked, ...
  double session; ///< ... a session created, ...
  double step;    ///< ... one token fed.
  double upload;  ///< Of `session`: weights on their way to a GPU.
  uint64_t uploadBytes; ///< 0 = not for a GPU.
};

struct ColdOptions {
  std::string plan, weights;
  LoadMode load = LoadMode::Map;
  unsigned threads = 0;
  uint64_t repetitions = 5;
  bool madeUpWeights = false; ///< Made while the plan is opened.
};

/// The parent's part. The page cache is warm: the caller has opened and read the plan.
Status measureColdStart(const ColdOptions &options, ColdStart &out);

/// The child's part: one line on standard output, what went wrong included. The exit code.
int startCold(const ColdOptions &options);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_COLDSTART_H

//===- Beside.h - Decoding while a prompt comes in ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A number of requests decode in a scheduler, first alone, then beside a prompt
// that is fed in what they leave of each step's budget. The gap is the time from
// one token of a request to its next.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_BENCH_BESIDE_H
#define V4_TOOLS_BENCH_BESIDE_H

#include "tools/bench/Throughput.h"

namespace v4::bench {

struct BesideTest {
  uint64_t prompt; ///< Tokens.
  uint64_t depth;  ///< Positions of the decoding sequences when they begin.
  uint64_t batch;  ///< Decoding sequences.
};

struct BesideRow {
  BesideTest test;
  unsigned threads = 0;
  uint64_t stepTokens = 0;
  Spread tokensPerSecond;      ///< Prompt and decoded tokens together.
  Spread aloneTokensPerSecond; ///< Decoded ones without the prompt.
  double fraction = 0;         ///< Median of the ratio of the two.
  double aloneGapSeconds = 0;  ///< Median.
  double gapSeconds = 0, gapSecondsP99 = 0, gapSecondsMax = 0;
};

Status measureBeside(Engine &engine, const RunOptions &options, const BesideTest &test, BesideRow &out);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_BESIDE_H

//===- BatchFile.h - Requests of a JSONL file -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One request a line, blank lines aside:
//
//   {"id": "a", "tokens": [1, 2, 3], "n": 16, "seed": 7, "logits_sha256": true}
//
// `id` (a string or an integer, unlike all others) and `tokens` must be there; n,
// temperature, top_p, top_k, min_p, seed, draft, ignore_eos, priority and
// logits_sha256 may. Any other key is an error: a misspelt option should not be without effect.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_BATCHFILE_H
#define V4_TOOLS_RUN_BATCHFILE_H

#include <v4/runtime.h>

#include <string>
#include <vector>

namespace v4 {

struct BatchRequest {
  std::string where; ///< File and line, for messages.
  std::string id;    ///< As JSON.
  std::vector<int32_t> tokens;
  uint64_t count;
  uint32_t draft; ///< Tokens that the MTP block drafts ahead.
  v4_sampler_options sampling;
  int32_t priority;
  bool ignoreEos;
  bool wantHash; ///< Of the logits of all positions fed.
};

/// `defaults` gives what a line leaves out. Throws InputError, which names the line.
std::vector<BatchRequest> readBatchFile(const std::string &path, const BatchRequest &defaults, uint32_t vocabulary);

} // namespace v4

#endif // V4_TOOLS_RUN_BATCHFILE_H

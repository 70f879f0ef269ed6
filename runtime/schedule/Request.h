//===- Request.h - What a scheduler is asked for, and what it gives -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A request: feed these tokens, then generate so many. Its hooks are called on
// the thread that steps the scheduler.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_SCHEDULE_REQUEST_H
#define V4_RUNTIME_SCHEDULE_REQUEST_H

#include "runtime/exec/Step.h"
#include "runtime/schedule/Sampler.h"

namespace v4 {

enum class Finish : int {
  Length = 0,    ///< It has all tokens that were asked for.
  Eos = 1,       ///< It generated Request::eos.
  Cancelled = 2, ///< The caller wanted no more.
  Failed = 3,    ///< RequestResult::error says why.
};

/// Valid during the hook.
struct RequestResult {
  uint64_t id;
  Finish finish;
  const int32_t *tokens; ///< Generated ones.
  uint64_t count;
  PrefixHit cached;
  uint64_t preemptions; ///< How often it was parked.
  uint64_t drafted;     ///< Drafts that were fed,
  uint64_t accepted;    ///< and those that are among the tokens.
  std::string_view error;
};

/// Each may be null. They may submit and cancel requests.
struct RequestHooks {
  void *user = nullptr;
  /// A token was generated.
  void (*token)(void *user, int32_t token) = nullptr;
  /// Logits of `count` positions from `position` on, f32 [count][vocabulary], valid during the call; in order of
  /// position, each once.
  void (*rows)(void *user, uint64_t position, const float *logits, uint64_t count) = nullptr;
  /// The request is over: the last call, exactly one.
  void (*done)(void *user, const RequestResult &result) = nullptr;
};

struct Request {
  std::vector<int32_t> tokens;
  uint64_t count = 0; ///< Tokens to generate; 0 feeds the prompt alone.
  uint64_t draft = 0; ///< Tokens that the MTP block drafts ahead of each step. Greedy tokens are the same.
  SamplerOptions sampling;
  uint64_t stream = 0;   ///< Of the sampler's random numbers.
  int32_t priority = 0;  ///< Larger goes first, and takes the place of smaller.
  int32_t eos = -1;      ///< This token ends it; -1 = none does.
  bool wantRows = false; ///< Logits of every token fed, the last generated one included. Reuses no prefix.
  RequestHooks hooks;
  std::shared_ptr<void> keep; ///< Lives as long as the request: for what `hooks.user` points to.
};

} // namespace v4

#endif // V4_RUNTIME_SCHEDULE_REQUEST_H

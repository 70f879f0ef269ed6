//===- Step.h - One ragged batch --------------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_STEP_H
#define V4_RUNTIME_EXEC_STEP_H

#include "runtime/kv/KvStore.h"

#include <cstdint>
#include <vector>

namespace v4 {

class Session;

/// One timeline of tokens in a session. Lives in the session's storage; plain data.
struct Sequence {
  Session *session;
  uint32_t index; ///< In the cache.
  bool live;
  int64_t position; ///< Of the next token; the number of tokens fed.
  uint64_t began;   ///< Tokens of the snapshot that its state block was restored from; it knows of no state before.
  uint64_t fed;     ///< Most tokens that its state block has seen since then; >= position.
  uint64_t serial;  ///< Of the page table as it is; never the same for two sequences or two tables that differ.
  uint64_t lastStep;
  uint64_t published; ///< Its first so many pages are nodes of the prefix tree.
  bool answers;       ///< Its last step wanted logits.
  uint64_t drafted;   ///< Tokens that the MTP block has seen behind its position.
};

/// What Session::reuse found, and why not more.
enum class HitReason : int {
  Whole = 0,     ///< All full pages in front of the last token.
  Short = 1,     ///< There is no full page in front of the last token.
  Nothing = 2,   ///< No page of the session's prefixes has these tokens.
  Different = 3, ///< The tokens behind the hit are not among the session's prefixes, or no longer.
  NoState = 4,   ///< Pages behind the hit are there, no snapshot is.
  Off = 5,       ///< The session keeps no prefixes.
  AllRows = 6,   ///< A scheduler's request wants the logits of every token: nothing was looked for.
  NotBegun = 7,  ///< A scheduler's request ended before it began.
};

struct PrefixHit {
  uint64_t tokens = 0;  ///< Need not be fed; a multiple of 128.
  uint64_t matched = 0; ///< Tokens whose pages are there; >= tokens.
  HitReason reason = HitReason::Off;
};

/// One clause, for people.
const char *hitReasonText(HitReason reason);

/// A sequence that waits without a place in its session; its pages stay. Belongs to the session that parked it.
struct ParkedSequence {
  std::vector<int32_t> tokens;
  std::vector<uint32_t> pages; ///< One holder each.
  uint64_t published;
  Snapshot state;
};

/// The part of a step that belongs to one sequence.
struct BatchEntry {
  Sequence *sequence;
  const int32_t *tokens;
  uint64_t tokenCount;
  uint64_t logitsCount; ///< The last so many of the tokens want logits.
};

} // namespace v4

#endif // V4_RUNTIME_EXEC_STEP_H

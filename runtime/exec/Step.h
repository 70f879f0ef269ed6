//===- Step.h - One ragged batch --------------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_EXEC_STEP_H
#define V4_RUNTIME_EXEC_STEP_H

#include <cstdint>

namespace v4 {

class Session;

/// One timeline of tokens in a session. Lives in the session's storage; plain data.
struct Sequence {
  Session *session;
  uint32_t index; ///< In the cache.
  bool live;
  int64_t position; ///< Of the next token; the number of tokens fed.
  uint64_t fed;     ///< Most tokens that its state block has seen since it was cleared or restored; >= position.
  uint64_t serial;  ///< Of the page table as it is; never the same for two sequences or two tables that differ.
  uint64_t lastStep;
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

//===- RowPicks.h - Tokens of many rows of logits ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tokens that are wanted of a session's last step or draft. Where a GPU samples, all are
// picked there at once, and nothing else comes back; elsewhere each is picked from the
// host's logits when it is taken. They are the same tokens. A row that has a logit that is
// not finite gives none: whatever it said would be noise.
//
// One thread at a time. Allocates no more once it has held as many picks.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_SCHEDULE_ROWPICKS_H
#define V4_RUNTIME_SCHEDULE_ROWPICKS_H

#include "runtime/exec/Session.h"
#include "runtime/schedule/Sampler.h"

namespace v4 {

struct RowPick {
  LogitsOf of;
  uint64_t row;
  Sampler *sampler; ///< Null: the row is only looked through.
  uint64_t stream;
  uint64_t position;
};

class RowPicks {
public:
  void clear();
  /// Picks are numbered from 0 on. REQUIRES: the session has such a row.
  void add(const RowPick &pick) { list.push_back({pick, -1, -1, false}); }
  /// Asks a GPU for all of them. What fails is said by each `take`.
  void run(Session &session);
  /// CheckFailed where the row has a logit that is not finite.
  Status take(Session &session, uint64_t number, int32_t &token);

private:
  struct Answer {
    RowPick pick;
    int32_t token;
    int32_t notFinite; ///< Lowest token whose logit is not finite; -1: none.
    bool isThere;
  };
  Status runRows(Session &session, LogitsOf which);
  Status pickOnHost(Session &session, Answer &answer);

  std::vector<Answer> list;
  std::vector<Answer *> asked; ///< Of one call of the GPU.
  Status failure;
};

} // namespace v4

#endif // V4_RUNTIME_SCHEDULE_ROWPICKS_H

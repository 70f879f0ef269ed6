//===- Picks.cpp - C API of tokens where the logits are -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/api/Handles.h"

using namespace v4;

static Status checkPick(const Session &session, const v4_pick &pick, size_t number) {
  LogitsOf which = pick.mtp ? LogitsOf::Mtp : LogitsOf::Model;
  if (!session.hasLogits(which))
    return invalidInput("pick ", number,
                        pick.mtp ? ": the session does not run the MTP block; create it with the option mtp"
                                 : ": a draft has no logits of the model; set mtp, or step first");
  if (pick.row >= session.logitsCount())
    return invalidInput("pick ", number, ": row ", pick.row, ", the last step or draft left ", session.logitsCount(),
                        " rows; let its tokens want logits (logits_count)");
  if (!pick.sampler)
    return invalidInput("pick ", number, ": sampler is null, expected one of v4_sampler_create");
  if (uint64_t own = pick.sampler->sampler->vocabulary(); own != session.vocabularySize())
    return invalidInput("pick ", number, ": its sampler has a vocabulary of ", own, ", the plan of ",
                        session.vocabularySize(), "; create it with vocab_size of v4_engine_info");
  return Status();
}

static Status pickAll(v4_session &handle, const v4_pick *list, size_t count, int32_t *tokens) {
  Session &session = *handle.session;
  for (size_t i = 0; i < count; ++i)
    V4_RETURN_IF_ERROR(checkPick(session, list[i], i));
  RowPicks &picks = handle.picks;
  picks.clear();
  for (size_t i = 0; i < count; ++i)
    picks.add({list[i].mtp ? LogitsOf::Mtp : LogitsOf::Model, list[i].row, list[i].sampler->sampler.get(),
               list[i].stream, list[i].position});
  picks.run(session);
  // A failure shows before any token is written: what is left then are rows that are not finite.
  for (bool write : {false, true})
    for (size_t i = 0; i < count; ++i) {
      int32_t token = -1;
      Status status = picks.take(session, i, token);
      if (!status.isOk() && status.code() != StatusCode::CheckFailed)
        return status;
      if (write)
        tokens[i] = token;
    }
  return Status();
}

v4_status v4_session_pick(v4_session *session, const v4_pick *picks, size_t count, int32_t *out_tokens,
                          v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  if (count == 0)
    return report(Status(), error);
  V4_REQUIRE_ARGUMENT(picks);
  V4_REQUIRE_ARGUMENT(out_tokens);
  return report(pickAll(*session, picks, count, out_tokens), error);
}

//===- RowPicks.cpp - Tokens of many rows of logits -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/RowPicks.h"

using namespace v4;

void RowPicks::clear() {
  list.clear();
  failure = Status();
}

void RowPicks::run(Session &session) {
  if (!session.samplesOnDevice())
    return;
  for (LogitsOf which : {LogitsOf::Model, LogitsOf::Mtp})
    if (failure.isOk())
      failure = runRows(session, which);
}

/// In as many calls as there must be: a row may be asked for more than once.
Status RowPicks::runRows(Session &session, LogitsOf which) {
  for (size_t next = 0; next < list.size();) {
    asked.clear();
    for (; next < list.size() && asked.size() < session.sampleCapacity(); ++next) {
      const RowPick &pick = list[next].pick;
      if (pick.of != which)
        continue;
      plan::SampleRow &row = session.sampleRows()[asked.size()];
      row = pick.sampler ? pick.sampler->ask(0, pick.stream, pick.position) : plan::SampleRow();
      row.row = static_cast<uint32_t>(pick.row);
      asked.push_back(&list[next]);
    }
    if (!asked.empty())
      V4_RETURN_IF_ERROR(session.sample(which, asked.size()));
    for (size_t i = 0; i < asked.size(); ++i) {
      asked[i]->token = session.sampleRows()[i].token;
      asked[i]->notFinite = session.sampleRows()[i].notFinite;
      asked[i]->isThere = true;
    }
  }
  return Status();
}

Status RowPicks::take(Session &session, uint64_t number, int32_t &token) {
  if (!failure.isOk())
    return Status(failure.code(), failure.message());
  Answer &answer = list[number];
  if (answer.notFinite >= 0)
    return Session::notFinite(answer.pick.of, answer.pick.row, static_cast<uint64_t>(answer.notFinite));
  if (!answer.isThere)
    V4_RETURN_IF_ERROR(pickOnHost(session, answer));
  token = answer.token;
  return Status();
}

Status RowPicks::pickOnHost(Session &session, Answer &answer) {
  const RowPick &pick = answer.pick;
  V4_RETURN_IF_ERROR(session.checkRow(pick.of, pick.row));
  if (pick.sampler) {
    const float *logits = session.logitsRow(pick.of, pick.row);
    if (!logits)
      return session.deviceStatus();
    V4_RETURN_IF_ERROR(pick.sampler->pick(logits, pick.stream, pick.position, answer.token));
  }
  answer.isThere = true;
  return Status();
}

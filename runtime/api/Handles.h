//===- Handles.h - What the handles of the C API point to ----------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The objects behind runtime.h, and the only place that turns a Status into the
// C error.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_API_HANDLES_H
#define V4_RUNTIME_API_HANDLES_H

#include "runtime/include/v4/runtime.h"

#include "runtime/exec/Engine.h"
#include "runtime/schedule/RowPicks.h"

#include <algorithm>
#include <cstring>

/// Sessions share it, so that handles can be released in any order.
struct v4_engine {
  std::shared_ptr<v4::Engine> engine;
};

struct v4_session {
  std::shared_ptr<v4::Engine> engine;
  v4_session_options options; ///< The caller's hooks.
  std::unique_ptr<v4::Session> session;
  v4::RowPicks picks = {}; ///< Of the call that runs.
};

struct v4_sampler {
  std::unique_ptr<v4::Sampler> sampler;
};

namespace v4 {

inline v4_status report(const Status &status, v4_error *error) {
  v4_status code = static_cast<v4_status>(status.code());
  if (!error)
    return code;
  error->code = code;
  size_t length = std::min(status.message().size(), sizeof(error->message) - 1);
  std::memcpy(error->message, status.message().data(), length);
  error->message[length] = 0;
  return code;
}

inline Status requireArgument(const void *argument, std::string_view name) {
  return argument ? Status() : invalidInput("argument ", name, " is null, expected an object");
}

#define V4_REQUIRE_ARGUMENT(argument)                                                                                  \
  if (!(argument))                                                                                                     \
  return report(requireArgument(argument, #argument), error)

/// The caller's probe hook behind the session's own.
SessionOptions withHooks(SessionOptions options, v4_session &session);
/// The caller's trace hook; the session lives.
void installTrace(v4_session &session);

/// A handle of a sequence is a pointer into its session's storage.
inline Sequence *unwrap(v4_sequence *sequence) { return reinterpret_cast<Sequence *>(sequence); }
inline const Sequence *unwrap(const v4_sequence *sequence) { return reinterpret_cast<const Sequence *>(sequence); }

/// The session itself refuses more entries than it has room for.
inline void fillBatch(Session &session, const v4_batch_entry *entries, size_t count) {
  for (size_t i = 0, e = std::min<size_t>(count, session.limits().maxSequences); i < e; ++i)
    session.batch()[i] = {unwrap(entries[i].sequence), entries[i].tokens, entries[i].token_count,
                          entries[i].logits_count};
}

} // namespace v4

#endif // V4_RUNTIME_API_HANDLES_H

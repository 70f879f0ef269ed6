//===- StateApi.cpp - C API of saved states -------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/api/Handles.h"

using namespace v4;

static Status saveSession(Session &session, std::string_view path, v4_sequence *const *sequences, size_t count) {
  std::vector<Sequence *> saved;
  for (size_t i = 0; i < count; ++i) {
    if (!sequences[i])
      return invalidInput("save: sequence ", i, " is null, expected one of the session");
    saved.push_back(unwrap(sequences[i]));
  }
  return session.save(std::string(path), saved.data(), saved.size());
}

v4_status v4_session_save(v4_session *session, const char *path, size_t path_length, v4_sequence *const *sequences,
                          size_t sequence_count, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(path);
  if (sequence_count)
    V4_REQUIRE_ARGUMENT(sequences);
  return report(saveSession(*session->session, {path, path_length}, sequences, sequence_count), error);
}

static Status loadSession(Session &session, std::string_view path, v4_sequence **out, size_t capacity, size_t &count) {
  std::vector<Sequence *> loaded;
  V4_RETURN_IF_ERROR(session.load(std::string(path), loaded));
  if (loaded.size() <= capacity) {
    std::transform(loaded.begin(), loaded.end(), out,
                   [](Sequence *sequence) { return reinterpret_cast<v4_sequence *>(sequence); });
    count = loaded.size();
    return Status();
  }
  for (Sequence *sequence : loaded)
    session.releaseSequence(*sequence);
  return invalidInput(path, ": has ", loaded.size(), " sequences, the call has room for ", capacity, "; give it more");
}

v4_status v4_session_load(v4_session *session, const char *path, size_t path_length, v4_sequence **out_sequences,
                          size_t capacity, size_t *out_count, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(path);
  V4_REQUIRE_ARGUMENT(out_count);
  if (capacity)
    V4_REQUIRE_ARGUMENT(out_sequences);
  return report(loadSession(*session->session, {path, path_length}, out_sequences, capacity, *out_count), error);
}

const int32_t *v4_sequence_tokens(const v4_sequence *sequence) {
  return sequence ? unwrap(sequence)->session->tokens(*unwrap(sequence)) : nullptr;
}

//===- Drafts.cpp - C API of speculation ----------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/api/Handles.h"

using namespace v4;

v4_status v4_session_draft(v4_session *session, const v4_batch_entry *entries, size_t entry_count, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(entries);
  fillBatch(*session->session, entries, entry_count);
  return report(session->session->draft(entry_count), error);
}

v4_status v4_sampler_draft(v4_sampler *sampler, const float *logits, uint64_t stream, uint64_t position,
                           int32_t *out_token, float *out_probabilities, v4_error *error) {
  V4_REQUIRE_ARGUMENT(sampler);
  V4_REQUIRE_ARGUMENT(logits);
  V4_REQUIRE_ARGUMENT(out_token);
  int32_t token = 0;
  Status status = sampler->sampler->draft(logits, stream, position, token, out_probabilities);
  if (status.isOk())
    *out_token = token;
  return report(status, error);
}

v4_status v4_sampler_verify(v4_sampler *sampler, const float *logits, int32_t draft, const float *probabilities,
                            uint64_t stream, uint64_t position, int32_t *out_token, v4_error *error) {
  V4_REQUIRE_ARGUMENT(sampler);
  V4_REQUIRE_ARGUMENT(logits);
  V4_REQUIRE_ARGUMENT(out_token);
  int32_t token = 0;
  Status status = sampler->sampler->verify(logits, draft, probabilities, stream, position, token);
  if (status.isOk())
    *out_token = token;
  return report(status, error);
}

//===- SchedulerApi.cpp - C API of the scheduler --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/api/Handles.h"
#include "runtime/api/OptionStructs.h"
#include "runtime/schedule/Scheduler.h"

using namespace v4;

struct v4_scheduler {
  std::unique_ptr<Scheduler> scheduler;
  int32_t eos;
};

void v4_scheduler_options_init(v4_scheduler_options *options) { initStruct(options); }
void v4_request_init(v4_request *request) { initStruct(request); }

v4_status v4_scheduler_create(v4_session *session, const v4_scheduler_options *options, v4_scheduler **out_scheduler,
                              v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(out_scheduler);
  v4_scheduler_options known;
  v4_scheduler_options_init(&known);
  Status status = readOptions(options, "v4_scheduler_options", known);
  std::unique_ptr<Scheduler> scheduler;
  if (status.isOk())
    status = Scheduler::create(*session->session, {known.step_tokens, known.chunk}, scheduler);
  if (status.isOk())
    *out_scheduler = new v4_scheduler{std::move(scheduler),
                                      static_cast<int32_t>(session->engine->program().model()->eos_token_id())};
  return report(status, error);
}

void v4_scheduler_release(v4_scheduler *scheduler) { delete scheduler; }

static void forwardToken(void *user, int32_t token) {
  const v4_request &request = *static_cast<const v4_request *>(user);
  request.token(request.user, token);
}

static void forwardRows(void *user, uint64_t position, const float *rows, uint64_t count) {
  const v4_request &request = *static_cast<const v4_request *>(user);
  request.logits(request.user, position, rows, count);
}

static void forwardDone(void *user, const RequestResult &result) {
  const v4_request &request = *static_cast<const v4_request *>(user);
  v4_request_result value;
  initStruct(&value);
  value.id = result.id;
  value.finish = static_cast<int32_t>(result.finish);
  value.cached_reason = static_cast<int32_t>(result.cached.reason);
  value.tokens = result.tokens;
  value.token_count = result.count;
  value.cached_tokens = result.cached.tokens;
  value.preemptions = result.preemptions;
  value.error = result.error.data();
  value.error_length = result.error.size();
  value.drafted = result.drafted;
  value.accepted = result.accepted;
  request.done(request.user, &value);
}

static Status readRequest(const v4_request *given, int32_t eos, Request &out) {
  auto known = std::make_shared<v4_request>();
  v4_request_init(known.get());
  V4_RETURN_IF_ERROR(readOptions(given, "v4_request", *known));
  if (known->token_count && !known->tokens)
    return invalidInput("v4_request.tokens is null, expected ", known->token_count, " token ids");
  v4_sampler_options sampling;
  v4_sampler_options_init(&sampling);
  V4_RETURN_IF_ERROR(readOptions(known->sampling, "v4_sampler_options", sampling));
  out.tokens.assign(known->tokens, known->tokens + known->token_count);
  out.count = known->count;
  out.draft = known->draft;
  out.sampling = {sampling.temperature, sampling.top_k, sampling.top_p, sampling.min_p, sampling.seed};
  out.stream = known->stream;
  out.priority = known->priority;
  out.eos = known->ignore_eos ? -1 : eos;
  out.wantRows = known->logits != nullptr;
  out.hooks = {known.get(), known->token ? forwardToken : nullptr, known->logits ? forwardRows : nullptr,
               known->done ? forwardDone : nullptr};
  out.keep = known;
  return Status();
}

v4_status v4_scheduler_submit(v4_scheduler *scheduler, const v4_request *request, uint64_t *out_id, v4_error *error) {
  V4_REQUIRE_ARGUMENT(scheduler);
  V4_REQUIRE_ARGUMENT(request);
  V4_REQUIRE_ARGUMENT(out_id);
  Request read;
  uint64_t id = 0;
  Status status = readRequest(request, scheduler->eos, read);
  if (status.isOk())
    status = scheduler->scheduler->submit(std::move(read), id);
  if (status.isOk())
    *out_id = id;
  return report(status, error);
}

int32_t v4_scheduler_cancel(v4_scheduler *scheduler, uint64_t id) {
  return scheduler && scheduler->scheduler->cancel(id);
}

v4_status v4_scheduler_step(v4_scheduler *scheduler, uint64_t *out_pending, v4_error *error) {
  V4_REQUIRE_ARGUMENT(scheduler);
  V4_REQUIRE_ARGUMENT(out_pending);
  Status status = scheduler->scheduler->step();
  if (status.isOk())
    *out_pending = scheduler->scheduler->pending();
  return report(status, error);
}

//===- BatchRun.cpp - Many requests through the scheduler -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/BatchRun.h"

#include "tools/NpyFile.h"

#include <nlohmann/json.hpp>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <optional>

using namespace v4;

namespace {

volatile std::sig_atomic_t interrupted = 0;

/// The first SIGINT lets the step end; a second one ends the process.
void listenToInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

/// SHA-256 of logits, row by row.
class RowsHash {
public:
  RowsHash() { crypto_hash_sha256_init(&state); }
  void update(const float *rows, uint64_t values) {
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char *>(rows), values * sizeof(float));
  }
  std::string hex() {
    unsigned char digest[crypto_hash_sha256_BYTES];
    char text[2 * sizeof(digest) + 1];
    crypto_hash_sha256_final(&state, digest);
    return sodium_bin2hex(text, sizeof(text), digest, sizeof(digest));
  }

private:
  crypto_hash_sha256_state state;
};

class BatchRun;

/// A request on its way; what its callbacks get.
struct Running {
  BatchRun *batch;
  const BatchRequest *request;
  uint64_t id;
  RowsHash hash;
};

class BatchRun {
public:
  BatchRun(api::Engine &engine, const BatchOptions &options);
  int execute();

private:
  void checkDrafts() const;
  v4_session_options sessionOptions() const;
  void submit(const BatchRequest &request);
  void cancelAll();
  void print();
  void summarize(double seconds) const;
  static void takeRows(void *user, uint64_t position, const float *rows, uint64_t count);
  static void takeResult(void *user, const v4_request_result *result);

  const BatchOptions &options;
  const v4_engine_info info;
  std::vector<BatchRequest> requests;
  std::optional<api::Session> session;
  std::optional<api::Scheduler> scheduler;
  std::deque<Running> running;
  std::vector<std::string> lines; ///< Results that are not printed yet.
  uint64_t generated = 0, cached = 0, failed = 0, drafted = 0, accepted = 0;
};

BatchRun::BatchRun(api::Engine &engine, const BatchOptions &options) : options(options), info(engine.info()) {
  requests = readBatchFile(options.file, options.defaults, info.vocab_size);
  if (options.stepTokens > info.max_tokens)
    throw InputError("--step-tokens=" + std::to_string(options.stepTokens) + " is above the plan's " +
                     std::to_string(info.max_tokens) + "; ask for less or compile the plan with a larger --max-tokens");
  checkDrafts();
  session.emplace(engine.createSession(sessionOptions()));
  if (!options.loadState.empty())
    session->load(options.loadState); // what it had as sequences is left as prefixes
  v4_scheduler_options scheduling = api::schedulerOptions();
  scheduling.chunk = static_cast<uint32_t>(std::min<uint64_t>(options.chunk, info.max_tokens));
  scheduler.emplace(*session, scheduling);
  for (const BatchRequest &request : requests)
    submit(request);
}

/// What concerns the plan alone; the scheduler knows the rest.
void BatchRun::checkDrafts() const {
  for (const BatchRequest &request : requests)
    if (request.draft && !info.has_mtp)
      throw InputError(request.where + ": draft is " + std::to_string(request.draft) +
                       ", the plan has no MTP block, expected one; leave it out");
}

/// Limits change memory, never a bit of a result.
v4_session_options BatchRun::sessionOptions() const {
  v4_session_options session = api::sessionOptions();
  session.max_tokens = static_cast<uint32_t>(options.stepTokens);
  session.threads = static_cast<uint32_t>(options.threads);
  session.cache_bytes = options.cacheBytes;
  session.debug_placement = options.debugPlacement;
  if (options.trace)
    options.trace->listen(session);
  for (const BatchRequest &request : requests)
    session.mtp |= request.draft != 0;
  if (!options.loadState.empty())
    return session; // the file decides what must fit
  uint64_t longest = 0;
  for (const BatchRequest &request : requests)
    longest = std::max<uint64_t>(longest, request.tokens.size() + request.count);
  session.max_context = static_cast<uint32_t>(std::min<uint64_t>(longest, info.max_context));
  session.max_sequences = static_cast<uint32_t>(std::min<uint64_t>(requests.size(), info.max_sequences));
  return session;
}

void BatchRun::submit(const BatchRequest &from) {
  Running &one = running.emplace_back(Running{this, &from, 0, {}});
  v4_request request = api::request();
  request.tokens = from.tokens.data();
  request.token_count = from.tokens.size();
  request.count = from.count;
  request.draft = from.draft;
  request.sampling = &from.sampling;
  request.priority = from.priority;
  request.ignore_eos = from.ignoreEos;
  request.user = &one;
  request.logits = from.wantHash ? takeRows : nullptr;
  request.done = takeResult;
  try {
    one.id = scheduler->submit(request);
  } catch (const api::Error &error) {
    throw InputError(from.where + ": " + error.what());
  }
}

void BatchRun::takeRows(void *user, uint64_t, const float *rows, uint64_t count) {
  Running &one = *static_cast<Running *>(user);
  one.hash.update(rows, count * one.batch->info.vocab_size);
}

void BatchRun::takeResult(void *user, const v4_request_result *result) {
  static constexpr const char *kFinish[] = {"length", "eos", "cancelled", "error"};
  Running &one = *static_cast<Running *>(user);
  nlohmann::ordered_json line;
  line["id"] = nlohmann::ordered_json::parse(one.request->id);
  line["tokens"] = std::vector<int32_t>(result->tokens, result->tokens + result->token_count);
  line["finish"] = kFinish[result->finish];
  line["cached"] = result->cached_tokens;
  line["cached_reason"] = v4_hit_reason_text(result->cached_reason);
  if (one.request->draft) {
    line["drafted"] = result->drafted;
    line["accepted"] = result->accepted;
  }
  if (one.request->wantHash && result->finish <= V4_FINISH_EOS)
    line["logits_sha256"] = one.hash.hex();
  if (result->finish == V4_FINISH_FAILED)
    line["error"] = std::string(result->error, result->error_length);
  one.batch->lines.push_back(line.dump());
  one.batch->generated += result->token_count;
  one.batch->cached += result->cached_tokens;
  one.batch->drafted += result->drafted;
  one.batch->accepted += result->accepted;
  one.batch->failed += result->finish == V4_FINISH_FAILED;
}

void BatchRun::print() {
  for (const std::string &line : lines)
    std::printf("%s\n", line.c_str());
  bool any = !lines.empty();
  lines.clear();
  if (any && (std::fflush(stdout) != 0 || std::ferror(stdout)))
    throw InputError(std::string("standard output cannot be written (") + std::strerror(errno) + ")");
}

void BatchRun::cancelAll() {
  for (Running &one : running)
    scheduler->cancel(one.id);
  print();
  std::raise(SIGINT);
}

void BatchRun::summarize(double seconds) const {
  uint64_t prompts = 0;
  for (const BatchRequest &request : requests)
    prompts += request.tokens.size();
  std::fprintf(stderr, "v4-run: %zu requests, %llu prompt tokens (%llu cached), %llu generated, %.1f tokens/s",
               requests.size(), static_cast<unsigned long long>(prompts), static_cast<unsigned long long>(cached),
               static_cast<unsigned long long>(generated),
               seconds > 0 ? static_cast<double>(prompts - cached + generated) / seconds : 0);
  if (drafted)
    std::fprintf(stderr, ", drafts %llu, accepted %llu", static_cast<unsigned long long>(drafted),
                 static_cast<unsigned long long>(accepted));
  std::fputc('\n', stderr);
}

int BatchRun::execute() {
  listenToInterrupts();
  auto start = std::chrono::steady_clock::now();
  while (scheduler->step() && !interrupted)
    print();
  print();
  if (interrupted)
    cancelAll();
  summarize(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (!options.saveState.empty())
    session->save(options.saveState, {});
  if (failed)
    session->wait(); // throws where the GPU is what failed
  return failed ? 2 : 0;
}

} // namespace

int v4::runBatch(api::Engine &engine, const BatchOptions &options) { return BatchRun(engine, options).execute(); }

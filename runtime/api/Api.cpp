//===- Api.cpp - C API over the C++ classes -------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Options, info structs and calls of each object; the other files here have
// what stands beside them.
//
//===----------------------------------------------------------------------===//

#include "runtime/api/Handles.h"
#include "runtime/api/OptionStructs.h"

#include <cstring>

using namespace v4;

const char *v4_version(void) { return V4_RUNTIME_VERSION; }

//===----------------------------------------------------------------------===//
// Engine
//===----------------------------------------------------------------------===//

void v4_engine_options_init(v4_engine_options *options) { initStruct(options); }

static Status openEngine(const char *path, size_t length, const v4_engine_options *options,
                         std::unique_ptr<Engine> &out) {
  v4_engine_options known;
  v4_engine_options_init(&known);
  V4_RETURN_IF_ERROR(readOptions(options, "v4_engine_options", known));
  if (known.load != V4_LOAD_MAP && known.load != V4_LOAD_COPY)
    return invalidInput("v4_engine_options.load = ", known.load, ", expected 0 or 1");
  if (!known.allocate != !known.release)
    return invalidInput("v4_engine_options.allocate and .release: one is null, expected both or neither");
  Host host;
  host.user = known.user;
  host.allocate = known.allocate;
  host.release = known.release;
  host.logLine = known.log;
  plan::LoadOptions load;
  load.mode = known.load == V4_LOAD_COPY ? LoadMode::Copy : LoadMode::Map;
  if (known.weights)
    load.weights.assign(known.weights, known.weights_length);
  if (known.public_key) {
    load.publicKey.emplace();
    std::memcpy(load.publicKey->bytes, known.public_key, sizeof(load.publicKey->bytes));
  }
  return Engine::open(std::string(path, length), load, host, out);
}

v4_status v4_public_key_read(const char *path, size_t path_length, uint8_t out_key[32], v4_error *error) {
  V4_REQUIRE_ARGUMENT(path);
  V4_REQUIRE_ARGUMENT(out_key);
  plan::PublicKey key;
  Status status = plan::readPublicKey(std::string(path, path_length), key);
  if (status.isOk())
    std::memcpy(out_key, key.bytes, sizeof(key.bytes));
  return report(status, error);
}

v4_status v4_engine_open(const char *path, size_t path_length, const v4_engine_options *options, v4_engine **out_engine,
                         v4_error *error) {
  V4_REQUIRE_ARGUMENT(path);
  V4_REQUIRE_ARGUMENT(out_engine);
  std::unique_ptr<Engine> engine;
  Status status = openEngine(path, path_length, options, engine);
  if (status.isOk())
    *out_engine = new v4_engine{std::move(engine)};
  return report(status, error);
}

void v4_engine_release(v4_engine *engine) { delete engine; }

void v4_engine_info_init(v4_engine_info *info) { initStruct(info); }

v4_status v4_engine_get_info(const v4_engine *engine, v4_engine_info *info, v4_error *error) {
  V4_REQUIRE_ARGUMENT(engine);
  V4_REQUIRE_ARGUMENT(info);
  const plan::Plan &plan = engine->engine->plan();
  const plan::fb::Program &program = plan.program();
  v4_engine_info value;
  v4_engine_info_init(&value);
  value.vocab_size = program.model()->vocab_size();
  value.hidden_size = program.model()->hidden_size();
  value.layers = program.model()->layers();
  value.eos_token_id = program.model()->eos_token_id();
  value.has_mtp = program.mtp_logits_buffer() >= 0;
  value.max_tokens = program.envelope()->max_tokens();
  value.max_sequences = program.envelope()->max_sequences();
  value.max_context = program.envelope()->max_context();
  value.max_draft = program.envelope()->max_draft();
  value.page_tokens = plan::kPageTokens;
  value.probe_count = program.probes()->size();
  value.page_bytes = program.page_bytes();
  value.state_bytes = program.state_bytes();
  value.weights_bytes = plan.weightsBytes();
  value.file_bytes = plan.header().fileBytes;
  std::memcpy(value.plan_hash, plan.header().planHash, sizeof(value.plan_hash));
  value.target = program.target()->name()->c_str();
  value.target_length = program.target()->name()->size();
  return report(writeInfo(value, "v4_engine_info", info), error);
}

v4_status v4_engine_probe_name(const v4_engine *engine, uint32_t index, const char **out_name, size_t *out_length,
                               v4_error *error) {
  V4_REQUIRE_ARGUMENT(engine);
  V4_REQUIRE_ARGUMENT(out_name);
  V4_REQUIRE_ARGUMENT(out_length);
  const auto &probes = *engine->engine->program().probes();
  if (index >= probes.size())
    return report(invalidInput("probe index ", index, " is outside the plan's ", probes.size(), " probes"), error);
  *out_name = probes[index]->name()->c_str();
  *out_length = probes[index]->name()->size();
  return report(Status(), error);
}

v4_status v4_engine_verify_weights(const v4_engine *engine, v4_error *error) {
  V4_REQUIRE_ARGUMENT(engine);
  return report(engine->engine->plan().verifyWeights(), error);
}

//===----------------------------------------------------------------------===//
// Session
//===----------------------------------------------------------------------===//

void v4_session_options_init(v4_session_options *options) { initStruct(options); }
void v4_session_info_init(v4_session_info *info) { initStruct(info); }

static Status createSession(Engine &engine, v4_session &session) {
  const v4_session_options &given = session.options;
  SessionOptions options;
  options.maxTokens = given.max_tokens;
  options.maxSequences = given.max_sequences;
  options.maxContext = given.max_context;
  options.cacheBytes = given.cache_bytes;
  options.threads = given.threads;
  options.mtp = given.mtp != 0;
  options.forgetPrefixes = given.forget_prefixes != 0;
  options.canary = kCanaryDefault || given.canary != 0;
  options.debugPlacement = given.debug_placement != 0;
  V4_RETURN_IF_ERROR(engine.createSession(withHooks(options, session), session.session));
  installTrace(session);
  return Status();
}

v4_status v4_session_create(v4_engine *engine, const v4_session_options *options, v4_session **out_session,
                            v4_error *error) {
  V4_REQUIRE_ARGUMENT(engine);
  V4_REQUIRE_ARGUMENT(out_session);
  std::unique_ptr<v4_session> session(new v4_session{engine->engine, {}, nullptr});
  v4_session_options_init(&session->options);
  Status status = readOptions(options, "v4_session_options", session->options);
  if (status.isOk())
    status = createSession(*engine->engine, *session);
  if (status.isOk())
    *out_session = session.release();
  return report(status, error);
}

void v4_session_release(v4_session *session) { delete session; }

v4_status v4_session_get_info(const v4_session *session, v4_session_info *info, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(info);
  const SessionOptions &limits = session->session->limits();
  SessionMemory memory = session->session->memory();
  v4_session_info value;
  v4_session_info_init(&value);
  value.max_tokens = static_cast<uint32_t>(limits.maxTokens);
  value.max_sequences = static_cast<uint32_t>(limits.maxSequences);
  value.max_context = static_cast<uint32_t>(limits.maxContext);
  value.threads = session->session->threads();
  value.positions = session->session->positions();
  value.arena_bytes = memory.arenaBytes;
  value.step_bytes = memory.stepBytes;
  value.page_bytes = memory.pageBytes;
  value.state_bytes = memory.stateBytes;
  const KvStore &store = session->session->store();
  value.cache_used_bytes = (store.maxBlocks() - store.availableBlocks()) * store.pageBytes();
  value.prefix_pages = session->session->prefixes().nodeCount();
  value.prefix_snapshots = session->session->prefixes().snapshotCount();
  return report(writeInfo(value, "v4_session_info", info), error);
}

v4_status v4_sequence_create(v4_session *session, v4_sequence **out_sequence, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(out_sequence);
  Sequence *sequence = nullptr;
  Status status = session->session->createSequence(sequence);
  if (status.isOk())
    *out_sequence = reinterpret_cast<v4_sequence *>(sequence);
  return report(status, error);
}

void v4_sequence_release(v4_sequence *sequence) {
  if (sequence)
    unwrap(sequence)->session->releaseSequence(*unwrap(sequence));
}

v4_status v4_sequence_fork(v4_sequence *sequence, v4_sequence **out_sequence, v4_error *error) {
  V4_REQUIRE_ARGUMENT(sequence);
  V4_REQUIRE_ARGUMENT(out_sequence);
  Sequence *copy = nullptr;
  Status status = unwrap(sequence)->session->fork(*unwrap(sequence), copy);
  if (status.isOk())
    *out_sequence = reinterpret_cast<v4_sequence *>(copy);
  return report(status, error);
}

v4_status v4_sequence_truncate(v4_sequence *sequence, uint64_t position, v4_error *error) {
  V4_REQUIRE_ARGUMENT(sequence);
  return report(unwrap(sequence)->session->truncate(*unwrap(sequence), position), error);
}

void v4_prefix_hit_init(v4_prefix_hit *hit) { initStruct(hit); }

const char *v4_hit_reason_text(int32_t reason) { return hitReasonText(static_cast<HitReason>(reason)); }

uint64_t v4_prefill_chunk(uint64_t position, uint64_t prompt_tokens, uint64_t most) {
  return prefillChunk(position, prompt_tokens, most);
}

v4_status v4_sequence_reuse(v4_sequence *sequence, const int32_t *tokens, size_t token_count, v4_prefix_hit *out_hit,
                            v4_error *error) {
  V4_REQUIRE_ARGUMENT(sequence);
  V4_REQUIRE_ARGUMENT(tokens);
  V4_REQUIRE_ARGUMENT(out_hit);
  PrefixHit hit;
  Status status = unwrap(sequence)->session->reuse(*unwrap(sequence), tokens, token_count, hit);
  v4_prefix_hit value;
  v4_prefix_hit_init(&value);
  value.tokens = hit.tokens;
  value.matched = hit.matched;
  value.reason = static_cast<int32_t>(hit.reason);
  if (status.isOk())
    status = writeInfo(value, "v4_prefix_hit", out_hit);
  return report(status, error);
}

uint64_t v4_sequence_position(const v4_sequence *sequence) {
  return sequence ? static_cast<uint64_t>(unwrap(sequence)->position) : 0;
}

v4_status v4_session_step(v4_session *session, const v4_batch_entry *entries, size_t entry_count, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  V4_REQUIRE_ARGUMENT(entries);
  fillBatch(*session->session, entries, entry_count);
  return report(session->session->step(entry_count), error);
}

v4_status v4_session_wait(v4_session *session, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  return report(session->session->deviceStatus(), error);
}

size_t v4_session_logits_count(const v4_session *session) { return session ? session->session->logitsCount() : 0; }

const float *v4_session_logits(const v4_session *session, size_t row) {
  return session ? session->session->logits(row) : nullptr;
}

const float *v4_session_mtp_logits(const v4_session *session, size_t row) {
  return session ? session->session->mtpLogits(row) : nullptr;
}

v4_status v4_session_check_logits(const v4_session *session, size_t row, v4_error *error) {
  V4_REQUIRE_ARGUMENT(session);
  return report(session->session->checkLogits(row), error);
}

//===----------------------------------------------------------------------===//
// Sampler
//===----------------------------------------------------------------------===//

void v4_sampler_options_init(v4_sampler_options *options) {
  initStruct(options);
  options->top_p = 1;
}

v4_status v4_sampler_create(uint32_t vocab_size, const v4_sampler_options *options, v4_sampler **out_sampler,
                            v4_error *error) {
  V4_REQUIRE_ARGUMENT(out_sampler);
  v4_sampler_options known;
  v4_sampler_options_init(&known);
  Status status = readOptions(options, "v4_sampler_options", known);
  std::unique_ptr<Sampler> sampler;
  if (status.isOk())
    status =
        Sampler::create(vocab_size, {known.temperature, known.top_k, known.top_p, known.min_p, known.seed}, sampler);
  if (status.isOk())
    *out_sampler = new v4_sampler{std::move(sampler)};
  return report(status, error);
}

void v4_sampler_release(v4_sampler *sampler) { delete sampler; }

v4_status v4_sampler_pick(v4_sampler *sampler, const float *logits, uint64_t stream, uint64_t position,
                          int32_t *out_token, v4_error *error) {
  V4_REQUIRE_ARGUMENT(sampler);
  V4_REQUIRE_ARGUMENT(logits);
  V4_REQUIRE_ARGUMENT(out_token);
  int32_t token = 0;
  Status status = sampler->sampler->pick(logits, stream, position, token);
  if (status.isOk())
    *out_token = token;
  return report(status, error);
}

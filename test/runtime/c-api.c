/*===- c-api.c - The C API from C: every function called once -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//===----------------------------------------------------------------------===*/
#include <v4/runtime.h>

#include <stdio.h>
#include <string.h>

#define VOCABULARY 32

static int failures = 0;

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);                                         \
      ++failures;                                                                                                      \
    }                                                                                                                  \
  } while (0)

static void countLine(void *user, const char *text, size_t length) {
  (void)text;
  *(size_t *)user += length > 0;
}

static void countProbe(void *user, const v4_probe_rows *rows) {
  EXPECT(rows->struct_size == sizeof(v4_probe_rows));
  EXPECT(rows->name_length > 0 && rows->row_count > 0 && rows->rank == 1);
  ++*(size_t *)user;
}

static v4_engine *openEngine(const char *path, size_t *lines) {
  v4_error error;
  v4_engine_options options;
  v4_engine *engine = NULL;
  v4_engine_options_init(&options);
  options.load = V4_LOAD_COPY;
  options.user = lines;
  options.log = countLine;
  if (v4_engine_open(path, strlen(path), &options, &engine, &error) != V4_OK)
    fprintf(stderr, "%s\n", error.message);
  return engine;
}

/* An unsigned plan is refused where a key is demanded. */
static void checkSignature(const char *path) {
  v4_error error;
  v4_engine_options options;
  v4_engine *engine = NULL;
  uint8_t key[32] = {1};
  v4_engine_options_init(&options);
  options.public_key = key;
  EXPECT(v4_engine_open(path, strlen(path), &options, &engine, &error) == V4_INVALID_INPUT);
  EXPECT(engine == NULL && strstr(error.message, "is not signed, expected a signature with the key 0100"));
  EXPECT(v4_public_key_read(path, strlen(path), key, &error) == V4_INVALID_INPUT);
  EXPECT(strstr(error.message, path));
}

static void checkEngine(v4_engine *engine) {
  v4_error error;
  v4_engine_info info;
  const char *name = NULL;
  size_t length = 0;
  v4_engine_info_init(&info);
  EXPECT(v4_engine_get_info(engine, &info, &error) == V4_OK);
  EXPECT(info.vocab_size == VOCABULARY && info.layers == 1 && info.eos_token_id == 31 && info.has_mtp == 1);
  EXPECT(info.max_tokens == 64 && info.max_sequences == 3 && info.max_context == 1000 && info.max_draft == 3);
  EXPECT(info.page_tokens == 128 && info.page_bytes == 192 && info.state_bytes == 1344 && info.weights_bytes == 4);
  EXPECT(info.target_length == strlen("cpu:x86-64-v3") && strcmp(info.target, "cpu:x86-64-v3") == 0);
  EXPECT(info.probe_count == 3);
  EXPECT(v4_engine_probe_name(engine, 1, &name, &length, &error) == V4_OK);
  EXPECT(length == 6 && strncmp(name, "logits", 6) == 0);
  EXPECT(v4_engine_probe_name(engine, 3, &name, &length, &error) == V4_INVALID_INPUT);
  EXPECT(strcmp(error.message, "probe index 3 is outside the plan's 3 probes") == 0);
  EXPECT(v4_engine_verify_weights(engine, &error) == V4_OK);
  /* A caller of an older version has a smaller struct. */
  memset(&info, 0, sizeof(info));
  info.struct_size = offsetof(v4_engine_info, hidden_size);
  EXPECT(v4_engine_get_info(engine, &info, NULL) == V4_OK);
  EXPECT(info.vocab_size == VOCABULARY && info.layers == 0);
}

static v4_session *createSession(v4_engine *engine, size_t *probes) {
  v4_error error;
  v4_session_options options;
  v4_session_info info;
  v4_session *session = NULL;
  v4_session_options_init(&options);
  options.max_context = 200;
  options.threads = 2;
  options.mtp = 1;
  options.cache_bytes = 40 * 192;
  options.canary = 1;
  options.probe = countProbe;
  options.probe_user = probes;
  if (v4_session_create(engine, &options, &session, &error) != V4_OK) {
    fprintf(stderr, "%s\n", error.message);
    return NULL;
  }
  v4_session_info_init(&info);
  EXPECT(v4_session_get_info(session, &info, &error) == V4_OK);
  EXPECT(info.max_context == 200 && info.max_tokens == 64 && info.threads == 2 && info.positions == 203);
  EXPECT(info.arena_bytes > 0 && info.step_bytes > 0 && info.page_bytes == 40 * 192 && info.state_bytes == 3 * 1344);
  return session;
}

static void runStep(v4_session *session) {
  v4_error error;
  v4_sequence *sequence = NULL;
  int32_t tokens[5] = {1, 2, 3, 4, 5};
  int32_t outside = VOCABULARY;
  v4_batch_entry entry;
  EXPECT(v4_sequence_create(session, &sequence, &error) == V4_OK);
  entry.sequence = sequence;
  entry.tokens = tokens;
  entry.token_count = 5;
  entry.logits_count = 2;
  EXPECT(v4_session_step(session, &entry, 1, &error) == V4_OK);
  EXPECT(v4_session_wait(session, &error) == V4_OK && error.code == V4_OK);
  EXPECT(v4_session_wait(NULL, &error) == V4_INVALID_INPUT);
  EXPECT(v4_sequence_position(sequence) == 5);
  EXPECT(v4_session_logits_count(session) == 2);
  EXPECT(v4_session_logits(session, 1) != NULL && v4_session_logits(session, 2) == NULL);
  EXPECT(v4_session_mtp_logits(session, 1) != NULL && v4_session_mtp_logits(session, 2) == NULL);
  entry.tokens = &outside;
  entry.token_count = entry.logits_count = 1;
  EXPECT(v4_session_step(session, &entry, 1, &error) == V4_INVALID_INPUT);
  EXPECT(error.code == V4_INVALID_INPUT && strstr(error.message, "token id 32") != NULL);
  EXPECT(v4_session_step(session, &entry, 1, NULL) == V4_INVALID_INPUT);
  EXPECT(v4_sequence_position(sequence) == 5);
  v4_sequence_release(sequence);
}

static void feed(v4_session *session, v4_sequence *sequence, const int32_t *tokens, size_t end) {
  v4_error error;
  while (v4_sequence_position(sequence) < end) {
    uint64_t position = v4_sequence_position(sequence);
    v4_batch_entry entry;
    entry.sequence = sequence;
    entry.tokens = tokens + position;
    entry.token_count = (size_t)v4_prefill_chunk(position, end, 64);
    entry.logits_count = 1;
    EXPECT(v4_session_step(session, &entry, 1, &error) == V4_OK);
  }
  EXPECT(v4_session_check_logits(session, 0, &error) == V4_OK);
}

/* Whatever a sequence has been through, its logits are those of its tokens. */
static void takeUp(v4_session *session) {
  v4_error error;
  v4_sequence *first = NULL, *second = NULL, *third = NULL;
  v4_prefix_hit hit;
  v4_session_info info;
  int32_t tokens[150];
  float logits[VOCABULARY];
  int i;
  for (i = 0; i < 150; ++i)
    tokens[i] = i * 7 % VOCABULARY;
  EXPECT(v4_sequence_create(session, &first, &error) == V4_OK);
  feed(session, first, tokens, 150);
  memcpy(logits, v4_session_logits(session, 0), sizeof(logits));
  EXPECT(v4_sequence_fork(first, &second, &error) == V4_OK);
  EXPECT(v4_sequence_truncate(second, 130, &error) == V4_OK && v4_sequence_position(second) == 130);
  feed(session, second, tokens, 150);
  EXPECT(memcmp(logits, v4_session_logits(session, 0), sizeof(logits)) == 0);
  EXPECT(v4_sequence_truncate(second, 151, &error) == V4_INVALID_INPUT);
  EXPECT(v4_sequence_create(session, &third, &error) == V4_OK);
  v4_prefix_hit_init(&hit);
  EXPECT(v4_sequence_reuse(third, tokens, 150, &hit, &error) == V4_OK);
  EXPECT(hit.tokens == 128 && hit.matched == 128 && hit.reason == V4_HIT_WHOLE && v4_sequence_position(third) == 128);
  EXPECT(strcmp(v4_hit_reason_text(hit.reason), "all full pages in front of the last token") == 0);
  EXPECT(v4_sequence_reuse(third, tokens, 150, &hit, &error) == V4_INVALID_INPUT);
  feed(session, third, tokens, 150);
  EXPECT(memcmp(logits, v4_session_logits(session, 0), sizeof(logits)) == 0);
  v4_session_info_init(&info);
  EXPECT(v4_session_get_info(session, &info, &error) == V4_OK);
  EXPECT(info.prefix_pages == 1 && info.prefix_snapshots == 1);
  EXPECT(info.cache_used_bytes > 0 && info.cache_used_bytes <= info.page_bytes);
  v4_sequence_release(first);
  v4_sequence_release(second);
  v4_sequence_release(third);
}

/* A saved sequence in another session, and what cannot be loaded. */
static void saveAndLoad(v4_engine *engine, const char *path) {
  v4_error error;
  v4_session *session = NULL;
  v4_sequence *sequence = NULL, *loaded[2] = {NULL, NULL};
  size_t count = 7;
  int32_t tokens[150];
  float logits[VOCABULARY];
  int i;
  for (i = 0; i < 150; ++i)
    tokens[i] = i * 7 % VOCABULARY;
  EXPECT(v4_session_create(engine, NULL, &session, &error) == V4_OK);
  EXPECT(v4_sequence_create(session, &sequence, &error) == V4_OK);
  feed(session, sequence, tokens, 140);
  EXPECT(v4_session_save(session, path, strlen(path), &sequence, 1, &error) == V4_OK);
  feed(session, sequence, tokens, 150);
  memcpy(logits, v4_session_logits(session, 0), sizeof(logits));
  v4_session_release(session);
  EXPECT(v4_session_create(engine, NULL, &session, &error) == V4_OK);
  EXPECT(v4_session_load(session, path, strlen(path), loaded, 0, &count, &error) == V4_INVALID_INPUT);
  EXPECT(strstr(error.message, "has 1 sequences, the call has room for 0") != NULL && count == 7);
  EXPECT(v4_session_load(session, path, strlen(path), loaded, 2, &count, &error) == V4_OK && count == 1);
  EXPECT(v4_sequence_position(loaded[0]) == 140 && memcmp(v4_sequence_tokens(loaded[0]), tokens, 140 * 4) == 0);
  feed(session, loaded[0], tokens, 150);
  EXPECT(memcmp(logits, v4_session_logits(session, 0), sizeof(logits)) == 0);
  EXPECT(v4_session_load(session, "/no/such", 8, loaded, 2, &count, &error) == V4_INVALID_INPUT);
  v4_session_release(session);
  remove(path);
}

/* What the callbacks of a request got. */
typedef struct Served {
  int tokens, rows, done;
  int32_t last, finish;
  uint64_t cached;
} Served;

static void serveToken(void *user, int32_t token) {
  ++((Served *)user)->tokens;
  ((Served *)user)->last = token;
}
static void serveRows(void *user, uint64_t position, const float *rows, uint64_t count) {
  EXPECT(position == (uint64_t)((Served *)user)->rows && rows != NULL);
  ((Served *)user)->rows += (int)count;
}
static void serveDone(void *user, const v4_request_result *result) {
  Served *served = user;
  EXPECT(result->struct_size == sizeof(v4_request_result) && result->id > 0 && result->error_length == 0);
  EXPECT(result->token_count == (uint64_t)served->tokens);
  EXPECT(!result->token_count || result->tokens[result->token_count - 1] == served->last);
  served->finish = result->finish;
  served->cached = result->cached_tokens;
  ++served->done;
}

static void schedule(v4_engine *engine) {
  v4_error error;
  v4_session *session = NULL;
  v4_scheduler *scheduler = NULL;
  v4_scheduler_options options;
  v4_request request;
  Served served[3];
  int32_t tokens[150];
  uint64_t id = 0, pending = 1;
  int i;
  memset(served, 0, sizeof(served));
  for (i = 0; i < 150; ++i)
    tokens[i] = i * 7 % VOCABULARY;
  EXPECT(v4_session_create(engine, NULL, &session, &error) == V4_OK);
  v4_scheduler_options_init(&options);
  options.step_tokens = 65;
  EXPECT(v4_scheduler_create(session, &options, &scheduler, &error) == V4_INVALID_INPUT && scheduler == NULL);
  options.step_tokens = 16;
  EXPECT(v4_scheduler_create(session, &options, &scheduler, &error) == V4_OK);
  for (i = 0; i < 3; ++i) {
    v4_request_init(&request);
    request.tokens = tokens;
    request.token_count = 150;
    request.count = 4;
    request.ignore_eos = 1;
    request.user = &served[i];
    request.token = serveToken;
    request.logits = i == 1 ? serveRows : NULL;
    request.done = serveDone;
    EXPECT(v4_scheduler_submit(scheduler, &request, &id, &error) == V4_OK && id == (uint64_t)i + 1);
  }
  EXPECT(v4_scheduler_cancel(scheduler, 3) == 1 && v4_scheduler_cancel(scheduler, 3) == 0);
  while (pending)
    EXPECT(v4_scheduler_step(scheduler, &pending, &error) == V4_OK);
  EXPECT(served[0].tokens == 4 && served[0].finish == V4_FINISH_LENGTH && served[0].rows == 0);
  EXPECT(served[1].tokens == 4 && served[1].rows == 154 && served[1].last == served[0].last);
  EXPECT(served[2].done == 1 && served[2].finish == V4_FINISH_CANCELLED);
  request.count = 851;
  EXPECT(v4_scheduler_submit(scheduler, &request, &id, &error) == V4_INVALID_INPUT && id == 3);
  request.count = 4;
  request.draft = 1;
  EXPECT(v4_scheduler_submit(scheduler, &request, &id, &error) == V4_INVALID_INPUT &&
         strstr(error.message, "does not run the MTP block") != NULL);
  request.tokens = NULL;
  EXPECT(v4_scheduler_submit(scheduler, &request, &id, &error) == V4_INVALID_INPUT);
  v4_scheduler_release(scheduler);
  v4_scheduler_release(NULL);
  v4_session_release(session);
}

static void checkSampler(void) {
  v4_error error;
  v4_sampler_options options;
  v4_sampler *sampler = NULL;
  float logits[VOCABULARY] = {0};
  int32_t token = -1;
  v4_sampler_options_init(&options);
  EXPECT(options.top_p == 1.0f && options.temperature == 0.0f);
  logits[7] = 3;
  EXPECT(v4_sampler_create(VOCABULARY, &options, &sampler, &error) == V4_OK);
  EXPECT(v4_sampler_pick(sampler, logits, 0, 0, &token, &error) == V4_OK);
  EXPECT(token == 7);
  EXPECT(v4_sampler_draft(sampler, logits, 0, 0, &token, NULL, &error) == V4_OK && token == 7);
  EXPECT(v4_sampler_verify(sampler, logits, 3, NULL, 0, 0, &token, &error) == V4_OK && token == 7);
  EXPECT(v4_sampler_verify(sampler, logits, -1, NULL, 0, 0, &token, &error) == V4_INVALID_INPUT);
  v4_sampler_release(sampler);
  options.struct_size = 3;
  EXPECT(v4_sampler_create(VOCABULARY, &options, &sampler, &error) == V4_INVALID_INPUT);
}

/* A draft and a step behind it; the draft's logits are those of the step. */
static void draftAhead(v4_session *session) {
  v4_error error;
  v4_sequence *sequence = NULL;
  int32_t prompt[5] = {1, 2, 3, 4, 5}, tokens[2] = {6, 7};
  v4_batch_entry entry = {NULL, prompt, 5, 1};
  float drafted[VOCABULARY];
  EXPECT(v4_sequence_create(session, &sequence, &error) == V4_OK);
  entry.sequence = sequence;
  EXPECT(v4_session_step(session, &entry, 1, &error) == V4_OK);
  entry.tokens = tokens;
  entry.token_count = 1;
  EXPECT(v4_session_draft(session, &entry, 1, &error) == V4_OK);
  EXPECT(v4_session_logits(session, 0) == NULL && v4_session_mtp_logits(session, 0) != NULL);
  memcpy(drafted, v4_session_mtp_logits(session, 0), sizeof(drafted));
  entry.token_count = entry.logits_count = 2;
  EXPECT(v4_session_draft(session, &entry, 1, &error) == V4_INVALID_INPUT);
  EXPECT(v4_session_step(session, &entry, 1, &error) == V4_OK);
  EXPECT(memcmp(drafted, v4_session_mtp_logits(session, 0), sizeof(drafted)) == 0);
  EXPECT(v4_sequence_truncate(sequence, 6, &error) == V4_OK && v4_sequence_position(sequence) == 6);
  EXPECT(v4_session_draft(session, NULL, 1, &error) == V4_INVALID_INPUT);
  v4_sequence_release(sequence);
}

static int isRefused(v4_session *session, v4_pick pick, const char *message) {
  v4_error error;
  int32_t token = 77;
  v4_status status = v4_session_pick(session, &pick, 1, &token, &error);
  return status == V4_INVALID_INPUT && token == 77 && strcmp(error.message, message) == 0;
}

/* Tokens of a step and of a draft are those of their logits. */
static void pickTokens(v4_session *session) {
  v4_error error;
  v4_sequence *sequence = NULL;
  v4_sampler *samplers[2] = {NULL, NULL}, *other = NULL;
  v4_sampler_options options;
  int32_t prompt[5] = {1, 2, 3, 4, 5}, tokens[4], expected = -1;
  v4_batch_entry entry = {NULL, prompt, 5, 3};
  v4_pick picks[4];
  size_t i;
  v4_sampler_options_init(&options);
  EXPECT(v4_sampler_create(VOCABULARY, &options, &samplers[0], &error) == V4_OK);
  options.temperature = 100;
  EXPECT(v4_sampler_create(VOCABULARY, &options, &samplers[1], &error) == V4_OK);
  EXPECT(v4_sampler_create(10, &options, &other, &error) == V4_OK);
  EXPECT(v4_sequence_create(session, &sequence, &error) == V4_OK);
  entry.sequence = sequence;
  EXPECT(v4_session_step(session, &entry, 1, &error) == V4_OK);
  for (i = 0; i < 4; ++i) {
    v4_pick pick = {2 - i / 2, (uint32_t)(i / 3), samplers[i % 2], 9, i};
    picks[i] = pick;
  }
  EXPECT(v4_session_pick(session, picks, 4, tokens, &error) == V4_OK);
  for (i = 0; i < 4; ++i) {
    const float *logits =
        picks[i].mtp ? v4_session_mtp_logits(session, picks[i].row) : v4_session_logits(session, picks[i].row);
    EXPECT(v4_sampler_pick(picks[i].sampler, logits, 9, i, &expected, &error) == V4_OK && tokens[i] == expected);
  }
  picks[0].row = 3;
  EXPECT(isRefused(session, picks[0],
                   "pick 0: row 3, the last step or draft left 3 rows; let its tokens want logits "
                   "(logits_count)"));
  picks[0].row = 0;
  picks[0].sampler = NULL;
  EXPECT(isRefused(session, picks[0], "pick 0: sampler is null, expected one of v4_sampler_create"));
  picks[0].sampler = other;
  EXPECT(isRefused(session, picks[0],
                   "pick 0: its sampler has a vocabulary of 10, the plan of 32; create it with "
                   "vocab_size of v4_engine_info"));
  picks[0].sampler = samplers[0];
  /* A row that has no number: the others have tokens all the same. */
  memset((void *)(uintptr_t)v4_session_logits(session, 2), 0xff, sizeof(float));
  EXPECT(v4_session_pick(session, picks + 1, 3, tokens, &error) == V4_OK);
  EXPECT(tokens[0] == -1 && tokens[1] >= 0 && tokens[2] == expected);
  EXPECT(v4_session_check_logits(session, 2, &error) == V4_CHECK_FAILED);
  EXPECT(v4_session_pick(session, NULL, 0, NULL, &error) == V4_OK && error.code == V4_OK);
  entry.token_count = 1;
  EXPECT(v4_session_draft(session, &entry, 1, &error) == V4_OK);
  EXPECT(isRefused(session, picks[0], "pick 0: a draft has no logits of the model; set mtp, or step first"));
  picks[0].mtp = 1;
  EXPECT(v4_session_pick(session, picks, 1, tokens, NULL) == V4_OK);
  EXPECT(v4_sampler_pick(samplers[0], v4_session_mtp_logits(session, 0), 0, 0, &expected, &error) == V4_OK);
  EXPECT(tokens[0] == expected);
  EXPECT(v4_session_pick(session, NULL, 1, tokens, NULL) == V4_INVALID_INPUT);
  v4_sequence_release(sequence);
  v4_sampler_release(samplers[0]);
  v4_sampler_release(samplers[1]);
  v4_sampler_release(other);
}

static void checkErrors(void) {
  v4_error error;
  v4_engine *engine = NULL;
  EXPECT(v4_engine_open("/no/such/file", 13, NULL, &engine, &error) == V4_INVALID_INPUT);
  EXPECT(strncmp(error.message, "/no/such/file: ", 15) == 0);
  EXPECT(v4_engine_open(NULL, 0, NULL, &engine, &error) == V4_INVALID_INPUT);
  EXPECT(strcmp(error.message, "argument path is null, expected an object") == 0);
  EXPECT(engine == NULL);
  v4_engine_release(NULL);
  v4_session_release(NULL);
  v4_sequence_release(NULL);
  v4_sampler_release(NULL);
}

int main(int argc, char **argv) {
  size_t lines = 0, probes = 0;
  char state[4096];
  v4_engine *engine;
  v4_session *session;
  if (argc != 2)
    return 1;
  EXPECT(strcmp(v4_version(), V4_RUNTIME_VERSION) == 0);
  EXPECT(strcmp(v4_version(), V4_PROJECT_VERSION) == 0);
  engine = openEngine(argv[1], &lines);
  if (!engine)
    return 1;
  checkEngine(engine);
  checkSignature(argv[1]);
  snprintf(state, sizeof(state), "%s.c-api-state", argv[1]);
  saveAndLoad(engine, state);
  schedule(engine);
  session = createSession(engine, &probes);
  if (!session)
    return 1;
  /* The session goes on without its engine's handle. */
  v4_engine_release(engine);
  runStep(session);
  EXPECT(probes == 3);
  takeUp(session);
  draftAhead(session);
  pickTokens(session);
  v4_session_release(session);
  checkSampler();
  checkErrors();
  EXPECT(lines >= 2);
  return failures != 0;
}

/*===- runtime.h - C API of the v4 runtime --------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An engine is an opened plan: immutable, shared by threads. A session is an
// arena, a cache and workers made from it: one thread at a time. A sequence is
// one timeline of tokens in a session. A step feeds tokens to some sequences
// of a session and leaves logits behind.
//
// Calls that can fail return a v4_status and fill `error` when it is not null:
// one sentence that says where, what, the value, what was expected, what to do.
// Results go to out_ parameters, which are untouched on failure. Strings are
// pointer and length. Options and info structs start with struct_size; set them
// with their _init function, so that they can grow without breaking callers.
//
// The library has no global state, reads no environment variable and prints
// nothing. Kernels run on the calling thread as well: give it the usual 8 MiB
// of stack.
//
//===----------------------------------------------------------------------===*/

#ifndef V4_RUNTIME_H
#define V4_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define V4_API __attribute__((visibility("default")))
#else
#define V4_API
#endif

#define V4_RUNTIME_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The values are exit codes of the tools. */
typedef enum v4_status {
  V4_OK = 0,
  V4_INVALID_INPUT = 1, /* the caller's arguments or files */
  V4_CHECK_FAILED = 2,  /* a comparison that was asked for did not hold */
  V4_UNSUPPORTED = 3,   /* this machine cannot do it: CPU feature, memory, threads */
  V4_INTERNAL = 4       /* a defect of this library or of the plan */
} v4_status;

typedef struct v4_error {
  v4_status code;
  char message[512]; /* ends with a zero byte; longer sentences are cut */
} v4_error;

typedef struct v4_engine v4_engine;
typedef struct v4_session v4_session;
typedef struct v4_sequence v4_sequence;
typedef struct v4_sampler v4_sampler;

/* Of the library that runs, e.g. "0.1.0". */
V4_API const char *v4_version(void);

/*===--- Engine ----------------------------------------------------------===*/

typedef enum v4_load {
  V4_LOAD_MAP = 0, /* weights come in when they are touched and are shared between processes */
  V4_LOAD_COPY = 1 /* weights are read at once, into large memory pages where there are any */
} v4_load;

typedef struct v4_engine_options {
  size_t struct_size;
  int32_t load; /* v4_load */
  void *user;   /* first argument of the hooks */
  /* Memory of arenas and step blocks; not used in debug placement, nor by a plan for a GPU, where both are the
   * driver's. Both or neither. `alignment` is a power of two. */
  void *(*allocate)(void *user, size_t bytes, size_t alignment);
  void (*release)(void *user, void *memory, size_t bytes);
  /* One line of text without a line break; may be null. */
  void (*log)(void *user, const char *text, size_t length);
  /* Of a plan with external weights: their file; null: <plan stem>.v4weights beside the plan. */
  const char *weights;
  size_t weights_length;
  /* 32 bytes: the plan must be signed with this Ed25519 key, else it is refused before anything in it is used; null: any
   * plan. A signature covers the weights by their hashes, which v4_engine_verify_weights compares. */
  const uint8_t *public_key;
} v4_engine_options;

typedef struct v4_engine_info {
  size_t struct_size;
  uint32_t vocab_size;
  uint32_t hidden_size;
  uint32_t layers; /* without the MTP block, whose probes carry this number */
  uint32_t eos_token_id;
  uint32_t has_mtp;
  /* The envelope: upper bounds of every session. */
  uint32_t max_tokens;
  uint32_t max_sequences;
  uint32_t max_context;
  uint32_t max_draft;
  uint32_t page_tokens; /* tokens that one cache page covers */
  uint32_t probe_count;
  uint64_t page_bytes;
  uint64_t state_bytes; /* of one sequence, beside its pages */
  uint64_t weights_bytes;
  uint64_t file_bytes;
  uint8_t plan_hash[32];
  const char *target; /* lives as long as the engine */
  size_t target_length;
} v4_engine_info;

typedef enum v4_element {
  V4_I8 = 0,
  V4_I32 = 1,
  V4_I64 = 2,
  V4_BF16 = 3,
  V4_F32 = 4,
  V4_F8E4M3 = 5,
  V4_F8E8M0 = 6,
  V4_F4E2M1 = 7
} v4_element;

/* Which rows a probe has in a step. */
typedef enum v4_rows {
  V4_ROWS_ONE = 0,
  V4_ROWS_TOKENS = 1,
  V4_ROWS_SEQUENCES = 2,
  V4_ROWS_CHUNKS4 = 3,
  V4_ROWS_CHUNKS128 = 4,
  V4_ROWS_LOGITS = 5
} v4_rows;

/* Reads a key of v4-compile --make-key: 64 hex digits on a line of their own, comments behind #. */
V4_API v4_status v4_public_key_read(const char *path, size_t path_length, uint8_t out_key[32], v4_error *error);

/* Null options mean the defaults. The file may be removed afterwards, but not changed. */
V4_API void v4_engine_options_init(v4_engine_options *options);
V4_API v4_status v4_engine_open(const char *path, size_t path_length, const v4_engine_options *options,
                                v4_engine **out_engine, v4_error *error);
/* Null is allowed. Sessions keep what they need of their engine. */
V4_API void v4_engine_release(v4_engine *engine);

V4_API void v4_engine_info_init(v4_engine_info *info);
/* Fills the fields that info->struct_size covers. */
V4_API v4_status v4_engine_get_info(const v4_engine *engine, v4_engine_info *info, v4_error *error);
/* Name of a probe, 0 <= index < probe_count; lives as long as the engine. */
V4_API v4_status v4_engine_probe_name(const v4_engine *engine, uint32_t index, const char **out_name,
                                      size_t *out_length, v4_error *error);
/* Compares all weights with their hashes (reads them all); V4_CHECK_FAILED names the first tensor that differs. */
V4_API v4_status v4_engine_verify_weights(const v4_engine *engine, v4_error *error);

/*===--- Session ---------------------------------------------------------===*/

/* Rows of one probe in one step; all pointers are valid during the callback only. */
typedef struct v4_probe_rows {
  size_t struct_size;
  const char *name;
  size_t name_length;
  v4_element element;
  v4_rows rows;
  uint32_t is_mtp; /* computed by the MTP block: the row of position p belongs to position p - 1, that of 0 to none */
  uint32_t rank;   /* dimensions of a row */
  const uint64_t *shape;
  uint64_t row_count;
  uint64_t row_bytes;
  const void *data;          /* [row_count][row_bytes] */
  const int32_t *token_rows; /* token row of each row; null when row r is token row r */
  const int32_t *positions;  /* of the token rows of the step */
  const int32_t *slots;      /* batch entry of each token row */
} v4_probe_rows;

typedef void (*v4_probe_callback)(void *user, const v4_probe_rows *rows);

/* When one launch of a step ran; all pointers are valid during the callback only. */
typedef struct v4_launch_span {
  size_t struct_size;
  const char *kernel;
  size_t kernel_length;
  const char *op; /* what the kernel computes, for people */
  size_t op_length;
  uint64_t step;             /* number of the step in its session; drafts belong to the step in front of them */
  uint64_t tokens;           /* of the step */
  int64_t workgroups;        /* 0: the step has no work of this kind */
  int64_t begin_nanoseconds; /* CLOCK_MONOTONIC */
  int64_t end_nanoseconds;
  uint32_t launch; /* its number in the plan */
  int32_t layer;   /* -1: none; v4_engine_info.layers: the MTP block */
} v4_launch_span;

typedef void (*v4_trace_callback)(void *user, const v4_launch_span *span);

typedef struct v4_session_options {
  size_t struct_size;
  uint32_t max_tokens;      /* of one step, over all sequences; 0 = the plan's */
  uint32_t max_sequences;   /* 0 = the plan's */
  uint32_t max_context;     /* positions of a sequence, drafts not counted; 0 = the plan's */
  uint32_t threads;         /* the caller included; 0 = the CPUs of this process; a GPU needs the caller alone */
  uint64_t cache_bytes;     /* bound of all cache pages and snapshots; 0 = every sequence may be full */
  uint32_t mtp;             /* run the MTP block */
  uint32_t debug_placement; /* end every buffer and cache page at an inaccessible memory page; not on a GPU */
  v4_probe_callback probe;  /* called within v4_session_step, on its thread; null = no probes */
  void *probe_user;
  uint32_t forget_prefixes; /* keep nothing of a sequence that another one could begin with */
  uint32_t canary;          /* seal the cache and check all of it around every step; V4_INTERNAL names a broken block;
                             * not on a GPU */
  /* Called behind each launch, on the thread that runs the step or picks tokens; null = no trace. Launches of a traced
   * step run one by one: the results are the same, the step is a little slower. */
  v4_trace_callback trace;
  void *trace_user;
} v4_session_options;

typedef struct v4_session_info {
  size_t struct_size;
  uint32_t max_tokens;
  uint32_t max_sequences;
  uint32_t max_context;
  uint32_t threads;
  uint64_t positions; /* that a sequence holds: max_context and the plan's max_draft */
  uint64_t arena_bytes;
  uint64_t step_bytes;
  uint64_t page_bytes;       /* all cache pages, at most */
  uint64_t state_bytes;      /* all state blocks, at most */
  uint64_t cache_used_bytes; /* pages and snapshots now, those kept for later included; at most page_bytes */
  uint64_t prefix_pages;     /* kept for sequences to begin with, or of running ones */
  uint64_t prefix_snapshots;
} v4_session_info;

V4_API void v4_session_options_init(v4_session_options *options);
/* V4_UNSUPPORTED when this machine lacks CPU features or memory that the plan needs. */
V4_API v4_status v4_session_create(v4_engine *engine, const v4_session_options *options, v4_session **out_session,
                                   v4_error *error);
/* Null is allowed. Its sequences go with it. */
V4_API void v4_session_release(v4_session *session);
V4_API void v4_session_info_init(v4_session_info *info);
V4_API v4_status v4_session_get_info(const v4_session *session, v4_session_info *info, v4_error *error);

V4_API v4_status v4_sequence_create(v4_session *session, v4_sequence **out_sequence, v4_error *error);
/* Null is allowed. The handle is invalid afterwards. */
V4_API void v4_sequence_release(v4_sequence *sequence);
/* A second sequence with the same tokens: cache pages are shared until one of the two writes, nothing is computed. */
V4_API v4_status v4_sequence_fork(v4_sequence *sequence, v4_sequence **out_sequence, v4_error *error);
/* Forgets the tokens from `position` on, which is at most v4_sequence_position; what follows has the bits of a sequence
 * that never saw them. Up to the plan's max_draft tokens are taken back at once; for more, the session goes back to the
 * nearest state that it has kept and feeds the tokens behind that again: such a call runs steps, takes their time and
 * ends the validity of logits. When it fails there, the sequence stands at some position of at most `position`. */
V4_API v4_status v4_sequence_truncate(v4_sequence *sequence, uint64_t position, v4_error *error);

/* Why a hit is not longer. */
typedef enum v4_hit_reason {
  V4_HIT_WHOLE = 0,     /* it has all full pages in front of the last token */
  V4_HIT_SHORT = 1,     /* there is no full page in front of the last token */
  V4_HIT_NOTHING = 2,   /* no kept page has these tokens */
  V4_HIT_DIFFERENT = 3, /* no kept page has the tokens behind */
  V4_HIT_NO_STATE = 4,  /* pages behind are kept, no snapshot of the state is */
  V4_HIT_OFF = 5,       /* the session keeps no prefixes */
  V4_HIT_ALL_ROWS = 6,  /* a scheduler's request wants all logits: nothing was looked for */
  V4_HIT_NOT_BEGUN = 7  /* a scheduler's request ended before it began */
} v4_hit_reason;

typedef struct v4_prefix_hit {
  size_t struct_size;
  uint64_t tokens;  /* need not be fed, a multiple of page_tokens: the sequence's position now */
  uint64_t matched; /* tokens whose pages are kept, at least `tokens` */
  int32_t reason;   /* v4_hit_reason */
} v4_prefix_hit;

V4_API void v4_prefix_hit_init(v4_prefix_hit *hit);
/* One clause, which lives for ever. */
V4_API const char *v4_hit_reason_text(int32_t reason);
/* Begins a sequence that has no tokens yet with the longest prefix of `tokens` that the session keeps, at most
 * token_count - 1 tokens; tokens[hit.tokens ..] are left to be fed, and give the bits of a sequence fed from the start.
 * A session keeps the full pages of tokens that are accepted, that is when their sequence is fed again, forked or
 * released, and the state at a page boundary where a step ended: v4_prefill_chunk gives steps that end well. */
V4_API v4_status v4_sequence_reuse(v4_sequence *sequence, const int32_t *tokens, size_t token_count,
                                   v4_prefix_hit *out_hit, v4_error *error);
/* Tokens of the next step of a prompt of prompt_tokens tokens, of which `position` are fed; at most `most`. */
V4_API uint64_t v4_prefill_chunk(uint64_t position, uint64_t prompt_tokens, uint64_t most);

/* Tokens fed so far. */
V4_API uint64_t v4_sequence_position(const v4_sequence *sequence);
/* Those tokens, v4_sequence_position of them; valid until the sequence is used in another call. */
V4_API const int32_t *v4_sequence_tokens(const v4_sequence *sequence);

/*===--- Saved states ----------------------------------------------------===*/

/* Writes the given sequences, which may be none, and all kept prefixes to a file: whole, or the file that was there
 * stays. They stay as they are. The file is bound to the plan, its weights and whether the session runs the MTP block.
 */
V4_API v4_status v4_session_save(v4_session *session, const char *path, size_t path_length,
                                 v4_sequence *const *sequences, size_t sequence_count, v4_error *error);
/* The reverse, in a session that may have other sequences: makes the saved ones, in their order, and keeps as many of
 * the prefixes as fit. A file that is damaged, or of another plan, or has more than `capacity` sequences is
 * V4_INVALID_INPUT; whenever the call fails, no sequence is made. */
V4_API v4_status v4_session_load(v4_session *session, const char *path, size_t path_length, v4_sequence **out_sequences,
                                 size_t capacity, size_t *out_count, v4_error *error);

/* What a step feeds to one sequence. */
typedef struct v4_batch_entry {
  v4_sequence *sequence;
  const int32_t *tokens;
  size_t token_count;
  size_t logits_count; /* the last so many of the tokens want logits */
} v4_batch_entry;

/* Feeds all entries in one step. When it fails, no sequence has changed. A sequence comes at most once.
 *
 * On a GPU that picks tokens (v4_session_pick) a step that leaves rows of logits may still run when this returns,
 * unless the session has a probe or a trace. The calls that need it wait, and what went wrong in it is told by the
 * first one: v4_session_pick, _check_logits, _wait, _save, _load, or the next step or draft; its logits are null. Its
 * sequences have their tokens then, but the GPU can be used no further. */
V4_API v4_status v4_session_step(v4_session *session, const v4_batch_entry *entries, size_t entry_count,
                                 v4_error *error);
/* Waits for the last step or draft, and tells what went wrong in it: to take its time, or to be sure before tokens are
 * used elsewhere. Who picks need not call it. */
V4_API v4_status v4_session_wait(v4_session *session, v4_error *error);

/* Logits of the last step, vocab_size values a row, valid until the next one. Rows are those that wanted logits, in
 * batch order. Null when there is no such row (or no MTP block, or the session does not run it). A GPU keeps them: the
 * first call behind a step copies all its rows, and gives null when that fails, of which v4_session_check_logits says
 * why; who wants tokens alone calls v4_session_pick. */
V4_API size_t v4_session_logits_count(const v4_session *session);
V4_API const float *v4_session_logits(const v4_session *session, size_t row);
/* Logits of the MTP block that saw the row's token and the streams of the position before it: they predict the token
 * behind the row's. Unspecified in the row of position 0, which has no position before it. */
V4_API const float *v4_session_mtp_logits(const v4_session *session, size_t row);
/* V4_CHECK_FAILED when a logit of the row, MTP included, is infinite or no number: end its request. A GPU
 * that picks tokens looks for them there and copies no logits. */
V4_API v4_status v4_session_check_logits(const v4_session *session, size_t row, v4_error *error);

/* A token that is wanted of the last step or draft. */
typedef struct v4_pick {
  size_t row;          /* as for v4_session_logits */
  uint32_t mtp;        /* of the logits of v4_session_mtp_logits */
  v4_sampler *sampler; /* may be that of several picks */
  uint64_t stream;     /* these as for v4_sampler_pick */
  uint64_t position;
} v4_pick;

/* Picks `count` tokens at once: out_tokens[i] is what v4_sampler_pick gives of the row of picks[i], and -1 where a
 * logit of that row is not finite, of which v4_session_check_logits says more. When it fails, no token is written. On
 * a GPU tokens are picked there and no logits are copied, unless the plan was compiled without that (v4-add-sampling)
 * or by an older v4-compile. */
V4_API v4_status v4_session_pick(v4_session *session, const v4_pick *picks, size_t count, int32_t *out_tokens,
                                 v4_error *error);

/*===--- Speculation -----------------------------------------------------===*/

/* Runs the MTP block alone, on one token a sequence: the one behind the tokens fed and those drafted since. Afterwards
 * v4_session_mtp_logits(session, i) predict what comes behind the token of entry i; v4_session_logits is null. At most
 * the plan's max_draft tokens of a sequence until it is stepped or truncated. Its position stays, and no later result
 * depends on what was drafted. On a GPU it may still run when this returns, as a step.
 *
 * To speculate: draft on the next token and on what v4_sampler_draft makes of the MTP logits; step that token and the
 * drafts behind it, with logits for all; v4_sampler_verify each draft by the row in front of it, up to the first one
 * that is not the token; v4_sequence_truncate the sequence to the tokens that hold. With temperature 0 a draft and the
 * token are both what v4_session_pick picks; with another one they need the logits, on a GPU too. */
V4_API v4_status v4_session_draft(v4_session *session, const v4_batch_entry *entries, size_t entry_count,
                                  v4_error *error);

/*===--- Sampler ---------------------------------------------------------===*/

typedef struct v4_sampler_options {
  size_t struct_size;
  float temperature; /* 0 picks the largest logit, the lowest token on a tie */
  uint32_t top_k;    /* 0 = all */
  float top_p;
  float min_p;
  uint64_t seed;
} v4_sampler_options;

/* Weights of tokens are integers, off by less than 2^-28 of themselves and 2^-32 of the best token's: the same logits
 * give the same token on every machine, on a GPU too. */
V4_API void v4_sampler_options_init(v4_sampler_options *options);
V4_API v4_status v4_sampler_create(uint32_t vocab_size, const v4_sampler_options *options, v4_sampler **out_sampler,
                                   v4_error *error);
V4_API void v4_sampler_release(v4_sampler *sampler);
/* The random number depends on (seed, stream, position) alone: give each sequence a stream number of its own, and a
 * result does not depend on what else runs. One thread at a time. */
V4_API v4_status v4_sampler_pick(v4_sampler *sampler, const float *logits, uint64_t stream, uint64_t position,
                                 int32_t *out_token, v4_error *error);
/* Draws a draft. out_probabilities, which may be null, gets the vocab_size probabilities it was drawn with. */
V4_API v4_status v4_sampler_draft(v4_sampler *sampler, const float *logits, uint64_t stream, uint64_t position,
                                  int32_t *out_token, float *out_probabilities, v4_error *error);
/* The token at `position`, by the model's logits, for which `draft` was drawn with these probabilities; null = the
 * draft was no matter of chance. It is distributed as that of v4_sampler_pick, whatever the drafts; with temperature 0
 * it is the same. The draft is accepted exactly when it is the token. */
V4_API v4_status v4_sampler_verify(v4_sampler *sampler, const float *logits, int32_t draft, const float *probabilities,
                                   uint64_t stream, uint64_t position, int32_t *out_token, v4_error *error);

/*===--- Scheduler -------------------------------------------------------===*/

/* Runs many requests in a session that has no other sequences: each step feeds a token, and drafts behind it, to every
 * request that generates, then chunks of prompts, within a budget of tokens. What a request gives does not depend on
 * the others, their order or the budget. A request that has started always finishes: the cache pages of its whole
 * length are set aside. */
typedef struct v4_scheduler v4_scheduler;

typedef struct v4_scheduler_options {
  size_t struct_size;
  uint32_t step_tokens; /* of one step; 0 = the session's max_tokens */
  uint32_t chunk;       /* prompt tokens of one request in a step, at most; 0 = no bound of its own */
} v4_scheduler_options;

typedef enum v4_finish {
  V4_FINISH_LENGTH = 0, /* it has all tokens that were asked for */
  V4_FINISH_EOS = 1,
  V4_FINISH_CANCELLED = 2,
  V4_FINISH_FAILED = 3 /* `error` says why; the others go on */
} v4_finish;

/* All pointers are valid during the callback only. */
typedef struct v4_request_result {
  size_t struct_size;
  uint64_t id;
  int32_t finish;        /* v4_finish */
  int32_t cached_reason; /* v4_hit_reason */
  const int32_t *tokens; /* the generated ones */
  uint64_t token_count;
  uint64_t cached_tokens; /* of the prompt, that were not fed */
  uint64_t preemptions;   /* how often another request took its place for a while */
  const char *error;
  size_t error_length;
  uint64_t drafted;  /* drafts that were fed */
  uint64_t accepted; /* of those, the ones that are among the tokens */
} v4_request_result;

/* Callbacks may be null; they run within v4_scheduler_step and _cancel, and may submit and cancel requests. */
typedef struct v4_request {
  size_t struct_size;
  const int32_t *tokens; /* copied */
  size_t token_count;
  uint64_t count;                     /* tokens to generate */
  const v4_sampler_options *sampling; /* null = the most likely token; copied */
  uint64_t stream;                    /* as for v4_sampler_pick */
  int32_t priority;                   /* larger goes first, and takes the place of smaller */
  uint32_t ignore_eos;                /* go on behind the end-of-sequence token */
  void *user;                         /* first argument of the callbacks */
  void (*token)(void *user, int32_t token);
  /* When not null, every token is fed, the last generated one included, no prefix is reused, and this gets the logits
   * of row_count positions from `position` on: in order, each once. */
  void (*logits)(void *user, uint64_t position, const float *rows, uint64_t row_count);
  /* The last call of a request, exactly one. */
  void (*done)(void *user, const v4_request_result *result);
  /* Tokens that the MTP block drafts ahead of each step, at most the plan's max_draft; needs a session with mtp. Greedy
   * tokens and all logits are the same as without, sampled tokens have the same distribution. */
  uint32_t draft;
} v4_request;

V4_API void v4_scheduler_options_init(v4_scheduler_options *options);
V4_API v4_status v4_scheduler_create(v4_session *session, const v4_scheduler_options *options,
                                     v4_scheduler **out_scheduler, v4_error *error);
/* Null is allowed. Before its session; requests that are not over go without a callback. */
V4_API void v4_scheduler_release(v4_scheduler *scheduler);
V4_API void v4_request_init(v4_request *request);
/* Refused at once when it could not finish even alone: the error has the bytes that it needs and those there are. Ids
 * count from 1. */
V4_API v4_status v4_scheduler_submit(v4_scheduler *scheduler, const v4_request *request, uint64_t *out_id,
                                     v4_error *error);
/* Ends a request, wherever it is: at once, in a callback with the step that runs. Zero: it was over already. */
V4_API int32_t v4_scheduler_cancel(v4_scheduler *scheduler, uint64_t id);
/* Starts what fits and runs one step. out_pending gets the number of requests that are not over. A GPU that fails
 * either fails this call, and requests stay as they are, or, where it picks tokens, ends those that wanted one with
 * V4_FINISH_FAILED; then the next call that feeds something fails. */
V4_API v4_status v4_scheduler_step(v4_scheduler *scheduler, uint64_t *out_pending, v4_error *error);

#ifdef __cplusplus
}
#endif

#endif /* V4_RUNTIME_H */

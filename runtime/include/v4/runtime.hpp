//===- runtime.hpp - C++ wrapper of the C API -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Owning handles, spans of tokens, and errors as exceptions. Header only: it
// adds nothing that runtime.h does not have.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_HPP
#define V4_RUNTIME_HPP

#include <v4/runtime.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace v4::api {

class Error : public std::runtime_error {
public:
  explicit Error(const v4_error &error) : std::runtime_error(error.message), status(error.code) {}
  v4_status code() const { return status; }

private:
  v4_status status;
};

namespace detail {

/// Calls function(arguments..., &error) and throws when it fails.
template <typename Function, typename... Arguments>
void check(Function function, Arguments... arguments) {
  v4_error error;
  if (function(arguments..., &error) != V4_OK)
    throw Error(error);
}

template <typename T, void (*release)(T *)>
struct Release {
  void operator()(T *handle) const { release(handle); }
};
template <typename T, void (*release)(T *)>
using Handle = std::unique_ptr<T, Release<T, release>>;

} // namespace detail

inline v4_engine_options engineOptions() {
  v4_engine_options options;
  v4_engine_options_init(&options);
  return options;
}
inline v4_session_options sessionOptions() {
  v4_session_options options;
  v4_session_options_init(&options);
  return options;
}
inline v4_sampler_options samplerOptions() {
  v4_sampler_options options;
  v4_sampler_options_init(&options);
  return options;
}

class Sampler {
public:
  explicit Sampler(uint32_t vocabulary, const v4_sampler_options &options = samplerOptions()) {
    v4_sampler *raw = nullptr;
    detail::check(v4_sampler_create, vocabulary, &options, &raw);
    handle.reset(raw);
  }
  int32_t pick(const float *logits, uint64_t stream, uint64_t position) {
    int32_t token = 0;
    detail::check(v4_sampler_pick, handle.get(), logits, stream, position, &token);
    return token;
  }
  /// Fills `probabilities`, which has the size of the vocabulary.
  int32_t draft(const float *logits, uint64_t stream, uint64_t position, std::vector<float> &probabilities) {
    int32_t token = 0;
    detail::check(v4_sampler_draft, handle.get(), logits, stream, position, &token, probabilities.data());
    return token;
  }
  int32_t verify(const float *logits, int32_t draft, const std::vector<float> &probabilities, uint64_t stream,
                 uint64_t position) {
    int32_t token = 0;
    detail::check(v4_sampler_verify, handle.get(), logits, draft, probabilities.data(), stream, position, &token);
    return token;
  }
  v4_sampler *get() const { return handle.get(); }

private:
  detail::Handle<v4_sampler, v4_sampler_release> handle;
};

/// Must not outlive its session.
class Sequence {
public:
  explicit Sequence(v4_sequence *raw) : handle(raw) {}
  v4_sequence *get() const { return handle.get(); }
  uint64_t position() const { return v4_sequence_position(handle.get()); }
  /// position() of them, valid until the next call.
  const int32_t *tokens() const { return v4_sequence_tokens(handle.get()); }
  /// A second sequence with the same tokens.
  Sequence fork() const {
    v4_sequence *raw = nullptr;
    detail::check(v4_sequence_fork, handle.get(), &raw);
    return Sequence(raw);
  }
  /// Begins a sequence without tokens with what the session keeps of `tokens`; says how many need not be fed, and why.
  v4_prefix_hit reuse(const std::vector<int32_t> &tokens) {
    v4_prefix_hit hit;
    v4_prefix_hit_init(&hit);
    detail::check(v4_sequence_reuse, handle.get(), tokens.data(), tokens.size(), &hit);
    return hit;
  }
  /// Forgets the tokens from `position` on. May run steps.
  void truncate(uint64_t position) { detail::check(v4_sequence_truncate, handle.get(), position); }

private:
  detail::Handle<v4_sequence, v4_sequence_release> handle;
};

class Session {
public:
  explicit Session(v4_session *raw) : handle(raw) {}
  v4_session *get() const { return handle.get(); }

  Sequence createSequence() {
    v4_sequence *raw = nullptr;
    detail::check(v4_sequence_create, handle.get(), &raw);
    return Sequence(raw);
  }
  v4_session_info info() const {
    v4_session_info info;
    v4_session_info_init(&info);
    detail::check(v4_session_get_info, handle.get(), &info);
    return info;
  }
  /// Writes the sequences and all kept prefixes.
  void save(const std::string &path, const std::vector<v4_sequence *> &sequences) {
    detail::check(v4_session_save, handle.get(), path.data(), path.size(), sequences.data(), sequences.size());
  }
  /// The saved sequences, at most as many as the session may have.
  std::vector<Sequence> load(const std::string &path) {
    std::vector<v4_sequence *> raw(info().max_sequences);
    size_t count = 0;
    detail::check(v4_session_load, handle.get(), path.data(), path.size(), raw.data(), raw.size(), &count);
    return std::vector<Sequence>(raw.begin(), raw.begin() + static_cast<ptrdiff_t>(count));
  }
  void step(const std::vector<v4_batch_entry> &entries) {
    detail::check(v4_session_step, handle.get(), entries.data(), entries.size());
  }
  /// One sequence; the last `logitsCount` tokens want logits.
  void step(const Sequence &sequence, const int32_t *tokens, size_t count, size_t logitsCount) {
    v4_batch_entry entry{sequence.get(), tokens, count, logitsCount};
    detail::check(v4_session_step, handle.get(), &entry, size_t(1));
  }
  /// The MTP block alone on the next token of one sequence: mtpLogits() predict what comes behind it.
  void draft(const Sequence &sequence, int32_t token) {
    v4_batch_entry entry{sequence.get(), &token, 1, 1};
    detail::check(v4_session_draft, handle.get(), &entry, size_t(1));
  }
  /// For the last step or draft.
  void wait() const { detail::check(v4_session_wait, handle.get()); }
  size_t logitsCount() const { return v4_session_logits_count(handle.get()); }
  /// Null where there are none; throws when a GPU fails.
  const float *logits(size_t row = 0) const { return rowOrNone(v4_session_logits(handle.get(), row), row); }
  const float *mtpLogits(size_t row = 0) const { return rowOrNone(v4_session_mtp_logits(handle.get(), row), row); }
  /// Of a row of the last step, where its logits are. Throws where one of them is not finite.
  int32_t pick(const Sampler &sampler, uint64_t stream, uint64_t position, size_t row = 0, bool mtp = false) {
    v4_pick pick{row, mtp, sampler.get(), stream, position};
    int32_t token = -1;
    detail::check(v4_session_pick, handle.get(), &pick, size_t(1), &token);
    if (token < 0)
      detail::check(v4_session_check_logits, handle.get(), row);
    return token;
  }
  /// All of them at once; -1 where a logit of the row is not finite.
  std::vector<int32_t> pick(const std::vector<v4_pick> &picks) {
    std::vector<int32_t> tokens(picks.size());
    detail::check(v4_session_pick, handle.get(), picks.data(), picks.size(), tokens.data());
    return tokens;
  }

private:
  const float *rowOrNone(const float *values, size_t row) const {
    if (!values && row < logitsCount())
      wait();
    return values;
  }

  detail::Handle<v4_session, v4_session_release> handle;
};

inline v4_scheduler_options schedulerOptions() {
  v4_scheduler_options options;
  v4_scheduler_options_init(&options);
  return options;
}
inline v4_request request() {
  v4_request request;
  v4_request_init(&request);
  return request;
}

/// Must not outlive its session.
class Scheduler {
public:
  explicit Scheduler(Session &session, const v4_scheduler_options &options = schedulerOptions()) {
    v4_scheduler *raw = nullptr;
    detail::check(v4_scheduler_create, session.get(), &options, &raw);
    handle.reset(raw);
  }
  uint64_t submit(const v4_request &request) {
    uint64_t id = 0;
    detail::check(v4_scheduler_submit, handle.get(), &request, &id);
    return id;
  }
  bool cancel(uint64_t id) { return v4_scheduler_cancel(handle.get(), id) != 0; }
  /// Requests that are not over.
  uint64_t step() {
    uint64_t pending = 0;
    detail::check(v4_scheduler_step, handle.get(), &pending);
    return pending;
  }

private:
  detail::Handle<v4_scheduler, v4_scheduler_release> handle;
};

class Engine {
public:
  explicit Engine(const std::string &path, const v4_engine_options &options = engineOptions()) {
    v4_engine *raw = nullptr;
    detail::check(v4_engine_open, path.data(), path.size(), &options, &raw);
    handle.reset(raw);
  }
  v4_engine *get() const { return handle.get(); }

  v4_engine_info info() const {
    v4_engine_info info;
    v4_engine_info_init(&info);
    detail::check(v4_engine_get_info, handle.get(), &info);
    return info;
  }
  std::vector<std::string> probeNames() const {
    std::vector<std::string> names;
    for (uint32_t i = 0, e = info().probe_count; i < e; ++i) {
      const char *name = nullptr;
      size_t length = 0;
      detail::check(v4_engine_probe_name, handle.get(), i, &name, &length);
      names.emplace_back(name, length);
    }
    return names;
  }
  Session createSession(const v4_session_options &options = sessionOptions()) {
    v4_session *raw = nullptr;
    detail::check(v4_session_create, handle.get(), &options, &raw);
    return Session(raw);
  }

private:
  detail::Handle<v4_engine, v4_engine_release> handle;
};

} // namespace v4::api

#endif // V4_RUNTIME_HPP

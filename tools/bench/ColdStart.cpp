//===- ColdStart.cpp - From process start to the first token -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/ColdStart.h"

#include "runtime/base/Clock.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

using namespace v4;
using namespace v4::bench;

namespace {

/// Clock readings of a child, in order; CLOCK_MONOTONIC is the same in all processes.
struct Marks {
  long long main, opened, ready, token;
  long long uploadBytes, upload; ///< A span, not a reading.
};

/// In front of the sentence of a child that has no token.
constexpr std::string_view kFailed = "failed: ";

double seconds(long long from, long long to) { return static_cast<double>(to - from) * 1e-9; }

Status systemError(std::string_view what, int code) {
  return unsupported("--cold: cannot ", what, " (", std::strerror(code), "); free memory or processes");
}

/// Starts a child whose standard output is a pipe.
Status spawnChild(const ColdOptions &options, pid_t &child, int &output) {
  int ends[2];
  if (pipe(ends) != 0)
    return systemError("make a pipe", errno);
  std::string load = joinText("--load=", options.load == LoadMode::Copy ? "copy" : "map");
  std::vector<std::string> words{"v4-bench", options.plan, "--first-token", load};
  if (!options.weights.empty())
    words.push_back("--weights=" + options.weights);
  if (options.madeUpWeights)
    words.push_back("--made-up-weights");
  if (options.threads)
    words.insert(words.end(), {"-t", std::to_string(options.threads)});
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  int code = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  output = ends[0];
  if (code == 0)
    return Status();
  close(output);
  return systemError("start a process", code);
}

/// Up to the end of a line, without it, or of the file.
std::string readLine(int file) {
  std::string line;
  char part[256];
  while (line.find('\n') == std::string::npos) {
    ssize_t got = read(file, part, sizeof(part));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    line.append(part, static_cast<size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

/// The child's line; what it says comes when it has the token, not when it has ended.
Status runChild(const ColdOptions &options, Marks &marks, long long &begin, long long &end) {
  pid_t child = 0;
  int output = -1;
  begin = monotonicNanoseconds();
  V4_RETURN_IF_ERROR(spawnChild(options, child, output));
  std::string line = readLine(output);
  end = monotonicNanoseconds();
  close(output);
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  long long token = 0;
  if (std::sscanf(line.c_str(), "token %lld %lld %lld %lld %lld %lld %lld", &token, &marks.main, &marks.opened,
                  &marks.ready, &marks.token, &marks.uploadBytes, &marks.upload) == 7)
    return Status();
  if (WIFEXITED(state) && WEXITSTATUS(state) > 0 && WEXITSTATUS(state) <= 4)
    return Status(static_cast<StatusCode>(WEXITSTATUS(state)),
                  line.compare(0, kFailed.size(), kFailed) == 0 ? line.substr(kFailed.size())
                                                                : "--cold: the started process ended without a token");
  return internalError("--cold: the started process ended without a token");
}

} // namespace

Status bench::measureColdStart(const ColdOptions &options, ColdStart &out) {
  std::vector<double> total, process, open, session, step, upload;
  uint64_t uploadBytes = 0;
  for (uint64_t i = 0; i < options.repetitions; ++i) {
    Marks marks = {};
    long long begin = 0, end = 0;
    V4_RETURN_IF_ERROR(runChild(options, marks, begin, end));
    total.push_back(seconds(begin, end));
    process.push_back(seconds(begin, marks.main));
    open.push_back(seconds(marks.main, marks.opened));
    session.push_back(seconds(marks.opened, marks.ready));
    step.push_back(seconds(marks.ready, marks.token));
    upload.push_back(seconds(0, marks.upload));
    uploadBytes = static_cast<uint64_t>(marks.uploadBytes);
  }
  out = {spreadOf(total),
         spreadOf(process).median,
         spreadOf(open).median,
         spreadOf(session).median,
         spreadOf(step).median,
         spreadOf(upload).median,
         uploadBytes};
  return Status();
}

static Status firstToken(const ColdOptions &options) {
  Marks marks = {};
  marks.main = monotonicNanoseconds();
  plan::LoadOptions load;
  load.mode = options.load;
  load.weights = options.weights;
  load.madeUpWeights = options.madeUpWeights;
  std::unique_ptr<Engine> engine;
  V4_RETURN_IF_ERROR(Engine::open(options.plan, load, {}, engine));
  marks.opened = monotonicNanoseconds();
  SessionOptions session;
  session.maxTokens = 1;
  session.maxSequences = 1;
  session.maxContext = 1;
  session.threads = options.threads;
  std::unique_ptr<Session> live;
  V4_RETURN_IF_ERROR(engine->createSession(session, live));
  Sequence *sequence = nullptr;
  V4_RETURN_IF_ERROR(live->createSequence(sequence));
  marks.ready = monotonicNanoseconds();
  int32_t token = 0;
  live->batch()[0] = {sequence, &token, 1, 1};
  V4_RETURN_IF_ERROR(live->step(1));
  const float *logits = live->logits(0);
  if (!logits)
    return live->deviceStatus();
  const float *best = std::max_element(logits, logits + engine->program().model()->vocab_size());
  marks.token = monotonicNanoseconds();
  UploadTime upload = engine->uploadTime();
  std::printf("token %lld %lld %lld %lld %lld %lld %lld\n", static_cast<long long>(best - logits), marks.main,
              marks.opened, marks.ready, marks.token, static_cast<long long>(upload.bytes),
              static_cast<long long>(upload.nanoseconds));
  return Status();
}

int bench::startCold(const ColdOptions &options) {
  Status status = firstToken(options);
  if (!status.isOk())
    std::printf("%s%s\n", kFailed.data(), status.message().c_str());
  std::fflush(stdout);
  return status.exitCode();
}

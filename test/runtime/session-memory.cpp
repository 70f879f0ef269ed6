//===- session-memory.cpp - What a session takes ----------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// session-memory FILE.v4plan CONTEXT SEQUENCES TOKENS
//
// Creates the session and compares its arena and its cache with the plan's memory
// function, which v4-inspect --memory prints. Exit code 2 names the difference.
//
//===----------------------------------------------------------------------===//

#include "runtime/exec/Engine.h"
#include "runtime/exec/Session.h"
#include "runtime/plan/PlanMemory.h"

#include <cstdio>
#include <cstdlib>

using namespace v4;
using namespace v4::plan;

static Status compare(const char *what, uint64_t certified, uint64_t taken) {
  std::printf("%s: certified %llu bytes, taken %llu\n", what, static_cast<unsigned long long>(certified),
              static_cast<unsigned long long>(taken));
  return certified == taken ? Status()
                            : checkFailed(what, ": certified ", certified, " bytes, the session took ", taken);
}

static Status run(const char *path, const Limits &limits) {
  std::unique_ptr<Engine> engine;
  V4_RETURN_IF_ERROR(Engine::open(path, {}, {}, engine));
  SessionOptions options;
  options.maxContext = limits.context;
  options.maxSequences = limits.sequences;
  options.maxTokens = limits.tokens;
  std::unique_ptr<Session> session;
  V4_RETURN_IF_ERROR(engine->createSession(options, session));
  const fb::Program &program = engine->program();
  Limits allocated = allocatedLimits(program, limits);
  SessionMemory memory = session->memory();
  V4_RETURN_IF_ERROR(compare("arena", arenaOf(program, allocated).bytes, memory.arenaBytes));
  return compare("cache", cacheBytes(program, allocated.context, limits.sequences).value_or(0),
                 memory.pageBytes + memory.stateBytes);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: session-memory FILE.v4plan CONTEXT SEQUENCES TOKENS\n");
    return 1;
  }
  auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  Status status = run(argv[1], {number(4), number(3), number(2)});
  if (!status.isOk())
    std::fprintf(stderr, "session-memory: %s\n", status.message().c_str());
  return status.exitCode();
}

//===- session-memory.cpp - Sessions take what the plan says they take ----===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// session-memory FILE.v4plan [draws] [seed]
//
// Creates sessions of random limits and compares every byte that they take with
// the plan's memory function: what the allocator hook gave, and pages, state
// blocks and snapshots in use while sequences of random lengths are fed and
// parked. Then asks for requests in a cache that just fits them, and in one that
// is a byte smaller, which must be refused with both numbers. Exit code 2 names
// the first difference.
//
//===----------------------------------------------------------------------===//

#include "CountedHost.h"

#include "runtime/exec/Engine.h"
#include "runtime/schedule/Scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

using namespace v4;
using namespace v4::test;

namespace {

void expectEqual(std::string_view what, uint64_t found, uint64_t expected) {
  if (found == expected)
    return;
  std::string text = joinText(what, ": ", found, " bytes, the plan's memory function says ", expected);
  std::fprintf(stderr, "session-memory: %s\n", text.c_str());
  std::exit(2);
}

class Draws {
public:
  Draws(Engine &engine, CountedHost &counter, uint32_t seed)
      : engine(engine), program(engine.program()), counter(counter), random(seed) {}

  void run() {
    options = {};
    options.mtp = program.mtp_logits_buffer() >= 0 && random() % 2;
    options.maxTokens = between(1, program.envelope()->max_tokens());
    options.maxSequences = between(1, program.envelope()->max_sequences());
    options.maxContext = between(1, std::min<uint64_t>(program.envelope()->max_context(), random() % 2 ? 400 : 100000));
    options.cacheBytes = random() % 2 ? 0 : between(1, 300 * program.page_bytes());
    options.threads = 1;
    checkLimits();
    checkUse();
    checkAdmission();
  }

private:
  uint64_t between(uint64_t least, uint64_t most) { return least + random() % (most - least + 1); }

  void open() {
    session.reset();
    expectEqual("what a session leaves behind", counter.bytes, 0);
    require(engine.createSession(options, session));
  }

  void checkLimits() {
    open();
    plan::Limits held = plan::heldLimits(program, {options.maxTokens, options.maxSequences, options.maxContext});
    uint64_t arena = plan::arenaOf(program, held).bytes, step = plan::stepBytes(held);
    uint64_t state = program.state_bytes() * options.maxSequences;
    uint64_t pages = plan::cacheBytes(program, held.context, held.sequences).value_or(0) - state;
    if (options.cacheBytes)
      pages = options.cacheBytes / program.page_bytes() * program.page_bytes();
    SessionMemory memory = session->memory();
    expectEqual("the allocator hook", counter.bytes, arena + step);
    expectEqual("the arena", memory.arenaBytes, arena);
    expectEqual("the step block", memory.stepBytes, step);
    expectEqual("state blocks at most", memory.stateBytes, state);
    expectEqual("cache pages at most", memory.pageBytes, pages);
    expectEqual("an unused cache", session->store().bytesInUse(), 0);
  }

  /// Pages of `positions` positions and one state block.
  uint64_t sequenceBytes(uint64_t positions) const { return plan::cacheBytes(program, positions, 1).value_or(0); }

  /// Sequences of random lengths, one step each time; one of them is parked at the end.
  void checkUse() {
    options.cacheBytes = 0;
    options.forgetPrefixes = true;
    options.maxSequences = between(1, std::min(3u, program.envelope()->max_sequences()));
    options.maxContext = std::min<uint64_t>(options.maxContext, 400);
    open();
    uint64_t expected = 0;
    Sequence *last = nullptr;
    for (uint64_t i = 0; i < options.maxSequences; ++i) {
      require(session->createSequence(last));
      expected += feed(*last, between(1, options.maxContext), expected);
    }
    uint64_t position = static_cast<uint64_t>(last->position);
    uint64_t snapshot = plan::snapshotBytes(plan::stateRings(program, options.mtp), position);
    uint64_t page = program.page_bytes(), blocks = (snapshot + page - 1) / page;
    plan::CacheFunction most = plan::cacheFunction(program, options.maxContext, options.mtp);
    if (snapshot > (position % plan::kPageTokens ? most.offBoundaryBytes : most.boundaryBytes))
      expectEqual("a snapshot", snapshot, most.offBoundaryBytes);
    std::unique_ptr<ParkedSequence> parked;
    if (!session->park(*last, parked).isOk())
      return; // every page of a full cache is taken
    expectEqual("a parked sequence", session->store().bytesInUse(), expected - program.state_bytes() + blocks * page);
    session->dropParked(std::move(parked));
    expectEqual("the sequences left", session->store().bytesInUse(), expected - sequenceBytes(position));
  }

  /// Gives the bytes that it takes then.
  uint64_t feed(Sequence &sequence, uint64_t length, uint64_t others) {
    std::vector<int32_t> tokens(length);
    for (int32_t &token : tokens)
      token = static_cast<int32_t>(random() % session->vocabularySize());
    for (uint64_t done = 0; done < length;) {
      uint64_t count = std::min(length - done, between(1, options.maxTokens));
      session->batch()[0] = {&sequence, tokens.data() + done, count, 0};
      require(session->step(1));
      done += count;
      expectEqual(joinText("sequences, one of ", done, " tokens"), session->store().bytesInUse(),
                  others + sequenceBytes(done));
    }
    return sequenceBytes(length);
  }

  Status submit(Scheduler &scheduler, uint64_t prompt, uint64_t count) {
    Request request;
    request.tokens.assign(prompt, 1);
    request.count = count;
    uint64_t id = 0;
    return scheduler.submit(std::move(request), id);
  }

  void checkAdmission() {
    uint64_t prompt = between(1, options.maxContext),
             count = std::min<uint64_t>(options.maxContext - prompt, random() % 8);
    uint64_t needed = plan::pagesOf(prompt + count) * program.page_bytes();
    for (uint64_t missing : {0, 1}) {
      // Of 0 bytes every sequence may be full.
      if (missing == needed)
        break;
      options.cacheBytes = needed - missing;
      open();
      std::unique_ptr<Scheduler> scheduler;
      require(Scheduler::create(*session, {}, scheduler));
      Status status = submit(*scheduler, prompt, count);
      std::string numbers =
          joinText(" need ", needed, " bytes of cache pages, the session has ", needed - missing, ";");
      if (missing && (status.isOk() || status.message().find(numbers) == std::string::npos)) {
        std::fprintf(stderr, "session-memory: a byte too little: '%s', expected '%s'\n", status.message().c_str(),
                     numbers.c_str());
        std::exit(2);
      }
      if (missing)
        continue;
      require(status);
      while (scheduler->pending())
        require(scheduler->step());
    }
  }

  Engine &engine;
  const plan::fb::Program &program;
  CountedHost &counter;
  std::mt19937 random;
  SessionOptions options;
  std::unique_ptr<Session> session;
};

} // namespace

int main(int count, char **arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: session-memory FILE.v4plan [draws] [seed]\n");
    return 1;
  }
  uint64_t draws = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 20;
  uint32_t seed = count > 3 ? static_cast<uint32_t>(std::strtoul(arguments[3], nullptr, 10)) : std::random_device()();
  std::printf("seed %u, %llu draws\n", seed, static_cast<unsigned long long>(draws));
  std::fflush(stdout);
  CountedHost counter;
  std::unique_ptr<Engine> engine;
  require(Engine::open(arguments[1], {}, counter.hooks(), engine));
  for (uint64_t i = 0; i < draws; ++i)
    Draws(*engine, counter, seed + static_cast<uint32_t>(i)).run();
  return 0;
}

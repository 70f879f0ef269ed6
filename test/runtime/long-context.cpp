//===- long-context.cpp - One long prompt, memory and time counted --------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// long-context FILE.v4plan TOKENS CHUNK
//
// Feeds that many tokens to one sequence, in steps of CHUNK tokens, and then as
// many as a draft has, which is all that a session for this context has room for.
// After every step the bytes that the allocator hook gave and the cache in use must
// be those of the plan's memory function; exit code 2 names the first difference.
// Prints one JSON object: all bytes at the end, hashes of the last rows of logits
// of the prompt, and the seconds that each eighth of it took.
//
//===----------------------------------------------------------------------===//

#include "CountedHost.h"

#include "runtime/base/Clock.h"
#include "runtime/base/Hash.h"
#include "runtime/exec/Engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace v4;
using namespace v4::test;

namespace {

void expectEqual(std::string_view what, uint64_t done, uint64_t found, uint64_t expected) {
  if (found == expected)
    return;
  std::string text =
      joinText(what, " after ", done, " tokens: ", found, " bytes, the plan's memory function says ", expected);
  std::fprintf(stderr, "long-context: %s\n", text.c_str());
  std::exit(2);
}

/// The same for every run of one length.
std::vector<int32_t> tokensOf(uint64_t count, uint64_t vocabulary) {
  std::vector<int32_t> tokens(count);
  uint64_t state = 1;
  for (int32_t &token : tokens) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    token = static_cast<int32_t>((state >> 33) % vocabulary);
  }
  return tokens;
}

std::string hashOf(const float *row, uint64_t count) {
  Hasher hasher;
  hasher.update(row, count * sizeof(float));
  return hasher.finish().hex();
}

class LongPrompt {
public:
  LongPrompt(Engine &engine, const CountedHost &counter, uint64_t chunk)
      : program(engine.program()), counter(counter), chunk(chunk) {}

  void run(Engine &engine, uint64_t count) {
    SessionOptions options;
    options.maxTokens = chunk;
    options.maxSequences = 1;
    options.maxContext = count;
    options.mtp = program.mtp_logits_buffer() >= 0;
    options.forgetPrefixes = true;
    require(engine.createSession(options, session));
    plan::Limits held = plan::heldLimits(program, {chunk, 1, count});
    fixed = plan::arenaOf(program, held).bytes + plan::stepBytes(held);
    uint64_t whole = plan::heldLimits(program, {chunk, 1, count}).context;
    std::vector<int32_t> tokens = tokensOf(whole, session->vocabularySize());
    Sequence *sequence = nullptr;
    require(session->createSequence(sequence));
    int64_t begin = monotonicNanoseconds();
    for (uint64_t done = 0, part = 1; done < count;) {
      uint64_t taken = std::min(chunk, count - done);
      session->batch()[0] = {sequence, tokens.data() + done, taken, done + taken == count ? 1u : 0u};
      require(session->step(1));
      done += taken;
      checkMemory(done);
      for (; done * 8 >= count * part; ++part)
        seconds.push_back(static_cast<double>(monotonicNanoseconds() - begin) * 1e-9);
    }
    keepHashes();
    for (uint64_t done = count; done < whole; ++done) {
      session->batch()[0] = {sequence, tokens.data() + done, 1, 1};
      require(session->step(1));
      checkMemory(done + 1);
    }
    print(count, whole);
  }

private:
  void checkMemory(uint64_t done) const {
    expectEqual("the allocator hook", done, counter.bytes, fixed);
    expectEqual("the cache", done, session->store().bytesInUse(), cacheBytes(done));
  }

  uint64_t cacheBytes(uint64_t positions) const { return plan::cacheBytes(program, positions, 1).value_or(0); }

  void keepHashes() {
    uint64_t width = session->vocabularySize();
    logits = hashOf(session->logits(0), width);
    if (program.mtp_logits_buffer() >= 0)
      mtpLogits = hashOf(session->mtpLogits(0), width);
  }

  void print(uint64_t count, uint64_t whole) const {
    std::printf("{\"tokens\": %llu, \"bytes\": %llu, \"logits\": \"%s\", \"mtp_logits\": \"%s\", \"seconds\": [",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(fixed + cacheBytes(whole)),
                logits.c_str(), mtpLogits.c_str());
    for (size_t i = 0; i < seconds.size(); ++i)
      std::printf("%s%.3f", i ? ", " : "", seconds[i] - (i ? seconds[i - 1] : 0));
    std::printf("]}\n");
  }

  const plan::fb::Program &program;
  const CountedHost &counter;
  uint64_t chunk;
  uint64_t fixed = 0; ///< Arena and step block.
  std::unique_ptr<Session> session;
  std::string logits, mtpLogits;
  std::vector<double> seconds; ///< From the beginning to the end of each eighth.
};

} // namespace

int main(int count, char **arguments) {
  uint64_t tokens = count == 4 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  uint64_t chunk = count == 4 ? std::strtoull(arguments[3], nullptr, 10) : 0;
  if (!tokens || !chunk) {
    std::fprintf(stderr, "usage: long-context FILE.v4plan TOKENS CHUNK\n");
    return 1;
  }
  CountedHost counter;
  std::unique_ptr<Engine> engine;
  require(Engine::open(arguments[1], {}, counter.hooks(), engine));
  LongPrompt(*engine, counter, chunk).run(*engine, tokens);
  return 0;
}

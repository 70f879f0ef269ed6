//===- Beside.cpp - Decoding while a prompt comes in --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Beside.h"

#include "runtime/base/Clock.h"
#include "runtime/schedule/Scheduler.h"

#include <algorithm>

using namespace v4;
using namespace v4::bench;

namespace {

/// Tokens that each sequence decodes alone.
constexpr uint64_t kAlone = 48;

/// One of the requests, as its hook sees it.
struct Stream {
  uint64_t id = 0;
  uint64_t tokens = 0;
  int64_t last = 0; ///< Time of its last token.
  std::vector<double> *gaps = nullptr;
  std::string error; ///< Why it failed.
};

void noteToken(void *user, int32_t) {
  Stream &stream = *static_cast<Stream *>(user);
  int64_t now = monotonicNanoseconds();
  if (stream.tokens++ && stream.gaps)
    stream.gaps->push_back(static_cast<double>(now - stream.last) * 1e-9);
  stream.last = now;
}

void noteEnd(void *user, const RequestResult &result) {
  if (result.finish == Finish::Failed)
    static_cast<Stream *>(user)->error = result.error;
}

class Traffic {
public:
  Traffic(Engine &engine, const BesideTest &test) : engine(engine), test(test), streams(test.batch + 1) {}

  Status create(const RunOptions &options);
  Status repeat();
  void fill(BesideRow &out) const;

private:
  uint64_t stepsOf(uint64_t tokens) const;
  Status submit(Stream &stream, uint64_t prompt, uint64_t count);
  Status step();
  Status start();
  Status decodeAlone(double &rate);
  Status decodeBeside(double &rate);
  Status stop();

  Engine &engine;
  const BesideTest test;
  std::unique_ptr<Session> session;
  std::unique_ptr<Scheduler> scheduler; ///< Goes before its session.
  std::vector<Stream> streams;          ///< The last one is the prompt's.
  uint64_t random = 0x9E3779B97F4A7C15;
  std::vector<double> aloneGaps, gaps, aloneRates, rates, fractions;
};

/// At most, until a prompt of so many tokens is fed beside the others: chunks also end at page boundaries.
uint64_t Traffic::stepsOf(uint64_t tokens) const {
  uint64_t budget = session->limits().maxTokens, chunk = budget > test.batch ? budget - test.batch : 1;
  return (tokens + chunk - 1) / chunk + tokens / plan::kPageTokens + 2;
}

Status Traffic::create(const RunOptions &options) {
  const plan::fb::Envelope &envelope = *engine.program().envelope();
  SessionOptions limits;
  limits.maxSequences = test.batch + 1;
  limits.maxTokens = options.stepTokens;
  limits.threads = options.threads;
  limits.plainLaunches = options.plainLaunches;
  V4_RETURN_IF_ERROR(engine.createSession(limits, session));
  // The first one decodes while the others come in.
  uint64_t depth = std::max<uint64_t>(test.depth, 1);
  uint64_t decoded = test.batch * stepsOf(depth) + kAlone + stepsOf(test.prompt) + 2;
  uint64_t positions = std::max(depth + decoded, test.prompt + 1);
  if (positions > envelope.max_context())
    return invalidInput(engine.plan().name(), ": the test needs ", positions,
                        " positions a sequence, the plan's context is ", envelope.max_context(),
                        "; lower -d or --beside, or compile the plan with a larger --max-context");
  return Scheduler::create(*session, {}, scheduler);
}

Status Traffic::submit(Stream &stream, uint64_t prompt, uint64_t count) {
  Request request;
  for (uint64_t i = 0; i < prompt; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    request.tokens.push_back(static_cast<int32_t>((random >> 16) % engine.program().model()->vocab_size()));
  }
  request.count = count;
  request.hooks.user = &stream;
  request.hooks.token = noteToken;
  request.hooks.done = noteEnd;
  stream = {};
  return scheduler->submit(std::move(request), stream.id);
}

Status Traffic::step() {
  V4_RETURN_IF_ERROR(scheduler->step());
  for (const Stream &stream : streams)
    if (!stream.error.empty()) {
      V4_RETURN_IF_ERROR(session->deviceStatus()); // where the GPU is what failed
      return checkFailed(stream.error);
    }
  return Status();
}

/// All sequences decode.
Status Traffic::start() {
  uint64_t depth = std::max<uint64_t>(test.depth, 1);
  for (uint64_t i = 0; i < test.batch; ++i)
    V4_RETURN_IF_ERROR(submit(streams[i], depth, session->limits().maxContext - depth));
  auto begins = [](const Stream &stream) { return stream.tokens < 2; };
  while (std::any_of(streams.begin(), streams.end() - 1, begins))
    V4_RETURN_IF_ERROR(step());
  return Status();
}

Status Traffic::decodeAlone(double &rate) {
  uint64_t before = 0, after = 0;
  for (uint64_t i = 0; i < test.batch; ++i) {
    before += streams[i].tokens;
    streams[i].gaps = &aloneGaps;
  }
  int64_t begin = monotonicNanoseconds();
  uint64_t end = streams[0].tokens + kAlone;
  while (streams[0].tokens < end)
    V4_RETURN_IF_ERROR(step());
  double seconds = static_cast<double>(monotonicNanoseconds() - begin) * 1e-9;
  for (uint64_t i = 0; i < test.batch; ++i)
    after += streams[i].tokens;
  rate = static_cast<double>(after - before) / seconds;
  return Status();
}

Status Traffic::decodeBeside(double &rate) {
  uint64_t before = 0, after = 0;
  for (uint64_t i = 0; i < test.batch; ++i) {
    before += streams[i].tokens;
    streams[i].gaps = &gaps;
  }
  V4_RETURN_IF_ERROR(submit(streams.back(), test.prompt, 1));
  int64_t begin = monotonicNanoseconds();
  while (streams.back().tokens == 0)
    V4_RETURN_IF_ERROR(step());
  double seconds = static_cast<double>(monotonicNanoseconds() - begin) * 1e-9;
  for (uint64_t i = 0; i < test.batch; ++i)
    after += streams[i].tokens;
  rate = static_cast<double>(after - before + test.prompt) / seconds;
  return Status();
}

Status Traffic::stop() {
  for (uint64_t i = 0; i < test.batch; ++i)
    scheduler->cancel(streams[i].id);
  V4_RETURN_IF_ERROR(step());
  session->forgetPrefixes();
  return Status();
}

Status Traffic::repeat() {
  double alone = 0, beside = 0;
  V4_RETURN_IF_ERROR(start());
  V4_RETURN_IF_ERROR(decodeAlone(alone));
  V4_RETURN_IF_ERROR(decodeBeside(beside));
  aloneRates.push_back(alone);
  rates.push_back(beside);
  fractions.push_back(beside / alone);
  return stop();
}

void Traffic::fill(BesideRow &out) const {
  std::vector<double> sorted = gaps;
  std::sort(sorted.begin(), sorted.end());
  out.threads = session->threads();
  out.stepTokens = session->limits().maxTokens;
  out.tokensPerSecond = spreadOf(rates);
  out.aloneTokensPerSecond = spreadOf(aloneRates);
  out.fraction = spreadOf(fractions).median;
  out.aloneGapSeconds = spreadOf(aloneGaps).median;
  if (sorted.empty())
    return; // a prompt of one step, in which nobody had a second token
  out.gapSeconds = spreadOf(sorted).median;
  out.gapSecondsP99 = sorted[(sorted.size() - 1) * 99 / 100];
  out.gapSecondsMax = sorted.back();
}

} // namespace

Status bench::measureBeside(Engine &engine, const RunOptions &options, const BesideTest &test, BesideRow &out) {
  Traffic traffic(engine, test);
  V4_RETURN_IF_ERROR(traffic.create(options));
  for (uint64_t i = 0; i < options.repetitions; ++i)
    V4_RETURN_IF_ERROR(traffic.repeat());
  out.test = test;
  traffic.fill(out);
  return Status();
}

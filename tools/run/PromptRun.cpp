//===- PromptRun.cpp - One prompt, and what follows it --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/PromptRun.h"

#include <chrono>
#include <cstdio>

namespace v4 {
namespace {

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double rate(uint64_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }

} // namespace

/// All tokens of the run, those given and those generated.
void PromptRun::save() {
  if (sequence->position() < base + prompt.size() + generated.size())
    feed(&generated.back(), 1, true);
  session->save(flags.saveState, {sequence->get()});
}

void PromptRun::execute() {
  double start = secondsNow();
  prefill();
  session->wait();
  prefillSeconds = secondsNow() - start;
  start = secondsNow();
  speculation ? speculate() : generate();
  decodeSeconds = secondsNow() - start;
  if (!flags.json)
    std::printf("\n");
  if (!flags.saveState.empty())
    save();
  if (wantMtp)
    feedPickedForMtp();
  uint64_t rows = prompt.size() + generated.size();
  if (logitsFile)
    logitsFile->finish(rows);
  if (mtpFile)
    mtpFile->finish(rows);
  if (probes)
    probes->finish(rows);
}

void PromptRun::prefill() {
  uint64_t chunk = session->info().max_tokens;
  if (flags.chunk)
    chunk = std::min(chunk, flags.chunk);
  for (uint64_t done = 0; done < prompt.size();) {
    uint64_t n = std::min<uint64_t>(chunk, prompt.size() - done);
    feed(prompt.data() + done, n, done + n == prompt.size());
    done += n;
  }
}

void PromptRun::generate() {
  generated.reserve(std::min<uint64_t>(count, uint64_t(1) << 20));
  for (uint64_t i = 0; i < count && !sawEos; ++i) {
    int32_t token = forcing ? forced[i] : pick();
    generated.push_back(token);
    announce(token);
    sawEos = !forcing && !flags.ignoreEos && static_cast<uint32_t>(token) == info.eos_token_id;
    // The last token is fed for its row of output alone.
    bool last = i + 1 == count || sawEos;
    if (last && !wantAllRows)
      return;
    feed(&token, 1, true);
    ++decodeSteps;
  }
}

/// The same tokens by rounds of a token and drafts; greedy, each is the one that generate() picks.
void PromptRun::speculate() {
  std::vector<int32_t> tokens = {pick()};
  while (generated.size() < count && !sawEos) {
    // All but the last are fed already.
    for (size_t i = 0; i < tokens.size() && !sawEos; ++i) {
      generated.push_back(tokens[i]);
      announce(tokens[i]);
      sawEos = !flags.ignoreEos && static_cast<uint32_t>(tokens[i]) == info.eos_token_id;
    }
    uint64_t left = count - generated.size(), end = base + prompt.size() + generated.size();
    // The last token is fed for its row of output alone.
    if ((left == 0 || sawEos) && (sequence->position() >= end || !wantAllRows))
      break;
    uint64_t first = sequence->position();
    speculation->feed(generated.back(),
                      sawEos ? 0 : std::min(speculation->depth(), left - std::min<uint64_t>(left, 1)));
    uint64_t rows = 1 + speculation->agreed();
    tokens = speculation->tokensBehind();
    // Behind the end of the sequence nothing counts.
    for (uint64_t i = 0; !flags.ignoreEos && i + 1 < rows; ++i)
      if (static_cast<uint32_t>(tokens[i]) == info.eos_token_id)
        rows = i + 2;
    decodeSteps += rows;
    collect(first - base, rows);
    sequence->truncate(first + rows);
  }
}

/// The MTP value of the last position needs the token behind it, which is part of no other output.
void PromptRun::feedPickedForMtp() {
  int32_t token = pick();
  session->step(*sequence, &token, 1, 1);
  if (probes)
    probes->rethrow();
  if (mtpFile)
    mtpFile->write(sequence->position() - base - 2, session->mtpLogits(), 1);
}

void PromptRun::feed(const int32_t *tokens, uint64_t n, bool wantLast) {
  uint64_t first = sequence->position() - base;
  session->step(*sequence, tokens, n, wantAllRows ? n : wantLast);
  if (probes)
    probes->rethrow();
  collect(first, session->logitsCount());
}

/// Writes the logits of `rows` positions from `first` on: MTP logits of position p belong to row p - 1.
void PromptRun::collect(uint64_t first, uint64_t rows) {
  lastRow = rows ? rows - 1 : 0;
  if (logitsFile)
    logitsFile->write(first, session->logits(), rows);
  if (!mtpFile)
    return;
  uint64_t skipped = first == 0;
  if (rows > skipped)
    mtpFile->write(first + skipped - 1, session->mtpLogits(skipped), rows - skipped);
}

int32_t PromptRun::pick() { return session->pick(*sampler, 0, sequence->position(), lastRow); }

void PromptRun::announce(int32_t token) {
  if (flags.json)
    return;
  std::printf(generated.size() > 1 ? ",%d" : "%d", token);
  std::fflush(stdout);
}

void PromptRun::report() const {
  double prefillRate = rate(prompt.size(), prefillSeconds), decodeRate = rate(decodeSteps, decodeSeconds);
  if (!flags.json) {
    std::printf("prefill %zu tokens, %.1f tokens/s\n", prompt.size(), prefillRate);
    std::printf("decode %llu tokens, %.1f tokens/s\n", static_cast<unsigned long long>(decodeSteps), decodeRate);
    if (speculation)
      std::printf("drafts %llu, accepted %llu\n", static_cast<unsigned long long>(speculation->drafted),
                  static_cast<unsigned long long>(speculation->accepted));
    return;
  }
  std::printf("{\"id\":0,\"tokens\":[");
  for (size_t i = 0; i < generated.size(); ++i)
    std::printf(i ? ",%d" : "%d", generated[i]);
  std::printf("],\"finish\":\"%s\",\"cached\":0,\"cached_reason\":\"one request, nothing to reuse\","
              "\"prompt_tokens\":%zu,\"prefill_tokens_per_second\":%.3f,\"decode_tokens_per_second\":%.3f",
              sawEos ? "eos" : "length", prompt.size(), prefillRate, decodeRate);
  if (speculation)
    std::printf(",\"drafted\":%llu,\"accepted\":%llu", static_cast<unsigned long long>(speculation->drafted),
                static_cast<unsigned long long>(speculation->accepted));
  std::printf("}\n");
}

} // namespace v4

//===- PromptSetup.cpp - What a run is given, checked ---------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/PromptRun.h"
#include "tools/run/TokenText.h"

namespace v4 {

PromptRun::PromptRun(const RunFlags &flags, api::Engine &engine, TraceFile *trace)
    : flags(flags), trace(trace), info(engine.info()) {
  readPrompt();
  forcing = !flags.forceTokens.empty();
  if (forcing)
    readForced();
  count = forcing ? forced.size() : flags.count.value_or(kDefaultCount);
  if (!flags.mtpLogitsOut.empty() && !info.has_mtp)
    throw InputError("--mtp-logits-out: " + flags.plan + " has no MTP block, expected one; leave the flag out");
  wantMtp = !flags.mtpLogitsOut.empty() || (!flags.probesFolder.empty() && info.has_mtp);
  wantAllRows = !flags.logitsOut.empty() || !flags.mtpLogitsOut.empty() || !flags.probesFolder.empty();
  checkContext();
  checkDraft();

  sampler.emplace(info.vocab_size, samplingOf(flags));
  if (!flags.probesFolder.empty())
    probes = std::make_unique<ProbeFiles>(flags.probesFolder);
  session.emplace(engine.createSession(sessionOptions()));
  if (flags.loadState.empty())
    sequence.emplace(session->createSequence());
  else
    resume();
  if (probes)
    probes->expect(base, outputRows());
  if (flags.draft)
    speculation.emplace(*session, *sequence, *sampler, info.vocab_size, flags.draft,
                        /*greedy=*/flags.temperature == 0);
  if (!flags.logitsOut.empty())
    logitsFile.emplace(flags.logitsOut, "<f4", 4, std::vector<uint64_t>{info.vocab_size});
  if (!flags.mtpLogitsOut.empty())
    mtpFile.emplace(flags.mtpLogitsOut, "<f4", 4, std::vector<uint64_t>{info.vocab_size});
}

void PromptRun::readPrompt() {
  bool fromFile = !flags.tokensFile.empty();
  if (!fromFile && flags.tokens.empty()) {
    if (flags.loadState.empty())
      throw InputError("no prompt: give --tokens=1,2,3, --tokens-file=FILE or --batch-file=FILE");
    return;
  }
  prompt =
      fromFile ? readTokens(flags.tokensFile, info.vocab_size) : parseTokens("--tokens", flags.tokens, info.vocab_size);
  if (prompt.empty())
    throw InputError((fromFile ? flags.tokensFile : "--tokens") + ": has 0 token ids, expected at least 1");
}

/// Goes on behind the first sequence of the saved state. Logits are not saved: without a prompt the last token is fed
/// once more.
void PromptRun::resume() {
  std::vector<api::Sequence> saved = session->load(flags.loadState);
  if (saved.empty() || (saved[0].position() == 0 && prompt.empty()))
    throw InputError(flags.loadState +
                     ": has no tokens to go on from, expected a saved sequence; give --tokens as well");
  sequence.emplace(std::move(saved[0]));
  if (prompt.empty()) {
    prompt = {sequence->tokens()[sequence->position() - 1]};
    sequence->truncate(sequence->position() - 1);
  }
  base = sequence->position();
  checkContext();
}

void PromptRun::readForced() {
  forced = readTokens(flags.forceTokens, info.vocab_size);
  if (forced.empty())
    throw InputError(flags.forceTokens +
                     ": has 0 token ids, expected at least 1; leave --force-tokens out and pass -n 0");
  if (flags.count && *flags.count != forced.size())
    throw InputError("-n " + std::to_string(*flags.count) + " contradicts --force-tokens=" + flags.forceTokens +
                     ", which has " + std::to_string(forced.size()) + " token ids; leave -n out");
}

void PromptRun::checkContext() const {
  std::string sum = (base ? std::to_string(base) + " saved tokens, " : "") + std::to_string(prompt.size()) +
                    " prompt tokens and " + std::to_string(count) + " more";
  uint64_t positions = base + outputRows();
  if (positions > info.max_context)
    throw InputError(flags.plan + ": " + sum + " need a context of " + std::to_string(positions) + ", the plan's is " +
                     std::to_string(info.max_context) +
                     "; shorten them or compile the plan with a larger --max-context");
  if (wantMtp && positions + 1 > uint64_t(info.max_context) + info.max_draft)
    throw InputError(flags.plan + ": " + sum + " fill the plan's context of " + std::to_string(info.max_context) +
                     ", the last MTP row needs one position more; shorten them or compile the plan with --max-draft=1");
  uint64_t cacheNeed = (positions + 127) / 128 * info.page_bytes;
  if (flags.cacheBytes && flags.cacheBytes < cacheNeed)
    throw InputError("--cache-bytes=" + std::to_string(flags.cacheBytes) + " is too little: " + sum + " need " +
                     std::to_string(cacheNeed) + " bytes of cache pages; raise it or shorten them");
  if (flags.stepTokens > info.max_tokens)
    throw InputError("--step-tokens=" + std::to_string(flags.stepTokens) + " is above the plan's " +
                     std::to_string(info.max_tokens) + "; ask for less or compile the plan with a larger --max-tokens");
}

void PromptRun::checkDraft() const {
  std::string given = "--draft=" + std::to_string(flags.draft);
  if (flags.draft == 0)
    return;
  if (!info.has_mtp)
    throw InputError(given + ": " + flags.plan + " has no MTP block, expected one; leave the flag out");
  if (flags.draft > info.max_draft)
    throw InputError(given + " is above the plan's " + std::to_string(info.max_draft) +
                     "; ask for less or compile the plan with --max-draft=" + std::to_string(flags.draft));
  uint64_t tokens = flags.stepTokens ? flags.stepTokens : info.max_tokens;
  if (flags.draft + 1 > tokens)
    throw InputError(given + " feeds " + std::to_string(flags.draft + 1) + " tokens in a step, the budget is " +
                     std::to_string(tokens) + "; raise --step-tokens or ask for less");
  for (auto [set, flag] :
       {std::pair(forcing, "--force-tokens"), std::pair(!flags.probesFolder.empty(), "--dump-probes")})
    if (set)
      throw InputError(given + " contradicts " + flag + ", which leaves nothing to draft; leave one of them out");
}

/// The session is as small as this run allows: its limits change memory, never a bit of a result.
v4_session_options PromptRun::sessionOptions() const {
  v4_session_options options = api::sessionOptions();
  uint64_t tokens = flags.stepTokens ? flags.stepTokens : info.max_tokens;
  if (flags.chunk)
    tokens = std::min(tokens, flags.chunk);
  tokens = std::min<uint64_t>(tokens, prompt.size());
  options.max_tokens = static_cast<uint32_t>(std::max(tokens, 1 + flags.draft));
  options.max_sequences = 1;
  options.max_context = static_cast<uint32_t>(std::min<uint64_t>(outputRows() + 1, info.max_context));
  options.threads = static_cast<uint32_t>(flags.threads);
  options.cache_bytes = flags.cacheBytes;
  if (!flags.loadState.empty()) {
    // The file decides.
    options.max_tokens = static_cast<uint32_t>(tokens);
    options.max_sequences = options.max_context = 0;
  }
  options.mtp = wantMtp || flags.draft;
  options.debug_placement = flags.debugPlacement;
  if (trace)
    trace->listen(options);
  if (probes) {
    options.probe = ProbeFiles::receive;
    options.probe_user = probes.get();
  }
  return options;
}

} // namespace v4

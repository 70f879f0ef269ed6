//===- RunFlags.cpp - Flags of v4-run -------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/run/RunFlags.h"

#include "tools/NpyFile.h"

#include <charconv>

namespace v4 {
namespace {

/// Flags of the contract whose feature does not exist yet.
constexpr const char *kLater[] = {"--prompt", "--tokenizer"};

/// The parser would take what is too large for the largest.
const CLI::Validator kWhole(
    [](std::string &text) {
      uint64_t value = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      bool whole = error == std::errc() && end == text.data() + text.size();
      return whole ? std::string() : "'" + text + "', expected a whole number from 0 to 18446744073709551615";
    },
    "UINT64");

void addTokenFlags(CLI::App &app, RunFlags &flags) {
  auto *tokens = app.add_option("--tokens", flags.tokens, "Prompt as token ids: 1,2,3");
  app.add_option("--tokens-file", flags.tokensFile, "Prompt as a file of token ids")->excludes(tokens);
  app.add_option("-n", flags.count, "Tokens to generate")
      ->default_str(std::to_string(kDefaultCount))
      ->check(CLI::Range(uint64_t(0), uint64_t(INT32_MAX)));
  app.add_option("--force-tokens", flags.forceTokens, "Feed the token ids of this file instead of generated ones");
  auto *batch = app.add_option("--batch-file", flags.batchFile,
                               "Requests, a JSON object a line: {\"id\":1,\"tokens\":[1,2],\"n\":8,"
                               "\"logits_sha256\":true}, also temperature, top_p, top_k, min_p, seed, draft, "
                               "ignore_eos, priority; flags give what a line leaves out. Results as JSON, a line each");
  for (const char *other : {"--tokens", "--tokens-file", "--force-tokens"})
    batch->excludes(app.get_option(other));
  app.add_flag("--ignore-eos", flags.ignoreEos, "Go on behind the end-of-sequence token");
  app.add_option("--temperature", flags.temperature, "0 picks the most likely token")->capture_default_str();
  app.add_option("--top-k", flags.topK, "Keep the k most likely tokens, 0 = all")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t(0), uint64_t(UINT32_MAX)));
  app.add_option("--top-p", flags.topP, "Keep the fewest tokens whose probability reaches p")->capture_default_str();
  app.add_option("--min-p", flags.minP, "Keep tokens of at least this share of the best one's probability")
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "Of the random numbers")->capture_default_str()->check(kWhole);
}

void addRunFlags(CLI::App &app, RunFlags &flags) {
  CLI::Range positive(uint64_t(1), uint64_t(UINT32_MAX));
  app.add_option("--draft", flags.draft, "Tokens that the MTP block drafts ahead, at most the plan's --max-draft")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t(0), uint64_t(UINT32_MAX)));
  app.add_option("--chunk", flags.chunk, "Prompt tokens per step")->check(positive);
  app.add_option("--step-tokens", flags.stepTokens, "Token budget of one step, at most the plan's")->check(positive);
  app.add_option("--cache-bytes", flags.cacheBytes, "Bound of the KV cache's pages")->check(kWhole);
  app.add_option("--threads", flags.threads, "Worker threads (default: the CPUs of this process)")->check(positive);
  app.add_option("--load", flags.load, "map: read weights as they are touched; copy: read them at once")
      ->capture_default_str()
      ->check(CLI::IsMember({"map", "copy"}));
  app.add_option("--weights", flags.weights, "External weights of the plan (default: <plan stem>.v4weights beside it)");
  app.add_option("--public-key", flags.publicKey, "Refuse the plan unless it is signed with the key in this file");
  app.add_option("--logits-out", flags.logitsOut, "Logits of every position as .npy");
  app.add_option("--mtp-logits-out", flags.mtpLogitsOut, "Logits of the MTP block as .npy");
  app.add_option("--dump-probes", flags.probesFolder, "Write every probe into this folder as .npy");
  app.add_option("--save-state", flags.saveState, "Write the sequence behind its last token into this file");
  app.add_option("--load-state", flags.loadState, "Go on behind the sequence saved in this file");
  app.add_option("--trace", flags.trace,
                 "Write when each launch ran into this file, as trace event JSON (Perfetto); launches run one by one");
  app.add_flag("--json", flags.json, "Print one JSON object");
  for (const char *other : {"--logits-out", "--mtp-logits-out", "--dump-probes"})
    app.get_option("--batch-file")->excludes(app.get_option(other));
  app.add_flag("--debug-placement", flags.debugPlacement,
               "End every buffer and cache page at an inaccessible memory page");
}

} // namespace

void parseFlags(CLI::App &app, RunFlags &flags, int argc, char **argv) {
  app.set_version_flag("--version", std::string("v4-run ") + v4_version());
  app.add_option("PLAN", flags.plan, "Engine plan (.v4plan)")->required();
  addTokenFlags(app, flags);
  addRunFlags(app, flags);
  std::string ignored;
  for (const char *flag : kLater)
    app.add_option(flag, ignored)->group("")->each([flag](const std::string &) {
      throw InputError(std::string(flag) + " is not yet supported by v4-run " + v4_version() + "; leave it out");
    });
  app.parse(argc, argv);
}

v4_sampler_options samplingOf(const RunFlags &flags) {
  if (!(flags.topP > 0 && flags.topP <= 1))
    throw InputError("--top-p=" + std::to_string(flags.topP) + ", expected a value above 0 and at most 1");
  v4_sampler_options sampling = api::samplerOptions();
  sampling.temperature = static_cast<float>(flags.temperature);
  sampling.top_k = static_cast<uint32_t>(flags.topK);
  sampling.top_p = static_cast<float>(flags.topP);
  sampling.min_p = static_cast<float>(flags.minP);
  sampling.seed = flags.seed;
  return sampling;
}

} // namespace v4

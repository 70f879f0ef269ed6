//===- v4-run.cpp - Runs a plan on a prompt, or on many -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Feeds a prompt in chunks, then generated or forced tokens one by one, and
// writes what was asked for. Uses the C API and its C++ wrapper alone.
//
//===----------------------------------------------------------------------===//

#include "tools/FlagValues.h"
#include "tools/NpyFile.h"
#include "tools/ProbeFiles.h"
#include "tools/Speculation.h"
#include "tools/run/BatchRun.h"

#include <CLI/CLI.hpp>
#include <v4/runtime.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>

using namespace v4;

namespace {

constexpr uint64_t kDefaultCount = 32;

struct Flags {
  std::string plan;
  std::string tokens, tokensFile, forceTokens;
  std::optional<uint64_t> count; ///< Without it kDefaultCount, or all forced tokens.
  uint64_t chunk = 0, stepTokens = 0, threads = 0, cacheBytes = 0;
  double temperature = 0, topP = 1, minP = 0;
  uint64_t topK = 0, seed = 0, draft = 0;
  std::string load = "map";
  std::string logitsOut, mtpLogitsOut, probesFolder;
  std::string saveState, loadState, batchFile;
  bool ignoreEos = false, json = false, debugPlacement = false;
};

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// Foreign text as part of a message: no control character and no stray byte reaches a terminal.
std::string printable(const std::string &text) {
  std::string out;
  for (unsigned char c : text.substr(0, 40)) {
    char escaped[8] = {static_cast<char>(c)};
    if (c < 0x20 || c >= 0x7F)
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", c);
    out += escaped;
  }
  return out;
}

int32_t parseToken(const std::string &where, size_t at, const std::string &word, uint32_t vocabulary) {
  std::string index = std::to_string(at);
  if (word.size() > 20 || word.find_first_not_of("0123456789") != std::string::npos)
    throw InputError(where + ": '" + printable(word) + "' at index " + index +
                     " is no token id, expected decimal numbers separated by commas or white space");
  unsigned long long value = word.size() > 18 ? ~0ull : std::stoull(word);
  if (value >= vocabulary)
    throw InputError(where + ": token id " + word + " at index " + index + " is outside the vocabulary, 0 to " +
                     std::to_string(vocabulary - 1));
  return static_cast<int32_t>(value);
}

/// Decimal ids separated by white space, or by one comma with white space around it.
std::vector<int32_t> parseTokens(const std::string &where, const std::string &text, uint32_t vocabulary) {
  const char *space = " \t\r\n\f\v", *separators = ", \t\r\n\f\v";
  std::vector<int32_t> tokens;
  size_t begin = text.find_first_not_of(space);
  while (begin != std::string::npos) {
    size_t end = std::min(text.find_first_of(separators, begin), text.size());
    if (begin == end)
      throw InputError(where + ": nothing at index " + std::to_string(tokens.size()) +
                       " in front of a comma, expected a token id; leave the comma out");
    tokens.push_back(parseToken(where, tokens.size(), text.substr(begin, end - begin), vocabulary));
    begin = text.find_first_not_of(space, end);
    if (begin == std::string::npos || text[begin] != ',')
      continue;
    begin = text.find_first_not_of(space, begin + 1);
    if (begin == std::string::npos)
      throw InputError(where + ": nothing behind the last comma, expected a token id; leave the comma out");
  }
  return tokens;
}

std::string readText(const std::string &path) {
  std::FILE *file = std::fopen(path.c_str(), "re");
  if (!file)
    throw InputError(path + ": cannot be opened (" + std::strerror(errno) + "), expected a file of token ids");
  std::string text;
  char block[65536];
  constexpr size_t kMost = size_t(256) << 20; // a device would never end
  while (size_t got = text.size() <= kMost ? std::fread(block, 1, sizeof(block), file) : 0)
    text.append(block, got);
  bool failed = std::ferror(file);
  int code = errno;
  std::fclose(file);
  if (text.size() > kMost)
    throw InputError(path + ": has more than 256 MiB, expected a file of token ids");
  if (failed)
    throw InputError(path + ": cannot be read (" + std::strerror(code) + "), expected a file of token ids");
  return text;
}

//===----------------------------------------------------------------------===//
// Run
//===----------------------------------------------------------------------===//

v4_sampler_options samplingOf(const Flags &flags) {
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

/// One prompt from its first token to its last row of output.
class Run {
public:
  Run(const Flags &flags, api::Engine &engine);
  void execute();
  void report() const;

private:
  void readForced();
  void checkContext() const;
  v4_session_options sessionOptions() const;
  uint64_t outputRows() const { return prompt.size() + count; }
  void readPrompt();
  void resume();
  void save();
  void prefill();
  void generate();
  void speculate();
  void checkDraft() const;
  void feedPickedForMtp();
  void feed(const int32_t *tokens, uint64_t n, bool wantLast);
  void collect(uint64_t first, uint64_t rows);
  int32_t pick();
  void announce(int32_t token);

  const Flags &flags;
  const v4_engine_info info;
  std::vector<int32_t> prompt, forced;
  uint64_t base = 0; ///< Tokens of the loaded state: row 0 of every output is that of this position.
  uint64_t count;    ///< Tokens behind the prompt.
  bool forcing;
  bool wantMtp;
  bool wantAllRows;
  std::unique_ptr<ProbeFiles> probes; ///< Outlives the session that calls it.
  std::optional<NpyFile> logitsFile, mtpFile;
  std::optional<api::Session> session;
  std::optional<api::Sequence> sequence;
  std::optional<api::Sampler> sampler;
  std::optional<Speculation> speculation; ///< With --draft.

  std::vector<int32_t> generated;
  bool sawEos = false;
  double prefillSeconds = 0, decodeSeconds = 0;
  uint64_t decodeSteps = 0; ///< Tokens fed behind the prompt.
  uint64_t lastRow = 0;     ///< Of the session's logits: that of the last token.
};

Run::Run(const Flags &flags, api::Engine &engine) : flags(flags), info(engine.info()) {
  readPrompt();
  forcing = !flags.forceTokens.empty();
  if (forcing)
    readForced();
  count = forcing ? forced.size() : flags.count.value_or(kDefaultCount);
  if (!flags.mtpLogitsOut.empty() && !info.has_mtp)
    throw InputError("--mtp-logits-out: " + flags.plan + " has no MTP block, expected one; leave the flag out");
  wantMtp = !flags.mtpLogitsOut.empty() || (!flags.probesFolder.empty() && info.has_mtp);
  wantAllRows = !flags.logitsOut.empty() || !flags.mtpLogitsOut.empty() || !flags.probesFolder.empty();
  if (!flags.loadState.empty() && !flags.probesFolder.empty())
    throw InputError("--dump-probes contradicts --load-state, whose positions have no rows; leave one of them out");
  if (!flags.logitsOut.empty() && flags.logitsOut == flags.mtpLogitsOut)
    throw InputError("--mtp-logits-out=" + flags.mtpLogitsOut + " is the file of --logits-out too; name another one");
  checkContext();
  checkDraft();

  sampler.emplace(info.vocab_size, samplingOf(flags));
  if (!flags.probesFolder.empty())
    probes = std::make_unique<ProbeFiles>(flags.probesFolder, outputRows());
  session.emplace(engine.createSession(sessionOptions()));
  if (flags.loadState.empty())
    sequence.emplace(session->createSequence());
  else
    resume();
  if (flags.draft)
    speculation.emplace(*session, *sequence, *sampler, info.vocab_size, flags.draft);
  if (!flags.logitsOut.empty())
    logitsFile.emplace(flags.logitsOut, "<f4", 4, std::vector<uint64_t>{info.vocab_size});
  if (!flags.mtpLogitsOut.empty())
    mtpFile.emplace(flags.mtpLogitsOut, "<f4", 4, std::vector<uint64_t>{info.vocab_size});
}

void Run::readPrompt() {
  bool fromFile = !flags.tokensFile.empty();
  if (!fromFile && flags.tokens.empty()) {
    if (flags.loadState.empty())
      throw InputError("no prompt: give --tokens=1,2,3, --tokens-file=FILE or --batch-file=FILE");
    return;
  }
  prompt = fromFile ? parseTokens(flags.tokensFile, readText(flags.tokensFile), info.vocab_size)
                    : parseTokens("--tokens", flags.tokens, info.vocab_size);
  if (prompt.empty())
    throw InputError((fromFile ? flags.tokensFile : "--tokens") + ": has 0 token ids, expected at least 1");
}

/// Goes on behind the first sequence of the saved state. Logits are not saved: without a prompt the last token is fed
/// once more.
void Run::resume() {
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

/// All tokens of the run, those given and those generated.
void Run::save() {
  if (sequence->position() < base + prompt.size() + generated.size())
    feed(&generated.back(), 1, true);
  session->save(flags.saveState, {sequence->get()});
}

void Run::readForced() {
  forced = parseTokens(flags.forceTokens, readText(flags.forceTokens), info.vocab_size);
  if (forced.empty())
    throw InputError(flags.forceTokens +
                     ": has 0 token ids, expected at least 1; leave --force-tokens out and pass -n 0");
  if (flags.count && *flags.count != forced.size())
    throw InputError("-n " + std::to_string(*flags.count) + " contradicts --force-tokens=" + flags.forceTokens +
                     ", which has " + std::to_string(forced.size()) + " token ids; leave -n out");
}

void Run::checkContext() const {
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

void Run::checkDraft() const {
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
v4_session_options Run::sessionOptions() const {
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
  if (probes) {
    options.probe = ProbeFiles::receive;
    options.probe_user = probes.get();
  }
  return options;
}

void Run::execute() {
  double start = secondsNow();
  prefill();
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

void Run::prefill() {
  uint64_t chunk = session->info().max_tokens;
  if (flags.chunk)
    chunk = std::min(chunk, flags.chunk);
  for (uint64_t done = 0; done < prompt.size();) {
    uint64_t n = std::min<uint64_t>(chunk, prompt.size() - done);
    feed(prompt.data() + done, n, done + n == prompt.size());
    done += n;
  }
}

void Run::generate() {
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
void Run::speculate() {
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
void Run::feedPickedForMtp() {
  int32_t token = pick();
  session->step(*sequence, &token, 1, 1);
  if (probes)
    probes->rethrow();
  if (mtpFile)
    mtpFile->write(sequence->position() - base - 2, session->mtpLogits(), 1);
}

void Run::feed(const int32_t *tokens, uint64_t n, bool wantLast) {
  uint64_t first = sequence->position() - base;
  session->step(*sequence, tokens, n, wantAllRows ? n : wantLast);
  if (probes)
    probes->rethrow();
  collect(first, session->logitsCount());
}

/// Writes the logits of `rows` positions from `first` on: MTP logits of position p belong to row p - 1.
void Run::collect(uint64_t first, uint64_t rows) {
  lastRow = rows ? rows - 1 : 0;
  if (logitsFile)
    logitsFile->write(first, session->logits(), rows);
  if (!mtpFile)
    return;
  uint64_t skipped = first == 0;
  if (rows > skipped)
    mtpFile->write(first + skipped - 1, session->mtpLogits(skipped), rows - skipped);
}

int32_t Run::pick() { return sampler->pick(session->logits(lastRow), 0, sequence->position()); }

void Run::announce(int32_t token) {
  if (flags.json)
    return;
  std::printf(generated.size() > 1 ? ",%d" : "%d", token);
  std::fflush(stdout);
}

double rate(uint64_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }

void Run::report() const {
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

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

/// Flags of the contract whose feature does not exist yet.
constexpr const char *kLater[] = {"--prompt", "--tokenizer", "--public-key", "--trace", "--weights"};

void addTokenFlags(CLI::App &app, Flags &flags) {
  auto *tokens = app.add_option("--tokens", flags.tokens, "Prompt as token ids: 1,2,3");
  app.add_option("--tokens-file", flags.tokensFile, "Prompt as a file of token ids")->excludes(tokens);
  app.add_option("-n", flags.count, "Tokens to generate")
      ->default_str(std::to_string(kDefaultCount))
      ->check(CLI::Range(uint64_t(0), uint64_t(INT32_MAX)));
  app.add_option("--force-tokens", flags.forceTokens, "Feed the token ids of this file instead of generated ones");
  auto *batch = app.add_option("--batch-file", flags.batchFile,
                               "Requests, a JSON object a line: {\"id\":1,\"tokens\":[1,2],\"n\":8,"
                               "\"logits_sha256\":true}, also temperature, top_p, top_k, min_p, seed, ignore_eos, "
                               "priority; flags give what a line leaves out. Results as JSON, a line each");
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
  app.add_option("--seed", flags.seed, "Of the random numbers")->capture_default_str();
}

void addRunFlags(CLI::App &app, Flags &flags) {
  CLI::Range positive(uint64_t(1), uint64_t(UINT32_MAX));
  app.add_option("--draft", flags.draft, "Tokens that the MTP block drafts ahead, at most the plan's --max-draft")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t(0), uint64_t(UINT32_MAX)));
  app.add_option("--chunk", flags.chunk, "Prompt tokens per step")->check(positive);
  app.add_option("--step-tokens", flags.stepTokens, "Token budget of one step, at most the plan's")->check(positive);
  app.add_option("--cache-bytes", flags.cacheBytes, "Bound of the KV cache's pages");
  app.add_option("--threads", flags.threads, "Worker threads (default: the CPUs of this process)")->check(positive);
  app.add_option("--load", flags.load, "map: read weights as they are touched; copy: read them at once")
      ->capture_default_str()
      ->check(CLI::IsMember({"map", "copy"}));
  app.add_option("--logits-out", flags.logitsOut, "Logits of every position as .npy");
  app.add_option("--mtp-logits-out", flags.mtpLogitsOut, "Logits of the MTP block as .npy");
  app.add_option("--dump-probes", flags.probesFolder, "Write every probe into this folder as .npy");
  app.add_option("--save-state", flags.saveState, "Write the sequence behind its last token into this file");
  app.add_option("--load-state", flags.loadState, "Go on behind the sequence saved in this file");
  app.add_flag("--json", flags.json, "Print one JSON object");
  for (const char *other : {"--logits-out", "--mtp-logits-out", "--dump-probes", "--draft"})
    app.get_option("--batch-file")->excludes(app.get_option(other));
  app.add_flag("--debug-placement", flags.debugPlacement,
               "End every buffer and cache page at an inaccessible memory page");
}

/// Throws CLI::ParseError.
void parseFlags(CLI::App &app, Flags &flags, int argc, char **argv) {
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

int executeBatch(const Flags &flags, api::Engine &engine) {
  BatchOptions options;
  options.file = flags.batchFile;
  options.defaults = {{}, {}, {}, flags.count.value_or(kDefaultCount), samplingOf(flags), 0, flags.ignoreEos, false};
  options.stepTokens = flags.stepTokens;
  options.chunk = flags.chunk;
  options.cacheBytes = flags.cacheBytes;
  options.threads = flags.threads;
  options.debugPlacement = flags.debugPlacement;
  options.loadState = flags.loadState;
  options.saveState = flags.saveState;
  return runBatch(engine, options);
}

int execute(const Flags &flags) {
  v4_engine_options options = api::engineOptions();
  options.load = flags.load == "copy" ? V4_LOAD_COPY : V4_LOAD_MAP;
  api::Engine engine(flags.plan, options);
  if (!flags.batchFile.empty())
    return executeBatch(flags, engine);
  Run run(flags, engine);
  run.execute();
  run.report();
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    throw InputError(std::string("standard output cannot be written (") + std::strerror(errno) + ")");
  return 0;
}

int fail(const char *message, int code) {
  std::fprintf(stderr, "v4-run: %s\n", message);
  return code;
}

} // namespace

int main(int argc, char **argv) {
  Flags flags;
  if (const char *flag = flagWithoutValue(argc, argv))
    return fail((std::string(flag) + " has no value, expected one behind the sign").c_str(), 1);
  CLI::App app("Runs an engine plan on a prompt, or on many: feeds the tokens, prints what follows.", "v4-run");
  try {
    parseFlags(app, flags, argc, argv);
    return execute(flags);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    return fail(error.what(), 1);
  } catch (const InputError &error) {
    return fail(error.what(), 1);
  } catch (const api::Error &error) {
    return fail(error.what(), error.code());
  } catch (const std::bad_alloc &) {
    return fail("out of memory; shorten the prompt or leave outputs out", 3);
  } catch (const std::exception &error) {
    return fail(error.what(), 4);
  }
}

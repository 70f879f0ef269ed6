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
#include "tools/OutputPaths.h"
#include "tools/run/BatchRun.h"
#include "tools/run/PromptRun.h"

#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace v4;

namespace {

int executeBatch(const RunFlags &flags, api::Engine &engine, TraceFile *trace) {
  BatchOptions options;
  options.file = flags.batchFile;
  options.defaults = {};
  options.defaults.count = flags.count.value_or(kDefaultCount);
  options.defaults.draft = static_cast<uint32_t>(flags.draft);
  options.defaults.sampling = samplingOf(flags);
  options.defaults.ignoreEos = flags.ignoreEos;
  options.stepTokens = flags.stepTokens;
  options.chunk = flags.chunk;
  options.cacheBytes = flags.cacheBytes;
  options.threads = flags.threads;
  options.debugPlacement = flags.debugPlacement;
  options.trace = trace;
  options.loadState = flags.loadState;
  options.saveState = flags.saveState;
  return runBatch(engine, options);
}

int executePrompt(const RunFlags &flags, api::Engine &engine, TraceFile *trace) {
  PromptRun run(flags, engine, trace);
  run.execute();
  run.report();
  return 0;
}

/// An output must not take the place of what is read, the plan above all: it is mapped. A state may be replaced by the
/// one that follows it.
void refuseInputsAsOutputs(const RunFlags &flags) {
  std::vector<NamedPath> inputs = {
      {"the plan", flags.plan},          {"--tokens-file", flags.tokensFile}, {"--force-tokens", flags.forceTokens},
      {"--batch-file", flags.batchFile}, {"--public-key", flags.publicKey},   {"--weights", flags.weights}};
  if (flags.weights.empty())
    inputs.push_back(
        {"the plan's weights", std::filesystem::path(flags.plan).replace_extension(".v4weights").string()});
  std::vector<NamedPath> outputs = {{"--logits-out", flags.logitsOut},
                                    {"--mtp-logits-out", flags.mtpLogitsOut},
                                    {"--trace", flags.trace},
                                    {"--save-state", flags.saveState}};
  std::string problem = outputProblem(outputs, inputs);
  for (const NamedPath &output : outputs)
    if (problem.empty() && output.name != "--save-state")
      problem = outputProblem({output}, {{"--load-state", flags.loadState}});
  if (!problem.empty())
    throw InputError(problem);
}

int execute(const RunFlags &flags) {
  refuseInputsAsOutputs(flags);
  v4_engine_options options = api::engineOptions();
  options.load = flags.load == "copy" ? V4_LOAD_COPY : V4_LOAD_MAP;
  if (!flags.weights.empty()) {
    options.weights = flags.weights.data();
    options.weights_length = flags.weights.size();
  }
  uint8_t publicKey[32];
  if (!flags.publicKey.empty()) {
    v4_error error;
    if (v4_public_key_read(flags.publicKey.data(), flags.publicKey.size(), publicKey, &error) != V4_OK)
      throw InputError(error.message);
    options.public_key = publicKey;
  }
  api::Engine engine(flags.plan, options);
  std::unique_ptr<TraceFile> trace(flags.trace.empty() ? nullptr : new TraceFile(flags.trace));
  int code =
      flags.batchFile.empty() ? executePrompt(flags, engine, trace.get()) : executeBatch(flags, engine, trace.get());
  if (trace)
    trace->finish();
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    throw InputError(std::string("standard output cannot be written (") + std::strerror(errno) + ")");
  return code;
}

int fail(const char *message, int code) {
  std::fprintf(stderr, "v4-run: %s\n", message);
  return code;
}

} // namespace

int main(int argc, char **argv) {
  outliveFileLimits();
  RunFlags flags;
  if (const char *flag = flagWithoutValue(argc, argv))
    return fail((std::string(flag) + " has no value, expected one").c_str(), 1);
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

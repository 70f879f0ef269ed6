//===- CertifiedRun.cpp - The fixed input of certificates -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/CertifiedRun.h"

#include "runtime/base/Clock.h"
#include "tools/certify/ProbeRecorder.h"

#include <algorithm>
#include <cstdio>

using namespace v4;
using namespace v4::certify;

namespace {

constexpr uint64_t kIndexRatio = 4, kCertifiedRows = 512, kRowsBeyond = 24;
constexpr uint32_t kShortPrompt = 5, kShortDecode = 3, kLongDecode = 16, kLogitsTail = 128;
/// Any size gives the same bits; this one needs little memory.
constexpr uint64_t kStepTokens = 256;

/// Rows that an indexer of the plan selects, at most.
uint64_t selectedRows(const plan::fb::Program &program) {
  uint64_t most = 0;
  constexpr std::string_view ending = ".index_topk";
  for (const plan::fb::Probe *probe : *program.probes()) {
    std::string_view name = probe->name()->string_view();
    const auto &shape = *program.buffers()->Get(probe->buffer())->row_shape();
    if (name.size() > ending.size() && name.substr(name.size() - ending.size()) == ending && shape.size() == 1)
      most = std::max<uint64_t>(most, shape.Get(0));
  }
  return most;
}

Stretch stretchOf(uint64_t prompt, uint32_t decode, uint64_t context) {
  Stretch stretch;
  stretch.prompt = static_cast<uint32_t>(std::min(prompt, context > decode ? context - decode : context));
  stretch.logits = std::min(stretch.prompt, kLogitsTail);
  stretch.decode = static_cast<uint32_t>(std::min<uint64_t>(decode, context - stretch.prompt));
  return stretch;
}

/// Of /proc/cpuinfo; "unknown" where it does not say.
std::string deviceName() {
  std::string name = "unknown";
  std::FILE *file = std::fopen("/proc/cpuinfo", "re");
  if (!file)
    return name;
  char line[4096];
  while (std::fgets(line, sizeof(line), file)) {
    std::string_view text(line);
    size_t colon = text.find(": ");
    if (text.substr(0, 10) != "model name" || colon == std::string_view::npos)
      continue;
    name = text.substr(colon + 2, text.find('\n') - colon - 2);
    break;
  }
  std::fclose(file);
  return name;
}

uint64_t shortHash(Hasher &hasher) {
  Digest digest = hasher.finish();
  uint64_t value;
  std::memcpy(&value, digest.bytes, sizeof(value));
  return value;
}

/// Both ends and the middle: reading all of a large model would take longer than the run.
WeightSample sampleOf(const plan::fb::Weight &weight, const uint8_t *data) {
  constexpr uint64_t kSampleBytes = 4096;
  Hasher form, content;
  std::string text =
      joinText(weight.name()->string_view(), "|", weight.layout()->string_view(), "|", weight.recipe()->string_view(),
               "|", static_cast<int>(weight.element()), "|", weight.bytes());
  for (uint64_t dimension : *weight.shape())
    text += joinText("|", dimension);
  form.update(text.data(), text.size());
  uint64_t bytes = weight.bytes(), taken = std::min(bytes, kSampleBytes);
  for (uint64_t offset : {uint64_t(0), (bytes - taken) / 2, bytes - taken})
    content.update(data + offset, taken);
  return {shortHash(form), shortHash(content)};
}

std::vector<WeightSample> samplesOf(const plan::Plan &plan) {
  std::vector<WeightSample> samples;
  for (uint32_t i = 0; i < plan.program().weights()->size(); ++i)
    if (const uint8_t *data = plan.weight(i))
      samples.push_back(sampleOf(*plan.program().weights()->Get(i), data));
  std::sort(samples.begin(), samples.end());
  return samples;
}

/// One session, one sequence after the other.
class InputRun {
public:
  InputRun(Session &session, const RunOptions &options) : session(session), options(options) {}

  Status feed(uint32_t index, const Stretch &stretch, const std::vector<int32_t> &tokens) {
    Sequence *sequence = nullptr;
    V4_RETURN_IF_ERROR(session.createSequence(sequence));
    for (uint64_t at = 0; at < stretch.positions();) {
      bool isPrompt = at < stretch.prompt;
      uint64_t count = isPrompt ? std::min(session.limits().maxTokens, stretch.prompt - at) : 1;
      uint64_t firstLogits = stretch.prompt - stretch.logits, end = at + count;
      uint64_t logits = isPrompt ? std::min(count, end - std::min(end, firstLogits)) : 1;
      if (options.beforeStep && !options.beforeStep(session, {index, at, count}))
        break;
      session.batch()[0] = {sequence, tokens.data() + at, count, logits};
      V4_RETURN_IF_ERROR(session.step(1));
      if (options.afterStep)
        V4_RETURN_IF_ERROR(options.afterStep(session, {index, at, count}, logits));
      at = end;
    }
    session.releaseSequence(*sequence);
    return session.deviceStatus(); // the last step may run on
  }

private:
  Session &session;
  const RunOptions &options;
};

} // namespace

std::vector<Stretch> certify::inputFor(const plan::fb::Program &program, uint32_t prompt) {
  uint64_t context = program.envelope()->max_context();
  uint64_t rows = std::max(kCertifiedRows, selectedRows(program)) + kRowsBeyond;
  std::vector<Stretch> stretches = {stretchOf(kShortPrompt, kShortDecode, context)};
  if (context > kShortPrompt + kShortDecode)
    stretches.push_back(stretchOf(prompt ? prompt : rows * kIndexRatio, kLongDecode, context));
  return stretches;
}

std::vector<int32_t> certify::tokensOf(uint64_t seed, uint32_t stretch, uint64_t count, uint32_t vocabulary) {
  std::vector<int32_t> tokens(count);
  for (uint64_t i = 0; i < count; ++i)
    tokens[i] = static_cast<int32_t>((signWord(seed * 1000003 + (uint64_t(stretch) << 32) + i) >> 16) % vocabulary);
  return tokens;
}

Status certify::runInput(Engine &engine, uint64_t seed, const std::vector<Stretch> &stretches,
                         const RunOptions &options) {
  const plan::fb::Program &program = engine.program();
  uint64_t positions = 0;
  for (const Stretch &stretch : stretches)
    positions = std::max(positions, stretch.positions());
  if (positions > program.envelope()->max_context())
    return invalidInput(engine.plan().name(), ": the certificate's input has ", positions,
                        " positions, the plan's context is ", program.envelope()->max_context(),
                        "; compile the plan with a larger --max-context or record a certificate of its own");
  SessionOptions session;
  session.maxTokens = std::min<uint64_t>(kStepTokens, program.envelope()->max_tokens());
  session.maxSequences = 1;
  session.maxContext = positions;
  session.threads = options.threads;
  session.mtp = program.model()->has_mtp();
  session.forgetPrefixes = true;
  session.probes = options.probes;
  std::unique_ptr<Session> live;
  V4_RETURN_IF_ERROR(engine.createSession(session, live));
  InputRun run(*live, options);
  for (uint32_t i = 0; i < stretches.size(); ++i) {
    if (options.beforeStretch && !options.beforeStretch(i))
      continue;
    V4_RETURN_IF_ERROR(
        run.feed(i, stretches[i], tokensOf(seed, i, stretches[i].positions(), program.model()->vocab_size())));
  }
  return Status();
}

Status certify::describePlan(const Engine &engine, Certificate &out) {
  if (engine.plan().hasNoWeights())
    return unsupported(engine.plan().name(), ": was compiled with --weights=none and cannot run; compile it from a "
                                             "checkpoint with --weights=embed or external");
  const plan::fb::Program &program = engine.program();
  out.plan = engine.plan().planHash();
  out.config = {};
  const auto &config = *program.model()->config_sha256();
  std::memcpy(out.config.bytes, config.data(), std::min<size_t>(config.size(), sizeof(out.config.bytes)));
  out.target = program.target()->name()->str();
  out.device = deviceName();
  out.weights = samplesOf(engine.plan());
  if (program.probes()->size() == 0)
    return invalidInput(engine.plan().name(), ": offers no probe, a certificate would say nothing; compile the plan "
                                              "without --probes");
  return Status();
}

Status certify::certifyRun(Engine &engine, uint64_t seed, const std::vector<Stretch> &stretches, unsigned threads,
                           Certificate &out) {
  const plan::fb::Program &program = engine.program();
  ProbeRecorder recorder(program);
  RunOptions options;
  options.threads = threads;
  options.probes = recorder.sink();
  options.beforeStretch = [&](uint32_t stretch) {
    recorder.begin(stretch);
    return true;
  };
  V4_RETURN_IF_ERROR(runInput(engine, seed, stretches, options));
  V4_RETURN_IF_ERROR(describePlan(engine, out));
  out.seed = seed;
  out.stretches = stretches;
  out.probes = recorder.finish();
  return Status();
}

Status certify::recordCertificate(const std::string &planPath, const std::string &weights, const std::string &path,
                                  unsigned threads, std::string &summary, uint32_t prompt) {
  int64_t begin = monotonicNanoseconds();
  plan::LoadOptions load;
  load.weights = weights;
  std::unique_ptr<Engine> engine;
  V4_RETURN_IF_ERROR(Engine::open(planPath, load, {}, engine));
  Certificate certificate;
  V4_RETURN_IF_ERROR(certifyRun(*engine, kSeed, inputFor(engine->program(), prompt), threads, certificate));
  V4_RETURN_IF_ERROR(writeCertificate(path, certificate));
  uint64_t positions = 0;
  for (const Stretch &stretch : certificate.stretches)
    positions += stretch.positions();
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.1f", static_cast<double>(monotonicNanoseconds() - begin) * 1e-9);
  summary =
      joinText(path, ": ", certificate.probes.size(), " probes over ", positions, " positions, of plan ",
               certificate.plan.hex(), ", ", certificate.target, " on ", certificate.device, ", in ", seconds, " s");
  return Status();
}

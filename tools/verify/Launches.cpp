//===- Launches.cpp - What each launch wrote, against a record ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/Launches.h"

#include "runtime/base/Clock.h"

#include <algorithm>
#include <cstdio>

using namespace v4;
using namespace v4::verify;
using certify::LaunchDifference;
using Json = nlohmann::ordered_json;
namespace fb = v4::plan::fb;

namespace {

/// Rows for the tiles of every size, then a few steps of one token that read the cache.
constexpr uint32_t kPrompt = 140, kDecode = 2;
constexpr size_t kLargest = 10;

Status openPlan(const LaunchesOptions &options, std::unique_ptr<Engine> &engine, certify::Certificate &described) {
  plan::LoadOptions load;
  load.weights = options.weights;
  V4_RETURN_IF_ERROR(Engine::open(options.plan, load, {}, engine));
  // Nothing here is about probes alone, but a plan without any has no first wrong one either.
  return certify::describePlan(*engine, described);
}

std::string symbolOf(const fb::Program &program, uint32_t launch) {
  return program.kernels()->Get(program.launches()->Get(launch)->kernel())->symbol()->str();
}

/// attend_rows_0 (attendRows_256_64_1), launch 27 of layer 0
std::string describe(const fb::Program &program, const LaunchDifference &wrong) {
  std::string text = joinText(symbolOf(program, wrong.launch), " (", wrong.function, "), launch ", wrong.launch);
  if (int32_t layer = program.launches()->Get(wrong.launch)->layer(); layer >= 0)
    text += joinText(" of layer ", layer);
  for (uint32_t filler : wrong.fillers)
    text += joinText(filler == wrong.fillers.front() ? ", unless what filled its cache is wrong: " : ", ",
                     symbolOf(program, filler));
  return text;
}

Json viewOf(const fb::Program &program, const LaunchDifference &difference) {
  const fb::Launch &launch = *program.launches()->Get(difference.launch);
  Json fillers = Json::array();
  for (uint32_t filler : difference.fillers)
    fillers.push_back(symbolOf(program, filler));
  return {{"launch", difference.launch},       {"kernel", symbolOf(program, difference.launch)},
          {"function", difference.function},   {"op", program.kernels()->Get(launch.kernel())->op()->str()},
          {"layer", launch.layer()},           {"output", program.buffers()->Get(difference.buffer)->name()->str()},
          {"magnitude", difference.magnitude}, {"cache_filled_by", fillers}};
}

Json viewOf(const fb::Program &program, const std::vector<LaunchDifference> &list, size_t most) {
  Json view = Json::array();
  for (size_t i = 0; i < std::min(most, list.size()); ++i)
    view.push_back(viewOf(program, list[i]));
  return view;
}

std::string sentence(const LaunchesOptions &options, const fb::Program &program, const certify::LaunchComparison &found,
                     const std::string &device) {
  std::string text = joinText(options.plan, ": probe ", found.probe, " differs from ", options.file, " in the step of ",
                              found.step.count, " tokens from position ", found.step.first, " of sequence ",
                              found.step.stretch, ", first by ");
  for (const LaunchDifference &wrong : found.wrong)
    text += joinText(&wrong == &found.wrong.front() ? "" : "; and by ", describe(program, wrong));
  return joinText(text, ": inputs as recorded, outputs not; look at that kernel, or at ", device,
                  ", where this was recorded");
}

} // namespace

Status verify::recordLaunches(const LaunchesOptions &options, std::string &summary) {
  int64_t begin = monotonicNanoseconds();
  std::unique_ptr<Engine> engine;
  certify::Certificate out;
  V4_RETURN_IF_ERROR(openPlan(options, engine, out));
  out.seed = certify::kSeed;
  out.stretches = certify::inputFor(engine->program(), options.prompt ? options.prompt : kPrompt);
  for (certify::Stretch &stretch : out.stretches)
    stretch.decode = std::min(stretch.decode, kDecode);
  certify::LaunchRecords records;
  V4_RETURN_IF_ERROR(certify::recordLaunches(*engine, out.seed, out.stretches, records));
  for (certify::LaunchRecord &output : records.outputs)
    out.probes.push_back(std::move(output.record));
  V4_RETURN_IF_ERROR(certify::writeCertificate(options.file, out));
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%.1f", static_cast<double>(monotonicNanoseconds() - begin) * 1e-9);
  summary = joinText(options.file, ": ", out.probes.size(), " outputs of launches in ", records.steps.size(),
                     " steps, of plan ", out.plan.hex(), ", in ", seconds, " s");
  return Status();
}

Status verify::checkLaunches(const LaunchesOptions &options, std::vector<Check> &checks, Json &view) {
  certify::Certificate recorded, described;
  V4_RETURN_IF_ERROR(certify::readCertificate(options.file, recorded));
  std::unique_ptr<Engine> engine;
  V4_RETURN_IF_ERROR(openPlan(options, engine, described));
  if (recorded.plan != described.plan)
    return invalidInput(options.file, ": was recorded of plan ", recorded.plan.hex(), ", ", options.plan, " is plan ",
                        described.plan.hex(), "; record it of this one");
  certify::LaunchRecords fresh;
  V4_RETURN_IF_ERROR(certify::recordLaunches(*engine, recorded.seed, recorded.stretches, fresh));
  certify::LaunchComparison found;
  const fb::Program &program = engine->program();
  V4_RETURN_IF_ERROR(certify::compareLaunches(program, options.file, recorded, fresh, found));
  Check check{"launches", {}};
  if (!found.probe.empty())
    check.problems.push_back(sentence(options, program, found, recorded.device));
  view = {{"compared", found.compared},
          {"probe", found.probe.empty() ? Json() : Json(found.probe)},
          {"sequence", found.step.stretch},
          {"step_first_position", found.step.first},
          {"step_tokens", found.step.count},
          {"wrong", viewOf(program, found.wrong, found.wrong.size())},
          {"largest", viewOf(program, found.largest, kLargest)}};
  checks.push_back(std::move(check));
  return Status();
}

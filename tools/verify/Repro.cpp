//===- Repro.cpp - What a compiler engineer needs of a wrong result -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/verify/Repro.h"

#include "runtime/plan/PlanText.h"
#include "tools/certify/CertifiedRun.h"
#include "tools/certify/GoldenLimits.h"
#include "tools/verify/LaunchFiles.h"

#include <cerrno>
#include <fstream>
#include <sys/stat.h>

using namespace v4;
using namespace v4::verify;
using namespace v4::certify;
using Json = nlohmann::ordered_json;
namespace fb = v4::plan::fb;

namespace {

Status writeText(const std::string &path, const std::string &text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    return invalidInput(path, ": cannot be written: ", std::strerror(errno ? errno : EIO),
                        "; choose another folder with --bisect=DIR");
  return Status();
}

std::string joinTokens(const std::vector<int32_t> &tokens, size_t begin, size_t end) {
  std::string text;
  for (size_t i = begin; i < end; ++i)
    text += joinText(tokens[i], "\n");
  return text;
}

/// For a shell: one word whatever it has.
std::string quoted(const std::string &word) {
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

const fb::Probe *findProbe(const fb::Program &program, const std::string &name) {
  for (const fb::Probe *probe : *program.probes())
    if (probe->name()->string_view() == name)
      return probe;
  return nullptr;
}

class Repro {
public:
  explicit Repro(const ReproInput &input)
      : in(input), program(input.engine.program()), folder(input.options.bisect),
        stretch(in.recorded.stretches[in.failure.stretch]),
        tokens(tokensOf(in.recorded.seed, in.failure.stretch, stretch.positions(), program.model()->vocab_size())) {}

  Status write() {
    if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
      return invalidInput("--bisect=", folder, ": cannot be created: ", std::strerror(errno),
                          "; choose another folder");
    const fb::Probe *bad = findProbe(program, in.failure.probe);
    if (!bad)
      return internalError("--bisect: the plan has no probe ", in.failure.probe, " after all");
    range(*bad);
    LaunchFiles launches(program, folder, first, end);
    V4_RETURN_IF_ERROR(runTo(launches, *bad));
    if (!launches.error().empty())
      return invalidInput(launches.error());
    Json view = {{"probe", in.failure.probe},
                 {"property", in.failure.property},
                 {"position", in.failure.difference.position},
                 {"step_first_position", step.first},
                 {"step_tokens", step.count},
                 {"last_good_probe", good},
                 {"launches", launches.list()}};
    V4_RETURN_IF_ERROR(writeText(folder + "/launches.json", view.dump(1) + "\n"));
    V4_RETURN_IF_ERROR(writeText(folder + "/tokens.txt", joinTokens(tokens, 0, stretch.prompt)));
    V4_RETURN_IF_ERROR(writeText(folder + "/forced.txt", joinTokens(tokens, stretch.prompt, tokens.size())));
    V4_RETURN_IF_ERROR(writeText(folder + "/plan.mlir", plan::printPlan(in.engine.plan())));
    V4_RETURN_IF_ERROR(writeText(folder + "/run.sh", script()));
    chmod((folder + "/run.sh").c_str(), 0755);
    return writeText(folder + "/README.md", page(launches.list()));
  }

private:
  /// The launches behind the last good probe, up to the one that completes the bad one.
  void range(const fb::Probe &bad) {
    end = bad.after_launch() + 1;
    for (const ProbeRecord &record : in.recorded.probes) {
      const fb::Probe *probe = findProbe(program, record.name);
      if (record.name == in.failure.probe)
        break;
      if (!probe || probe->after_launch() >= bad.after_launch() || probe->after_launch() + 1 <= first)
        continue;
      first = probe->after_launch() + 1;
      good = record.name;
    }
  }

  /// Runs up to the step that has the position; that one is traced.
  Status runTo(LaunchFiles &launches, const fb::Probe &bad) {
    // The MTP block gives the row of a position when it sees the token behind it.
    bool isMtp = program.launches()->Get(bad.after_launch())->group() != fb::LaunchGroup::Main;
    uint64_t position = uint64_t(in.failure.difference.position) + isMtp;
    bool traced = false;
    RunOptions options;
    options.threads = in.options.threads;
    options.beforeStretch = [&](uint32_t index) { return index == in.failure.stretch; };
    options.beforeStep = [&](Session &session, const StepRange &range) {
      if (traced)
        return false;
      traced = range.first <= position && position < range.first + range.count;
      if (traced) {
        step = range;
        session.setTrace(launches.sink());
      }
      return true;
    };
    return runInput(in.engine, in.recorded.seed, in.recorded.stretches, options);
  }

  std::string weightsFlag() const {
    return in.options.weights.empty() ? "" : " --weights=" + quoted(in.options.weights);
  }

  std::string runCommand() const {
    std::string command = "\"${V4_RUN:-v4-run}\" \"$plan\"" + weightsFlag() + " --tokens-file=\"$here/tokens.txt\"";
    command += stretch.decode ? " --force-tokens=\"$here/forced.txt\"" : " -n 0";
    return joinText(command, " --chunk=", std::max<uint64_t>(step.count, 1), " --dump-probes=\"$here/probes\"");
  }

  std::string script() const {
    return "#!/bin/sh\n# Row " + std::to_string(in.failure.difference.position) + " of probes/" + in.failure.probe +
           ".npy is the one that differs. Another plan: run.sh OTHER.v4plan\nset -eu\nhere=$(dirname "
           "\"$0\")\nplan=${1:-" +
           quoted(in.options.plan) + "}\nexec " + runCommand() + "\n";
  }

  /// Flags that give this plan of its checkpoint again.
  std::string compileFlags() const {
    const fb::Envelope &envelope = *program.envelope();
    std::string flags = joinText("--target=", program.target()->name()->string_view(),
                                 " --max-tokens=", envelope.max_tokens(), " --max-sequences=", envelope.max_sequences(),
                                 " --max-context=", envelope.max_context(), " --max-draft=", envelope.max_draft());
    for (const fb::Option *option : *program.options()) {
      std::string_view name = option->name()->string_view(), value = option->value()->string_view();
      if (value.empty())
        continue;
      if (name == "optimization")
        flags += joinText(" -O", value);
      else if (name == "disable-pass")
        for (size_t at = 0, comma; at <= value.size(); at = comma + 1) {
          comma = std::min(value.find(',', at), value.size());
          flags += joinText(" --disable-pass=", value.substr(at, comma - at));
        }
      else
        flags += joinText(" --", name, "=", quoted(std::string(value)));
    }
    return flags;
  }

  std::string page(const Json &launches) const {
    std::string text = joinText("# ", in.failure.probe, " differs\n\n", in.sentence, ".\n\n",
                                "Certificate: ", in.options.certificate, ", recorded with ", in.recorded.target, " on ",
                                in.recorded.device, ". Here: ", program.target()->name()->string_view(), ".\n\n");
    text += joinText(
        "Last good probe: ", good,
        ". The difference comes from one of these launches, shown in the step of "
        "positions ",
        step.first, " to ", step.first + step.count - 1,
        " (`launches.json` has all of their "
        "bindings, `launch-<index>/` the arrays):\n\n| launch | kernel | op | workgroups |\n|---|---|---|---|\n");
    for (const Json &launch : launches)
      text += joinText("| ", launch["launch"].get<uint32_t>(), " | ", launch["kernel"].get<std::string>(), " | ",
                       launch["op"].get<std::string>(), " | ", launch["workgroups"].get<int64_t>(), " |\n");
    text += joinText("\nAgain:\n\n    v4-verify ", quoted(in.options.plan), weightsFlag(),
                     " --numerics=", quoted(in.options.certificate),
                     "\n    ./run.sh                    # probes/*.npy of this input\n"
                     "    ./run.sh OTHER.v4plan       # the same of another plan\n\n");
    text += joinText(
        "The kernels' IR and assembly, one file each:\n\n    v4-compile CHECKPOINT -o again.v4plan ", compileFlags(),
        " --dump-kernels-to=kernels\n\n"
        "`plan.mlir` is the plan for v4-opt: the `plan.launch` ops are in the order of the indices above.\n"
        "bf16 arrays are widened to f32; FP8 arrays hold codes, FP4 arrays two codes a byte.\n");
    return text;
  }

  const ReproInput &in;
  const fb::Program &program;
  std::string folder;
  const Stretch &stretch;
  std::vector<int32_t> tokens;
  uint32_t first = 0, end = 0; ///< Launches.
  std::string good = "none";
  StepRange step = {};
};

} // namespace

Status verify::writeRepro(const ReproInput &input) { return Repro(input).write(); }

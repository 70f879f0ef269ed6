//===- v4-verify.cpp - Is a plan whole, complete and of use here? ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flags and the order of checks; what they look at is in tools/verify. Safe on
// untrusted files: nothing maps code but --numerics and --launches, which run
// the plan.
//
//===----------------------------------------------------------------------===//

#include "tools/CommandLine.h"
#include "tools/certify/CertifiedRun.h"
#include "tools/inspect/LimitsFlag.h"
#include "tools/verify/Checks.h"
#include "tools/verify/Launches.h"
#include "tools/verify/Numerics.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <optional>
#include <unistd.h>

using namespace v4;
using namespace v4::verify;
using Json = nlohmann::ordered_json;

namespace {

struct Arguments {
  std::string path;
  bool structure = false;
  bool closedWorld = false;
  std::string weights; ///< "" = not asked for.
  std::string here;    ///< The same.
  bool signature = false;
  std::string publicKey;
  std::string numerics, launches, record, bisect; ///< The same: files and a folder.
  uint32_t prompt = 0;                            ///< 0 = not given.
  unsigned threads = 0;
  bool json = false;
};

/// `--weights` alone; a value of its own keeps the next argument from being taken as one.
constexpr const char *kEmbedded = "embedded";
/// The certificate, or the repro, whose name is made of the plan's.
constexpr const char *kBesidePlan = "<beside the plan>";

void declare(CLI::App &app, Arguments &arguments) {
  app.add_option("FILE", arguments.path, "engine plan")->required();
  app.add_flag("--structure", arguments.structure,
               "container, hashes and meaning (default; always done first; safe on untrusted files)");
  app.add_flag("--closed-world", arguments.closedWorld,
               "for all that the envelope allows: target, kernel of every launch, sizes, drafts");
  app.add_option("--weights", arguments.weights, "every weight against its hash");
  app.add_flag("--signature", arguments.signature, "signed, and with the key of --public-key");
  app.add_option("--public-key", arguments.publicKey,
                 "of --signature: file of the key, as v4-compile --make-key wrote it");
  app.add_option("--here", arguments.here,
                 "can this machine run it, at the plan's limits or at context:N,sequences:N,tokens:N");
  app.add_option("--numerics", arguments.numerics,
                 "run the plan on the input of its certificate and compare every probe: bits of the same plan, values "
                 "of another plan of the model within the golden limits (default file: <plan stem>.v4cert)");
  app.add_option("--launches", arguments.launches,
                 "run the plan and compare what each launch writes with this file, recorded of the same plan on "
                 "another device (a GPU that is played, say); names the kernels that are wrong");
  app.add_option("--record", arguments.record,
                 "with --numerics: run the plan and write the certificate; with --launches, to that file");
  app.add_option(
         "--prompt", arguments.prompt,
         "with --record: tokens of the longer prompt (default: more than an indexer selects; of --launches 140)")
      ->check(CLI::Range(1u, 1u << 30));
  app.add_option("--bisect", arguments.bisect,
                 "with --numerics: what reproduces a difference goes to this folder (default: <plan stem>.v4repro)");
  app.add_option("--threads", arguments.threads, "threads of --here and --numerics (default: the CPUs of this process)")
      ->check(CLI::Range(1u, 1u << 20));
  app.add_flag("--json", arguments.json, "one JSON document");
  app.set_version_flag("--version", joinText("v4-verify ", V4_VERSION, ", plan format ", plan::kFormatVersion));
}

/// What --numerics adds to the checks.
struct Results {
  std::string recorded; ///< Of --record: a line for people.
  std::optional<NumericsReport> numerics;
  std::optional<Json> launches;
};

Status checkFlags(const Arguments &arguments) {
  if (arguments.threads && arguments.here.empty() && arguments.numerics.empty())
    return invalidInput("--threads=", arguments.threads,
                        " is of --here and --numerics, which are not asked for; leave it out or add one of them");
  if (!arguments.bisect.empty() && arguments.numerics.empty())
    return invalidInput("--bisect is of --numerics, which is not asked for; leave it out or add --numerics");
  if (!arguments.record.empty() && arguments.numerics.empty() == arguments.launches.empty())
    return invalidInput("--record is of --numerics or of --launches, expected one of them");
  if (!arguments.launches.empty() && !arguments.record.empty() && arguments.record != kBesidePlan)
    return invalidInput("--record=", arguments.record, ": the file is that of --launches; leave one of them out");
  if (arguments.prompt && arguments.record.empty())
    return invalidInput("--prompt=", arguments.prompt, " is of --record, which is not asked for; leave it out");
  if (!arguments.record.empty() && !arguments.bisect.empty())
    return invalidInput(
        "--record makes a certificate and --bisect looks for a difference from one; leave one of them out");
  if (arguments.signature == arguments.publicKey.empty())
    return invalidInput(arguments.signature
                            ? "--signature has no key to compare with, expected --public-key=FILE too"
                            : "--public-key is of --signature, which is not asked for; add --signature");
  return Status();
}

/// The value of a flag that may name a file beside the plan.
std::string pathOr(const std::string &value, const std::string &beside) {
  return value == kBesidePlan ? beside : value;
}

/// A record must not replace what was given.
Status checkOutput(const Arguments &arguments, const char *flag, const std::string &file) {
  std::string weights = arguments.weights == kEmbedded ? "" : arguments.weights;
  std::string weightsFile = weights.empty() ? plan::weightsPathOf(arguments.path) : weights;
  std::string problem = outputProblem(
      {{flag, file}},
      {{"the plan", arguments.path}, {"its weights", weightsFile}, {"--public-key", arguments.publicKey}});
  return problem.empty() ? Status() : invalidInput(problem);
}

Status runLaunches(const Arguments &arguments, std::vector<Check> &checks, Results &results) {
  LaunchesOptions options{arguments.path, arguments.weights == kEmbedded ? "" : arguments.weights, arguments.launches,
                          arguments.prompt};
  if (arguments.record.empty())
    return checkLaunches(options, checks, results.launches.emplace());
  V4_RETURN_IF_ERROR(checkOutput(arguments, "--launches", options.file));
  V4_RETURN_IF_ERROR(recordLaunches(options, results.recorded));
  checks.push_back({"record", {}});
  return Status();
}

Status runNumerics(const Arguments &arguments, std::vector<Check> &checks, Results &results) {
  std::string beside = certify::certificatePathOf(arguments.path);
  std::string file = pathOr(arguments.numerics, beside);
  std::string weights = arguments.weights == kEmbedded ? "" : arguments.weights;
  if (!arguments.record.empty()) {
    if (arguments.record != kBesidePlan)
      file = arguments.record;
    V4_RETURN_IF_ERROR(checkOutput(arguments, "--record", file));
    V4_RETURN_IF_ERROR(certify::recordCertificate(arguments.path, weights, file, arguments.threads, results.recorded,
                                                  arguments.prompt));
    checks.push_back({"record", {}});
    return Status();
  }
  std::string stem = beside.substr(0, beside.rfind('.'));
  std::string repro = pathOr(arguments.bisect, stem + ".v4repro");
  return checkNumerics({arguments.path, weights, file, repro, arguments.threads}, checks, results.numerics.emplace());
}

Status runChecks(const Arguments &arguments, std::vector<Check> &checks, Results &results) {
  V4_RETURN_IF_ERROR(checkFlags(arguments));
  plan::PublicKey key;
  if (arguments.signature)
    V4_RETURN_IF_ERROR(plan::readPublicKey(arguments.publicKey, key));
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(arguments.path, LoadMode::Map, file));
  plan::Plan plan;
  checks.push_back(checkStructure(arguments.path, {file.data(), file.size()}, plan));
  // The others rely on what it checks.
  if (!checks.back().holds())
    return Status();
  if (!arguments.weights.empty()) {
    Status attached = plan::attachWeights(arguments.weights == kEmbedded ? "" : arguments.weights, {}, plan);
    // A file that is there but not what it should be is what the check is for.
    std::string path = arguments.weights == kEmbedded ? plan::weightsPathOf(arguments.path) : arguments.weights;
    bool isDamaged = !attached.isOk() && plan.hasExternalWeights() && access(path.c_str(), R_OK) == 0;
    if (isDamaged)
      checks.push_back({"weights", {attached.message()}});
    if (!attached.isOk())
      return isDamaged ? Status() : std::move(attached);
  }
  plan::Limits limits;
  if (!arguments.here.empty())
    V4_RETURN_IF_ERROR(inspect::parseLimits("--here", arguments.here, plan.program(), limits));
  if (arguments.signature)
    checks.push_back(checkSigner(plan, key));
  if (arguments.closedWorld)
    checks.push_back(checkClosedWorld(plan));
  if (!arguments.weights.empty())
    checks.push_back(checkWeights(plan));
  if (!arguments.here.empty())
    checks.push_back(checkHere(plan, limits, arguments.threads));
  if (!arguments.numerics.empty())
    V4_RETURN_IF_ERROR(runNumerics(arguments, checks, results));
  return arguments.launches.empty() ? Status() : runLaunches(arguments, checks, results);
}

/// Results to stdout, the sentences of failed checks to stderr.
void print(const Arguments &arguments, const std::vector<Check> &checks, const Results &results) {
  Json list = Json::array();
  for (const Check &check : checks) {
    list.push_back({{"check", check.name}, {"ok", check.holds()}, {"problems", check.problems}});
    if (results.numerics && check.name == std::string_view("numerics"))
      list.back()["numerics"] = viewNumerics(*results.numerics);
    if (results.launches && check.name == std::string_view("launches"))
      list.back()["launches"] = *results.launches;
    if (!arguments.json)
      std::printf("%-12s  %s\n", check.name, check.holds() ? "ok" : "failed");
    for (const std::string &problem : check.problems)
      std::fprintf(stderr, "v4-verify: %s\n", problem.c_str());
  }
  if (arguments.json)
    std::printf("%s\n", list.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  if (!arguments.json && results.numerics)
    std::printf("%s\n", summarize(*results.numerics).c_str());
  if (!results.recorded.empty())
    std::fprintf(stderr, "v4-verify: %s\n", results.recorded.c_str());
}

/// A failed check of the plan goes before one of this machine.
int exitCodeOf(const std::vector<Check> &checks) {
  int code = 0;
  for (const Check &check : checks)
    if (!check.holds() && (code == 0 || check.failure == StatusCode::CheckFailed))
      code = static_cast<int>(check.failure);
  return code;
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app("v4-verify: is a plan whole, complete and of use on this machine", "v4-verify");
  declare(app, arguments);
  CommandLine line("v4-verify");
  line.alone = {{"--weights", kEmbedded},
                {"--here", inspect::kEnvelope},
                {"--numerics", kBesidePlan},
                {"--record", kBesidePlan},
                {"--bisect", kBesidePlan}};
  if (std::optional<int> code = line.parse(app, argc, argv))
    return *code;
  std::vector<Check> checks;
  Results results;
  if (Status status = runChecks(arguments, checks, results); !status.isOk())
    return line.report(status);
  print(arguments, checks, results);
  return line.finish(exitCodeOf(checks));
}

//===- v4-verify.cpp - Is a plan whole, complete and of use here? ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flags and the order of checks; what they look at is in tools/verify. Safe on
// untrusted files: nothing here maps code.
//
//===----------------------------------------------------------------------===//

#include "tools/CommandLine.h"
#include "tools/inspect/LimitsFlag.h"
#include "tools/verify/Checks.h"

#include <nlohmann/json.hpp>

#include <cstdio>

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
  unsigned threads = 0;
  bool json = false;
};

/// `--weights` alone; a value of its own keeps the next argument from being taken as one.
constexpr const char *kEmbedded = "embedded";
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
  app.add_option("--threads", arguments.threads, "threads of that session (default: the CPUs of this process)")
      ->check(CLI::Range(1u, 1u << 20));
  app.add_flag("--json", arguments.json, "one JSON document");
  app.set_version_flag("--version", joinText("v4-verify ", V4_VERSION, ", plan format ", plan::kFormatVersion));
}

Status runChecks(const Arguments &arguments, std::vector<Check> &checks) {
  if (arguments.threads && arguments.here.empty())
    return invalidInput("--threads=", arguments.threads,
                        " is of --here, which is not asked for; leave it out or add --here");
  if (arguments.signature == arguments.publicKey.empty())
    return invalidInput(arguments.signature
                            ? "--signature has no key to compare with, expected --public-key=FILE too"
                            : "--public-key is of --signature, which is not asked for; add --signature");
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
  if (!arguments.weights.empty())
    V4_RETURN_IF_ERROR(plan::attachWeights(arguments.weights == kEmbedded ? "" : arguments.weights, {}, plan));
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
  return Status();
}

/// Results to stdout, the sentences of failed checks to stderr.
void print(const Arguments &arguments, const std::vector<Check> &checks) {
  Json list = Json::array();
  for (const Check &check : checks) {
    list.push_back({{"check", check.name}, {"ok", check.holds()}, {"problems", check.problems}});
    if (!arguments.json)
      std::printf("%-12s  %s\n", check.name, check.holds() ? "ok" : "failed");
    for (const std::string &problem : check.problems)
      std::fprintf(stderr, "v4-verify: %s\n", problem.c_str());
  }
  if (arguments.json)
    std::printf("%s\n", list.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
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
  line.later = {"--numerics", "--record", "--bisect"};
  line.alone = {{"--weights", kEmbedded}, {"--here", inspect::kEnvelope}};
  if (std::optional<int> code = line.parse(app, argc, argv))
    return *code;
  std::vector<Check> checks;
  if (Status status = runChecks(arguments, checks); !status.isOk())
    return line.report(status);
  print(arguments, checks);
  return line.finish(exitCodeOf(checks));
}

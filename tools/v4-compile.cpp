//===- v4-compile.cpp - Compiles a checkpoint into an engine plan -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/Target.h"
#include "compiler/Compiler.h"
#include "compiler/Refit.h"
#include "runtime/plan/PlanLoader.h"

#include "tools/FlagValues.h"
#include "tools/OutputPaths.h"
#include "tools/certify/CertifiedRun.h"
#include "tools/compile/ProgressBar.h"
#include "tools/compile/ReportFile.h"
#include "tools/compile/SigningKey.h"
#include "tools/inspect/Devices.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace {

struct Flags {
  v4::CompileOptions options;
  std::string compileTo = "plan", compileFrom, report, device, signKey, makeKey;
  std::string refit; ///< Plan that gets other weights; "" = compile.
  bool listTargets = false;
  bool certify = false;
};

/// Flags that the import writes into the module.
constexpr const char *kImportFlags[] = {
    "--target",       "--max-tokens", "--max-sequences", "--max-context",   "--max-draft", "-O",
    "--disable-pass", "--quantize",   "--probes",        "--plant-mistake", "--shrink"};
/// Flags of a compilation, which a refit does without.
constexpr const char *kPhaseFlags[] = {"--checkpoint", "--compile-to",     "--compile-from",   "--report",
                                       "--device",     "--dump-phases-to", "--dump-kernels-to"};

int refuse(const std::string &what) {
  std::cerr << "v4-compile: error: " << what << '\n';
  return v4::kBadInput;
}

void addFlags(CLI::App &app, Flags &flags) {
  v4::CompileOptions &o = flags.options;
  app.add_option("CHECKPOINT", o.input,
                 "checkpoint folder, its config.json, or a module (with --compile-from); with --weights=none also the "
                 "config alone");
  app.add_option("-o", o.output, "plan to write, or the module of --compile-to (default: stdout)");
  app.add_option("--checkpoint", o.checkpoint, "checkpoint that supplies the weights of a module");
  app.add_option("--target", o.target, "cpu (best level of this machine), or one of --list-targets");
  app.add_flag("--list-targets", flags.listTargets, "print all targets");
  app.add_option("--max-tokens", o.maxTokens, "tokens of one step (default 512)");
  app.add_option("--max-sequences", o.maxSequences, "sequences of one session (default 8)");
  app.add_option("--max-context", o.maxContext, "positions of one sequence (default: the config's, at most 131072)");
  app.add_option("--max-draft", o.maxDraft, "draft depth (default 1)");
  app.add_option("-O", o.optimization, "0: no optional pass, no tuned kernel; 1: tuned kernels; 2: all (default)");
  app.add_option("--disable-pass", o.disabledPasses, "leave an optional pass out (repeatable)");
  app.add_option("--quantize", o.quantize, "experts:fp4,linear:fp8: formats for weights that the checkpoint holds in bf16");
  app.add_option("--probes", o.probes, "regular expression: probes that the plan offers (default: all)");
  app.add_option("--shrink", o.shrink, "layers:N,experts:N: a small twin of the model, with every kind of layer");
  app.add_option("--plant-mistake", o.plantedMistake, "test-only: build a known mistake into the plan")->group("");
  app.add_option("--compile-to", flags.compileTo, "stop after this phase and write its module");
  app.add_option("--compile-from", flags.compileFrom, "the input is the module of this phase");
  app.add_option("--report", flags.report, "JSON file: passes, what they did and declined, kernels, quantization error, memory, cost");
  app.add_option("--device", flags.device, "with --report: the cost as times on one of " + v4::inspect::deviceNames());
  app.add_option("--dump-phases-to", o.dumpPhasesTo, "folder for the module after each phase");
  app.add_option("--kernel-cache", o.kernelCache, "folder that keeps the code of kernels; those seen before are not compiled");
  app.add_option("--dump-kernels-to", o.dumpKernelsTo, "folder for each kernel's IR and assembly");
  app.add_option("-j", o.threads, "threads (default: all cores)");
  app.add_option("--refit", flags.refit,
                 "plan whose kernels and schedule stay: the output gets the weights of CHECKPOINT, of the same shapes");
  app.add_flag("--resume", o.resume, "keep what an interruption leaves of the weights, and go on behind it");
  app.add_option("--sign-key", flags.signKey, "sign the plan with the secret key in this file");
  app.add_option("--make-key", flags.makeKey, "write a new secret key into this file, its public half into FILE.pub, and end");
  app.add_flag("--certify", flags.certify,
               "run the plan on a fixed input here and write what every probe gave to <plan stem>.v4cert, for v4-verify "
               "--numerics");
  app.set_version_flag("--version", "v4-compile " V4_VERSION);
}

std::optional<v4::codegen::WeightPlacement> placementOf(const std::string &weights) {
  using v4::codegen::WeightPlacement;
  if (weights == "embed")
    return WeightPlacement::Embed;
  if (weights == "external")
    return WeightPlacement::External;
  return weights == "none" ? std::optional(WeightPlacement::None) : std::nullopt;
}

/// A plan brings all with it that a compilation decides.
int resolveRefit(const CLI::App &app, Flags &flags) {
  for (const char *name : kImportFlags)
    if (app.count(name))
      return refuse(std::string(name) + " belongs to a compilation: --refit=" + flags.refit + " has what it was compiled with; leave it out");
  for (const char *name : kPhaseFlags)
    if (app.count(name))
      return refuse(std::string(name) + " belongs to a compilation, --refit=" + flags.refit + " runs none; leave it out");
  if (flags.options.threads < 1 || flags.options.threads > 1024)
    return refuse("-j " + std::to_string(flags.options.threads) + " is outside 1 to 1024");
  if (flags.options.weights == v4::codegen::WeightPlacement::None)
    return refuse("--weights=none and --refit: a plan without weights has none to replace; leave one of them out");
  return v4::kOk;
}

/// Where the compilation begins and ends.
int resolvePhases(const CLI::App &app, Flags &flags) {
  v4::CompileOptions &o = flags.options;
  auto to = v4::findPhase(flags.compileTo), from = v4::findPhase(flags.compileFrom);
  std::string phases;
  for (const std::string &name : v4::phaseNames())
    phases += (phases.empty() ? "" : ", ") + name;
  if (!to)
    return refuse("--compile-to=" + flags.compileTo + " is no phase, expected one of: " + phases);
  if (!flags.compileFrom.empty() && (!from || *from == v4::Phase::Plan))
    return refuse("--compile-from=" + flags.compileFrom + " is no phase that writes a module, expected one of: " + phases + " but plan");
  if (!from && o.input.size() > 5 && o.input.substr(o.input.size() - 5) == ".mlir")
    from = v4::Phase::Import;
  if (from && *from >= *to)
    return refuse("--compile-from=" + v4::phaseName(*from).str() + " is not in front of --compile-to=" + flags.compileTo);
  if (from)
    for (const char *name : kImportFlags)
      if (app.count(name))
        return refuse(std::string(name) + " belongs to the phase import: the module has what it was imported with; leave it out");
  o.compileTo = *to;
  o.compileFrom = from;
  return v4::kOk;
}

/// What is done to the plan behind the compilation, or said of it. REQUIRES: phases are resolved.
int resolvePlanFlags(Flags &flags) {
  v4::CompileOptions &o = flags.options;
  bool isPlan = o.compileTo == v4::Phase::Plan;
  if (!flags.signKey.empty()) {
    if (!isPlan)
      return refuse("--sign-key belongs to the phase plan, which --compile-to=" + flags.compileTo + " leaves out; leave it out too");
    auto key = std::make_shared<v4::SigningKey>();
    if (v4::Status read = key->read(flags.signKey); !read.isOk())
      return refuse(read.message());
    o.sign = [key](const v4::plan::Header &header) { return key->sign(header); };
  }
  if (!flags.device.empty()) {
    if (!v4::inspect::findDevice(flags.device))
      return refuse("--device=" + flags.device + " is unknown, expected one of " + v4::inspect::deviceNames());
    if (flags.report.empty() || !isPlan)
      return refuse("--device=" + flags.device + " gives times in the report of a plan, expected --report with it, and no --compile-to");
  }
  if (flags.certify && (!isPlan || o.weights == v4::codegen::WeightPlacement::None))
    return refuse("--certify runs the plan, expected one with weights; leave --compile-to and --weights=none out");
  return v4::kOk;
}

/// All files of a checkpoint: what is written must not take the place of one.
void addInputs(const std::string &input, std::vector<v4::NamedPath> &inputs) {
  std::error_code error;
  if (!std::filesystem::is_directory(input, error)) {
    inputs.push_back({"the input", input});
    return;
  }
  for (const auto &entry : std::filesystem::directory_iterator(input, error))
    if (entry.path().extension() == ".json" || entry.path().extension() == ".safetensors")
      inputs.push_back({"the checkpoint", entry.path().string()});
}

/// A refit may give its own plan other weights.
int resolveOutputs(const Flags &flags) {
  const v4::CompileOptions &o = flags.options;
  std::vector<v4::NamedPath> inputs = {{"--sign-key", flags.signKey}}, outputs = {{"-o", o.output == "-" ? "" : o.output}};
  for (const std::string &input : {o.input, o.checkpoint})
    if (!input.empty())
      addInputs(input, inputs);
  if (o.weights == v4::codegen::WeightPlacement::External && o.compileTo == v4::Phase::Plan)
    outputs.push_back({"the weights", v4::plan::weightsPathOf(o.output)});
  if (flags.certify)
    outputs.push_back({"--certify", v4::certify::certificatePathOf(o.output)});
  outputs.push_back({"--report", flags.report});
  std::string problem = v4::outputProblem(outputs, inputs);
  return problem.empty() ? int(v4::kOk) : refuse(problem);
}

/// What the flags ask for that cannot be expressed in CompileOptions' types.
int resolve(const CLI::App &app, Flags &flags, const std::string &weights) {
  v4::CompileOptions &o = flags.options;
  auto placement = placementOf(weights);
  if (!placement)
    return refuse("--weights=" + weights + " is unknown, expected embed, external or none");
  o.weights = *placement;
  if (o.resume && !o.quantize.empty())
    return refuse(
        "--resume and --quantize: the report on rounding needs all weights in one run; leave one of them out");
  if (app.count("--refit"))
    if (int code = resolveRefit(app, flags))
      return code;
  if (o.optimization > 2)
    return refuse("-O" + std::to_string(o.optimization) + " is unknown, expected -O0, -O1 or -O2");
  if (int code = resolvePhases(app, flags))
    return code;
  if (int code = resolvePlanFlags(flags))
    return code;
  if (o.input.empty())
    return refuse("no checkpoint given, expected a checkpoint folder, a config.json or a module");
  if (o.output.empty() && o.compileTo == v4::Phase::Plan)
    return refuse("no output given; name the plan with -o FILE.v4plan");
  if (!o.compileFrom && !o.checkpoint.empty())
    return refuse("--checkpoint=" + o.checkpoint + " supplies the weights of a module, the input is a checkpoint itself; leave it out");
  return resolveOutputs(flags);
}

/// Any failure of the loader is one of the input here.
int refit(Flags &flags) {
  v4::plan::Plan plan;
  v4::Status status = v4::plan::loadPlan(flags.refit, {}, plan);
  if (status.isOk())
    status = plan.checkSeal();
  if (!status.isOk())
    return refuse(status.message());
  v4::plan::Bytes metadata = plan.section(v4::plan::SectionKind::Metadata), code = plan.code();
  return v4::refit(flags.options, {{metadata.data, metadata.size}, {code.data, code.size}}, flags.refit);
}

/// The plan is written and stays, whatever comes of it.
int certify(const std::string &plan) {
  std::string summary;
  v4::Status status =
      v4::certify::recordCertificate(plan, "", v4::certify::certificatePathOf(plan), /*threads=*/0, summary);
  std::cerr << "v4-compile: " << (status.isOk() ? "certified " + summary : "error: --certify: " + status.message()) << '\n';
  return status.exitCode();
}

/// Compiles with a progress bar on a terminal, and writes the report when all went well.
int compile(Flags &flags) {
  v4::CompileReport report;
  if (!flags.report.empty())
    flags.options.report = &report;
  v4::ProgressBar bar(stderr);
  if (isatty(STDERR_FILENO))
    flags.options.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); };
  int code = flags.refit.empty() ? int(v4::compile(flags.options)) : refit(flags);
  if (code != v4::kOk)
    return code;
  if (!flags.report.empty())
    if (std::string error = v4::writeReport(report, flags.options, flags.device, flags.report); !error.empty())
      return refuse(error);
  return flags.certify ? certify(flags.options.output) : int(v4::kOk);
}

} // namespace

int main(int argc, char **argv) {
  v4::outliveFileLimits();
  CLI::App app("Compiles a DeepSeek-V4-Flash checkpoint into an engine plan.", "v4-compile");
  Flags flags;
  std::string weights = "embed";
  flags.options.threads = std::max(1u, std::thread::hardware_concurrency());
  addFlags(app, flags);
  app.add_option(
      "--weights", weights,
      "embed: in the plan (default); external: in <plan stem>.v4weights; none: a plan to read and cost, also "
      "from a config alone");
  if (const char *flag = flagWithoutValue(argc, argv))
    return refuse(std::string(flag) + " has no value, expected one");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &done) {
    return app.exit(done);
  } catch (const CLI::ParseError &error) {
    return refuse(std::string(error.what()) + "; see --help");
  }
  if (flags.listTargets) {
    std::cout << v4::listTargets();
    return v4::kOk;
  }
  if (!flags.makeKey.empty()) {
    v4::Status made = v4::makeKeyFiles(flags.makeKey);
    return made.isOk() ? int(v4::kOk) : refuse(made.message());
  }
  if (int code = resolve(app, flags, weights))
    return code;
  return compile(flags);
}

//===- v4-bench.cpp - How fast a plan runs here ------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flags and the order of tests; what is measured, and how, is in tools/bench.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanTarget.h"
#include "tools/FlagValues.h"
#include "tools/bench/Report.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace v4;
using namespace v4::bench;

namespace {

struct Flags {
  std::string plan, weights, device;
  std::vector<uint64_t> prompts{512}, decodes{128}, depths{0}, batches{1};
  uint64_t threads = 0, repetitions = 5, stepTokens = 0;
  uint64_t beside = 0;
  std::string output = "md", load = "map";
  bool plainLaunches = false, madeUpWeights = false, profile = false, cold = false, machine = false, firstToken = false;
};

void declare(CLI::App &app, Flags &flags) {
  CLI::Range any(uint64_t(0), uint64_t(1) << 30), positive(uint64_t(1), uint64_t(1) << 30);
  app.set_version_flag("--version", std::string("v4-bench ") + V4_VERSION);
  app.add_option("PLAN", flags.plan, "Engine plan (.v4plan)")->required();
  app.add_option("-p", flags.prompts, "Prompt tokens to prefill, 0 = no such test")
      ->delimiter(',')
      ->capture_default_str()
      ->check(any);
  app.add_option("-n", flags.decodes, "Tokens to decode, 0 = no such test")
      ->delimiter(',')
      ->capture_default_str()
      ->check(any);
  app.add_option("-d", flags.depths, "Positions in the cache when a test begins")
      ->delimiter(',')
      ->capture_default_str()
      ->check(any);
  app.add_option("-b", flags.batches, "Sequences in one step")->delimiter(',')->capture_default_str()->check(positive);
  app.add_option("-t", flags.threads, "Threads (default: the CPUs of this process)")->check(positive);
  app.add_option("-r", flags.repetitions, "Repetitions")->capture_default_str()->check(positive);
  app.add_option("-o", flags.output, "md, json or csv")
      ->capture_default_str()
      ->check(CLI::IsMember({"md", "json", "csv"}));
  app.add_option("--step-tokens", flags.stepTokens, "Token budget of one step, at most the plan's")->check(positive);
  app.add_option("--load", flags.load, "map: share the page cache; copy: read weights into large memory pages")
      ->capture_default_str()
      ->check(CLI::IsMember({"map", "copy"}));
  CLI::Option *weights = app.add_option("--weights", flags.weights,
                                        "External weights of the plan (default: <plan stem>.v4weights beside it)");
  app.add_flag("--made-up-weights", flags.madeUpWeights,
               "Of a plan of v4-compile --weights=none: measure with random weights of its shapes")
      ->excludes(weights);
  app.add_option("--beside", flags.beside, "Decode -b sequences alone, then while a prompt of this length prefills")
      ->check(positive);
  app.add_flag("--plain-launches", flags.plainLaunches, "On a GPU: launch kernel by kernel, replay no recorded step");
  app.add_flag("--profile", flags.profile,
               "Time, bytes, operations and floor of every launch; on a GPU its own time and share of the bandwidth "
               "of copies");
  app.add_option("--device", flags.device,
                 "With --profile, on a GPU: the tensor cores' rate that is published of " + inspect::gpuNames() +
                     ", which products are compared with where none is measured");
  app.add_flag("--cold", flags.cold, "From process start to the first token");
  app.add_flag(
      "--machine", flags.machine,
      "Read bandwidth and dot-product peak of this machine; with a plan for a GPU, bandwidth of copies and rates "
      "of tensor cores of that");
  app.add_flag("--first-token", flags.firstToken)->group("");
}

LoadMode loadMode(const Flags &flags) { return flags.load == "copy" ? LoadMode::Copy : LoadMode::Map; }

ColdOptions coldOptions(const Flags &flags, unsigned threads, uint64_t repetitions) {
  return {flags.plan, flags.weights, loadMode(flags), threads, repetitions, flags.madeUpWeights};
}

/// All combinations, in the order of the flags.
std::vector<Test> testsOf(const Flags &flags) {
  std::vector<Test> tests;
  for (uint64_t depth : flags.depths)
    for (uint64_t batch : flags.batches) {
      for (uint64_t prompt : flags.prompts)
        if (prompt)
          tests.push_back({TestKind::Prefill, prompt, depth, batch});
      for (uint64_t decode : flags.decodes)
        if (decode)
          tests.push_back({TestKind::Decode, decode, depth, batch});
    }
  return tests;
}

class Bench {
public:
  explicit Bench(const Flags &flags) : flags(flags), threads(static_cast<unsigned>(flags.threads)) {}
  Status run();

private:
  Status findPublished(bool gpu);
  Status measureMachine();
  Status measureGpuAlone();
  Status measureCold();
  Status measureTests();
  Status measureBesides();
  void print() const;

  const Flags &flags;
  unsigned threads;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<MachinePass> machine; ///< Null for a plan for a GPU.
  const inspect::Device *published = nullptr;
  Json rows = Json::array();
  Json besides = Json::array(); ///< With other columns.
};

Status Bench::measureMachine() {
  std::vector<MachineSpeed> speeds;
  for (uint64_t i = 0; i < flags.repetitions; ++i)
    speeds.push_back(machine->run());
  rows.push_back(jsonOf(speeds, machine->dotName(), threads));
  return Status();
}

Status Bench::measureGpuAlone() {
  WorkloadOptions options;
  options.batch = options.positions = 1;
  options.threads = threads;
  std::unique_ptr<Workload> workload;
  V4_RETURN_IF_ERROR(Workload::create(*engine, options, workload));
  GpuRuns runs;
  V4_RETURN_IF_ERROR(measureGpu(*workload->session().gpu(), engine->program(), runs));
  rows.push_back(jsonOf(runs));
  return Status();
}

Status Bench::measureCold() {
  ColdOptions options = coldOptions(flags, threads, flags.repetitions);
  ColdStart cold;
  V4_RETURN_IF_ERROR(measureColdStart(options, cold));
  rows.push_back(jsonOf(cold, options));
  return Status();
}

Status Bench::measureTests() {
  RunOptions options{flags.repetitions, flags.stepTokens, threads, flags.plainLaunches, flags.profile};
  for (const Test &test : testsOf(flags)) {
    Profile profile(engine->program());
    profile.setDevice(published);
    Row row;
    V4_RETURN_IF_ERROR(measure(*engine, machine.get(), options, test, profile, row));
    if (!profile.notHeld().empty())
      std::fprintf(stderr, "v4-bench: times of launches may contain waits for the host: %s\n", profile.notHeld().c_str());
    if (!flags.profile)
      rows.push_back(jsonOf(row));
    else if (flags.output == "json")
      rows.push_back(jsonOf(profile, test));
    else
      printProfile(profile, test);
    std::fprintf(stderr, "v4-bench: %s at depth %llu, batch %llu: %.1f tokens/s\n", test.name().c_str(),
                 static_cast<unsigned long long>(test.depth), static_cast<unsigned long long>(test.batch),
                 row.tokensPerSecond.median);
  }
  return Status();
}

/// Tokens that decode while a prompt comes in, for all combinations.
Status Bench::measureBesides() {
  RunOptions options{flags.repetitions, flags.stepTokens, threads, flags.plainLaunches};
  for (uint64_t depth : flags.depths)
    for (uint64_t batch : flags.batches) {
      BesideRow row;
      V4_RETURN_IF_ERROR(measureBeside(*engine, options, {flags.beside, depth, batch}, row));
      besides.push_back(jsonOf(row));
    }
  return Status();
}

void Bench::print() const {
  if (flags.output == "json") {
    Json all = rows;
    all.insert(all.end(), besides.begin(), besides.end());
    std::printf("%s\n", all.dump(2).c_str());
    return;
  }
  bool first = true;
  for (const Json *list : {&rows, &besides})
    if (!list->empty()) {
      std::printf("%s", first ? "" : "\n");
      flags.output == "csv" ? printCsv(*list) : printTable(*list);
      first = false;
    }
}

/// Of --device.
Status Bench::findPublished(bool gpu) {
  if (flags.device.empty())
    return Status();
  published = inspect::findDevice(flags.device);
  if (!published || published->fp8FlopsPerSecond <= 0)
    return invalidInput("--device=", flags.device, ": no GPU whose rates are known, expected one of ",
                        inspect::gpuNames());
  if (!gpu)
    return invalidInput("--device=", flags.device, ": ", flags.plan,
                        " is a plan for a CPU; leave it out or give a plan for a GPU");
  if (!flags.profile || flags.cold)
    return invalidInput("--device=", flags.device, " compares the launches of a --profile",
                        flags.cold ? ", which --cold has not; leave one of them out" : "; add it or leave this out");
  return Status();
}

Status Bench::run() {
  if (!threads)
    threads = std::min(availableCpus(), ThreadPool::kMaxThreads);
  plan::LoadOptions load;
  load.mode = loadMode(flags);
  load.weights = flags.weights;
  load.madeUpWeights = flags.madeUpWeights;
  V4_RETURN_IF_ERROR(Engine::open(flags.plan, load, {}, engine));
  // What the CPUs here can do is no measure of a GPU.
  bool gpu = plan::isForGpu(engine->program());
  V4_RETURN_IF_ERROR(findPublished(gpu));
  if (!gpu)
    V4_RETURN_IF_ERROR(MachinePass::create(engine->plan(), threads, machine));
  if (flags.machine)
    V4_RETURN_IF_ERROR(gpu ? measureGpuAlone() : measureMachine());
  else if (flags.cold)
    V4_RETURN_IF_ERROR(measureCold());
  else
    V4_RETURN_IF_ERROR(measureTests());
  if (flags.beside)
    V4_RETURN_IF_ERROR(measureBesides());
  print();
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return invalidInput("standard output cannot be written");
  return Status();
}

int report(const Status &status) {
  if (!status.isOk())
    std::fprintf(stderr, "v4-bench: %s\n", status.message().c_str());
  return status.exitCode();
}

} // namespace

int main(int argc, char **argv) {
  if (const char *flag = flagWithoutValue(argc, argv))
    return report(invalidInput(flag, " has no value, expected one"));
  Flags flags;
  CLI::App app("Measures how fast an engine plan runs on this machine.", "v4-bench");
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    return report(invalidInput(error.what(), "; see v4-bench --help"));
  }
  if (flags.firstToken)
    return startCold(coldOptions(flags, static_cast<unsigned>(flags.threads), 1));
  return report(Bench(flags).run());
}

//===- v4-inspect.cpp - What is in an engine plan -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every view is a JSON value; text is printed from the same value, a list of
// objects as a table. Never maps code and needs no compiler.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanText.h"
#include "tools/MemoryView.h"
#include "tools/inspect/LimitsFlag.h"
#include "tools/inspect/TextReport.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

struct Arguments {
  std::string path;
  bool summary = false;
  bool kernels = false;
  bool schedule = false;
  bool weights = false;
  bool json = false;
  bool mlir = false;
  std::string memory; ///< "" = not asked for.

  bool needsPlan() const { return kernels || schedule || weights || mlir || !memory.empty(); }
};

/// Of TOOLS, but not of this version.
constexpr const char *kLater[] = {"--cost", "--device", "--machine", "--diff", "--html"};

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

int report(const Status &status) {
  std::fprintf(stderr, "v4-inspect: %s\n", status.message().c_str());
  return status.exitCode();
}

/// The arguments as CLI11 can read them; an error for flags of later versions.
Status prepare(int argc, char **argv, std::vector<std::string> &out) {
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    for (std::string_view later : kLater)
      if (argument.substr(0, argument.find('=')) == later)
        return invalidInput(later, " is not yet supported; v4-inspect --help lists what is");
    out.push_back(argument == "--memory" ? joinText("--memory=", kEnvelope) : argument);
  }
  return Status();
}

void declare(CLI::App &app, Arguments &arguments) {
  app.add_option("FILE", arguments.path, "engine plan")->required();
  app.add_flag("--summary", arguments.summary, "the container: versions, sections, hash (default; any format version)");
  app.add_flag("--kernels", arguments.kernels, "kernels and how often they are launched");
  app.add_flag("--schedule", arguments.schedule, "launches in order, what they read and write");
  app.add_option("--memory", arguments.memory,
                 "bytes of a session, at the plan's limits or at context:N,sequences:N,tokens:N");
  app.add_flag("--weights", arguments.weights, "tensors of the weights and tables sections");
  app.add_flag("--json", arguments.json, "one JSON document; without a view: everything");
  app.add_flag("--mlir", arguments.mlir, "the plan as MLIR's generic form");
  app.set_version_flag("--version", joinText("v4-inspect ", V4_VERSION, ", plan format ", kFormatVersion));
}

//===----------------------------------------------------------------------===//
// Main
//===----------------------------------------------------------------------===//

Status addPlanViews(const Arguments &arguments, bool all, const Plan &plan, Json &document) {
  const fb::Program &program = plan.program();
  if (all)
    document["program"] = viewProgram(program);
  if (all || arguments.kernels)
    document["kernels"] = viewKernels(program);
  if (all || arguments.schedule)
    document["schedule"] = viewSchedule(program);
  if (all || !arguments.memory.empty()) {
    Limits limits;
    V4_RETURN_IF_ERROR(parseLimits(arguments.memory.empty() ? kEnvelope : arguments.memory, program, limits));
    document["memory"] = viewMemory(plan, limits);
  }
  if (all || arguments.weights)
    document["weights"] = viewWeights(program);
  return Status();
}

Status run(const Arguments &arguments) {
  if (arguments.mlir && arguments.json)
    return invalidInput("--mlir and --json exclude each other; choose one");
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(arguments.path, LoadMode::Map, file));
  Bytes bytes{file.data(), file.size()};
  Json document = Json::object();
  Summary summary;
  V4_RETURN_IF_ERROR(summarizePlan(arguments.path, bytes, summary));
  bool oneView = arguments.summary || arguments.needsPlan();
  if (arguments.summary || !oneView)
    document["summary"] = viewSummary(summary);
  bool all = arguments.json && !oneView && summary.header;
  if (all || arguments.needsPlan()) {
    Plan plan;
    V4_RETURN_IF_ERROR(checkPlan(arguments.path, bytes, plan));
    if (arguments.mlir) {
      std::string mlir = printPlan(plan);
      std::fwrite(mlir.data(), 1, mlir.size(), stdout);
      return Status();
    }
    V4_RETURN_IF_ERROR(addPlanViews(arguments, all, plan, document));
  }
  if (arguments.json)
    std::printf("%s\n", document.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  else
    printViews(document);
  return Status();
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app("v4-inspect: what is in an engine plan", "v4-inspect");
  declare(app, arguments);
  std::vector<std::string> list;
  if (Status status = prepare(argc, argv, list); !status.isOk())
    return report(status);
  try {
    app.parse(list);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    return report(invalidInput(error.what(), "; see v4-inspect --help"));
  }
  if (Status status = run(arguments); !status.isOk())
    return report(status);
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return report(invalidInput("standard output: cannot write: ", std::strerror(errno)));
  return 0;
}

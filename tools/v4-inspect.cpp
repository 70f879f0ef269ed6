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
#include "tools/CommandLine.h"
#include "tools/MemoryView.h"
#include "tools/inspect/CostView.h"
#include "tools/inspect/LimitsFlag.h"
#include "tools/inspect/MachineFile.h"
#include "tools/inspect/PlanDiff.h"
#include "tools/inspect/TextReport.h"
#include "tools/inspect/page/Page.h"

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
  std::string memory;  ///< "" = not asked for.
  std::string cost;    ///< The same.
  std::string device;  ///< "" = none.
  std::string machine; ///< Path, "" = none.
  std::string html;    ///< Path, "" = no page.
  bool diff = false;
  std::string other; ///< The second plan of `diff`.

  bool needsPlan() const { return kernels || schedule || weights || mlir || !memory.empty() || !cost.empty(); }
};

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

void declare(CLI::App &app, Arguments &arguments) {
  app.add_option("FILE", arguments.path, "engine plan")->required();
  app.add_option("OTHER", arguments.other, "the second plan of --diff");
  app.add_flag("--summary", arguments.summary, "the container: versions, sections, hash (default; any format version)");
  app.add_flag("--kernels", arguments.kernels, "kernels and how often they are launched");
  app.add_flag("--schedule", arguments.schedule, "launches in order, what they read and write");
  app.add_option("--memory", arguments.memory,
                 "bytes of a session, at the plan's limits or at context:N,sequences:N,tokens:N");
  app.add_option("--cost", arguments.cost,
                 "parameters, and operations and bytes of a token, at the end of the plan's context or of context:N");
  app.add_option("--device", arguments.device,
                 joinText("with --cost, --diff and --html: times on one of ", deviceNames()));
  app.add_option("--machine", arguments.machine,
                 "the same on a machine that was measured: a file of v4-bench --machine -o json");
  app.add_option("--html", arguments.html, "writes cost, memory map and roofline into one page");
  app.add_flag("--diff", arguments.diff, "how two plans differ; exit 2 when they do");
  app.add_flag("--weights", arguments.weights, "tensors of the weights and tables sections");
  app.add_flag("--json", arguments.json, "one JSON document; without a view: everything");
  app.add_flag("--mlir", arguments.mlir, "the plan as MLIR's generic form");
  app.set_version_flag("--version", joinText("v4-inspect ", V4_VERSION, ", plan format ", kFormatVersion));
}

//===----------------------------------------------------------------------===//
// Main
//===----------------------------------------------------------------------===//

/// What the flags name; null for none.
Status chooseDevice(const Arguments &arguments, Device &machine, const Device *&out) {
  out = findDevice(arguments.device);
  if (arguments.machine.empty())
    return Status();
  out = &machine;
  return readMachine(arguments.machine, machine);
}

Status addPlanViews(const Arguments &arguments, bool all, const Plan &plan, const Device *device, Json &document) {
  const fb::Program &program = plan.program();
  if (all)
    document["program"] = viewProgram(program);
  if (all || arguments.kernels)
    document["kernels"] = viewKernels(program);
  if (all || arguments.schedule)
    document["schedule"] = viewSchedule(program);
  if (all || !arguments.memory.empty()) {
    Limits limits;
    V4_RETURN_IF_ERROR(
        parseLimits("--memory", arguments.memory.empty() ? kEnvelope : arguments.memory, program, limits));
    document["memory"] = viewMemory(plan, limits);
  }
  if (all || arguments.weights)
    document["weights"] = viewWeights(program);
  if (arguments.cost.empty())
    return Status();
  uint64_t context = 0;
  V4_RETURN_IF_ERROR(parseContext(arguments.cost, program, context));
  V4_RETURN_IF_ERROR(addCostViews(plan, context, device, document));
  // A line a launch is for programs.
  if (!arguments.json)
    document.erase("cost_launches");
  return Status();
}

void print(const Arguments &arguments, const Json &document) {
  if (arguments.json)
    std::printf("%s\n", document.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  else
    printViews(document);
}

/// CheckFailed when the plans differ; how is on stdout.
Status diff(const Arguments &arguments, const Device *device) {
  Plan a, b;
  V4_RETURN_IF_ERROR(loadPlan(arguments.path, {}, a));
  V4_RETURN_IF_ERROR(loadPlan(arguments.other, {}, b));
  // Times tell which plan is the faster: on some device always.
  Json rows = diffPlans(a, b, device ? device : &usualDevice(a.program().target()->name()->string_view()));
  print(arguments, {{"differences", rows}});
  if (rows.empty())
    return Status();
  return checkFailed(arguments.path, " and ", arguments.other, ": ", rows.size(),
                     " fields differ, expected equal plans; see the table on standard output");
}

Status checkArguments(const Arguments &arguments) {
  if (arguments.mlir && arguments.json)
    return invalidInput("--mlir and --json exclude each other; choose one");
  if (arguments.diff == arguments.other.empty())
    return invalidInput("--diff compares two plans, expected v4-inspect --diff A B and one plan for all else");
  if (arguments.diff && (arguments.needsPlan() || arguments.summary))
    return invalidInput("--diff goes with no view, expected --json and --device or --machine at most; leave the views out");
  if (!arguments.device.empty() && !findDevice(arguments.device))
    return invalidInput("--device=", arguments.device, " is unknown, expected one of ", deviceNames());
  bool times = !arguments.cost.empty() || arguments.diff || !arguments.html.empty();
  if (!arguments.device.empty() && !times)
    return invalidInput("--device=", arguments.device, " gives times, expected --cost, --diff or --html with it");
  if (!arguments.machine.empty() && !times)
    return invalidInput("--machine=", arguments.machine, " gives times, expected --cost, --diff or --html with it");
  if (!arguments.machine.empty() && !arguments.device.empty())
    return invalidInput("--machine and --device exclude each other; choose one");
  if (!arguments.html.empty() && (arguments.needsPlan() || arguments.summary || arguments.json || arguments.diff))
    return invalidInput("--html goes with no view, expected --device or --machine at most; leave the views out");
  return Status();
}

Status run(const Arguments &arguments) {
  V4_RETURN_IF_ERROR(checkArguments(arguments));
  Device machine;
  const Device *device = nullptr;
  V4_RETURN_IF_ERROR(chooseDevice(arguments, machine, device));
  if (arguments.diff)
    return diff(arguments, device);
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(arguments.path, LoadMode::Map, file));
  Bytes bytes{file.data(), file.size()};
  if (!arguments.html.empty()) {
    Plan plan;
    V4_RETURN_IF_ERROR(checkPlan(arguments.path, bytes, plan));
    return writePage(plan, device, arguments.html);
  }
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
    V4_RETURN_IF_ERROR(addPlanViews(arguments, all, plan, device, document));
  }
  print(arguments, document);
  return Status();
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app("v4-inspect: what is in an engine plan", "v4-inspect");
  declare(app, arguments);
  CommandLine line("v4-inspect");
  line.alone = {{"--memory", kEnvelope}, {"--cost", kEnvelope}};
  if (std::optional<int> code = line.parse(app, argc, argv))
    return *code;
  if (Status status = run(arguments); !status.isOk())
    return line.report(status);
  return line.finish(0);
}

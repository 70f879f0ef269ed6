//===- ReportFile.cpp - v4-compile --report ------------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/compile/ReportFile.h"

#include "tools/MemoryView.h"
#include "tools/inspect/CostView.h"

#include <cerrno>
#include <cstring>
#include <fstream>

using namespace v4;
using Json = nlohmann::ordered_json;

/// Remarks that give a reason say what was not done.
static Json viewRemarks(const CompileReport &report, bool made) {
  Json view = Json::array();
  for (const CompileReport::Remark &remark : report.remarks) {
    if (remark.reason.empty() != made)
      continue;
    Json entry = {{"pass", remark.pass}, {"where", remark.where}, {"what", remark.what}};
    if (!made)
      entry["reason"] = remark.reason;
    view.push_back(entry);
  }
  return view;
}

static Json viewPasses(const CompileReport &report) {
  Json view = Json::array();
  for (const CompileReport::Pass &pass : report.passes)
    view.push_back({{"phase", pass.phase}, {"pass", pass.flag}, {"seconds", pass.seconds}});
  return view;
}

static Json viewPhases(const CompileReport &report) {
  Json view = Json::array();
  for (const CompileReport::Phase &phase : report.phases)
    view.push_back({{"phase", phase.name}, {"seconds", phase.seconds}});
  return view;
}

static Json viewKernels(const CompileReport &report) {
  Json view = Json::array();
  for (const CompileReport::Kernel &kernel : report.kernels)
    view.push_back({{"kernel", kernel.symbol},
                    {"op", kernel.op},
                    {"tuned", !kernel.contract.empty()},
                    {"contract", kernel.contract},
                    {"launches", kernel.launches}});
  return view;
}

static Json viewPacked(const CompileReport &report) {
  Json view = Json::array();
  for (const CompileReport::Weight &weight : report.packedWeights)
    view.push_back({{"weight", weight.name}, {"element", weight.element}, {"layout", weight.layout}, {"bytes", weight.bytes}});
  return view;
}

static Json viewQuantization(const CompileReport &report) {
  Json view = Json::array();
  for (const CompileReport::Quantized &weight : report.quantized)
    view.push_back({{"weight", weight.name},
                    {"format", weight.format},
                    {"tensors", weight.tensors},
                    {"max_abs_error", weight.maxAbsError},
                    {"relative_rms_error", weight.relativeRmsError},
                    {"worst_tensor", weight.worstTensor}});
  return view;
}

/// What the plan says of itself, at the limits that it was made for: "memory", and the views of cost. Null and nothing
/// without a plan.
static Json viewPlan(const CompileOptions &options, const std::string &device) {
  Json view = {{"memory", nullptr}};
  MappedFile file;
  plan::Plan plan;
  if (options.compileTo != Phase::Plan || !MappedFile::open(options.output, LoadMode::Map, file).isOk() ||
      !plan::checkPlan(options.output, {file.data(), file.size()}, plan).isOk())
    return view;
  view["memory"] = viewMemory(plan, plan::envelopeLimits(plan.program()));
  // A plan that was made here always holds counts; one of a foreign module may not.
  (void)inspect::addCostViews(plan, plan.program().envelope()->max_context(), inspect::findDevice(device), view);
  return view;
}

std::string v4::writeReport(const CompileReport &report, const CompileOptions &options, const std::string &device,
                            const std::string &path) {
  Json document = {{"producer", "v4c " V4_VERSION},
                   {"input", options.input},
                   {"output", options.output},
                   {"target", report.target},
                   {"optimization", report.optimization},
                   {"disabled_passes", report.disabledPasses},
                   {"quantize", report.quantize},
                   {"phases", viewPhases(report)},
                   {"passes", viewPasses(report)},
                   {"made", viewRemarks(report, true)},
                   {"declined", viewRemarks(report, false)},
                   {"kernels", viewKernels(report)},
                   {"packed_weights", viewPacked(report)},
                   {"quantization", viewQuantization(report)}};
  document.update(viewPlan(options, device));
  std::ofstream file(path, std::ios::binary);
  file << document.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  file.close();
  return file ? "" : path + ": the report cannot be written: " + std::strerror(errno) + "; check the folder and its permissions";
}

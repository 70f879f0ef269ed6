//===- CostView.cpp - Parameters, operations and bytes of a token ---------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/CostView.h"

#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanText.h"
#include "tools/inspect/ComparedModel.h"
#include "tools/inspect/LaunchCost.h"
#include "tools/inspect/LimitsFlag.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

/// The paper compares there.
constexpr uint64_t kComparedContext = 1u << 20;
constexpr uint64_t kMaxContext = 1u << 30;

double flopsOf(const fb::Part &part, const StepShape &step) {
  double products = 0;
  for (const fb::WorkTerm *term : *part.work())
    products += productsOf(*term, step);
  return 2 * products;
}

/// Parts of one group, summed.
struct Sums {
  uint64_t parameters = 0;
  uint64_t active = 0;
  uint64_t storedBytes = 0;
  double flops = 0;
};

Sums sumParts(const fb::Program &program, fb::LaunchGroup group, const StepShape &step) {
  Sums sums;
  for (const fb::Part *part : *program.parts())
    if (part->group() == group) {
      sums.parameters += part->parameters();
      sums.active += part->active_parameters();
      sums.storedBytes += part->stored_bytes();
      sums.flops += flopsOf(*part, step);
    }
  return sums;
}

/// Rows of the model's own page pools, without padding.
double cacheBytesPerToken(const fb::Program &program) {
  double bytes = 0;
  for (const fb::Pool *pool : *program.pools())
    if (pool->kind() == fb::PoolKind::Page && pool->group() == fb::LaunchGroup::Main)
      bytes += static_cast<double>(pool->rows()) * static_cast<double>(pool->row_bytes());
  return bytes / kPageTokens;
}

Json viewTotals(const fb::Program &program, uint64_t context) {
  StepShape step = lastTokensOf(context);
  Sums main = sumParts(program, fb::LaunchGroup::Main, step), mtp = sumParts(program, fb::LaunchGroup::Mtp, step);
  Cost cost;
  // What samples is listed with the launches and is part of no step.
  for (const fb::Launch *launch : *program.launches())
    if (launch->group() == fb::LaunchGroup::Main)
      cost += launchCost(program, *launch, step);
  return {{"context", context},
          {"parameters", main.parameters},
          {"active_parameters", main.active},
          {"mtp_parameters", mtp.parameters},
          {"mtp_active_parameters", mtp.active},
          {"stored_bytes", main.storedBytes},
          {"mtp_stored_bytes", mtp.storedBytes},
          {"checkpoint_bytes", main.storedBytes + mtp.storedBytes},
          {"flops_per_token", main.flops},
          {"mtp_flops_per_token", mtp.flops},
          {"weight_bytes_per_token", cost.weightBytes},
          {"cache_bytes_moved_per_token", cost.cacheBytes},
          {"cache_bytes_per_token", cacheBytesPerToken(program)},
          {"page_bytes_per_sequence", pagesOf(context) * program.page_bytes()},
          {"state_bytes_per_sequence", program.state_bytes()},
          {"cache_bytes_per_sequence", pagesOf(context) * program.page_bytes() + program.state_bytes()}};
}

Json viewParts(const fb::Program &program, uint64_t context) {
  Json view = Json::array();
  for (const fb::Part *part : *program.parts())
    view.push_back({{"part", part->name()->str()},
                    {"group", groupName(part->group())},
                    {"parameters", part->parameters()},
                    {"active_parameters", part->active_parameters()},
                    {"stored_bytes", part->stored_bytes()},
                    {"flops_per_token", flopsOf(*part, lastTokensOf(context))}});
  return view;
}

Json viewLaunches(const fb::Program &program, uint64_t context) {
  Json view = Json::array();
  for (uint32_t i = 0; i < program.launches()->size(); ++i) {
    const fb::Launch &launch = *program.launches()->Get(i);
    Cost cost = launchCost(program, launch, lastTokensOf(context));
    view.push_back({{"index", i},
                    {"kernel", program.kernels()->Get(launch.kernel())->symbol()->str()},
                    {"group", groupName(launch.group())},
                    {"layer", launch.layer()},
                    {"flops", cost.flops()},
                    {"weight_bytes", cost.weightBytes},
                    {"cache_bytes", cost.cacheBytes},
                    {"activation_bytes", cost.activationBytes}});
  }
  return view;
}

//===----------------------------------------------------------------------===//
// Against another model
//===----------------------------------------------------------------------===//

} // namespace

Json inspect::compareAt(const fb::Program &program, uint64_t context) {
  ComparedFlops own, other = flopsOfV32(context);
  for (const fb::Part *part : *program.parts())
    if (part->group() == fb::LaunchGroup::Main)
      for (const fb::WorkTerm *term : *part->work())
        own.add(2 * productsOf(*term, lastTokensOf(context)), fp8Equivalents(term->arithmetic()));
  double cache = cacheBytesPerToken(program);
  return {{"context", context},
          {"cache_bytes_per_token", cache},
          {"v3_2_cache_bytes_per_token", cacheBytesPerTokenOfV32()},
          {"cache_percent", 100 * cache / cacheBytesPerTokenOfV32()},
          {"flops", own.plain},
          {"v3_2_flops", other.plain},
          {"flops_percent", 100 * own.plain / other.plain},
          {"fp8_equivalent_flops", own.weighted},
          {"v3_2_fp8_equivalent_flops", other.weighted},
          {"fp8_equivalent_percent", 100 * own.weighted / other.weighted},
          {"weights", kWeights}};
}

namespace {

Json viewComparison(const fb::Program &program, uint64_t context) {
  Json view = Json::array();
  view.push_back(compareAt(program, context));
  if (context != kComparedContext)
    view.push_back(compareAt(program, kComparedContext));
  return view;
}

//===----------------------------------------------------------------------===//
// On a device
//===----------------------------------------------------------------------===//

Json viewRoofline(const fb::Program &program, uint64_t context, const Device &device) {
  StepShape step = lastTokensOf(context);
  Cost cost;
  double seconds = 0, arithmetic = 0;
  for (const fb::Launch *launch : *program.launches())
    if (launch->group() == fb::LaunchGroup::Main) {
      Cost own = launchCost(program, *launch, step);
      seconds += floorOf(own, device);
      cost += own;
    }
  for (const fb::Part *part : *program.parts())
    if (part->group() == fb::LaunchGroup::Main)
      for (const fb::WorkTerm *term : *part->work())
        if (double rate = device.flopsPerSecond(term->arithmetic()); rate > 0)
          arithmetic += 2 * productsOf(*term, step) / rate;
  return {{"device", device.name},
          {"context", context},
          {"bytes_per_second", device.bytesPerSecond},
          {"memory_bytes", device.memoryBytes},
          {"bytes_moved_per_token", cost.memoryBytes()},
          {"bandwidth_seconds", cost.memoryBytes() / device.bytesPerSecond},
          {"arithmetic_seconds", arithmetic},
          {"launch_floor_seconds", seconds},
          {"tokens_per_second", 1 / std::max(seconds, 1e-12)},
          {"source", device.source}};
}

} // namespace

Status inspect::addCostViews(const Plan &plan, uint64_t context, const Device *device, Json &document) {
  const fb::Program &program = plan.program();
  if (!program.parts() || program.parts()->size() == 0)
    return unsupported(plan.name(), ": holds no counts of the model's parts, expected those of a newer v4-compile; "
                                    "compile the plan again");
  document["cost"] = viewTotals(program, context);
  document["cost_parts"] = viewParts(program, context);
  document["cost_launches"] = viewLaunches(program, context);
  document["against_v3_2"] = viewComparison(program, context);
  if (device)
    document["roofline"] = viewRoofline(program, context, *device);
  return Status();
}

Status inspect::parseContext(const std::string &flag, const fb::Program &program, uint64_t &out) {
  out = program.envelope()->max_context();
  if (flag == kEnvelope)
    return Status();
  constexpr std::string_view key = "context:";
  std::string digits = flag.substr(0, key.size()) == key ? flag.substr(key.size()) : "";
  bool plain = !digits.empty() && digits.size() <= 12 && digits.find_first_not_of("0123456789") == std::string::npos;
  uint64_t value = plain ? std::stoull(digits) : 0;
  if (value < 1 || value > kMaxContext)
    return invalidInput("--cost: '", flag, "' is not understood, expected context:N with N from 1 to ", kMaxContext);
  out = value;
  return Status();
}

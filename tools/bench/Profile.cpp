//===- Profile.cpp - Time, cost and floor of every launch -----------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Profile.h"

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanTarget.h"

#include <algorithm>
#include <array>
#include <map>

using namespace v4;
using namespace v4::bench;

Profile::Profile(const plan::fb::Program &program) : program(program) {
  for (uint32_t i = 0; i < program.launches()->size(); ++i) {
    firstEntries.push_back(static_cast<uint32_t>(entries.size()));
    for (uint32_t v = 0; v <= plan::variantCount(kernelOf(i)); ++v) {
      entries.emplace_back().launch = i;
      entries.back().variant = v;
    }
  }
}

bool Profile::isOfGpu() const { return plan::isForGpu(program); }

Status Profile::attach(Workload &to) {
  if (CudaDevice *device = to.session().gpu())
    V4_RETURN_IF_ERROR(DeviceBlock::createPinned(*device, "experts hit by each launch", "leave --profile out",
                                                 entries.size() * sizeof(int32_t), pinnedHits));
  workload = &to;
  workload->session().setTrace({this, receive, readHits, /*before=*/nullptr, /*held=*/true});
  workload->onStep(endStep, this);
  return Status();
}

void Profile::detach() {
  unheld = workload->session().takeHoldVerdict().message();
  workload->session().setTrace({});
  workload->onStep(nullptr, nullptr);
  workload = nullptr;
  pinnedHits = DeviceBlock();
}

/// Of a GPU in memory that copies to it need no wait for.
int32_t &Profile::hitsOf(const LaunchSpan &span) {
  Entry &entry = entryOf(span);
  return span.device ? reinterpret_cast<int32_t *>(pinnedHits.data())[&entry - entries.data()] : entry.hits;
}

/// The first number of the binding. A GPU is asked for it behind the launch, and not waited for.
void Profile::readHits(void *profile, const LaunchSpan &span) {
  Profile &self = *static_cast<Profile *>(profile);
  if (int32_t binding = self.kernelOf(span.launch).hits(); binding >= 0)
    copyMemory(span.device, &self.hitsOf(span), span.bindings[binding], sizeof(int32_t));
}

void Profile::receive(void *profile, const LaunchSpan &span) {
  Profile &self = *static_cast<Profile *>(profile);
  Entry &entry = self.entryOf(span);
  entry.last = span.endNanoseconds - span.beginNanoseconds;
  entry.ran = true;
  entry.worked = span.workgroups > 0;
  if (!span.device)
    readHits(profile, span);
  entry.hits = self.hitsOf(span);
}

double Profile::floorOf(const plan::Cost &cost) const {
  if (speed.bytesPerSecond == 0)
    return 0;
  double bytes = cost.memoryBytes() + cost.activationBytes;
  // Rows of a cache are multiplied in vector registers on every target.
  bool tiles = speed.tileFlopsPerSecond > 0 && cost.cacheBytes == 0;
  double dots = tiles ? speed.tileFlopsPerSecond : speed.dotFlopsPerSecond;
  return std::max(bytes / speed.bytesPerSecond, cost.dotFlops / dots + cost.fmaFlops / speed.fmaFlopsPerSecond);
}

void Profile::endStep(void *profile, double seconds) {
  Profile &self = *static_cast<Profile *>(profile);
  ++self.stepCount;
  self.stepTime += seconds;
  for (Entry &entry : self.entries) {
    if (!entry.ran)
      continue;
    // A launch without rows reads nothing.
    plan::Cost cost =
        entry.worked ? costOf(self.kernelOf(entry.launch), self.workload->shape(), static_cast<uint64_t>(entry.hits))
                     : plan::Cost();
    entry.cost += cost;
    self.total += cost;
    entry.floorSeconds += self.floorOf(cost);
    entry.nanoseconds += entry.last;
    ++entry.runs;
    entry.ran = false;
  }
}

/// By what the layer caches: its page pools have the ratio in common.
std::string Profile::layerKind(const plan::fb::Launch &launch) const {
  if (launch.group() != plan::fb::LaunchGroup::Main && launch.group() != plan::fb::LaunchGroup::Sample)
    return "mtp";
  if (launch.layer() < 0)
    return "-";
  std::string prefix = joinText("layers.", launch.layer(), ".");
  for (const plan::fb::Pool *pool : *program.pools())
    if (pool->kind() == plan::fb::PoolKind::Page && pool->name()->string_view().substr(0, prefix.size()) == prefix)
      return pool->ratio() == 4 ? "csa" : "hca";
  return "window";
}

std::vector<ProfileGroup> Profile::groups() const {
  std::map<std::array<std::string, 3>, ProfileGroup> byName;
  for (const Entry &entry : entries) {
    if (!entry.runs)
      continue;
    const plan::fb::Launch &launch = *program.launches()->Get(entry.launch);
    const plan::fb::Kernel &kernel = kernelOf(entry.launch);
    std::string symbol = kernel.symbol()->str(), function(plan::functionOf(kernel, entry.variant));
    ProfileGroup &group = byName[{symbol, function, layerKind(launch)}];
    group.kernel = symbol;
    group.function = function;
    group.op = kernel.op()->str();
    group.layers = layerKind(launch);
    group.launches += entry.runs;
    group.seconds += static_cast<double>(entry.nanoseconds) * 1e-9;
    group.floorSeconds += entry.floorSeconds;
    group.cost += entry.cost;
  }
  std::vector<ProfileGroup> list;
  for (auto &item : byName)
    list.push_back(std::move(item.second));
  std::sort(list.begin(), list.end(), [](const ProfileGroup &a, const ProfileGroup &b) {
    if (a.seconds != b.seconds)
      return a.seconds > b.seconds;
    return a.kernel != b.kernel ? a.kernel < b.kernel : a.function < b.function;
  });
  return list;
}

double Profile::launchSeconds() const {
  int64_t sum = 0;
  for (const Entry &entry : entries)
    sum += entry.nanoseconds;
  return static_cast<double>(sum) * 1e-9;
}

uint64_t Profile::launches() const {
  uint64_t sum = 0;
  for (const Entry &entry : entries)
    sum += entry.runs;
  return sum;
}

//===- LaunchComparison.cpp - Which launches are wrong --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/LaunchComparison.h"

#include "tools/certify/GoldenLimits.h"
#include "tools/certify/RowPairs.h"

#include <map>
#include <numeric>
#include <optional>
#include <set>

using namespace v4;
using namespace v4::certify;
namespace fb = v4::plan::fb;

namespace {

/// What one launch wrote into one buffer in one step.
struct Written {
  uint32_t buffer;
  const std::string *function;
  double magnitude;
};

using WrittenByLaunch = std::map<uint32_t, std::vector<Written>>;

/// Rounding in front of a launch moves what it gives no further than what its layer gives.
double limitOf(const fb::Program &program, uint32_t launch) {
  int32_t layer = program.launches()->Get(launch)->layer();
  if (layer >= 0 && layer < int32_t(kSketchLayers))
    return kSketchLimit;
  return logitsLimit(layer < 0 ? program.model()->layers() : static_cast<uint32_t>(layer) + 1, false);
}

/// An input is blamed for what a launch gives when it is beyond the limit itself, or differs by this part of it: layers
/// add to streams that are larger, in which even a wrong kernel moves little.
constexpr double kBlame = 0.25;

/// The walk of one step.
class Walk {
public:
  Walk(const fb::Program &program, const RecordedStep &step, const WrittenByLaunch &written)
      : program(program), step(step), written(written) {}

  /// The launch that completes a wrong buffer, or what made its inputs differ.
  void visit(uint32_t launch) {
    if (!visited.insert(launch).second)
      return;
    double mine = mostOf(launch).magnitude;
    std::vector<uint32_t> fillers, before = blamedInputsOf(launch, mine);
    if (before.empty())
      for (uint32_t filler : fillersOf(launch)) {
        std::vector<uint32_t> behind = blamedInputsOf(filler, mine);
        before.insert(before.end(), behind.begin(), behind.end());
        fillers.push_back(filler);
      }
    for (uint32_t writer : before)
      visit(writer);
    if (before.empty())
      blame(launch, std::move(fillers));
  }

  void blame(uint32_t launch, std::vector<uint32_t> fillers = {}) {
    const Written &most = mostOf(launch);
    wrong.push_back(
        {launch, *most.function, most.buffer, most.magnitude, limitOf(program, launch), std::move(fillers)});
  }

  /// The last launch in front of `end` that ran and writes the buffer, if what it wrote differs by more than the
  /// limit, or than `beyond`.
  std::optional<uint32_t> writerOf(uint32_t buffer, uint32_t end, double beyond = HUGE_VAL) const {
    for (auto it = step.launches.rbegin(); it != step.launches.rend(); ++it)
      if (*it < end && has(*it, fb::BindingKind::Buffer, fb::Access::Out, buffer))
        return magnitudeOf(*it, buffer) > std::min(beyond, limitOf(program, *it)) ? std::optional(*it) : std::nullopt;
    return std::nullopt;
  }

  std::vector<LaunchDifference> wrong;

private:
  bool has(uint32_t launch, fb::BindingKind kind, fb::Access access, uint32_t index) const {
    for (const fb::Binding *binding : *program.launches()->Get(launch)->bindings())
      if (binding->kind() == kind && binding->access() == access && binding->index() == index)
        return true;
    return false;
  }

  /// 0 where nothing is recorded.
  double magnitudeOf(uint32_t launch, uint32_t buffer) const {
    auto found = written.find(launch);
    if (found != written.end())
      for (const Written &w : found->second)
        if (w.buffer == buffer)
          return w.magnitude;
    return 0;
  }

  const Written &mostOf(uint32_t launch) const {
    const std::vector<Written> &all = written.at(launch);
    return *std::max_element(all.begin(), all.end(),
                             [](const Written &a, const Written &b) { return a.magnitude < b.magnitude; });
  }

  /// Who wrote them. `most` is by how much the launch's outputs differ.
  std::vector<uint32_t> blamedInputsOf(uint32_t launch, double most) const {
    std::vector<uint32_t> writers;
    for (const fb::Binding *binding : *program.launches()->Get(launch)->bindings())
      if (binding->kind() == fb::BindingKind::Buffer && binding->access() == fb::Access::In)
        if (std::optional<uint32_t> writer = writerOf(binding->index(), launch, most * kBlame))
          writers.push_back(*writer);
    return writers;
  }

  /// Those behind it filled the cache in earlier steps.
  std::vector<uint32_t> fillersOf(uint32_t launch) const {
    std::vector<uint32_t> fillers;
    for (const fb::Binding *binding : *program.launches()->Get(launch)->bindings()) {
      if (binding->kind() != fb::BindingKind::Pool || binding->access() != fb::Access::In)
        continue;
      for (uint32_t other : step.launches)
        if ((other < launch || step.range.first) &&
            has(other, fb::BindingKind::Pool, fb::Access::Out, binding->index()))
          fillers.push_back(other);
    }
    return fillers;
  }

  const fb::Program &program;
  const RecordedStep &step;
  const WrittenByLaunch &written;
  std::set<uint32_t> visited;
};

/// Median over the rows of a step. Of sets the mean, since one row alone moves what follows: entries that only one of
/// both has, over those of the recorded one. A NaN is infinitely far.
double magnitudeIn(const RowPairs &rows, const StepRange &step, bool &found) {
  std::vector<double> values;
  for (size_t i = 0; i < rows.size(); ++i) {
    uint32_t position = rows.golden(i).position;
    if (position < step.first || position >= step.first + step.count)
      continue;
    double scale = rows.isSet() ? std::max(1.0, static_cast<double>(rows.golden(i).scale)) : 1;
    values.push_back(rows.magnitude(i) / scale);
  }
  found = !values.empty();
  if (found && rows.isSet())
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double middle = median(std::move(values));
  return std::isnan(middle) ? HUGE_VAL : middle;
}

class Comparer {
public:
  Comparer(const fb::Program &program, const LaunchRecords &fresh, LaunchComparison &out)
      : program(program), fresh(fresh), out(out), written(fresh.steps.size()) {}

  void add(const LaunchRecord &mine, const ProbeRecord &golden) {
    uint32_t buffer = program.launches()->Get(mine.launch)->bindings()->Get(mine.binding)->index();
    LaunchDifference most{mine.launch, mine.function, buffer, 0, limitOf(program, mine.launch), {}};
    for (size_t i = 0; i < fresh.steps.size(); ++i) {
      const StepRange &range = fresh.steps[i].range;
      bool found = false;
      double magnitude = magnitudeIn(RowPairs(golden, mine.record, range.stretch), range, found);
      if (!found)
        continue;
      ++out.compared;
      written[i][mine.launch].push_back({buffer, &mine.function, magnitude});
      most.magnitude = std::max(most.magnitude, magnitude);
    }
    LaunchDifference &largest = byFunction.emplace(mine.function, most).first->second;
    if (most.magnitude > largest.magnitude)
      largest = most;
  }

  void finish() {
    for (auto &item : byFunction)
      out.largest.push_back(std::move(item.second));
    std::sort(out.largest.begin(), out.largest.end(), [](const LaunchDifference &a, const LaunchDifference &b) {
      return std::pair(b.magnitude, a.launch) < std::pair(a.magnitude, b.launch);
    });
    for (size_t i = 0; i < fresh.steps.size() && out.probe.empty(); ++i)
      findIn(fresh.steps[i], written[i]);
  }

private:
  /// The first wrong probe of a step, and what made it so.
  void findIn(const RecordedStep &step, const WrittenByLaunch &writtenThen) {
    std::vector<std::pair<uint32_t, const fb::Probe *>> probes;
    for (const fb::Probe *probe : *program.probes())
      probes.push_back({probe->after_launch(), probe});
    std::sort(probes.begin(), probes.end());
    Walk walk(program, step, writtenThen);
    for (auto [after, probe] : probes) {
      std::optional<uint32_t> writer = walk.writerOf(probe->buffer(), after + 1);
      if (!writer)
        continue;
      walk.visit(*writer);
      // Through the cache a launch may wait for itself.
      if (walk.wrong.empty())
        walk.blame(*writer);
      out.probe = probe->name()->str();
      out.step = step.range;
      out.wrong = std::move(walk.wrong);
      return;
    }
  }

  const fb::Program &program;
  const LaunchRecords &fresh;
  LaunchComparison &out;
  std::vector<WrittenByLaunch> written; ///< By step.
  std::map<std::string, LaunchDifference> byFunction;
};

} // namespace

Status certify::compareLaunches(const fb::Program &program, const std::string &path, const Certificate &recorded,
                                const LaunchRecords &fresh, LaunchComparison &out) {
  std::map<std::string_view, const ProbeRecord *> byName;
  for (const ProbeRecord &record : recorded.probes)
    byName[record.name] = &record;
  Comparer comparer(program, fresh, out);
  size_t lacking = 0;
  for (const LaunchRecord &mine : fresh.outputs) {
    auto found = byName.find(mine.record.name);
    if (found != byName.end() && found->second->rowValues == mine.record.rowValues &&
        found->second->element == mine.record.element && found->second->width == mine.record.width)
      comparer.add(mine, *found->second);
    else
      ++lacking;
  }
  comparer.finish();
  if (lacking || !out.compared)
    return invalidInput(path, ": has ", fresh.outputs.size() - lacking, " of the ", fresh.outputs.size(),
                        " outputs of this plan's launches, expected all; record it with v4-verify --record "
                        "--launches=FILE");
  return Status();
}

//===- Comparison.cpp - Does a run agree with a certificate? --------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/certify/Comparison.h"

#include "tools/certify/GoldenLimits.h"
#include "tools/certify/RowPairs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace v4;
using namespace v4::certify;
using plan::fb::ElementType;

namespace {

Difference differenceOf(const RowPairs &rows, double beyond) {
  Difference out;
  out.rows = rows.size();
  bool found = false;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows.isSame(i))
      continue;
    ++out.different;
    double magnitude = rows.magnitude(i);
    // So written that a NaN counts.
    if (found || magnitude <= beyond)
      continue;
    found = true;
    out.position = rows.golden(i).position;
    out.magnitude = magnitude;
  }
  return out;
}

double relativeMedian(const RowPairs &rows) {
  std::vector<double> values;
  for (size_t i = 0; i < rows.size(); ++i)
    values.push_back(rows.magnitude(i));
  return median(std::move(values));
}

double sketchL2(const RowPairs &rows) {
  double difference = 0, golden = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    difference += rows.squareOf(i);
    golden += rows.goldenSquare(i);
  }
  return difference == 0 ? 0 : std::sqrt(difference / golden);
}

/// Compares one pair of certificates.
class Comparer {
public:
  Comparer(const Certificate &recorded, const Certificate &fresh, uint32_t layers)
      : recorded(recorded), fresh(fresh), layers(layers) {
    out.isExact = recorded.plan == fresh.plan;
  }

  Comparison run() {
    for (const ProbeRecord &golden : recorded.probes) {
      auto mine = std::find_if(fresh.probes.begin(), fresh.probes.end(),
                               [&](const ProbeRecord &p) { return p.name == golden.name; });
      if (mine == fresh.probes.end() || mine->rowValues != golden.rowValues || mine->element != golden.element ||
          mine->width != golden.width) {
        out.missing.push_back(golden.name);
        continue;
      }
      for (uint32_t stretch = 0; stretch < recorded.stretches.size(); ++stretch)
        compareStretch(golden, *mine, stretch);
      if (!out.isExact && golden.element != ElementType::I32)
        compareRms(golden, *mine);
    }
    return std::move(out);
  }

private:
  void add(const ProbeRecord &probe, uint32_t stretch, const RowPairs &rows, const char *property, double value,
           double limit, bool atLeast = false) {
    double beyond = atLeast || rows.isSet() || out.isExact ? 0 : limit;
    out.measures.push_back({probe.name, stretch, property, value, limit, atLeast, differenceOf(rows, beyond)});
  }

  void compareStretch(const ProbeRecord &golden, const ProbeRecord &mine, uint32_t stretch) {
    RowPairs rows(golden, mine, stretch);
    if (rows.alone())
      add(golden, stretch, rows, "rows that only one run has", static_cast<double>(rows.alone()), 0);
    if (rows.size() == 0)
      return;
    if (out.isExact)
      return add(golden, stretch, rows, "rows with other bits", static_cast<double>(differenceOf(rows, 0).different),
                 0);
    bool isLong = recorded.stretches[stretch].prompt >= kLongPrompt;
    ProbeName name(golden.name);
    if (name.kind == "index_topk")
      compareSelection(golden, stretch, rows, name.layer);
    else if (rows.isSet() && (!name.isLayer || name.layer < layers)) // the limit is one of the trunk
      compareChoice(golden, stretch, rows, isLong);
    else if (!rows.isSet())
      compareNumbers(golden, stretch, rows, name, isLong);
  }

  void compareNumbers(const ProbeRecord &probe, uint32_t stretch, const RowPairs &rows, const ProbeName &name,
                      bool isLong) {
    if (probe.name == "embed.streams")
      return add(probe, stretch, rows, "sketch L2", sketchL2(rows), kEmbeddingLimit);
    // A single flipped expert moves a short prompt beyond any L2 limit, a median not.
    if (name.kind == "streams" && name.layer < kSketchLayers && name.layer < layers && isLong)
      return add(probe, stretch, rows, "sketch L2", sketchL2(rows), kSketchLimit);
    add(probe, stretch, rows, "rel_median", relativeMedian(rows), medianLimit(name, layers, isLong));
  }

  /// Rows that an indexer selects: all visible ones where there is no choice, most of the golden ones elsewhere.
  void compareSelection(const ProbeRecord &probe, uint32_t stretch, const RowPairs &rows, uint32_t layer) {
    double missed = 0;
    uint64_t choices = 0, without = 0, wrong = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if ((uint64_t(rows.golden(i).position) + 1) / 4 <= probe.rowValues) {
        ++without;
        wrong += !rows.isSame(i);
        continue;
      }
      ++choices;
      missed += rows.squareOf(i) / (2.0 * probe.rowValues);
    }
    if (without)
      add(probe, stretch, rows, "rows without all visible entries", static_cast<double>(wrong), 0);
    if (choices)
      add(probe, stretch, rows, "recall", 1 - missed / static_cast<double>(choices), recallLimit(layer), true);
  }

  /// The share counts over all layers so far: noise grows with depth, and the bound is one of all layers.
  void compareChoice(const ProbeRecord &probe, uint32_t stretch, const RowPairs &rows, bool isLong) {
    if (!isLong)
      return;
    for (size_t i = 0; i < rows.size(); ++i)
      sameChoices += rows.isSame(i);
    choices += rows.size();
    add(probe, stretch, rows, "share of the same choices",
        static_cast<double>(sameChoices) / static_cast<double>(choices), kRouteLimit, true);
  }

  void compareRms(const ProbeRecord &golden, const ProbeRecord &mine) {
    double limit = golden.name == "embed.streams" ? kEmbeddingLimit : medianLimit(ProbeName(golden.name), layers, true);
    double ratio = golden.rms == mine.rms ? 0 : std::fabs(mine.rms / golden.rms - 1);
    // Its place is that of the row that differs most like it: the first beyond the limit in the longest stretch.
    uint32_t stretch = static_cast<uint32_t>(recorded.stretches.size() - 1);
    add(golden, stretch, RowPairs(golden, mine, stretch), "RMS", ratio, limit);
  }

  const Certificate &recorded, &fresh;
  uint32_t layers;
  Comparison out;
  uint64_t choices = 0, sameChoices = 0;
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

} // namespace

const Measure *Comparison::firstFailure() const {
  for (const Measure &measure : measures)
    if (!measure.holds())
      return &measure;
  return nullptr;
}

Status certify::checkKinship(const std::string &path, const Certificate &recorded, const Certificate &fresh) {
  if (recorded.config != fresh.config)
    return invalidInput(path, ": was recorded of a model of config ", recorded.config.hex(), ", this plan's is ",
                        fresh.config.hex(), "; use the certificate of this model");
  uint64_t shared = 0, other = 0;
  for (const WeightSample &sample : recorded.weights) {
    auto found = std::lower_bound(fresh.weights.begin(), fresh.weights.end(), sample);
    if (found == fresh.weights.end() || found->form != sample.form)
      continue;
    ++shared;
    other += found->content != sample.content;
  }
  if (other || shared == 0)
    return invalidInput(path, ": was recorded with other weights: ", other, " of ", shared,
                        " tensors that both plans hold in one form differ; use the certificate of these weights");
  return Status();
}

Comparison certify::compare(const Certificate &recorded, const Certificate &fresh, uint32_t layers) {
  return Comparer(recorded, fresh, layers).run();
}

std::string certify::describe(const Measure &measure, const Certificate &recorded) {
  const Difference &d = measure.difference;
  ProbeName name(measure.probe);
  const Stretch &stretch = recorded.stretches[measure.stretch];
  std::string where =
      name.isLayer ? joinText("layer ", name.layer, ", probe ", measure.probe) : joinText("probe ", measure.probe);
  return joinText(where, " is the first that differs from the certificate: ", measure.property, " ",
                  number(measure.value), ", expected ", measure.atLeast ? "at least " : "at most ",
                  number(measure.limit), "; ", d.different, " of ", d.rows, " rows have other bits, the first ",
                  "beyond the bound at position ", d.position, " of the sequence of ", stretch.prompt, " + ",
                  stretch.decode, " tokens, ", "by ", number(d.magnitude), " of its scale");
}

//===- Report.cpp - Rows as a table, as CSV, as JSON -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/Report.h"

#include "tools/bench/TensorRate.h"

#include <cmath>
#include <cstdio>

using namespace v4;
using namespace v4::bench;

namespace {

Json jsonOf(const Spread &spread) { return {{"median", spread.median}, {"min", spread.least}, {"max", spread.most}}; }

Json jsonOf(const std::optional<double> &value) { return value ? Json(*value) : Json(); }

/// What has no machine to be compared with is null.
Json floorOf(const Profile &profile, double seconds) { return profile.hasFloors() ? Json(seconds) : Json(); }

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double bytesOf(const ProfileGroup &group) { return group.cost.memoryBytes() + group.cost.activationBytes; }

/// Of the bandwidth of copies; null when it is not known.
Json bandwidthOf(const Profile &profile, double bytes, double seconds) {
  double most = profile.gpuSpeed().copyBytesPerSecond;
  return most > 0 && seconds > 0 ? Json(bytes / seconds / most) : Json();
}

/// Of the rate of tensor cores; null where they do nothing, or it is not known.
Json tensorFractionOf(const Profile &profile, const ProfileGroup &group) {
  std::optional<double> rate = tensorRate(group.function, profile.tensorRates());
  return rate && group.seconds > 0 ? Json(group.cost.dotFlops / group.seconds / *rate) : Json();
}

/// Null when it is not known.
Json knownRate(double rate) { return rate > 0 ? Json(rate) : Json(); }

/// Each kind of product is compared with what was measured of it, else with what is published.
Json comparedRates(const TensorRates &measured, const inspect::Device *published) {
  if (measured.fp8 > 0 && measured.bf16 > 0)
    return "measured";
  if (measured.any())
    return published ? "measured, else published" : "measured";
  return published ? Json("published") : Json();
}

/// What a step that nobody traces takes, and how much of it no launch does. Weights and cache count, as in rows.
void addGpu(const Profile &profile, Json &out) {
  const GpuSpeed &speed = profile.gpuSpeed();
  auto steps = static_cast<double>(profile.steps());
  out["copy_bytes_per_second"] = speed.copyBytesPerSecond > 0 ? Json(speed.copyBytesPerSecond) : Json();
  out["launches_held"] = profile.notHeld().empty();
  out["untraced_step_seconds"] = speed.stepSeconds;
  out["bandwidth_fraction"] = bandwidthOf(profile, profile.cost().memoryBytes() / steps, speed.stepSeconds);
  const TensorRates &measured = speed.tensorRates;
  out["measured_tensor_rates"] = measured.any() ? Json{{"fp8_flops_per_second", knownRate(measured.fp8)},
                                                       {"bf16_flops_per_second", knownRate(measured.bf16)}}
                                                : Json();
  out["tensor_fraction_of"] = comparedRates(measured, profile.publishedDevice());
  if (const inspect::Device *device = profile.publishedDevice())
    out["tensor_rates"] = {{"device", device->name},
                           {"fp8_flops_per_second", device->fp8FlopsPerSecond},
                           {"bf16_flops_per_second", device->bf16FlopsPerSecond},
                           {"source", device->source}};
  out["overhead_fraction"] = ratio(speed.stepSeconds - profile.launchSeconds() / steps, speed.stepSeconds);
}

/// Four digits that count; millions and more with a letter.
std::string shortNumber(double value) {
  double size = std::abs(value);
  const char *unit = size >= 1e12 ? " T" : size >= 1e9 ? " G" : size >= 1e6 ? " M" : "";
  value /= size >= 1e12 ? 1e12 : size >= 1e9 ? 1e9 : size >= 1e6 ? 1e6 : 1;
  size = std::abs(value);
  char text[64];
  int digits = size >= 1000 || size == 0 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  std::snprintf(text, sizeof(text), "%.*f%s", digits, value, unit);
  return text;
}

std::string cellOf(const Json &value) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_null())
    return "-";
  bool large = value.is_number_integer() && value.get<int64_t>() >= 1000000;
  return value.is_number_float() || large ? shortNumber(value.get<double>()) : value.dump();
}

/// Columns of a row: a key of an object inside is appended to the outer one.
std::vector<std::pair<std::string, Json>> flatten(const Json &row) {
  std::vector<std::pair<std::string, Json>> cells;
  for (const auto &item : row.items())
    if (item.value().is_object())
      for (const auto &inner : item.value().items())
        cells.push_back({item.key() + "_" + inner.key(), inner.value()});
    else
      cells.push_back({item.key(), item.value()});
  return cells;
}

std::string joined(const std::vector<std::string> &cells, const char *separator) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i)
    line += (i ? separator : "") + cells[i];
  return line;
}

void printGpu(const Profile &profile) {
  Json found = Json::object();
  addGpu(profile, found);
  std::printf("untraced steps of %s ms, %s of it in no launch; %s of the bandwidth of copies, %s B/s\n",
              shortNumber(profile.gpuSpeed().stepSeconds * 1e3).c_str(), cellOf(found["overhead_fraction"]).c_str(),
              cellOf(found["bandwidth_fraction"]).c_str(), cellOf(found["copy_bytes_per_second"]).c_str());
  std::printf("launches were %s%s\n",
              profile.notHeld().empty() ? "queued before they began"
                                        : "not held, their times may contain waits for the host: ",
              profile.notHeld().c_str());
  const TensorRates &measured = profile.gpuSpeed().tensorRates;
  if (measured.any())
    std::printf("of products: over dense FP8 of %s and bf16 of %s FLOP/s, measured\n",
                cellOf(knownRate(measured.fp8)).c_str(), cellOf(knownRate(measured.bf16)).c_str());
  if (const inspect::Device *device = profile.publishedDevice())
    std::printf("%s %s: dense FP8 of %s and bf16 of %s FLOP/s, %s\n",
                measured.fp8 > 0 && measured.bf16 > 0 ? "published of" : "of products: over those of",
                device->name.c_str(), shortNumber(device->fp8FlopsPerSecond).c_str(),
                shortNumber(device->bf16FlopsPerSecond).c_str(), device->source.c_str());
}

} // namespace

Json bench::jsonOf(const Row &row) {
  Json json = {{"test", row.test.name()},
               {"depth", row.test.depth},
               {"batch", row.test.batch},
               {"threads", row.threads},
               {"tokens_per_second", ::jsonOf(row.tokensPerSecond)},
               {"bytes_per_token", row.bytesPerToken},
               {"bandwidth_fraction", ::jsonOf(row.bandwidthFraction)},
               {"flop_fraction", ::jsonOf(row.flopFraction)},
               {"peak_rss", row.peakRss}};
  if (row.launchesPerStep) {
    json["launches_per_step"] = *row.launchesPerStep;
    json["replayed_fraction"] = *row.replayedFraction;
  }
  return json;
}

Json bench::jsonOf(const BesideRow &row) {
  return {{"test", joinText("tg beside pp", row.test.prompt)},
          {"depth", row.test.depth},
          {"batch", row.test.batch},
          {"threads", row.threads},
          {"step_tokens", row.stepTokens},
          {"tokens_per_second", ::jsonOf(row.tokensPerSecond)},
          {"alone_tokens_per_second", ::jsonOf(row.aloneTokensPerSecond)},
          {"fraction_of_alone", row.fraction},
          {"alone_gap_seconds", row.aloneGapSeconds},
          {"gap_seconds", {{"p50", row.gapSeconds}, {"p99", row.gapSecondsP99}, {"max", row.gapSecondsMax}}},
          {"p99_over_alone", ratio(row.gapSecondsP99, row.aloneGapSeconds)}};
}

Json bench::jsonOf(const ColdStart &cold, const ColdOptions &options) {
  Json row = {{"test", "cold"},
              {"load", options.load == LoadMode::Copy ? "copy" : "map"},
              {"seconds", ::jsonOf(cold.total)},
              {"process_seconds", cold.process},
              {"open_seconds", cold.open},
              {"session_seconds", cold.session},
              {"step_seconds", cold.step}};
  if (cold.uploadBytes) {
    row["upload_seconds"] = cold.upload;
    row["upload_bytes"] = cold.uploadBytes;
    row["upload_bytes_per_second"] = ratio(static_cast<double>(cold.uploadBytes), cold.upload);
  }
  return row;
}

Json bench::jsonOf(const std::vector<MachineSpeed> &speeds, const char *dotName, unsigned threads) {
  std::vector<double> bytes, dots, fmas, tiles;
  for (const MachineSpeed &speed : speeds) {
    bytes.push_back(speed.bytesPerSecond);
    dots.push_back(speed.dotFlopsPerSecond);
    fmas.push_back(speed.fmaFlopsPerSecond);
    tiles.push_back(speed.tileFlopsPerSecond);
  }
  Json row = {{"test", "machine"},
              {"threads", threads},
              {"read_bytes_per_second", ::jsonOf(spreadOf(bytes))},
              {"dot", dotName},
              {"dot_flops_per_second", ::jsonOf(spreadOf(dots))},
              {"fma_flops_per_second", ::jsonOf(spreadOf(fmas))}};
  if (spreadOf(tiles).median > 0)
    row["tile_flops_per_second"] = ::jsonOf(spreadOf(tiles));
  return row;
}

Json bench::jsonOf(const GpuRuns &runs) {
  auto spread = [](const std::vector<double> &values) { return values.empty() ? Json() : ::jsonOf(spreadOf(values)); };
  return {{"test", "gpu"},
          {"copy_bytes_per_second", spread(runs.copies)},
          {"fp8_flops_per_second", spread(runs.products.fp8)},
          {"bf16_flops_per_second", spread(runs.products.bf16)}};
}

Json bench::jsonOf(const Profile &profile, const Test &test) {
  Json launches = Json::array();
  auto steps = static_cast<double>(profile.steps());
  for (const ProfileGroup &group : profile.groups()) {
    auto runs = static_cast<double>(group.launches);
    launches.push_back({{"kernel", group.kernel},
                        {"function", group.function},
                        {"op", group.op},
                        {"layers", group.layers},
                        {"launches_per_step", runs / steps},
                        {"step_seconds", group.seconds / steps},
                        {"seconds", group.seconds / runs},
                        {"bytes", bytesOf(group) / runs},
                        {"flop", group.cost.flops() / runs},
                        {"floor_seconds", floorOf(profile, group.floorSeconds / runs)},
                        {"achieved", floorOf(profile, ratio(group.floorSeconds, group.seconds))}});
    if (profile.isOfGpu()) {
      launches.back()["bandwidth_fraction"] = bandwidthOf(profile, bytesOf(group), group.seconds);
      launches.back()["tensor_fraction"] = tensorFractionOf(profile, group);
    }
  }
  double rest = profile.stepSeconds() - profile.launchSeconds();
  Json json = {{"test", test.name()},
               {"depth", test.depth},
               {"batch", test.batch},
               {"steps", profile.steps()},
               {"step_seconds", profile.stepSeconds() / steps},
               {"launch_seconds", profile.launchSeconds() / steps},
               {"launches_per_step", static_cast<double>(profile.launches()) / steps},
               {"rest_seconds_per_launch", rest / static_cast<double>(profile.launches())},
               {"launches", launches}};
  if (profile.isOfGpu())
    addGpu(profile, json);
  return json;
}

void bench::printTable(const Json &rows) {
  std::vector<std::vector<std::string>> lines(1);
  std::vector<bool> numeric;
  for (const auto &cell : flatten(rows[0])) {
    lines[0].push_back(cell.first);
    numeric.push_back(cell.second.is_number());
  }
  for (const Json &row : rows) {
    lines.emplace_back();
    for (const auto &cell : flatten(row))
      lines.back().push_back(cellOf(cell.second));
  }
  std::vector<size_t> widths(lines[0].size());
  for (const auto &line : lines)
    for (size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  auto print = [&](const std::vector<std::string> &line) {
    for (size_t i = 0; i < line.size(); ++i)
      std::printf("| %*s ", static_cast<int>(widths[i]) * (numeric[i] ? 1 : -1), line[i].c_str());
    std::printf("|\n");
  };
  print(lines[0]);
  for (size_t i = 0; i < widths.size(); ++i)
    std::printf("|%s%s", std::string(widths[i] + 1, '-').c_str(), numeric[i] ? ":" : "-");
  std::printf("|\n");
  for (size_t i = 1; i < lines.size(); ++i)
    print(lines[i]);
}

void bench::printCsv(const Json &rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> names, values;
    for (const auto &cell : flatten(rows[i])) {
      names.push_back(cell.first);
      values.push_back(cell.second.is_null()     ? ""
                       : cell.second.is_string() ? "\"" + cell.second.get<std::string>() + "\""
                                                 : cell.second.dump());
    }
    if (i == 0)
      std::printf("%s\n", joined(names, ",").c_str());
    std::printf("%s\n", joined(values, ",").c_str());
  }
}

void bench::printProfile(const Profile &profile, const Test &test) {
  Json rows = Json::array();
  auto steps = static_cast<double>(profile.steps());
  for (const ProfileGroup &group : profile.groups()) {
    auto runs = static_cast<double>(group.launches);
    bool isShared = group.function != group.kernel;
    rows.push_back({{"kernel", group.kernel + (isShared ? " " + group.function : "")},
                    {"layers", group.layers},
                    {"n/step", runs / steps},
                    {"ms/step", group.seconds / steps * 1e3},
                    {"share", ratio(group.seconds, profile.launchSeconds())},
                    {"us", group.seconds / runs * 1e6},
                    {"MB", bytesOf(group) / runs * 1e-6},
                    {"MFLOP", group.cost.flops() / runs * 1e-6},
                    {"floor us", floorOf(profile, group.floorSeconds / runs * 1e6)},
                    {"achieved", floorOf(profile, ratio(group.floorSeconds, group.seconds))}});
    if (profile.isOfGpu())
      rows.back()["of copies"] = bandwidthOf(profile, bytesOf(group), group.seconds);
    if (profile.tensorRates().any())
      rows.back()["of products"] = tensorFractionOf(profile, group);
  }
  std::printf("\n%s, depth %llu, batch %llu\n", test.name().c_str(), static_cast<unsigned long long>(test.depth),
              static_cast<unsigned long long>(test.batch));
  printTable(rows);
  double rest = profile.stepSeconds() - profile.launchSeconds();
  std::printf("%llu steps of %s ms, launches %s ms; %s us a launch (%s a step) are not in a launch\n",
              static_cast<unsigned long long>(profile.steps()),
              shortNumber(profile.stepSeconds() / steps * 1e3).c_str(),
              shortNumber(profile.launchSeconds() / steps * 1e3).c_str(),
              shortNumber(rest / static_cast<double>(profile.launches()) * 1e6).c_str(),
              shortNumber(static_cast<double>(profile.launches()) / steps).c_str());
  if (profile.isOfGpu())
    printGpu(profile);
}

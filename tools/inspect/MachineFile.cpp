//===- MachineFile.cpp - A measured machine as a device -------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/MachineFile.h"

#include "runtime/base/MappedFile.h"
#include "tools/inspect/PlanViews.h"

#include <algorithm>
#include <string_view>

using namespace v4;
using namespace v4::inspect;

namespace {

constexpr uint64_t kMostBytes = uint64_t(16) << 20;
constexpr const char *kHow = "write one with v4-bench PLAN --machine -o json";
/// Nothing computes or reads faster, and quotients stay finite.
constexpr double kLeastRate = 1, kMostRate = 1e21;
/// Levels of brackets: a list of rows, a row, a statistic, its repetitions.
constexpr int kMostDepth = 16;

/// Levels of brackets outside of strings. Those that no row can have are not built up: to copy them, to print them and
/// to take them down needs stack for each.
int depthOf(std::string_view text) {
  int depth = 0, most = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString && c == '\\')
      ++i;
    else if (c == '"')
      inString = !inString;
    else if (!inString && (c == '[' || c == '{'))
      most = std::max(most, ++depth);
    else if (!inString && (c == ']' || c == '}'))
      --depth;
  }
  return most;
}

/// Null when no row of --machine has this name.
const Json *findRow(const Json &document, const char *test) {
  auto isMachine = [test](const Json &row) { return row.is_object() && row.value("test", Json()) == test; };
  if (isMachine(document))
    return &document;
  if (document.is_array())
    for (const Json &row : document)
      if (isMachine(row))
        return &row;
  return nullptr;
}

/// Foreign text on a terminal: escaped JSON, at most 40 characters of it.
std::string boundedText(const Json &value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  return text.size() > 40 ? text.substr(0, 40) + "..." : text;
}

Status readRate(const std::string &path, const Json &row, const char *key, double &out) {
  Json median = row.contains(key) && row[key].is_object() ? row[key].value("median", Json()) : Json();
  if (median.is_number())
    out = median.get<double>();
  if (median.is_number() && out >= kLeastRate && out <= kMostRate)
    return Status();
  return invalidInput(path, ": ", key, ".median is ", boundedText(median), ", expected a number from 1 to 1e21; ",
                      kHow);
}

} // namespace

Status inspect::readMachine(const std::string &path, Device &out) {
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(path, LoadMode::Map, file));
  if (file.size() > kMostBytes)
    return invalidInput(path, ": has ", file.size(), " bytes, expected at most ", kMostBytes, "; ", kHow);
  std::string_view text(reinterpret_cast<const char *>(file.data()), file.size());
  if (depthOf(text) > kMostDepth)
    return invalidInput(path, ": has more than ", kMostDepth,
                        " levels of brackets, expected what v4-bench --machine prints; ", kHow);
  Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded())
    return invalidInput(path, ": is no JSON, expected what v4-bench --machine prints; ", kHow);
  const Json *row = findRow(document, "machine");
  if (!row && findRow(document, "gpu"))
    return invalidInput(path, ": holds rates of a GPU, expected those of a machine with CPUs; leave --machine out, or "
                              "name a GPU whose rates are published with --device=NAME");
  if (!row)
    return invalidInput(path, ": holds no row whose \"test\" is \"machine\", expected one; ", kHow);
  Device device{"machine", 0, 0, 0, 0, 0, 0, ""};
  V4_RETURN_IF_ERROR(readRate(path, *row, "read_bytes_per_second", device.bytesPerSecond));
  // Products of weights use tile registers where the machine has them.
  bool tiles = row->contains("tile_flops_per_second");
  V4_RETURN_IF_ERROR(
      readRate(path, *row, tiles ? "tile_flops_per_second" : "dot_flops_per_second", device.bf16FlopsPerSecond));
  V4_RETURN_IF_ERROR(readRate(path, *row, "fma_flops_per_second", device.f32FlopsPerSecond));
  Json dot = row->value("dot", Json()), threads = row->value("threads", Json());
  device.source = joinText("measured by v4-bench --machine",
                           threads.is_number_unsigned() ? joinText(" on ", threads.get<uint64_t>(), " threads") : "",
                           dot.is_string() ? ", dot products of " + boundedText(dot) : "");
  out = std::move(device);
  return Status();
}

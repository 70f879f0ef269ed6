//===- LaunchDiff.cpp - How two schedules differ --------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/LaunchDiff.h"

#include <algorithm>
#include <vector>

using namespace v4;
using inspect::Json;

namespace {

/// The table of longest common parts has that many entries at most: 32 MiB.
constexpr size_t kMaxTable = size_t(1) << 23;

/// What a launch does, without its place in the list and without what follows from the envelope.
std::vector<std::string> linesOf(const Json &schedule) {
  std::vector<std::string> lines;
  for (Json launch : schedule) {
    launch.erase("index");
    launch.erase("max_workgroups");
    lines.push_back(launch.dump());
  }
  return lines;
}

class LaunchDiff {
public:
  LaunchDiff(const Json &a, const Json &b) : a(a), b(b), linesA(linesOf(a)), linesB(linesOf(b)) {}

  Json run() {
    size_t begin = 0, endA = linesA.size(), endB = linesB.size();
    for (; begin < std::min(endA, endB) && linesA[begin] == linesB[begin]; ++begin)
      ;
    for (; endA > begin && endB > begin && linesA[endA - 1] == linesB[endB - 1]; --endA)
      --endB;
    if ((endA - begin + 1) * (endB - begin + 1) <= kMaxTable)
      align(begin, endA, endB);
    else
      rows.push_back(row("launches", endA - begin, endB - begin));
    return std::move(rows);
  }

private:
  static Json row(const std::string &item, Json left, Json right) {
    return {{"view", "schedule"}, {"item", item}, {"field", "launch"}, {"a", std::move(left)}, {"b", std::move(right)}};
  }
  void onlyInA(size_t i) { rows.push_back(row("launch " + std::to_string(i), a[i]["kernel"], Json())); }
  void onlyInB(size_t i) { rows.push_back(row("launch " + std::to_string(i), Json(), b[i]["kernel"])); }

  /// Longest common subsequence of what is left between equal ends.
  void align(size_t begin, size_t endA, size_t endB) {
    size_t width = endB - begin + 1;
    std::vector<uint32_t> common((endA - begin + 1) * width);
    auto at = [&](size_t i, size_t j) -> uint32_t & { return common[(i - begin) * width + (j - begin)]; };
    for (size_t i = endA; i-- > begin;)
      for (size_t j = endB; j-- > begin;)
        at(i, j) = linesA[i] == linesB[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    size_t i = begin, j = begin;
    while (i < endA || j < endB) {
      if (i < endA && j < endB && linesA[i] == linesB[j]) {
        ++i;
        ++j;
      } else if (j == endB || (i < endA && at(i + 1, j) >= at(i, j + 1))) {
        onlyInA(i++);
      } else {
        onlyInB(j++);
      }
    }
  }

  const Json &a, &b;
  std::vector<std::string> linesA, linesB;
  Json rows = Json::array();
};

} // namespace

Json inspect::diffLaunches(const Json &a, const Json &b) { return LaunchDiff(a, b).run(); }

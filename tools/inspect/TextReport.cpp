//===- TextReport.cpp - Views as text -------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/TextReport.h"

#include <algorithm>
#include <cstdio>
#include <vector>

using namespace v4;
using inspect::Json;

namespace {

std::string cell(const Json &value) {
  if (value.is_string())
    return value.get<std::string>();
  if (!value.is_structured())
    return value.dump();
  std::string line;
  for (const auto &item : value.items())
    line += (line.empty() ? "" : " ") + (value.is_object() ? item.key() + "=" : "") + cell(item.value());
  return line.empty() ? "-" : line;
}

void printObject(const Json &object) {
  size_t width = 0;
  for (const auto &item : object.items())
    width = std::max(width, item.key().size());
  for (const auto &item : object.items())
    std::printf("  %-*s  %s\n", static_cast<int>(width), item.key().c_str(), cell(item.value()).c_str());
}

/// A list of objects with equal keys: numbers to the right, the rest to the left.
void printTable(const Json &rows) {
  std::vector<std::string> line;
  std::vector<size_t> widths;
  std::vector<std::vector<std::string>> lines;
  for (const auto &item : rows[0].items())
    line.push_back(item.key());
  lines.push_back(line);
  for (const Json &row : rows) {
    line.clear();
    for (const auto &item : row.items())
      line.push_back(cell(item.value()));
    lines.push_back(line);
  }
  widths.assign(lines[0].size(), 0);
  for (const auto &cells : lines)
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], cells[i].size());
  std::vector<bool> numeric;
  for (const auto &item : rows[0].items())
    numeric.push_back(item.value().is_number());
  for (const auto &cells : lines) {
    std::string out;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string padding(widths[i] - cells[i].size(), ' ');
      out += "  " + (numeric[i] ? padding + cells[i] : cells[i] + padding);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    std::printf("%s\n", out.c_str());
  }
}

} // namespace

void inspect::printViews(const Json &document) {
  for (const auto &view : document.items()) {
    std::printf("%s\n", view.key().c_str());
    if (view.value().is_object())
      printObject(view.value());
    else if (!view.value().empty())
      printTable(view.value());
  }
}

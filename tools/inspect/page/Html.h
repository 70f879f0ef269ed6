//===- Html.h - Text that is safe in a page ---------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_HTML_H
#define V4_TOOLS_INSPECT_PAGE_HTML_H

#include "runtime/base/Status.h"

#include <vector>

namespace v4::inspect {

/// A piece of a page. Strings of a plan become one through `plain` alone, which escapes them.
class Html {
public:
  Html() = default;
  /// `text` as it reads, in elements and in quoted attributes.
  static Html plain(std::string_view text);
  /// Markup of our own.
  static Html markup(std::string text);

  Html &operator+=(const Html &other);
  const std::string &text() const { return code; }

private:
  std::string code;
};
Html operator+(Html a, const Html &b);

/// "29.12 G" + unit: four digits, powers of 1000. Below 1 with as many decimals as four digits take.
std::string shortNumber(double value, const char *unit = "");
/// "284,332,240,471".
std::string exactNumber(double value);
/// "2.34 ms".
std::string shortSeconds(double seconds);
/// "94.33 %", two decimals; "<0.01 %" for less that is not nothing.
std::string shortPercent(double value);
/// Two decimals, for coordinates.
std::string coordinate(double value);

/// A short number that shows the exact one when pointed at.
Html quantity(double value, const char *unit = "");
/// A bar of `fraction` of its cell behind a text.
Html barCell(const Html &text, double fraction);

/// One table in a region that scrolls when the page is narrow.
class HtmlTable {
public:
  /// Titles that start with '#' are of numbers, without the '#'. The caption names the table for those who listen.
  HtmlTable(std::string_view caption, const std::vector<std::string> &titles);
  /// The first cell heads the row. `kind`: class of the row, "" for none.
  void addRow(const std::vector<Html> &cells, const char *kind = "");
  Html finish() const;

private:
  std::vector<bool> numeric;
  Html caption, head, body;
};

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_HTML_H

//===- Html.cpp - Text that is safe in a page -----------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/Html.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace v4;
using namespace v4::inspect;

Html Html::plain(std::string_view text) {
  Html html;
  for (char c : text)
    switch (c) {
    case '&':
      html.code += "&amp;";
      break;
    case '<':
      html.code += "&lt;";
      break;
    case '>':
      html.code += "&gt;";
      break;
    case '"':
      html.code += "&quot;";
      break;
    case '\'':
      html.code += "&#39;";
      break;
    default:
      // Control characters are no part of HTML, escaped or not.
      html.code += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  return html;
}

Html Html::markup(std::string text) {
  Html html;
  html.code = std::move(text);
  return html;
}

Html &Html::operator+=(const Html &other) {
  code += other.code;
  return *this;
}

Html inspect::operator+(Html a, const Html &b) {
  a += b;
  return a;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static std::string fourDigits(double value) {
  double size = std::abs(value);
  int decimals = size == 0 ? 0 : std::clamp(3 - static_cast<int>(std::floor(std::log10(size))), 0, 6);
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  std::string digits = text;
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.')
      digits.pop_back();
  }
  return digits;
}

std::string inspect::shortNumber(double value, const char *unit) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t step = 0;
  while (std::abs(value) >= 999.95 && step + 1 < std::size(prefixes)) {
    value /= 1000;
    ++step;
  }
  std::string suffix = std::string(prefixes[step]) + unit;
  return fourDigits(value) + (suffix.empty() ? "" : " " + suffix);
}

std::string inspect::exactNumber(double value) {
  char text[64];
  bool whole = value == std::floor(value);
  std::snprintf(text, sizeof(text), whole ? "%.0f" : "%.2f", value);
  std::string digits = text;
  for (size_t at = std::min(digits.find('.'), digits.size()); at > 3 && digits[at - 4] != '-';)
    digits.insert(at -= 3, ",");
  return digits;
}

std::string inspect::shortSeconds(double seconds) {
  static const char *const units[] = {"s", "ms", "µs", "ns"};
  size_t step = 0;
  while (seconds > 0 && seconds < 1 && step + 1 < std::size(units)) {
    seconds *= 1000;
    ++step;
  }
  return fourDigits(seconds) + " " + units[step];
}

std::string inspect::shortPercent(double value) {
  if (value > 0 && value < 0.01)
    return "<0.01 %";
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f %%", std::clamp(value, -1e9, 1e9));
  return text;
}

std::string inspect::coordinate(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f", std::clamp(value, -1e6, 1e6));
  return text;
}

Html inspect::quantity(double value, const char *unit) {
  char plain[64];
  std::snprintf(plain, sizeof(plain), "%.17g", value);
  return Html::markup(std::string("<data value=\"") + plain + "\" title=\"" + exactNumber(value) + " " + unit + "\">" +
                      shortNumber(value, unit) + "</data>");
}

Html inspect::barCell(const Html &text, double fraction) {
  std::string width = coordinate(100 * std::clamp(fraction, 0.0, 1.0));
  return Html::markup("<span class=\"bar\" style=\"--part:" + width + "%\">") + text + Html::markup("</span>");
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

HtmlTable::HtmlTable(std::string_view caption, const std::vector<std::string> &titles) : caption(Html::plain(caption)) {
  for (const std::string &title : titles) {
    numeric.push_back(title[0] == '#');
    head += Html::markup(numeric.back() ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">") +
            Html::plain(numeric.back() ? title.substr(1) : title) + Html::markup("</th>");
  }
}

void HtmlTable::addRow(const std::vector<Html> &cells, const char *kind) {
  body += Html::markup(*kind ? joinText("<tr class=\"", kind, "\">") : "<tr>");
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string kindOfCell = numeric[i] ? " class=\"number\"" : "";
    body += Html::markup(i ? "<td" + kindOfCell + ">" : "<th scope=\"row\"" + kindOfCell + ">") + cells[i] +
            Html::markup(i ? "</td>" : "</th>");
  }
  body += Html::markup("</tr>\n");
}

Html HtmlTable::finish() const {
  return Html::markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"") + caption +
         Html::markup("\">\n<table><caption>") + caption + Html::markup("</caption>\n<thead><tr>") + head +
         Html::markup("</tr></thead>\n<tbody>\n") + body + Html::markup("</tbody></table></div>\n");
}

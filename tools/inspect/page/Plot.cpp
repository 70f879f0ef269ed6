//===- Plot.cpp - Axes of a picture ---------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/Plot.h"

#include <algorithm>
#include <cmath>

using namespace v4;
using namespace v4::inspect;

double Axis::at(double value) const {
  double part = logarithmic ? std::log(value / least) / std::log(most / least) : (value - least) / (most - least);
  return from + part * (to - from);
}

std::vector<double> Axis::ticks() const {
  std::vector<double> list;
  if (logarithmic) {
    double decades = std::log10(most / least);
    int step = std::max(1, static_cast<int>(std::ceil(decades / 7)));
    for (int power = static_cast<int>(std::floor(std::log10(least))); std::pow(10, power) <= most * 1.0001;
         power += step)
      for (double digit : {1.0, 2.0, 5.0}) {
        double value = digit * std::pow(10, power);
        bool fits = digit == 1 || decades < 3.5;
        if (fits && value >= least * 0.9999 && value <= most * 1.0001)
          list.push_back(value);
      }
    return list;
  }
  double rough = (most - least) / 6, unit = std::pow(10, std::floor(std::log10(rough)));
  double step = rough / unit > 5 ? 10 * unit : rough / unit > 2 ? 5 * unit : rough / unit > 1 ? 2 * unit : unit;
  for (double value = std::ceil(least / step) * step; value <= most * 1.0001; value += step)
    list.push_back(value);
  return list;
}

Plot::Plot(double width, double height, std::string_view name)
    : fullWidth(width), fullHeight(height), name(Html::plain(name)) {}

Axis Plot::xAxis(double least, double most, bool logarithmic) const {
  return {least, most, kLeft, fullWidth - kRight, logarithmic};
}

Axis Plot::yAxis(double least, double most, bool logarithmic) const {
  return {least, most, fullHeight - kBottom, kTop, logarithmic};
}

void Plot::drawGridX(const Axis &axis, std::string_view title) {
  double bottom = fullHeight - kBottom;
  for (double tick : axis.ticks()) {
    line(axis.at(tick), kTop, axis.at(tick), bottom, "grid");
    label(axis.at(tick), bottom + 17, "middle", "tick", Html::plain(shortNumber(tick)));
  }
  line(axis.from, bottom, axis.to, bottom, "frame");
  label((axis.from + axis.to) / 2, fullHeight - 6, "middle", "axis", Html::plain(title));
}

void Plot::drawGridY(const Axis &axis, std::string_view title) {
  for (double tick : axis.ticks()) {
    line(kLeft, axis.at(tick), fullWidth - kRight, axis.at(tick), "grid");
    label(kLeft - 6, axis.at(tick) + 4, "end", "tick", Html::plain(shortNumber(tick)));
  }
  line(kLeft, axis.from, kLeft, axis.to, "frame");
  label(2, 12, "start", "axis", Html::plain(title));
}

void Plot::line(double x0, double y0, double x1, double y1, const char *kind) {
  body += Html::markup(joinText("<line class=\"", kind, "\" x1=\"", coordinate(x0), "\" y1=\"", coordinate(y0),
                                "\" x2=\"", coordinate(x1), "\" y2=\"", coordinate(y1), "\"/>\n"));
}

void Plot::path(const std::vector<std::pair<double, double>> &points, const char *kind) {
  std::string list;
  for (auto &[x, y] : points)
    list += joinText(list.empty() ? "" : " ", coordinate(x), ",", coordinate(y));
  body += Html::markup(joinText("<polyline class=\"", kind, "\" points=\"", list, "\"/>\n"));
}

static Html titled(const char *element, const Html &title) {
  if (title.text().empty())
    return Html::markup("/>\n");
  return Html::markup("><title>") + title + Html::markup(joinText("</title></", element, ">\n"));
}

void Plot::box(double x, double y, double width, double height, const char *kind, const Html &title) {
  body += Html::markup(joinText("<rect class=\"", kind, "\" x=\"", coordinate(x), "\" y=\"", coordinate(y),
                                "\" width=\"", coordinate(width), "\" height=\"", coordinate(height), "\"")) +
          titled("rect", title);
}

void Plot::dot(double x, double y, double radius, const char *kind, const Html &title) {
  body += Html::markup(joinText("<circle class=\"", kind, "\" cx=\"", coordinate(x), "\" cy=\"", coordinate(y),
                                "\" r=\"", coordinate(radius), "\"")) +
          titled("circle", title);
}

void Plot::label(double x, double y, const char *anchor, const char *kind, const Html &text) {
  body += Html::markup(joinText("<text class=\"", kind, "\" x=\"", coordinate(x), "\" y=\"", coordinate(y),
                                "\" text-anchor=\"", anchor, "\">")) +
          text + Html::markup("</text>\n");
}

Html Plot::finish(const Html &caption, const std::string &attributes) const {
  std::string size = joinText(coordinate(fullWidth), " ", coordinate(fullHeight));
  return Html::markup("<figure><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"") + name +
         Html::markup("\">\n<svg role=\"img\" aria-label=\"") + name +
         Html::markup("\" viewBox=\"0 0 " + size + "\"" + attributes + ">\n") + body +
         Html::markup("</svg></div>\n<figcaption>") + caption + Html::markup("</figcaption></figure>\n");
}

Html inspect::legendEntry(const char *kind, std::string_view meaning) {
  return Html::markup(joinText("<span class=\"entry\"><svg class=\"swatch\" aria-hidden=\"true\" viewBox=\"0 0 12 12\">"
                               "<rect class=\"",
                               kind, "\" width=\"12\" height=\"12\"/></svg>")) +
         Html::plain(meaning) + Html::markup("</span> ");
}

//===- Plot.h - Axes of a picture -------------------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_INSPECT_PAGE_PLOT_H
#define V4_TOOLS_INSPECT_PAGE_PLOT_H

#include "tools/inspect/page/Html.h"

namespace v4::inspect {

/// Values from `least` to `most` on pixels from `from` to `to`; logarithmic axes need values above 0.
struct Axis {
  double least, most;
  double from, to;
  bool logarithmic = false;

  double at(double value) const;
  /// Round values inside, a dozen at most.
  std::vector<double> ticks() const;
};

/// A picture with a frame, a grid and numbers along both axes; their meaning stands above the y axis and below the x
/// axis. Classes of page.css give the colours, so that it follows the reader's theme.
class Plot {
public:
  static constexpr double kLeft = 76, kRight = 20, kTop = 34, kBottom = 44;

  /// In pixels, the margins above included. `name` says what it shows to those who listen.
  Plot(double width, double height, std::string_view name);

  Axis xAxis(double least, double most, bool logarithmic) const;
  Axis yAxis(double least, double most, bool logarithmic) const;
  void drawGridX(const Axis &axis, std::string_view title);
  void drawGridY(const Axis &axis, std::string_view title);

  void line(double x0, double y0, double x1, double y1, const char *kind);
  /// Joined points.
  void path(const std::vector<std::pair<double, double>> &points, const char *kind);
  void box(double x, double y, double width, double height, const char *kind, const Html &title = {});
  void dot(double x, double y, double radius, const char *kind, const Html &title);
  /// `anchor`: start, middle or end.
  void label(double x, double y, const char *anchor, const char *kind, const Html &text);
  void add(const Html &html) { body += html; }

  double width() const { return fullWidth; }
  double height() const { return fullHeight; }
  /// The picture in a region that scrolls, with a caption. `attributes` of the picture, for the script.
  Html finish(const Html &caption, const std::string &attributes = "") const;

private:
  double fullWidth, fullHeight;
  Html name, body;
};

/// One entry of a legend: a swatch of this class, which needs a fill, and its meaning.
Html legendEntry(const char *kind, std::string_view meaning);

} // namespace v4::inspect

#endif // V4_TOOLS_INSPECT_PAGE_PLOT_H

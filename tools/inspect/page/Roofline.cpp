//===- Roofline.cpp - Launches under the roof of a device -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/Roofline.h"

#include "tools/inspect/LaunchCost.h"
#include "tools/inspect/page/Plot.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

constexpr size_t kNumbered = 12;

/// The launches of one kernel, whose costs are alike.
struct Point {
  const fb::Kernel *kernel = nullptr;
  uint64_t launches = 0;
  Cost cost;        ///< Of one launch.
  double floor = 0; ///< Seconds of one launch.

  double seconds() const { return floor * static_cast<double>(launches); }
  double intensity() const { return cost.flops() / cost.memoryBytes(); }
  double attained() const { return cost.flops() / floor; }
  bool hasPlace() const { return cost.flops() > 0 && cost.memoryBytes() > 0 && floor > 0; }
  bool isBoundByBytes(const Device &device) const { return cost.memoryBytes() / device.bytesPerSecond >= floor; }
};

/// Longest first.
std::vector<Point> collect(const fb::Program &program, const StepShape &step, const Device &device) {
  // Launches of a kernel that run on other rows may have none.
  std::vector<Point> points(program.kernels()->size());
  for (const fb::Launch *launch : *program.launches()) {
    Point &point = points[launch->kernel()];
    if (launch->group() != fb::LaunchGroup::Main)
      continue;
    if (!point.kernel || point.floor == 0) {
      point.kernel = program.kernels()->Get(launch->kernel());
      point.cost = launchCost(program, *launch, step);
      point.floor = floorOf(point.cost, device);
    }
    ++point.launches;
  }
  points.erase(std::remove_if(points.begin(), points.end(), [](const Point &p) { return p.floor <= 0; }), points.end());
  std::sort(points.begin(), points.end(), [](const Point &a, const Point &b) {
    return std::tuple(-a.seconds(), a.kernel->symbol()->string_view()) <
           std::tuple(-b.seconds(), b.kernel->symbol()->string_view());
  });
  return points;
}

double totalOf(const std::vector<Point> &points) {
  double seconds = 0;
  for (const Point &point : points)
    seconds += point.seconds();
  return seconds;
}

class Picture {
public:
  Picture(const std::vector<Point> &points, const Device &device, const std::string &title)
      : points(points), device(device), total(totalOf(points)), plot(900, 400, "Roofline: " + title) {
    double least = 0.1, most = 1000, low = 0;
    for (const Point &point : points)
      if (point.hasPlace()) {
        least = std::min(least, point.intensity());
        most = std::max(most, point.intensity());
        low = low > 0 ? std::min(low, point.attained()) : point.attained();
      }
    x = plot.xAxis(std::pow(10, std::floor(std::log10(least))), std::pow(10, std::ceil(std::log10(most))), true);
    double top = std::max(roof(x.most), device.flopsPerSecond(fb::Arithmetic::BF16));
    double bottom = low > 0 ? std::min(low, roof(x.least)) : roof(x.least);
    y = plot.yAxis(std::pow(10, std::floor(std::log10(bottom))), top * 3, true);
  }

  Html draw(const std::string &caption) {
    plot.drawGridX(x, "operations for each byte of weights and cache");
    plot.drawGridY(y, "attainable FLOP/s");
    drawRoof(fb::Arithmetic::BF16);
    drawRoof(fb::Arithmetic::F32);
    for (size_t i = points.size(); i-- > 0;)
      drawPoint(points[i]);
    for (size_t i = 0; i < std::min(points.size(), kNumbered); ++i)
      addNumber(points[i], i + 1);
    drawLabels();
    drawRoofName(fb::Arithmetic::BF16, "BF16 products");
    drawRoofName(fb::Arithmetic::F32, "F32");
    return plot.finish(legendEntry("dot bytes", "bound by bytes") + legendEntry("dot flops", "bound by operations") +
                       Html::plain(caption));
  }

private:
  double roof(double intensity) const {
    double dots = device.flopsPerSecond(fb::Arithmetic::BF16), slope = intensity * device.bytesPerSecond;
    return dots > 0 ? std::min(dots, slope) : slope;
  }
  /// The slope up to this rate, then the rate.
  void drawRoof(fb::Arithmetic arithmetic) {
    double rate = device.flopsPerSecond(arithmetic), end = rate > 0 ? rate / device.bytesPerSecond : x.most;
    double corner = std::clamp(end, x.least, x.most);
    auto height = [&](double intensity) { return y.at(std::max(intensity * device.bytesPerSecond, y.least)); };
    plot.path({{x.at(x.least), height(x.least)}, {x.at(corner), height(corner)}}, "roof");
    if (rate > 0)
      plot.path({{x.at(corner), y.at(rate)}, {x.to, y.at(rate)}}, "roof");
  }
  /// Left of the corner, where no point can be; without room there, at the right end.
  void drawRoofName(fb::Arithmetic arithmetic, const char *name) {
    double rate = device.flopsPerSecond(arithmetic);
    if (rate <= 0)
      return;
    std::string text = joinText(name, " ", shortNumber(rate, "FLOP/s"));
    double corner = x.at(std::clamp(rate / device.bytesPerSecond, x.least, x.most));
    bool fits = corner - 7.5 * static_cast<double>(text.size()) > x.from;
    plot.label(fits ? corner - 10 : x.to - 4, y.at(rate) + (fits ? 4 : -5), "end", "tick", Html::plain(text));
  }
  double radiusOf(const Point &point) const { return 3 + 15 * std::sqrt(point.seconds() / total); }
  void drawPoint(const Point &point) {
    if (!point.hasPlace())
      return;
    Html title =
        Html::plain(point.kernel->symbol()->string_view()) +
        Html::plain(joinText(": ", point.launches, " launches, each ", shortNumber(point.cost.flops(), "FLOP"), ", ",
                             shortNumber(point.cost.memoryBytes(), "B"), ", at least ", shortSeconds(point.floor)));
    plot.dot(x.at(point.intensity()), y.at(point.attained()), radiusOf(point),
             point.isBoundByBytes(device) ? "dot bytes" : "dot flops", title);
  }
  /// Points of one place share a label.
  void addNumber(const Point &point, size_t number) {
    if (!point.hasPlace())
      return;
    double left = x.at(point.intensity()), top = y.at(point.attained()), radius = radiusOf(point);
    for (Label &label : labels)
      if (std::abs(label.left - left) < 12 && std::abs(label.top - top) < 12) {
        label.text += joinText(", ", number);
        return;
      }
    labels.push_back({left, top, radius, joinText(number)});
  }
  /// Below its points and beside them, where no roof is; below other labels where they would meet.
  void drawLabels() {
    std::vector<std::array<double, 3>> taken;
    for (const Label &label : labels) {
      double length = 6.5 * static_cast<double>(label.text.size());
      double left = label.left + label.radius * 0.7 + 3, top = label.top + label.radius * 0.7 + 10;
      left = std::min(left, x.to - length);
      for (size_t row = 0; row < taken.size(); ++row)
        for (auto &[from, to, line] : taken)
          if (left < to + 4 && from < left + length + 4 && std::abs(line - top) < 12)
            top = line + 12;
      taken.push_back({left, left + length, top});
      plot.label(left, top, "start", "number", Html::plain(label.text));
    }
  }

  /// Numbers beside a place of the picture.
  struct Label {
    double left, top, radius;
    std::string text;
  };

  const std::vector<Point> &points;
  const Device &device;
  double total;
  Plot plot;
  Axis x{1, 2, 0, 1}, y{1, 2, 0, 1};
  std::vector<Label> labels;
};

Html tableOf(const std::vector<Point> &points, const Device &device, const std::string &title) {
  double total = totalOf(points), rest = 0;
  HtmlTable table(title + ", the longest kernels", {"#no.", "kernel", "op", "#launches", "#FLOP each", "#bytes each",
                                                    "#FLOP/byte", "bound by", "#least time of all", "#share"});
  auto share = [&](double seconds) {
    return barCell(Html::plain(shortPercent(100 * seconds / total)), seconds / total);
  };
  for (size_t i = 0; i < points.size(); ++i) {
    const Point &point = points[i];
    if (i >= kNumbered) {
      rest += point.seconds();
      continue;
    }
    double bytes = point.cost.memoryBytes();
    table.addRow({Html::plain(joinText(i + 1)), Html::plain(point.kernel->symbol()->string_view()),
                  Html::plain(point.kernel->op()->string_view()), Html::plain(joinText(point.launches)),
                  quantity(point.cost.flops()), quantity(bytes),
                  Html::plain(bytes > 0 ? shortNumber(point.intensity()) : "no bytes"),
                  Html::plain(point.isBoundByBytes(device) ? "bytes" : "operations"),
                  Html::plain(shortSeconds(point.seconds())), share(point.seconds())});
  }
  Html none;
  if (points.size() > kNumbered)
    table.addRow({none, Html::plain(joinText(points.size() - kNumbered, " others")), none, none, none, none, none, none,
                  Html::plain(shortSeconds(rest)), share(rest)});
  table.addRow({none, Html::plain("all"), none, none, none, none, none, none, Html::plain(shortSeconds(total)), none},
               "sum");
  return table.finish();
}

} // namespace

Html inspect::drawRoofline(const fb::Program &program, const StepShape &step, const Device &device,
                           const std::string &title) {
  std::vector<Point> points = collect(program, step, device);
  Html html = Html::markup("<h3>") + Html::plain(title) + Html::markup("</h3>\n");
  if (points.empty())
    return html +
           Html::markup("<p>The plan counts no operations and bytes of its kernels; a newer v4-compile does.</p>\n");
  size_t outside = 0;
  double seconds = 0;
  for (const Point &point : points)
    if (!point.hasPlace()) {
      ++outside;
      seconds += point.seconds();
    }
  std::string caption = "A point is a kernel, its area the kernel's share of the step's least time; numbers are those "
                        "of the table.";
  if (outside)
    caption += joinText(" ", outside,
                        " kernels without operations or without bytes of weights and cache have no place "
                        "here; they take ",
                        shortPercent(100 * seconds / totalOf(points)), " of that time.");
  return html + Picture(points, device, title).draw(caption) + tableOf(points, device, title);
}

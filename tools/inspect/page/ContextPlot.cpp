//===- ContextPlot.cpp - What a token costs as the context grows ----------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/ContextPlot.h"

#include "tools/inspect/ComparedModel.h"
#include "tools/inspect/LaunchCost.h"
#include "tools/inspect/page/Plot.h"

#include <algorithm>
#include <cmath>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

constexpr uint64_t kLeastContext = 128;
constexpr int kSamples = 96;

using Points = std::vector<std::pair<double, double>>;

/// Multiples of 128, so that each token ends a chunk or none does: lines, not combs.
std::vector<uint64_t> sampled(uint64_t most) {
  std::vector<uint64_t> contexts;
  double ratio = static_cast<double>(most) / kLeastContext;
  for (int i = 0; i <= kSamples; ++i) {
    auto context = static_cast<uint64_t>(kLeastContext * std::pow(ratio, static_cast<double>(i) / kSamples));
    context = std::max(context / 128 * 128, kLeastContext);
    if (contexts.empty() || contexts.back() != context)
      contexts.push_back(context);
  }
  return contexts;
}

/// A line of a picture and its entry in the legend.
struct Line {
  const char *kind;
  const char *meaning;
  Points points;
};

/// Over a logarithmic context. Bytes of cache beside those of weights need a logarithmic axis too; operations start at
/// zero.
Html drawLines(const std::string &title, bool logarithmic, double most, const std::vector<Line> &lines) {
  Plot plot(540, 320, title + " over the context");
  double top = 1, low = 0;
  Html legend;
  for (const Line &line : lines) {
    legend += legendEntry(line.kind, line.meaning);
    for (auto &point : line.points) {
      top = std::max(top, point.second);
      if (point.second > 0)
        low = low > 0 ? std::min(low, point.second) : point.second;
    }
  }
  low = std::pow(10, std::floor(std::log10(std::max(low, 1.0))));
  Axis x = plot.xAxis(kLeastContext, most, true);
  Axis y = logarithmic ? plot.yAxis(low, top * 3, true) : plot.yAxis(0, top * 1.05, false);
  plot.drawGridX(x, "context (tokens)");
  plot.drawGridY(y, title);
  for (const Line &line : lines) {
    Points pixels;
    for (auto &[context, value] : line.points)
      pixels.push_back({x.at(context), y.at(std::max(value, y.least))});
    plot.path(pixels, line.kind);
  }
  plot.line(x.to, y.from, x.to, y.to, "cursor");
  std::string attributes =
      joinText(" data-cursor=\"context\" data-least=\"", kLeastContext, "\" data-most=\"", coordinate(most),
               "\" data-from=\"", coordinate(x.from), "\" data-to=\"", coordinate(x.to), "\"");
  return plot.finish(legend, attributes);
}

} // namespace

TokenCost inspect::tokenCost(const fb::Program &program, uint64_t context) {
  StepShape step = lastTokensOf(context);
  TokenCost cost;
  for (const fb::Part *part : *program.parts())
    if (part->group() == fb::LaunchGroup::Main)
      for (const fb::WorkTerm *term : *part->work())
        cost.flops += 2 * productsOf(*term, step);
  for (const fb::Launch *launch : *program.launches())
    if (launch->group() == fb::LaunchGroup::Main) {
      Cost own = launchCost(program, *launch, step);
      cost.weightBytes += own.weightBytes;
      cost.cacheBytes += own.cacheBytes;
    }
  return cost;
}

Html inspect::drawContextPlots(const fb::Program &program, uint64_t most) {
  Points own, other, cache, moved;
  most = std::max(most, 2 * kLeastContext);
  for (uint64_t context : sampled(most)) {
    TokenCost cost = tokenCost(program, context);
    double at = static_cast<double>(context);
    own.push_back({at, cost.flops});
    other.push_back({at, flopsOfV32(context).plain});
    cache.push_back({at, cost.cacheBytes});
    moved.push_back({at, cost.weightBytes + cost.cacheBytes});
  }
  auto end = static_cast<double>(most);
  std::vector<Line> lines = {{"line own", "this plan", own}};
  // A small model's line beside V3.2's is a line at zero.
  if (own.back().second > 0.01 * other.back().second)
    lines.push_back({"line other", "DeepSeek-V3.2", other});
  return Html::markup("<div class=\"pair\">") + drawLines("Operations of a decoded token (FLOP)", false, end, lines) +
         drawLines("Bytes that a decoded token moves", true, end,
                   {{"line bytes", "weights and cache", moved}, {"line cache", "cache alone", cache}}) +
         Html::markup("</div>\n");
}

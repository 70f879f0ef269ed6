//===- MemoryMap.cpp - Which bytes of the arena hold what, and when -------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/MemoryMap.h"

#include "runtime/plan/PlanText.h"
#include "tools/inspect/page/Plot.h"

#include <algorithm>
#include <numeric>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

/// What a buffer's bytes grow with, the steepest alone.
enum class Growth { Context, Tokens, Sequences, Nothing };
const char *const kGrowthNames[] = {"context", "tokens", "sequences", "nothing"};
const char *const kGrowthKinds[] = {"box context", "box tokens", "box sequences", "box fixed"};

Growth growthOf(const fb::Buffer &buffer) {
  bool context = false, tokens = false, sequences = buffer.rows() == fb::RowSpace::Sequences;
  for (uint64_t dimension : *buffer.row_shape())
    context |= dimension == 0;
  for (const fb::SizeTerm *term : *buffer.bytes()) {
    context |= term->context_power() > 0;
    tokens |= term->tokens_power() > 0;
    sequences |= term->sequences_power() > 0;
  }
  tokens |= buffer.rows() != fb::RowSpace::One && buffer.rows() != fb::RowSpace::Sequences;
  return context ? Growth::Context : tokens ? Growth::Tokens : sequences ? Growth::Sequences : Growth::Nothing;
}

/// "bf16 [tokens, 4, 4096]".
Html shapeOf(const fb::Buffer &buffer) {
  std::string text = joinText(elementName(buffer.element()), " [", rowSpaceName(buffer.rows()));
  for (uint64_t dimension : *buffer.row_shape())
    text += dimension ? joinText(", ", dimension) : ", index rows";
  return Html::plain(text + "]");
}

/// Of the launch that writes the buffer first, for people.
Html writerOf(const fb::Program &program, const fb::Buffer &buffer) {
  const fb::Launch &launch = *program.launches()->Get(buffer.first_launch());
  std::string text =
      joinText("launch ", buffer.first_launch(), " ", program.kernels()->Get(launch.kernel())->symbol()->string_view());
  if (launch.layer() >= 0)
    text += joinText(", layer ", launch.layer());
  return Html::plain(text);
}

/// A picture of launches `first` to `last`.
class Map {
public:
  Map(const fb::Program &program, const Limits &limits, uint32_t first, uint32_t last, double width)
      : program(program), limits(limits), arena(arenaOf(program, limits)), first(first), last(last),
        plot(width, 430, joinText("Memory map: arena bytes over launches ", first, " to ", last)),
        x(plot.xAxis(first, last + 1.0, false)),
        y(plot.yAxis(0, static_cast<double>(std::max<uint64_t>(arena.bytes, 64)), false)) {}

  Html draw(const Html &caption) {
    drawLayers();
    plot.drawGridX(x, "launch, in order of the schedule");
    plot.drawGridY(y, "bytes of the arena; bands are layers, their numbers above them");
    for (const fb::Buffer *buffer : *program.buffers())
      if (buffer->first_launch() <= last && buffer->last_launch() >= first)
        drawBuffer(*buffer);
    return plot.finish(caption);
  }

private:
  /// Every other layer has a darker ground; numbers stand where there is room.
  void drawLayers() {
    double free = 0;
    for (uint32_t begin = first, end; begin <= last; begin = end) {
      int layer = program.launches()->Get(begin)->layer();
      for (end = begin; end <= last && program.launches()->Get(end)->layer() == layer;)
        ++end;
      double from = x.at(begin), to = x.at(end), middle = (from + to) / 2;
      plot.box(from, Plot::kTop, to - from, y.from - y.to,
               layer < 0   ? "band outside"
               : layer % 2 ? "band odd"
                           : "band");
      std::string text = layer < 0 ? "" : joinText(layer);
      double half = 3.5 * static_cast<double>(text.size());
      if (text.empty() || middle - half < free)
        continue;
      plot.label(middle, Plot::kTop - 5, "middle", "tick small", Html::plain(text));
      free = middle + half + 3;
    }
  }

  void drawBuffer(const fb::Buffer &buffer) {
    double bytes = static_cast<double>(bufferBytes(buffer, limits));
    double offset = static_cast<double>(arena.slotOffsets[buffer.slot()]);
    double from = x.at(std::max(buffer.first_launch(), first)), to = x.at(std::min(buffer.last_launch(), last) + 1.0);
    double top = y.at(offset + bytes), bottom = y.at(offset);
    Html title = Html::plain(buffer.name()->string_view()) + Html::markup(": ") + shapeOf(buffer) +
                 Html::plain(joinText(", ", shortNumber(bytes, "B"), ", slot ", buffer.slot(), ", launches ",
                                      buffer.first_launch(), " to ", buffer.last_launch(), ", made by ")) +
                 writerOf(program, buffer);
    plot.box(from, top, to - from, std::max(bottom - top, 0.4), kGrowthKinds[static_cast<int>(growthOf(buffer))],
             title);
  }

  const fb::Program &program;
  Limits limits;
  Arena arena;
  uint32_t first, last;
  Plot plot;
  Axis x, y;
};

/// The last launch of layer 3: by then every kind of layer has run once. The schedule's last where there is none.
uint32_t endOfFirstLayers(const fb::Program &program) {
  uint32_t end = program.launches()->size() - 1;
  for (uint32_t i = 0; i < program.launches()->size(); ++i)
    if (program.launches()->Get(i)->group() == fb::LaunchGroup::Main && program.launches()->Get(i)->layer() == 3)
      end = i;
  return end;
}

} // namespace

Html inspect::drawMemoryMap(const fb::Program &program, const Limits &limits) {
  if (program.launches()->size() == 0 || program.buffers()->size() == 0)
    return Html::markup("<p>The plan has no buffers.</p>\n");
  uint32_t last = program.launches()->size() - 1, near = endOfFirstLayers(program);
  Html legend = Html::markup("<p class=\"legend\">Grows with ");
  for (size_t i = 0; i < std::size(kGrowthNames); ++i)
    legend += legendEntry(kGrowthKinds[i], kGrowthNames[i]);
  Html html = legend + Html::markup("</p>\n");
  if (near < last) {
    html += Map(program, limits, 0, near, 900)
                .draw(Html::plain(joinText("The first layers, launches 0 to ", near, " of ", last + 1, ".")));
    // One pixel a launch shows the pattern; what a box is, the picture above says.
    return html + Map(program, limits, 0, last, 900).draw(Html::plain("The whole schedule, MTP block included."));
  }
  return html + Map(program, limits, 0, last, 900).draw(Html::plain("The whole schedule."));
}

Html inspect::tableOfSlots(const fb::Program &program, const Limits &limits) {
  Arena arena = arenaOf(program, limits);
  std::vector<const fb::Buffer *> largest(program.slots());
  std::vector<uint64_t> counts(program.slots());
  for (const fb::Buffer *buffer : *program.buffers()) {
    const fb::Buffer *&most = largest[buffer->slot()];
    if (!most || bufferBytes(*buffer, limits) > bufferBytes(*most, limits))
      most = buffer;
    ++counts[buffer->slot()];
  }
  std::vector<uint32_t> order(program.slots());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(arena.slotBytes[b], a) < std::pair(arena.slotBytes[a], b);
  });
  HtmlTable table("Slots of the arena",
                  {"slot", "#bytes", "#of the arena", "#buffers", "largest", "shape", "grows with"});
  for (uint32_t slot : order) {
    if (!largest[slot])
      continue;
    double bytes = static_cast<double>(arena.slotBytes[slot]), part = bytes / static_cast<double>(arena.bytes);
    table.addRow({Html::plain(joinText(slot)), Html::plain(exactNumber(bytes)),
                  barCell(Html::plain(shortPercent(100 * part)), part), Html::plain(joinText(counts[slot])),
                  writerOf(program, *largest[slot]), shapeOf(*largest[slot]),
                  Html::plain(kGrowthNames[static_cast<int>(growthOf(*largest[slot]))])});
  }
  return table.finish();
}

//===- Page.cpp - A plan as one page --------------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/Page.h"

#include "runtime/base/AtomicFile.h"
#include "tools/OutputPaths.h"
#include "tools/inspect/LaunchCost.h"
#include "tools/inspect/page/ClosedForms.h"
#include "tools/inspect/page/ContextPlot.h"
#include "tools/inspect/page/MemoryMap.h"
#include "tools/inspect/page/Roofline.h"

#include <algorithm>
#include <filesystem>
#include <map>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

/// A longer step is summed token by token for too long to wait for.
constexpr uint64_t kMostStepTokens = 8192;

using Pieces = std::map<std::string, Html>;

/// JSON inside a script element: nothing in it may end the element.
Html scriptData(const Json &json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace), safe;
  for (char c : text)
    safe += c == '<' || c == '>' || c == '&' ? joinText("\\u00", c == '<'   ? "3c"
                                                                 : c == '>' ? "3e"
                                                                            : "26")
                                             : std::string(1, c);
  return Html::markup(safe);
}

Html drawMemory(const Plan &plan) {
  const fb::Program &program = plan.program();
  Limits held = heldLimits(program, envelopeLimits(program));
  return tableOfMemory(plan) + Html::markup("<h3>The arena over the schedule</h3>\n") +
         Html::markup("<p>Values between launches, at the plan's limits: a box is a buffer from the launch that writes "
                      "it first to the last that needs it.</p>\n") +
         drawMemoryMap(program, held) + tableOfSlots(program, held);
}

Html drawRooflines(const fb::Program &program, const Device &device) {
  uint64_t context = program.envelope()->max_context();
  uint64_t tokens = std::min({uint64_t(program.envelope()->max_tokens()), context, kMostStepTokens});
  Html html = Html::markup("<p>The least time of each launch on ") + Html::plain(device.name) + Html::markup(" (") +
              Html::plain(device.source) +
              Html::markup("): its bytes of weights and cache at the device's bandwidth, or its operations at the "
                           "device's rates, whichever takes longer. Main model, at a context of ") +
              Html::plain(exactNumber(static_cast<double>(context))) + Html::markup(" tokens.</p>\n");
  html += drawRoofline(program, lastTokensOf(context), device, "Decoding: one token");
  if (tokens > 1)
    html += drawRoofline(program, lastTokensOf(context, tokens), device,
                         joinText("Prefill: a step of ", tokens, " tokens of a prompt"));
  return html;
}

Pieces piecesOf(const Plan &plan, const Device &device) {
  const fb::Program &program = plan.program();
  const fb::Envelope &envelope = *program.envelope();
  // A file's name need not be UTF-8.
  Json name = std::filesystem::path(plan.name()).filename().string();
  name = Json::parse(name.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::string subtitle =
      joinText("Engine plan for ", program.target()->name()->string_view(), ", ", program.model()->layers(),
               " layers, made by ", program.producer()->string_view(), ". Times are those of ", device.name, ".");
  return {{"title", Html::plain(name.get<std::string>())},
          {"subtitle", Html::plain(subtitle)},
          {"device", Html::plain(device.name)},
          {"style", Html::markup(kPageStyle)},
          {"script", Html::markup(kPageScript)},
          {"max-context", Html::plain(joinText(envelope.max_context()))},
          {"max-sequences", Html::plain(joinText(envelope.max_sequences()))},
          {"max-tokens", Html::plain(joinText(envelope.max_tokens()))},
          {"tiles", drawTiles(plan, device)},
          {"contexts", tableOfContexts(program)},
          {"context-plots", drawContextPlots(program, envelope.max_context())},
          {"components", tablesOfComponents(program)},
          {"memory", drawMemory(plan)},
          {"roofline", drawRooflines(program, device)},
          {"compared", tableOfComparison(program)},
          {"facts", tablesOfFacts(plan)},
          {"closed-forms", scriptData(closedForms(plan, device))}};
}

/// Each {{name}} of the template gives way to its piece. Pieces are not searched: a plan's own braces stay.
std::string fill(std::string_view page, const Pieces &pieces) {
  std::string out;
  for (size_t begin = 0;;) {
    size_t open = page.find("{{", begin), close = page.find("}}", std::min(open, page.size()));
    out += page.substr(begin, std::min(open, page.size()) - begin);
    if (close == std::string_view::npos)
      return out;
    out += pieces.at(std::string(page.substr(open + 2, close - open - 2))).text();
    begin = close + 2;
  }
}

} // namespace

Status inspect::writePage(const Plan &plan, const Device *device, const std::string &path) {
  const fb::Program &program = plan.program();
  if (!program.parts() || program.parts()->size() == 0)
    return unsupported(plan.name(), ": holds no counts of the model's parts, expected those of a newer v4-compile; "
                                    "compile the plan again");
  std::string problem =
      outputProblem({{"--html", path}}, {{"the plan", plan.name()}, {"its weights", weightsPathOf(plan.name())}});
  if (!problem.empty())
    return invalidInput(problem);
  std::string text =
      fill(kPageTemplate, piecesOf(plan, device ? *device : usualDevice(program.target()->name()->string_view())));
  AtomicFile file(path);
  V4_RETURN_IF_ERROR(file.open());
  file.write(text.data(), text.size());
  return file.commitUnhashed();
}

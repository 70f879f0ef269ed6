//===- Tables.cpp - The tables of the page --------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanText.h"
#include "tools/MemoryView.h"
#include "tools/inspect/CostView.h"
#include "tools/inspect/LaunchCost.h"
#include "tools/inspect/page/ContextPlot.h"
#include "tools/inspect/page/Page.h"

#include <array>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

/// The paper compares at the last one.
constexpr uint64_t kContexts[] = {4096, 32768, 131072, 1048576};

/// Those of kContexts that the plan has room for, and its own limit.
std::vector<uint64_t> contextsOf(const fb::Program &program) {
  uint64_t most = program.envelope()->max_context();
  std::vector<uint64_t> list;
  for (uint64_t context : kContexts)
    if (context < most)
      list.push_back(context);
  list.push_back(most);
  return list;
}

/// REQUIRES: the plan holds counts.
Json costViews(const Plan &plan, uint64_t context, const Device *device) {
  Json views;
  (void)addCostViews(plan, context, device, views);
  return views;
}

Html tile(std::string_view name, const Html &value) {
  return Html::markup("<div><dt>") + Html::plain(name) + Html::markup("</dt><dd>") + value +
         Html::markup("</dd></div>\n");
}

Html exact(double value) { return Html::plain(exactNumber(value)); }

Html percent(double value) { return Html::plain(shortPercent(value)); }

} // namespace

Html inspect::drawTiles(const Plan &plan, const Device &device) {
  uint64_t context = plan.program().envelope()->max_context();
  Json views = costViews(plan, context, &device);
  const Json &cost = views["cost"];
  Json memory = viewMemory(plan, envelopeLimits(plan.program()));
  std::string at = joinText("at ", exactNumber(static_cast<double>(context)), " tokens");
  return Html::markup("<dl class=\"tiles\">\n") + tile("parameters", quantity(cost["parameters"])) +
         tile("active for a token", quantity(cost["active_parameters"])) +
         tile("operations " + at, quantity(cost["flops_per_token"], "FLOP")) +
         tile("cache for each token", quantity(cost["cache_bytes_per_token"], "B")) +
         tile("weights", quantity(memory["weights_bytes"], "B")) +
         tile("full session with weights", quantity(memory["total_bytes"], "B")) +
         tile("least time " + at, Html::plain(shortSeconds(views["roofline"]["launch_floor_seconds"]))) +
         tile("at most " + at, Html::plain(shortNumber(views["roofline"]["tokens_per_second"]) + " tokens/s")) +
         Html::markup("</dl>\n");
}

Html inspect::tableOfContexts(const fb::Program &program) {
  HtmlTable table("A decoded token, the last of its context", {"#context", "#operations (FLOP)", "#weights read (B)",
                                                               "#cache moved (B)", "#cache of the sequence (B)"});
  for (uint64_t context : contextsOf(program)) {
    TokenCost cost = tokenCost(program, context);
    auto held = static_cast<double>(cacheBytes(program, context, 1).value_or(0));
    table.addRow({exact(static_cast<double>(context)), exact(cost.flops), exact(cost.weightBytes),
                  exact(cost.cacheBytes), exact(held)});
  }
  return table.finish();
}

static Html tableOfGroup(const fb::Program &program, fb::LaunchGroup group, const char *caption) {
  StepShape step = lastTokensOf(program.envelope()->max_context());
  HtmlTable table(caption, {"component", "#parameters", "#active", "#stored bytes", "#of the bytes",
                            "#operations (FLOP)", "#of the operations"});
  double sums[4] = {};
  std::vector<std::array<double, 4>> rows;
  for (const fb::Part *part : *program.parts()) {
    double flops = 0;
    for (const fb::WorkTerm *term : *part->work())
      flops += 2 * productsOf(*term, step);
    rows.push_back({static_cast<double>(part->parameters()), static_cast<double>(part->active_parameters()),
                    static_cast<double>(part->stored_bytes()), flops});
    for (int i = 0; i < 4 && part->group() == group; ++i)
      sums[i] += rows.back()[i];
  }
  auto bar = [](double value, double sum) {
    double part = sum > 0 ? value / sum : 0;
    return barCell(percent(100 * part), part);
  };
  size_t count = 0;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const fb::Part &part = *program.parts()->Get(i);
    if (part.group() != group)
      continue;
    ++count;
    table.addRow({Html::plain(part.name()->string_view()), exact(rows[i][0]), exact(rows[i][1]), exact(rows[i][2]),
                  bar(rows[i][2], sums[2]), exact(rows[i][3]), bar(rows[i][3], sums[3])});
  }
  if (count == 0)
    return Html();
  table.addRow({Html::plain("all"), exact(sums[0]), exact(sums[1]), exact(sums[2]), Html(), exact(sums[3]), Html()},
               "sum");
  return table.finish();
}

Html inspect::tablesOfComponents(const fb::Program &program) {
  auto context = static_cast<double>(program.envelope()->max_context());
  return Html::markup(
             "<p>As the checkpoint gives them; scales and tables count as bytes and are no parameters. Active: "
             "what one token multiplies with. Operations of the last token of ") +
         exact(context) + Html::markup(" ones.</p>\n") + tableOfGroup(program, fb::LaunchGroup::Main, "The model") +
         tableOfGroup(program, fb::LaunchGroup::Mtp, "The MTP block, which drafts tokens");
}

Html inspect::tableOfMemory(const Plan &plan) {
  Limits limits = envelopeLimits(plan.program());
  Json memory = viewMemory(plan, limits);
  double total = memory["total_bytes"];
  HtmlTable table(joinText("A session at the plan's limits: context ", limits.context, ", sequences ", limits.sequences,
                           ", tokens a step ", limits.tokens),
                  {"kind", "#bytes", "#of all"});
  const std::pair<const char *, const char *> kinds[] = {{"weights", "weights_bytes"}, {"cache", "cache_bytes"},
                                                         {"arena", "arena_bytes"},     {"tables", "tables_bytes"},
                                                         {"code", "code_bytes"},       {"step block", "step_bytes"}};
  for (auto &[name, key] : kinds) {
    double bytes = memory[key];
    table.addRow({Html::plain(name), exact(bytes), barCell(percent(100 * bytes / total), bytes / total)});
  }
  table.addRow({Html::plain("all"), exact(total), Html()}, "sum");
  return table.finish();
}

Html inspect::tableOfComparison(const fb::Program &program) {
  HtmlTable table(
      "This plan and V3.2, a decoded token",
      {"#context", "#cache a token (B)", "#of V3.2", "#operations (FLOP)", "#of V3.2", "#FP8 equivalents", "#of V3.2"});
  std::vector<uint64_t> contexts = contextsOf(program);
  if (contexts.back() != kContexts[3])
    contexts.push_back(kContexts[3]);
  Json weights;
  for (uint64_t context : contexts) {
    Json row = compareAt(program, context);
    weights = row["weights"];
    table.addRow({exact(static_cast<double>(context)), exact(row["cache_bytes_per_token"]),
                  percent(row["cache_percent"]), exact(row["flops"]), percent(row["flops_percent"]),
                  exact(row["fp8_equivalent_flops"]), percent(row["fp8_equivalent_percent"])});
  }
  return Html::markup("<p>V3.2 from the dimensions that it publishes. FP8 equivalents weigh operations by width: ") +
         Html::plain(weights.get<std::string>()) + Html::markup(".</p>\n") + table.finish();
}

static void addFacts(HtmlTable &table, const Json &view, const std::string &prefix = "") {
  for (const auto &item : view.items()) {
    if (item.value().is_object()) {
      addFacts(table, item.value(), item.key() + " ");
      continue;
    }
    std::string text;
    for (const auto &part : item.value().is_array() ? item.value() : Json::array({item.value()}))
      text += (text.empty() ? "" : " ") +
              (part.is_string() ? part.get<std::string>() : part.dump(-1, ' ', false, Json::error_handler_t::replace));
    table.addRow({Html::plain(prefix + item.key()), Html::plain(text)});
  }
}

Html inspect::tablesOfFacts(const Plan &plan) {
  HtmlTable table("Model, target, options and limits", {"field", "value"});
  addFacts(table, viewProgram(plan.program()));
  HtmlTable container("The file", {"field", "value"});
  addFacts(container, {{"format_version", plan.header().formatVersion},
                       {"abi_version", plan.header().abiVersion},
                       {"plan_hash", plan.planHash().hex()},
                       {"kernels", plan.program().kernels()->size()},
                       {"launches", plan.program().launches()->size()},
                       {"buffers", plan.program().buffers()->size()}});
  return Html::markup("<div class=\"facts\">") + table.finish() + container.finish() + Html::markup("</div>\n");
}

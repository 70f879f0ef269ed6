//===- PlanDiff.cpp - How two plans differ --------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/PlanDiff.h"

#include "runtime/plan/PlanMemory.h"
#include "tools/MemoryView.h"
#include "tools/inspect/CostView.h"
#include "tools/inspect/LaunchDiff.h"

#include <algorithm>
#include <map>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

/// Collects rows of one view.
class Differences {
public:
  Differences(Json &rows, const char *view) : rows(rows), view(view) {}

  void add(const std::string &item, const std::string &field, const Json &a, const Json &b) {
    if (a != b)
      rows.push_back({{"view", view}, {"item", item}, {"field", field}, {"a", a}, {"b", b}});
  }
  /// Fields of two objects, in the order of `a`, then those that only `b` has.
  void addObjects(const std::string &item, const Json &a, const Json &b) {
    for (const auto &field : a.items())
      add(item, field.key(), field.value(), b.contains(field.key()) ? b[field.key()] : Json());
    for (const auto &field : b.items())
      if (!a.contains(field.key()))
        add(item, field.key(), Json(), field.value());
  }
  /// Lists of objects with a name each.
  void addNamed(const char *key, const Json &a, const Json &b) {
    std::map<std::string, const Json *> others;
    for (const Json &item : b)
      others[item[key].get<std::string>()] = &item;
    for (const Json &item : a) {
      std::string name = item[key].get<std::string>();
      auto found = others.find(name);
      if (found == others.end())
        add(name, "present", true, Json());
      else
        addObjects(name, item, *found->second);
      if (found != others.end())
        others.erase(found);
    }
    for (const Json &item : b)
      if (std::string name = item[key].get<std::string>(); others.count(name))
        add(name, "present", Json(), true);
  }

private:
  Json &rows;
  const char *view;
};

/// Kernels without their place in the list, with what they cost.
Json kernelsOf(const Plan &plan) {
  Json list = viewKernels(plan.program());
  for (Json &kernel : list) {
    const fb::Kernel &table = *plan.program().kernels()->Get(kernel["index"].get<uint32_t>());
    Json costs = Json::array();
    if (table.costs())
      for (const fb::CostTerm *term : *table.costs())
        costs.push_back({static_cast<int>(term->kind()), static_cast<int>(term->unit()), term->ratio(), term->most(),
                         term->count()});
    kernel["costs"] = costs;
    kernel.erase("index");
  }
  return list;
}

Json buffersOf(const Plan &plan) {
  Json list = Json::array();
  Limits envelope = envelopeLimits(plan.program());
  for (const fb::Buffer *buffer : *plan.program().buffers())
    list.push_back({{"name", buffer->name()->str()},
                    {"bytes", bufferBytes(*buffer, envelope)},
                    {"slot", buffer->slot()},
                    {"first_launch", buffer->first_launch()},
                    {"last_launch", buffer->last_launch()}});
  return list;
}

Json poolsOf(const Plan &plan) {
  Json list = Json::array();
  for (const fb::Pool *pool : *plan.program().pools())
    list.push_back({{"name", pool->name()->str()},
                    {"ratio", pool->ratio()},
                    {"rows", pool->rows()},
                    {"row_bytes", pool->row_bytes()},
                    {"offset", pool->offset()},
                    {"period", pool->period()},
                    {"history", pool->history()},
                    {"lag", pool->lag()}});
  return list;
}

Json weightsOf(const Plan &plan) {
  Json list = viewWeights(plan.program());
  for (Json &weight : list)
    weight.erase("index");
  return list;
}

std::string hashOf(const Plan &plan, SectionKind kind) {
  Bytes bytes = plan.section(kind);
  return hashBytes(bytes.data, bytes.size).hex();
}

Json hashesOf(const Plan &plan) {
  Bytes code = plan.code();
  return {{"code", hashBytes(code.data, code.size).hex()},
          {"tables", hashOf(plan, SectionKind::Tables)},
          {"weights", hashOf(plan, SectionKind::Hashes)}};
}

/// Both plans are asked about one token.
void addCosts(const Plan &a, const Plan &b, const Device *device, Json &rows) {
  uint64_t context = std::min(a.program().envelope()->max_context(), b.program().envelope()->max_context());
  Json documents[2];
  for (const auto &[plan, document] : {std::pair(&a, &documents[0]), std::pair(&b, &documents[1])})
    if (!addCostViews(*plan, context, device, *document).isOk())
      document->operator[]("cost") = Json::object();
  for (const char *view : {"cost", "roofline"})
    if (documents[0].contains(view) && documents[1].contains(view))
      Differences(rows, view).addObjects("token", documents[0][view], documents[1][view]);
}

} // namespace

Json inspect::diffPlans(const Plan &a, const Plan &b, const Device *device) {
  Json rows = Json::array();
  Differences(rows, "program").addObjects("program", viewProgram(a.program()), viewProgram(b.program()));
  Differences(rows, "kernels").addNamed("symbol", kernelsOf(a), kernelsOf(b));
  for (const Json &row : diffLaunches(viewSchedule(a.program()), viewSchedule(b.program())))
    rows.push_back(row);
  Differences(rows, "buffers").addNamed("name", buffersOf(a), buffersOf(b));
  Differences(rows, "pools").addNamed("name", poolsOf(a), poolsOf(b));
  Differences(rows, "weights").addNamed("name", weightsOf(a), weightsOf(b));
  Differences(rows, "memory")
      .addObjects("session", viewMemory(a, envelopeLimits(a.program())), viewMemory(b, envelopeLimits(b.program())));
  Differences(rows, "hashes").addObjects("section", hashesOf(a), hashesOf(b));
  Differences(rows, "container")
      .addObjects("header", {{"required_features", a.header().requiredFeatures}},
                  {{"required_features", b.header().requiredFeatures}});
  addCosts(a, b, device, rows);
  // What no view shows, such as the name of a probe: different plans never pass for equal ones.
  if (rows.empty())
    Differences(rows, "hashes")
        .addObjects("section", {{"metadata", hashOf(a, SectionKind::Metadata)}},
                    {{"metadata", hashOf(b, SectionKind::Metadata)}});
  return rows;
}

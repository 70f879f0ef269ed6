//===- ClosedForms.cpp - What the page's script evaluates -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/page/ClosedForms.h"

#include "runtime/plan/KernelAbi.h"
#include "runtime/plan/PlanMemory.h"
#include "tools/inspect/ComparedModel.h"
#include "tools/inspect/LaunchCost.h"

#include <map>
#include <set>

using namespace v4;
using namespace v4::plan;
using namespace v4::inspect;

namespace {

template <typename Enum>
int number(Enum value) {
  return static_cast<int>(value);
}

Json workTerm(const fb::WorkTerm &term) {
  return {number(term.arithmetic()), number(term.unit()), term.ratio(), term.most(), term.products()};
}

Json partsOf(const fb::Program &program) {
  Json list = Json::array();
  for (const fb::Part *part : *program.parts()) {
    Json work = Json::array();
    for (const fb::WorkTerm *term : *part->work())
      work.push_back(workTerm(*term));
    list.push_back({{"group", number(part->group())}, {"work", work}});
  }
  return list;
}

Json kernelsOf(const fb::Program &program) {
  Json list = Json::array();
  for (const fb::Kernel *kernel : *program.kernels()) {
    Json costs = Json::array();
    if (kernel->costs())
      for (const fb::CostTerm *term : *kernel->costs())
        costs.push_back({number(term->kind()), number(term->unit()), term->ratio(), term->most(), term->count()});
    list.push_back(costs);
  }
  return list;
}

/// Launches of the main model of one kernel on the same rows: [kernel, rows, how many].
Json runsOf(const fb::Program &program) {
  std::map<std::pair<uint32_t, int>, uint64_t> counts;
  for (const fb::Launch *launch : *program.launches())
    if (launch->group() == fb::LaunchGroup::Main)
      ++counts[{launch->kernel(), number(launch->rows())}];
  Json list = Json::array();
  for (auto &[key, count] : counts)
    list.push_back({key.first, key.second, count});
  return list;
}

/// Buffers that differ in slot or size: [slot, rows, bits of an element, row shape, size terms].
Json buffersOf(const fb::Program &program) {
  Json list = Json::array();
  std::set<std::string> seen;
  for (const fb::Buffer *buffer : *program.buffers()) {
    Json terms = Json::array();
    for (const fb::SizeTerm *term : *buffer->bytes())
      terms.push_back({term->coefficient(), term->tokens_power(), term->sequences_power(), term->context_power()});
    std::vector<uint64_t> shape(buffer->row_shape()->begin(), buffer->row_shape()->end());
    Json entry = {buffer->slot(), number(buffer->rows()), bitsOf(buffer->element()), shape, terms};
    if (seen.insert(entry.dump()).second)
      list.push_back(entry);
  }
  return list;
}

} // namespace

Json inspect::closedForms(const Plan &plan, const Device &device) {
  const fb::Program &program = plan.program();
  Json compared = Json::array();
  for (const fb::WorkTerm &term : workOfV32())
    compared.push_back(workTerm(term));
  return {{"envelope",
           {{"context", program.envelope()->max_context()},
            {"sequences", program.envelope()->max_sequences()},
            {"tokens", program.envelope()->max_tokens()}}},
          {"draft", program.envelope()->max_draft()},
          {"page_tokens", kPageTokens},
          {"count_entries", kCountEntries},
          {"experts", {{"chosen", program.experts_per_token()}, {"all", routedExperts(program)}}},
          {"parts", partsOf(program)},
          {"compared", compared},
          {"kernels", kernelsOf(program)},
          {"runs", runsOf(program)},
          {"slots", program.slots()},
          {"buffers", buffersOf(program)},
          {"page_bytes", program.page_bytes()},
          {"state_bytes", program.state_bytes()},
          {"loaded_bytes", plan.weightsBytes() + plan.tablesBytes() + plan.code().size},
          {"device",
           {{"bytes_per_second", device.bytesPerSecond},
            {"dot_flops_per_second", device.flopsPerSecond(fb::Arithmetic::BF16)},
            {"fma_flops_per_second", device.flopsPerSecond(fb::Arithmetic::F32)}}}};
}

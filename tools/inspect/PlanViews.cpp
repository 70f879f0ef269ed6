//===- PlanViews.cpp - Tables of a plan as JSON ---------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/inspect/PlanViews.h"

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanText.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;
using inspect::Json;

namespace {

std::string text(const flatbuffers::String *string) { return string->str(); }

} // namespace

Json inspect::viewSummary(const Summary &summary) {
  Json view = {{"format_version", summary.formatVersion},
               {"abi_version", summary.abiVersion},
               {"required_features", summary.requiredFeatures},
               {"file_bytes", summary.fileBytes}};
  if (!summary.header) {
    view["readable"] = false;
    view["readable_versions"] = joinText(kOldestFormatVersion, " to ", kFormatVersion);
    return view;
  }
  view["readable"] = true;
  static const char *const names[] = {"metadata", "code", "tables", "hashes", "weights"};
  for (uint32_t i = 0; i < kSectionCount; ++i) {
    view[joinText(names[i], "_offset")] = summary.header->sections[i].offset;
    view[joinText(names[i], "_bytes")] = summary.header->sections[i].bytes;
  }
  Digest digest;
  std::memcpy(digest.bytes, summary.header->planHash, sizeof(digest.bytes));
  view["plan_hash"] = digest.hex();
  view["signed"] = (summary.requiredFeatures & kFeatureSigned) != 0;
  return view;
}

Json inspect::viewProgram(const fb::Program &program) {
  const fb::Model &model = *program.model();
  const fb::Envelope &envelope = *program.envelope();
  Json features = Json::array(), options = Json::object();
  for (const flatbuffers::String *feature : *program.target()->features())
    features.push_back(text(feature));
  for (const fb::Option *option : *program.options())
    options[text(option->name())] = text(option->value());
  return {{"producer", text(program.producer())},
          {"target", text(program.target()->name())},
          {"target_features", features},
          {"options", options},
          {"vocab_size", model.vocab_size()},
          {"hidden_size", model.hidden_size()},
          {"layers", model.layers()},
          {"window", model.window()},
          {"eos_token_id", model.eos_token_id()},
          {"has_mtp", model.has_mtp()},
          {"max_tokens", envelope.max_tokens()},
          {"max_sequences", envelope.max_sequences()},
          {"max_context", envelope.max_context()},
          {"max_draft", envelope.max_draft()}};
}

static Json viewBlock(const fb::Kernel &kernel, uint32_t variant) {
  const fb::Block &block = *blockOf(kernel, variant);
  return {{"threads", block.threads()},
          {"shared_bytes", block.shared_bytes()},
          {"registers", block.registers()},
          {"image_bytes", block.image_bytes()},
          {"function", functionOf(kernel, variant)}};
}

static Json viewVariants(const fb::Kernel &kernel) {
  Json view = Json::array();
  for (uint32_t v = 0; v < variantCount(kernel); ++v) {
    const fb::Variant &variant = *kernel.variants()->Get(v);
    view.push_back({{"most_rows", variant.most_rows()}, {"row_tile", variant.row_tile()}, {"tiles", variant.tiles()}});
    view.back().update(viewBlock(kernel, v));
  }
  return view;
}

Json inspect::viewKernels(const fb::Program &program) {
  std::vector<uint64_t> launches(program.kernels()->size());
  for (const fb::Launch *launch : *program.launches())
    ++launches[launch->kernel()];
  Json view = Json::array();
  for (uint32_t i = 0; i < program.kernels()->size(); ++i) {
    const fb::Kernel &kernel = *program.kernels()->Get(i);
    view.push_back({{"index", i},
                    {"symbol", text(kernel.symbol())},
                    {"op", text(kernel.op())},
                    {"bindings", kernel.bindings()},
                    {"stack_bytes", kernel.stack_bytes()},
                    {"launches", launches[i]}});
    if (kernel.block()) {
      view.back().update(viewBlock(kernel, variantCount(kernel)));
      view.back()["variants"] = viewVariants(kernel);
    }
  }
  return view;
}

std::string inspect::bindingName(const fb::Program &program, const fb::Binding &binding) {
  static const char *const fields[] = {"counts",        "token_ids",       "positions",       "token_slots",
                                       "slot_rows",     "slot_starts",     "page_offsets",    "state_offsets",
                                       "chunks4_slots", "chunks4_indices", "chunks128_slots", "chunks128_indices",
                                       "logits_rows"};
  switch (binding.kind()) {
  case fb::BindingKind::Buffer:
    return text(program.buffers()->Get(binding.index())->name());
  case fb::BindingKind::Weight:
    return text(program.weights()->Get(binding.index())->name());
  case fb::BindingKind::Pool:
    return text(program.pools()->Get(binding.index())->name());
  case fb::BindingKind::Step:
    break;
  }
  return joinText("step.", fields[binding.index()]);
}

/// Of a step of the envelope's rows or fewer, whichever variant runs it.
static uint64_t mostWorkgroups(const fb::Launch &launch, const fb::Kernel &kernel, uint64_t rows) {
  auto workgroups = [](uint64_t count, uint64_t tile, uint64_t tiles) { return (count + tile - 1) / tile * tiles; };
  uint64_t most = workgroups(rows, launch.row_tile(), launch.tiles());
  for (uint32_t v = 0; v < variantCount(kernel); ++v) {
    const fb::Variant &variant = *kernel.variants()->Get(v);
    most =
        std::max(most, workgroups(std::min<uint64_t>(rows, variant.most_rows()), variant.row_tile(), variant.tiles()));
  }
  return most;
}

Json inspect::viewSchedule(const fb::Program &program) {
  Limits envelope = envelopeLimits(program);
  Json view = Json::array();
  for (uint32_t i = 0; i < program.launches()->size(); ++i) {
    const fb::Launch &launch = *program.launches()->Get(i);
    const fb::Kernel &kernel = *program.kernels()->Get(launch.kernel());
    Json reads = Json::array(), writes = Json::array();
    for (const fb::Binding *binding : *launch.bindings())
      (binding->access() == fb::Access::Out ? writes : reads).push_back(bindingName(program, *binding));
    view.push_back({{"index", i},
                    {"group", groupName(launch.group())},
                    {"layer", launch.layer()},
                    {"barrier", launch.barrier()},
                    {"kernel", text(kernel.symbol())},
                    {"rows", rowSpaceName(launch.rows())},
                    {"row_tile", launch.row_tile()},
                    {"tiles", launch.tiles()},
                    {"max_workgroups", mostWorkgroups(launch, kernel, rowCapacity(launch.rows(), envelope))},
                    {"reads", reads},
                    {"writes", writes}});
  }
  return view;
}

Json inspect::viewWeights(const fb::Program &program) {
  Json view = Json::array();
  for (uint32_t i = 0; i < program.weights()->size(); ++i) {
    const fb::Weight &weight = *program.weights()->Get(i);
    view.push_back({{"index", i},
                    {"name", text(weight.name())},
                    {"element", elementName(weight.element())},
                    {"shape", std::vector<uint64_t>(weight.shape()->begin(), weight.shape()->end())},
                    {"layout", text(weight.layout())},
                    {"section", weight.in_tables() ? "tables" : "weights"},
                    {"offset", weight.offset()},
                    {"bytes", weight.bytes()},
                    {"sources", weight.sources()->size()},
                    {"recipe", text(weight.recipe())}});
  }
  return view;
}

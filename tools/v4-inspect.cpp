//===- v4-inspect.cpp - What is in an engine plan -------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every view is a JSON value; text is printed from the same value, a list of
// objects as a table. Never maps code and needs no compiler.
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanLoader.h"
#include "runtime/plan/PlanText.h"
#include "tools/MemoryView.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

using namespace v4;
using namespace v4::plan;
using Json = nlohmann::ordered_json;

namespace {

struct Arguments {
  std::string path;
  bool summary = false;
  bool kernels = false;
  bool schedule = false;
  bool weights = false;
  bool json = false;
  bool mlir = false;
  std::string memory; ///< "" = not asked for.

  bool needsPlan() const { return kernels || schedule || weights || mlir || !memory.empty(); }
};

/// `--memory` alone; a value of its own keeps the next argument from being taken as one.
constexpr const char *kEnvelope = "envelope";
/// Of TOOLS, but not of this version.
constexpr const char *kLater[] = {"--cost", "--device", "--machine", "--diff", "--html"};

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

std::string text(const flatbuffers::String *string) { return string->str(); }

Json viewSummary(const Summary &summary) {
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
  return view;
}

Json viewProgram(const fb::Program &program) {
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

Json viewKernels(const fb::Program &program) {
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
  }
  return view;
}

std::string bindingName(const fb::Program &program, const fb::Binding &binding) {
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

Json viewSchedule(const fb::Program &program) {
  Limits envelope = envelopeLimits(program);
  Json view = Json::array();
  for (uint32_t i = 0; i < program.launches()->size(); ++i) {
    const fb::Launch &launch = *program.launches()->Get(i);
    uint64_t rows = rowCapacity(launch.rows(), envelope);
    Json reads = Json::array(), writes = Json::array();
    for (const fb::Binding *binding : *launch.bindings())
      (binding->access() == fb::Access::Out ? writes : reads).push_back(bindingName(program, *binding));
    view.push_back({{"index", i},
                    {"group", groupName(launch.group())},
                    {"layer", launch.layer()},
                    {"barrier", launch.barrier()},
                    {"kernel", text(program.kernels()->Get(launch.kernel())->symbol())},
                    {"rows", rowSpaceName(launch.rows())},
                    {"row_tile", launch.row_tile()},
                    {"tiles", launch.tiles()},
                    {"max_workgroups", (rows + launch.row_tile() - 1) / launch.row_tile() * launch.tiles()},
                    {"reads", reads},
                    {"writes", writes}});
  }
  return view;
}

Json viewWeights(const fb::Program &program) {
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

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string cell(const Json &value) {
  if (value.is_string())
    return value.get<std::string>();
  if (!value.is_structured())
    return value.dump();
  std::string line;
  for (const auto &item : value.items())
    line += (line.empty() ? "" : " ") + (value.is_object() ? item.key() + "=" : "") + cell(item.value());
  return line.empty() ? "-" : line;
}

void printObject(const Json &object) {
  size_t width = 0;
  for (const auto &item : object.items())
    width = std::max(width, item.key().size());
  for (const auto &item : object.items())
    std::printf("  %-*s  %s\n", static_cast<int>(width), item.key().c_str(), cell(item.value()).c_str());
}

/// A list of objects with equal keys: numbers to the right, the rest to the left.
void printTable(const Json &rows) {
  std::vector<std::string> line;
  std::vector<size_t> widths;
  std::vector<std::vector<std::string>> lines;
  for (const auto &item : rows[0].items())
    line.push_back(item.key());
  lines.push_back(line);
  for (const Json &row : rows) {
    line.clear();
    for (const auto &item : row.items())
      line.push_back(cell(item.value()));
    lines.push_back(line);
  }
  widths.assign(lines[0].size(), 0);
  for (const auto &cells : lines)
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], cells[i].size());
  std::vector<bool> numeric;
  for (const auto &item : rows[0].items())
    numeric.push_back(item.value().is_number());
  for (const auto &cells : lines) {
    std::string out;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string padding(widths[i] - cells[i].size(), ' ');
      out += "  " + (numeric[i] ? padding + cells[i] : cells[i] + padding);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    std::printf("%s\n", out.c_str());
  }
}

void printViews(const Json &document) {
  for (const auto &view : document.items()) {
    std::printf("%s\n", view.key().c_str());
    if (view.value().is_object())
      printObject(view.value());
    else if (!view.value().empty())
      printTable(view.value());
  }
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// "context:N,sequences:M": limits of the session to evaluate, the envelope's where none are given.
Status parseLimits(const std::string &flag, const fb::Program &program, Limits &out) {
  out = envelopeLimits(program);
  if (flag == kEnvelope)
    return Status();
  const std::pair<const char *, uint64_t *> keys[] = {
      {"context", &out.context}, {"sequences", &out.sequences}, {"tokens", &out.tokens}};
  bool given[std::size(keys)] = {};
  for (size_t begin = 0; begin <= flag.size();) {
    size_t end = std::min(flag.find(',', begin), flag.size());
    std::string entry = flag.substr(begin, end - begin);
    begin = end + 1;
    size_t colon = entry.find(':');
    auto key = std::find_if(std::begin(keys), std::end(keys), [&](const auto &k) {
      return colon != std::string::npos && entry.substr(0, colon) == k.first;
    });
    std::string digits = colon == std::string::npos ? "" : entry.substr(colon + 1);
    bool plain = !digits.empty() && digits.size() <= 12 && digits.find_first_not_of("0123456789") == std::string::npos;
    if (key == std::end(keys) || !plain)
      return invalidInput("--memory: '", entry, "' is not understood, expected context:N, sequences:N or tokens:N");
    if (std::exchange(given[key - keys], true))
      return invalidInput("--memory: ", key->first, " is given twice in '", flag, "', expected once; leave one out");
    uint64_t value = std::stoull(digits);
    if (value < 1 || value > *key->second)
      return invalidInput("--memory: ", key->first, " is ", value, ", this plan allows 1 to ", *key->second,
                          "; compile it with a larger --max-", key->first);
    *key->second = value;
  }
  return Status();
}

int report(const Status &status) {
  std::fprintf(stderr, "v4-inspect: %s\n", status.message().c_str());
  return status.exitCode();
}

/// The arguments as CLI11 can read them; an error for flags of later versions.
Status prepare(int argc, char **argv, std::vector<std::string> &out) {
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    for (std::string_view later : kLater)
      if (argument.substr(0, argument.find('=')) == later)
        return invalidInput(later, " is not yet supported; v4-inspect --help lists what is");
    out.push_back(argument == "--memory" ? joinText("--memory=", kEnvelope) : argument);
  }
  return Status();
}

void declare(CLI::App &app, Arguments &arguments) {
  app.add_option("FILE", arguments.path, "engine plan")->required();
  app.add_flag("--summary", arguments.summary, "the container: versions, sections, hash (default; any format version)");
  app.add_flag("--kernels", arguments.kernels, "kernels and how often they are launched");
  app.add_flag("--schedule", arguments.schedule, "launches in order, what they read and write");
  app.add_option("--memory", arguments.memory,
                 "bytes of a session, at the plan's limits or at context:N,sequences:N,tokens:N");
  app.add_flag("--weights", arguments.weights, "tensors of the weights and tables sections");
  app.add_flag("--json", arguments.json, "one JSON document; without a view: everything");
  app.add_flag("--mlir", arguments.mlir, "the plan as MLIR's generic form");
  app.set_version_flag("--version", joinText("v4-inspect ", V4_VERSION, ", plan format ", kFormatVersion));
}

//===----------------------------------------------------------------------===//
// Main
//===----------------------------------------------------------------------===//

Status addPlanViews(const Arguments &arguments, bool all, const Plan &plan, Json &document) {
  const fb::Program &program = plan.program();
  if (all)
    document["program"] = viewProgram(program);
  if (all || arguments.kernels)
    document["kernels"] = viewKernels(program);
  if (all || arguments.schedule)
    document["schedule"] = viewSchedule(program);
  if (all || !arguments.memory.empty()) {
    Limits limits;
    V4_RETURN_IF_ERROR(parseLimits(arguments.memory.empty() ? kEnvelope : arguments.memory, program, limits));
    document["memory"] = viewMemory(plan, limits);
  }
  if (all || arguments.weights)
    document["weights"] = viewWeights(program);
  return Status();
}

Status inspect(const Arguments &arguments) {
  if (arguments.mlir && arguments.json)
    return invalidInput("--mlir and --json exclude each other; choose one");
  MappedFile file;
  V4_RETURN_IF_ERROR(MappedFile::open(arguments.path, LoadMode::Map, file));
  Bytes bytes{file.data(), file.size()};
  Json document = Json::object();
  Summary summary;
  V4_RETURN_IF_ERROR(summarizePlan(arguments.path, bytes, summary));
  bool oneView = arguments.summary || arguments.needsPlan();
  if (arguments.summary || !oneView)
    document["summary"] = viewSummary(summary);
  bool all = arguments.json && !oneView && summary.header;
  if (all || arguments.needsPlan()) {
    Plan plan;
    V4_RETURN_IF_ERROR(checkPlan(arguments.path, bytes, plan));
    if (arguments.mlir) {
      std::string mlir = printPlan(plan);
      std::fwrite(mlir.data(), 1, mlir.size(), stdout);
      return Status();
    }
    V4_RETURN_IF_ERROR(addPlanViews(arguments, all, plan, document));
  }
  if (arguments.json)
    std::printf("%s\n", document.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  else
    printViews(document);
  return Status();
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app("v4-inspect: what is in an engine plan", "v4-inspect");
  declare(app, arguments);
  std::vector<std::string> list;
  if (Status status = prepare(argc, argv, list); !status.isOk())
    return report(status);
  try {
    app.parse(list);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    return report(invalidInput(error.what(), "; see v4-inspect --help"));
  }
  if (Status status = inspect(arguments); !status.isOk())
    return report(status);
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return report(invalidInput("standard output: cannot write: ", std::strerror(errno)));
  return 0;
}

//===- PlanValidator.cpp - Rules for names, model and kernels -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanValidator.h"

#include "runtime/plan/PlanRules.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

/// Elements that all rules together may look at. The largest real plan needs about 6 million (its names).
constexpr uint64_t kWorkLimit = 1u << 27;
constexpr uint64_t kMaxString = 64 << 10;
constexpr uint64_t kMaxRank = 8;
constexpr uint64_t kMaxBindings = 256;
/// A worker's stack is this and a little more.
constexpr uint64_t kMaxStack = 64u << 20;

/// Length of the UTF-8 character at the front of `text`, 0 when there is none.
size_t utf8Length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  // Overlong forms, surrogates, values above U+10FFFF.
  bool bad = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
             (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
  return bad ? 0 : length;
}

bool isSymbolCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '$';
}

} // namespace

std::string plan::escapeText(std::string_view text) {
  static const char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    uint8_t byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\') {
      out += c;
      continue;
    }
    out += '\\';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

Status plan::validateProgram(const std::string &name, const fb::Program &program, uint64_t codeBytes,
                             uint64_t tablesBytes, uint64_t weightsBytes) {
  PlanRules rules(name, program);
  V4_RETURN_IF_ERROR(rules.checkVectors());
  V4_RETURN_IF_ERROR(rules.checkGeneral());
  V4_RETURN_IF_ERROR(rules.checkModel());
  V4_RETURN_IF_ERROR(rules.checkKernels());
  V4_RETURN_IF_ERROR(rules.checkBlocks(codeBytes));
  V4_RETURN_IF_ERROR(rules.checkBuffers());
  V4_RETURN_IF_ERROR(rules.checkWeights(tablesBytes, weightsBytes));
  V4_RETURN_IF_ERROR(rules.checkPools());
  V4_RETURN_IF_ERROR(rules.checkUniqueNames());
  V4_RETURN_IF_ERROR(rules.checkLaunches());
  V4_RETURN_IF_ERROR(rules.checkSlots());
  V4_RETURN_IF_ERROR(rules.checkProbes());
  V4_RETURN_IF_ERROR(rules.checkParts());
  V4_RETURN_IF_ERROR(rules.checkLogits());
  return rules.checkSampling();
}

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

Status PlanRules::expectRange(const std::string &field, uint64_t value, uint64_t low, uint64_t high) const {
  if (value >= low && value <= high)
    return Status();
  if (low > high)
    return fail(field, " is ", value, ", but there is nothing it can refer to");
  return fail(field, " is ", value, ", expected ", low, " to ", high);
}

Status PlanRules::expectPresent(const std::string &field, const void *value) const {
  return value ? Status() : fail(field, " is missing");
}

Status PlanRules::expectAligned(const std::string &field, const uint8_t *elements) const {
  uint64_t excess = reinterpret_cast<uintptr_t>(elements) % 8;
  return excess == 0 ? Status() : fail(field, " lies ", excess, " bytes behind a multiple of 8, expected 0");
}

Status PlanRules::spend(const std::string &field, uint64_t count) {
  spent += count;
  return spent <= kWorkLimit ? Status()
                             : fail(field, ": the plan repeats its contents more than ", kWorkLimit, " times");
}

Status PlanRules::checkString(const std::string &field, const flatbuffers::String *text, bool mayBeEmpty) {
  V4_RETURN_IF_ERROR(expectPresent(field, text));
  V4_RETURN_IF_ERROR(expectRange(field + ".size", text->size(), mayBeEmpty ? 0 : 1, kMaxString));
  V4_RETURN_IF_ERROR(spend(field, text->size() + 1));
  std::string_view rest(text->data(), text->size());
  while (!rest.empty()) {
    size_t length = utf8Length(rest);
    uint8_t first = static_cast<uint8_t>(rest[0]);
    if (length == 0 || first < 0x20 || first == 0x7F)
      return fail(field, " has byte ", first, " at ", text->size() - rest.size(),
                  ", expected UTF-8 without control characters");
    rest.remove_prefix(length);
  }
  return Status();
}

Status PlanRules::checkName(const std::string &field, const flatbuffers::String *text) {
  V4_RETURN_IF_ERROR(checkString(field, text));
  // Names become symbols and file names (probes): no separators, no hidden files.
  std::string_view view(text->data(), text->size());
  bool plain = std::all_of(view.begin(), view.end(), isSymbolCharacter) && view[0] != '.' && view[0] != '-';
  if (plain && view.size() <= 200)
    return Status();
  return fail(field, " is '", escapeText(view.substr(0, 200)),
              "', expected at most 200 letters, digits, '_', '.', '-' and '$', the first no '.' or '-'");
}

Status PlanRules::checkShape(const std::string &field, const flatbuffers::Vector<uint64_t> *shape, uint64_t least) {
  V4_RETURN_IF_ERROR(expectPresent(field, shape));
  V4_RETURN_IF_ERROR(expectRange(field + ".size", shape->size(), 0, kMaxRank));
  V4_RETURN_IF_ERROR(expectAligned(field, shape->Data()));
  V4_RETURN_IF_ERROR(spend(field, shape->size() + 1));
  for (uint32_t i = 0; i < shape->size(); ++i)
    V4_RETURN_IF_ERROR(expectRange(joinText(field, "[", i, "]"), shape->Get(i), least, kMaxBytes));
  return Status();
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

Status PlanRules::checkVectors() {
  V4_RETURN_IF_ERROR(expectPresent("options", program.options()));
  V4_RETURN_IF_ERROR(expectPresent("target", program.target()));
  V4_RETURN_IF_ERROR(expectPresent("model", program.model()));
  V4_RETURN_IF_ERROR(expectPresent("envelope", program.envelope()));
  V4_RETURN_IF_ERROR(expectPresent("buffers", program.buffers()));
  V4_RETURN_IF_ERROR(expectPresent("weights", program.weights()));
  V4_RETURN_IF_ERROR(expectPresent("pools", program.pools()));
  V4_RETURN_IF_ERROR(expectPresent("kernels", program.kernels()));
  V4_RETURN_IF_ERROR(expectPresent("launches", program.launches()));
  V4_RETURN_IF_ERROR(expectPresent("probes", program.probes()));
  return expectRange("launches.size", program.launches()->size(), 1, 1u << 24);
}

Status PlanRules::checkGeneral() {
  V4_RETURN_IF_ERROR(checkString("producer", program.producer()));
  for (uint32_t i = 0; i < program.options()->size(); ++i) {
    V4_RETURN_IF_ERROR(checkString(at("options", i, "name"), program.options()->Get(i)->name()));
    V4_RETURN_IF_ERROR(checkString(at("options", i, "value"), program.options()->Get(i)->value(), true));
  }
  V4_RETURN_IF_ERROR(checkString("target.name", program.target()->name()));
  V4_RETURN_IF_ERROR(expectPresent("target.features", program.target()->features()));
  V4_RETURN_IF_ERROR(expectRange("target.features.size", program.target()->features()->size(), 0, 256));
  for (uint32_t i = 0; i < program.target()->features()->size(); ++i)
    V4_RETURN_IF_ERROR(checkString(joinText("target.features[", i, "]"), program.target()->features()->Get(i)));
  return Status();
}

Status PlanRules::checkModel() {
  const fb::Model &model = *program.model();
  V4_RETURN_IF_ERROR(expectRange("model.vocab_size", model.vocab_size(), 1, 1u << 28));
  V4_RETURN_IF_ERROR(expectRange("model.hidden_size", model.hidden_size(), 1, 1u << 24));
  V4_RETURN_IF_ERROR(expectRange("model.layers", model.layers(), 1, 1u << 16));
  V4_RETURN_IF_ERROR(expectRange("model.eos_token_id", model.eos_token_id(), 0, model.vocab_size() - 1));
  V4_RETURN_IF_ERROR(expectRange("model.window", model.window(), 1, 1u << 24));
  V4_RETURN_IF_ERROR(expectPresent("model.config_sha256", model.config_sha256()));
  V4_RETURN_IF_ERROR(expectRange("model.config_sha256.size", model.config_sha256()->size(), 32, 32));
  const fb::Envelope &envelope = *program.envelope();
  V4_RETURN_IF_ERROR(expectRange("envelope.max_tokens", envelope.max_tokens(), 1, 1u << 20));
  V4_RETURN_IF_ERROR(expectRange("envelope.max_sequences", envelope.max_sequences(), 1, 1u << 16));
  // Positions are i32 in the step block.
  V4_RETURN_IF_ERROR(expectRange("envelope.max_context", envelope.max_context(), 1, 1u << 30));
  V4_RETURN_IF_ERROR(expectRange("envelope.max_draft", envelope.max_draft(), 0, 64));
  if (!cacheBytes(program, envelope.max_context(), envelope.max_sequences()))
    return fail("page_bytes is ", program.page_bytes(), " and state_bytes ", program.state_bytes(),
                ", too much for the envelope's ", envelope.max_sequences(), " sequences of ", envelope.max_context(),
                " tokens");
  return Status();
}

Status PlanRules::checkKernels() {
  for (uint32_t i = 0; i < program.kernels()->size(); ++i) {
    const fb::Kernel &kernel = *program.kernels()->Get(i);
    V4_RETURN_IF_ERROR(checkName(at("kernels", i, "symbol"), kernel.symbol()));
    V4_RETURN_IF_ERROR(checkString(at("kernels", i, "op"), kernel.op()));
    V4_RETURN_IF_ERROR(expectRange(at("kernels", i, "bindings"), kernel.bindings(), 0, kMaxBindings));
    V4_RETURN_IF_ERROR(expectRange(at("kernels", i, "stack_bytes"), kernel.stack_bytes(), 0, kMaxStack));
    V4_RETURN_IF_ERROR(checkCosts(i));
  }
  return Status();
}

Status PlanRules::checkUniqueNames() {
  // One name space: --mlir prints all four as symbols of one table.
  std::vector<std::string_view> names;
  auto add = [&](const flatbuffers::String *text) { names.emplace_back(text->data(), text->size()); };
  for (const fb::Buffer *buffer : *program.buffers())
    add(buffer->name());
  for (const fb::Weight *weight : *program.weights())
    add(weight->name());
  for (const fb::Pool *pool : *program.pools())
    add(pool->name());
  for (const fb::Kernel *kernel : *program.kernels())
    add(kernel->symbol());
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? Status() : fail("the name '", *twice, "' appears twice, expected unique names");
}

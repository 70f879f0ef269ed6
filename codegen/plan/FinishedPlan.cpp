//===- FinishedPlan.cpp - Other weights for a plan -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/FinishedPlan.h"

#include "runtime/plan/SourceNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace v4;
using namespace v4::codegen;
namespace fb = v4::plan::fb;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

FinishedPlan::FinishedPlan(ArrayRef<uint8_t> metadata, ArrayRef<uint8_t> object)
    : metadata(metadata), object(object), program(fb::GetProgram(metadata.data())) {}

std::string FinishedPlan::modelDigest() const {
  const auto &digest = *program->model()->config_sha256();
  return toHex(ArrayRef<uint8_t>(digest.data(), digest.size()), /*LowerCase=*/true);
}

std::string FinishedPlan::option(StringRef name) const {
  for (const fb::Option *option : *program->options())
    if (option->name()->string_view() == std::string_view(name))
      return option->value()->str();
  return "";
}

/// Whether --v4-prove-exact-forms ran.
bool FinishedPlan::provesForms() const {
  SmallVector<StringRef> disabled;
  std::string list = option("disable-pass");
  StringRef(list).split(disabled, ',');
  return option("optimization") == "2" && !is_contained(disabled, "v4-prove-exact-forms");
}

/// The facts that the pass asks for. Those that the plan has are no guide: other weights may disprove them.
uint32_t FinishedPlan::wantedForms(const fb::Weight &weight) const {
  if (weight.element() == fb::ElementType::F8E4M3)
    return uint32_t(fb::ExactForm::NoNan);
  if (weight.element() != fb::ElementType::F8E8M0)
    return 0;
  std::string codes = weight.name()->str();
  if (StringRef(codes).ends_with(".scale"))
    codes.replace(codes.size() - strlen("scale"), strlen("scale"), "weight");
  bool ofFp4 = any_of(*program->weights(), [&](const fb::Weight *other) {
    return other->element() == fb::ElementType::F4E2M1 && other->name()->string_view() == codes;
  });
  return uint32_t(fb::ExactForm::NormalScales) | (ofFp4 ? uint32_t(fb::ExactForm::E4M3Per128) : 0);
}

StoredWeight FinishedPlan::describe(const fb::Weight &weight) const {
  StoredWeight stored;
  stored.name = weight.name()->str();
  stored.element = weight.element();
  stored.shape.assign(weight.shape()->begin(), weight.shape()->end());
  stored.layout = weight.layout()->str();
  stored.recipe = weight.recipe()->str();
  for (const flatbuffers::String *text : *weight.sources()) {
    plan::SourceNames fold(text->string_view());
    for (uint64_t i = 0; i < fold.size(); ++i)
      stored.sources.push_back(fold.name(i));
  }
  stored.bytes = weight.bytes();
  stored.inTables = weight.in_tables();
  stored.neededForms = weight.exact_forms() & kernelForms(stored.element, stored.layout);
  stored.wantedForms = stored.neededForms | (provesForms() ? wantedForms(weight) : 0);
  return stored;
}

static StringRef dtypeOf(const StoredWeight &weight) {
  if (weight.recipe == "i64_to_i32")
    return "I64";
  if (StringRef(weight.recipe).starts_with("quantize_"))
    return "BF16";
  switch (weight.element) {
  case fb::ElementType::F32:
    return "F32";
  case fb::ElementType::BF16:
    return "BF16";
  case fb::ElementType::F8E4M3:
    return "F8_E4M3";
  case fb::ElementType::F8E8M0:
    return "F8_E8M0";
  case fb::ElementType::I32:
    return "I32";
  case fb::ElementType::I64:
    return "I64";
  case fb::ElementType::I8:
  case fb::ElementType::F4E2M1: // Two to a byte.
    return "I8";
  }
  return "";
}

std::vector<NeededTensor> FinishedPlan::neededTensors() const {
  std::vector<NeededTensor> needed;
  for (const fb::Weight *weight : *program->weights()) {
    StoredWeight stored = describe(*weight);
    for (std::string &source : stored.sources)
      needed.push_back({std::move(source), dtypeOf(stored).str(), stored.name});
  }
  return needed;
}

/// Replaces the facts in a copy of the metadata; its size and all else stay.
static Expected<std::vector<uint8_t>> withForms(ArrayRef<uint8_t> metadata, const PlacedWeights &weights) {
  if (Error error = weights.checkNeeded())
    return error;
  std::vector<uint8_t> copy(metadata.begin(), metadata.end());
  const auto &tables = *fb::GetProgram(copy.data())->weights();
  for (auto [index, entry] : enumerate(weights.entries)) {
    const fb::Weight *weight = tables.Get(static_cast<flatbuffers::uoffset_t>(index));
    if (weight->offset() != entry.offset)
      return makeError("weight '" + weight->name()->str() + "' is at offset " + Twine(weight->offset()) +
                       " of its section, expected " + Twine(entry.offset) +
                       "; the plan is of another version of the compiler: compile it anew");
    auto *table = reinterpret_cast<flatbuffers::Table *>(const_cast<fb::Weight *>(weight));
    if (!table->SetField<uint32_t>(fb::Weight::VT_EXACT_FORMS, weights.exactForms(entry), 0))
      return makeError("weight '" + weight->name()->str() +
                       "' has no room for facts; the plan is of another version of the compiler: compile it anew");
  }
  return copy;
}

Error FinishedPlan::write(WeightSource &source, StringRef path, const PlanFileOptions &options) const {
  PlanContents contents;
  contents.object = object;
  bool none = options.placement == WeightPlacement::None;
  for (const fb::Weight *weight : *program->weights())
    if (Error error = contents.weights.add(describe(*weight), none ? nullptr : &source))
      return error;
  contents.metadata = [&] { return withForms(metadata, contents.weights); };
  return writePlanFile(contents, &source, path, options);
}

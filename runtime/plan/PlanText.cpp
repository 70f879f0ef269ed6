//===- PlanText.cpp - Prints the plan dialect without MLIR ----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/plan/PlanText.h"

#include "runtime/plan/PlanCall.h"
#include "runtime/plan/PlanMemory.h"
#include "runtime/plan/PlanValidator.h"

using namespace v4;
using namespace v4::plan;

namespace {

std::string_view viewOf(const flatbuffers::String *text) { return {text->data(), text->size()}; }
std::string quoted(std::string_view text) { return "\"" + escapeText(text) + "\""; }
std::string quoted(const flatbuffers::String *text) { return quoted(viewOf(text)); }
std::string symbol(const flatbuffers::String *name) { return "@" + quoted(name); }
const char *boolean(bool value) { return value ? "true" : "false"; }

/// Values with ", " between them.
template <typename Range, typename Print>
std::string list(const Range &range, Print print) {
  std::string text;
  for (const auto &value : range) {
    if (!text.empty())
      text += ", ";
    text += print(value);
  }
  return text;
}

std::string array(const flatbuffers::Vector<uint64_t> &values) {
  if (values.size() == 0)
    return "array<i64>";
  return "array<i64: " + list(values, [](uint64_t value) { return std::to_string(value); }) + ">";
}

/// The attribute list of one op, in the generic form.
class Op {
public:
  explicit Op(const char *name) : text(joinText("\"plan.", name, "\"() <{")) {}

  template <typename... Parts>
  Op &attribute(const char *name, const Parts &...parts) {
    text += joinText(first ? "" : ", ", name, " = ", parts...);
    first = false;
    return *this;
  }
  Op &integer(const char *name, int64_t value) { return attribute(name, value, " : i64"); }
  std::string leaf() const { return "    " + text + "}> : () -> ()\n"; }
  std::string open() const { return "  " + text + "}> ({\n"; }

private:
  std::string text;
  bool first = true;
};

class PlanPrinter {
public:
  explicit PlanPrinter(const Plan &plan) : plan(plan), program(plan.program()) {}
  std::string print();

private:
  std::string header() const;
  std::string buffer(const fb::Buffer &buffer) const;
  std::string weight(const fb::Weight &weight) const;
  std::string pool(const fb::Pool &pool) const;
  std::string kernel(const fb::Kernel &kernel) const;
  std::string launch(const fb::Launch &launch) const;
  std::string costs(const fb::Kernel &kernel) const;
  std::string parts() const;
  std::string probe(const fb::Probe &probe) const;
  std::string binding(const fb::Binding &binding) const;
  std::string resource() const;

  const Plan &plan;
  const fb::Program &program;
};

std::string PlanPrinter::header() const {
  const fb::Model &model = *program.model();
  const fb::Envelope &envelope = *program.envelope();
  const fb::Target &target = *program.target();
  Digest digest;
  std::memcpy(digest.bytes, model.config_sha256()->data(), sizeof(digest.bytes));
  Op op("program");
  op.attribute("producer", quoted(program.producer()));
  op.attribute("options", "{",
               list(*program.options(),
                    [](const fb::Option *option) { return quoted(option->name()) + " = " + quoted(option->value()); }),
               "}");
  // The dialect's vector width and processor steer passes that have run; the plan does not keep them.
  op.attribute("target", "#kernel.target<", quoted(target.name()), ", cpu = \"\", features = [",
               list(*target.features(), [](const flatbuffers::String *feature) { return quoted(feature); }),
               "], vector_bits = 0>");
  op.attribute("model", "#v4.model<vocab = ", model.vocab_size(), ", hidden = ", model.hidden_size(),
               ", layers = ", model.layers(), ", window = ", model.window(), ", eos = ", model.eos_token_id(),
               ", mtp = ", boolean(model.has_mtp()), ", digest = \"", digest.hex(), "\">");
  op.attribute("envelope", "#v4.envelope<tokens = ", envelope.max_tokens(), ", sequences = ", envelope.max_sequences(),
               ", context = ", envelope.max_context(), ", draft = ", envelope.max_draft(), ">");
  op.attribute("logits", symbol(program.buffers()->Get(program.logits_buffer())->name()));
  if (program.mtp_logits_buffer() >= 0)
    op.attribute("mtp_logits",
                 symbol(program.buffers()->Get(static_cast<uint32_t>(program.mtp_logits_buffer()))->name()));
  op.integer("slots", program.slots());
  op.integer("page_bytes", static_cast<int64_t>(program.page_bytes()));
  op.integer("state_bytes", static_cast<int64_t>(program.state_bytes()));
  // Text of plans without the fields stays as it was.
  if (program.parts() && program.parts()->size())
    op.attribute("parts", "[", parts(), "]");
  if (program.experts_per_token())
    op.integer("experts_per_token", program.experts_per_token());
  return op.open();
}

std::string PlanPrinter::buffer(const fb::Buffer &buffer) const {
  return Op("buffer")
      .attribute("sym_name", quoted(buffer.name()))
      .attribute("element", elementName(buffer.element()))
      .integer("rows", static_cast<int64_t>(buffer.rows()))
      .attribute("row_shape", array(*buffer.row_shape()))
      .attribute("bytes", "[",
                 list(*buffer.bytes(),
                      [](const fb::SizeTerm *term) {
                        return joinText("#plan.size<", term->coefficient(), ", ", unsigned(term->tokens_power()), ", ",
                                        unsigned(term->sequences_power()), ", ", unsigned(term->context_power()), ">");
                      }),
                 "]")
      .integer("slot", buffer.slot())
      .integer("first_launch", buffer.first_launch())
      .integer("last_launch", buffer.last_launch())
      .integer("rank", buffer.rank())
      .leaf();
}

/// Names of the bits that this version knows.
std::string exactForms(uint32_t forms) {
  static const std::pair<fb::ExactForm, const char *> names[] = {{fb::ExactForm::NoNan, "no_nan"},
                                                                 {fb::ExactForm::NormalScales, "normal_scales"},
                                                                 {fb::ExactForm::E4M3Per128, "e4m3_per_128"}};
  std::string text;
  for (const auto &[form, name] : names)
    if (forms & static_cast<uint32_t>(form))
      text += (text.empty() ? "" : ", ") + quoted(name);
  return text;
}

std::string PlanPrinter::weight(const fb::Weight &weight) const {
  Op op("weight");
  op.attribute("sym_name", quoted(weight.name()))
      .attribute("element", elementName(weight.element()))
      .attribute("shape", array(*weight.shape()))
      .attribute("layout", quoted(weight.layout()))
      .attribute("in_tables", boolean(weight.in_tables()))
      .integer("bytes", static_cast<int64_t>(weight.bytes()))
      .attribute("sources", "[", list(*weight.sources(), [](const flatbuffers::String *s) { return quoted(s); }), "]")
      .attribute("recipe", quoted(weight.recipe()));
  // Most weights have none, and text of plans without the field stays as it was.
  if (std::string forms = exactForms(weight.exact_forms()); !forms.empty())
    op.attribute("exact_forms", "[", forms, "]");
  return op.integer("rank", weight.rank()).leaf();
}

std::string PlanPrinter::pool(const fb::Pool &pool) const {
  uint64_t rotary = pool.encoding() == fb::RowEncoding::KvCompact ? rotaryValues(pool).value_or(0) : 0;
  Op op("pool");
  op.attribute("sym_name", quoted(pool.name()))
      .attribute("type", "!v4.cache<", pool.kind() == fb::PoolKind::Page ? "page" : "state", ", ratio = ", pool.ratio(),
                 ", ", encodingName(pool.encoding()), ", rows = ", pool.rows(), ", values = ", pool.row_values(),
                 ", rope = ", rotary, ">")
      .attribute("group", quoted(groupName(pool.group())));
  op.integer("offset", static_cast<int64_t>(pool.offset()));
  if (pool.period())
    op.attribute("reach", "array<i64: ", pool.period(), ", ", pool.history(), ", ", pool.lag(), ">");
  return op.integer("rank", pool.rank()).leaf();
}

const char *unitName(fb::CostUnit unit) {
  static const char *const names[] = {"one",  "tokens", "sequences",    "chunks4", "chunks128",    "logits",
                                      "hits", "window", "window_union", "visible", "visible_union"};
  return names[static_cast<int>(unit)];
}

std::string PlanPrinter::costs(const fb::Kernel &kernel) const {
  static const char *const kinds[] = {"dot_flops", "fma_flops", "weight_bytes", "cache_bytes", "activation_bytes"};
  if (!kernel.costs())
    return "";
  return list(*kernel.costs(), [](const fb::CostTerm *term) {
    return joinText("#plan.cost<", kinds[static_cast<int>(term->kind())], ", ", unitName(term->unit()), ", ",
                    term->count(), ", ratio = ", term->ratio(), ", most = ", term->most(), ">");
  });
}

std::string PlanPrinter::parts() const {
  return list(*program.parts(), [](const fb::Part *part) {
    std::string work = list(*part->work(), [](const fb::WorkTerm *term) {
      return joinText("#plan.work<", arithmeticName(term->arithmetic()), ", ", unitName(term->unit()), ", ",
                      term->products(), ", ratio = ", term->ratio(), ", most = ", term->most(), ">");
    });
    return joinText("#plan.part<", quoted(part->name()), ", ", quoted(groupName(part->group())),
                    ", parameters = ", part->parameters(), ", active = ", part->active_parameters(),
                    ", stored_bytes = ", part->stored_bytes(), ", work = [", work, "]>");
  });
}

static std::string argumentText(const fb::Argument &argument) {
  static const char *const kinds[] = {"address", "word", "rows", "map"};
  bool isMap = argument.kind() == fb::ArgumentKind::Map;
  bool isBound = isMap || argument.kind() == fb::ArgumentKind::Address;
  std::string map;
  if (isMap)
    map = joinText(", map = <", elementName(argument.element()), ", columns = ", argument.columns(),
                   ", box = ", argument.box_rows(), " : ", argument.box_columns(),
                   ", swizzle = ", static_cast<int>(argument.swizzle()), ">");
  return joinText("#kernel.argument<", kinds[static_cast<int>(argument.kind())],
                  ", binding = ", isBound ? static_cast<int64_t>(argument.binding()) : -1,
                  ", value = ", argument.kind() == fb::ArgumentKind::Address ? 0 : argument.value(), map, ">");
}

static std::string callText(const fb::Call *call) {
  if (!call)
    return "";
  return joinText(", call = <", quoted(call->function()), ", most = ", call->most_blocks(), ", arguments = [",
                  list(*call->arguments(), [](const fb::Argument *a) { return argumentText(*a); }), "]>");
}

static std::string blockText(const fb::Block &block) {
  return joinText("<threads = ", block.threads(), ", shared_bytes = ", block.shared_bytes(),
                  ", cluster = ", block.cluster(), ", registers = ", block.registers(),
                  ", image = ", block.image_offset(), " : ", block.image_bytes(), callText(block.call()), ">");
}

static std::string variantText(const fb::Variant &variant) {
  return joinText("#plan.variant<most_rows = ", variant.most_rows(), ", tile = ", variant.row_tile(),
                  ", tiles = ", variant.tiles(), ", block = ", blockText(*variant.block()), ">");
}

std::string PlanPrinter::kernel(const fb::Kernel &kernel) const {
  Op op("kernel");
  // Text of plans without the fields stays as it was.
  if (kernel.block())
    op.attribute("block", "#plan.block", blockText(*kernel.block()));
  if (variantCount(kernel))
    op.attribute("variants", "[", list(*kernel.variants(), [](const fb::Variant *v) { return variantText(*v); }), "]");
  return op.attribute("sym_name", quoted(kernel.symbol()))
      .attribute("op", quoted(kernel.op()))
      .integer("bindings", kernel.bindings())
      .integer("stack_bytes", static_cast<int64_t>(kernel.stack_bytes()))
      .attribute("costs", "[", costs(kernel), "]")
      .integer("hits", kernel.hits())
      .leaf();
}

std::string PlanPrinter::binding(const fb::Binding &binding) const {
  static const char *const kinds[] = {"buffer", "weight", "pool", "step"};
  std::string text = joinText("#plan.binding<", kinds[static_cast<int>(binding.kind())], ", ",
                              binding.access() == fb::Access::Out ? "out" : "in", ", ");
  switch (binding.kind()) {
  case fb::BindingKind::Buffer:
    return text + symbol(program.buffers()->Get(binding.index())->name()) + ">";
  case fb::BindingKind::Weight:
    return text + symbol(program.weights()->Get(binding.index())->name()) + ">";
  case fb::BindingKind::Pool:
    return text + symbol(program.pools()->Get(binding.index())->name()) + ">";
  case fb::BindingKind::Step:
    break;
  }
  return joinText(text, "@step, ", binding.index(), ">");
}

std::string PlanPrinter::launch(const fb::Launch &launch) const {
  return Op("launch")
      .attribute("kernel", symbol(program.kernels()->Get(launch.kernel())->symbol()))
      .attribute("grid", "#kernel.grid<rows = ", static_cast<int>(launch.rows()), ", tile = ", launch.row_tile(),
                 ", tiles = ", launch.tiles(), ">")
      .attribute("bindings", "[", list(*launch.bindings(), [&](const fb::Binding *b) { return binding(*b); }), "]")
      .attribute("group", quoted(groupName(launch.group())))
      .integer("layer", launch.layer())
      .integer("rank", launch.rank())
      .attribute("barrier", boolean(launch.barrier()))
      .leaf();
}

std::string PlanPrinter::probe(const fb::Probe &probe) const {
  return Op("probe")
      .attribute("name", quoted(probe.name()))
      .attribute("buffer", symbol(program.buffers()->Get(probe.buffer())->name()))
      .integer("after_launch", probe.after_launch())
      .leaf();
}

/// The blob in hexadecimal, in front of it its alignment as a little-endian u32.
std::string PlanPrinter::resource() const {
  static const char digits[] = "0123456789ABCDEF";
  std::string text = "\n{-#\n  dialect_resources: {\n    builtin: {\n      plan_code: \"0x08000000";
  Bytes code = plan.code();
  text.reserve(text.size() + 2 * code.size + 64);
  for (uint64_t i = 0; i < code.size; ++i) {
    text += digits[code.data[i] >> 4];
    text += digits[code.data[i] & 15];
  }
  return text + "\"\n    }\n  }\n#-}\n";
}

std::string PlanPrinter::print() {
  std::string text = "\"builtin.module\"() ({\n" + header();
  for (const fb::Buffer *table : *program.buffers())
    text += buffer(*table);
  for (const fb::Weight *table : *program.weights())
    text += weight(*table);
  for (const fb::Pool *table : *program.pools())
    text += pool(*table);
  for (const fb::Kernel *table : *program.kernels())
    text += kernel(*table);
  for (const fb::Launch *table : *program.launches())
    text += launch(*table);
  for (const fb::Probe *table : *program.probes())
    text += probe(*table);
  bool hasCode = plan.code().size > 0;
  if (hasCode)
    text += Op("code").attribute("object", "dense_resource<plan_code> : tensor<", plan.code().size, "xi8>").leaf();
  text += "  }) : () -> ()\n}) : () -> ()\n";
  return hasCode ? text + resource() : text;
}

} // namespace

std::string plan::printPlan(const Plan &plan) { return PlanPrinter(plan).print(); }

const char *plan::elementName(fb::ElementType element) {
  static const char *const names[] = {"i8", "i32", "i64", "bf16", "f32", "f8E4M3FN", "f8E8M0FNU", "f4E2M1FN"};
  return names[static_cast<int>(element)];
}

const char *plan::rowSpaceName(fb::RowSpace rows) {
  static const char *const names[] = {"one", "tokens", "sequences", "chunks4", "chunks128", "logits"};
  return names[static_cast<int>(rows)];
}

const char *plan::encodingName(fb::RowEncoding encoding) {
  static const char *const names[] = {"kv_compact", "index_fp4", "f32", "bf16"};
  return names[static_cast<int>(encoding)];
}

const char *plan::groupName(fb::LaunchGroup group) {
  static const char *const names[] = {"main", "mtp", "mtp_step", "mtp_draft", "sample", "mtp_sample"};
  return names[static_cast<size_t>(group)];
}

const char *plan::arithmeticName(fb::Arithmetic arithmetic) {
  static const char *const names[] = {"fp4", "fp8", "bf16", "f32"};
  return names[static_cast<size_t>(arithmetic)];
}

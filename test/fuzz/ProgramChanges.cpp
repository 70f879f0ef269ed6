//===- ProgramChanges.cpp - Typed changes of a program --------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/fuzz/PlanParts.h"

#include <algorithm>

using namespace v4;
using namespace v4::fuzz;
using namespace v4::plan;

namespace {

template <typename T>
void change(T &field, Choice &choice) {
  field = static_cast<T>(choice.value(static_cast<uint64_t>(field)));
}

void change(std::string &text, Choice &choice) {
  ByteString bytes(text.begin(), text.end());
  mutateBytes(bytes, text.size() + 16);
  text.assign(bytes.begin(), bytes.end());
}

template <typename T>
void changeNumbers(std::vector<T> &values, Choice &choice) {
  if (values.empty() || choice.oneIn(4))
    values.push_back(static_cast<T>(choice.value()));
  else if (choice.oneIn(4))
    values.pop_back();
  else
    change(values[choice.below(values.size())], choice);
}

void changeProgramFields(fb::ProgramT &p, Choice &choice) {
  switch (choice.below(18)) {
  case 0:
    return change(p.producer, choice);
  case 1:
    return change(p.slots, choice);
  case 2:
    return change(p.page_bytes, choice);
  case 3:
    return change(p.state_bytes, choice);
  case 4:
    return change(p.logits_buffer, choice);
  case 5:
    return change(p.mtp_logits_buffer, choice);
  case 6:
    return change(p.experts_per_token, choice);
  case 7:
    return change(p.model->vocab_size, choice);
  case 8:
    return change(p.model->hidden_size, choice);
  case 9:
    return change(p.model->layers, choice);
  case 10:
    return change(p.model->eos_token_id, choice);
  case 11:
    return change(p.model->window, choice);
  case 12:
    p.model->has_mtp = !p.model->has_mtp;
    return;
  case 13:
    return change(p.envelope->max_tokens, choice);
  case 14:
    return change(p.envelope->max_sequences, choice);
  case 15:
    return change(p.envelope->max_context, choice);
  case 16:
    return change(p.envelope->max_draft, choice);
  default:
    return change(p.target->name, choice);
  }
}

void changeOne(fb::BufferT &b, Choice &choice) {
  switch (choice.below(9)) {
  case 0:
    return change(b.element, choice);
  case 1:
    return change(b.rows, choice);
  case 2:
    return changeNumbers(b.row_shape, choice);
  case 3:
    b.bytes.push_back(fb::SizeTerm(choice.value(), choice.below(4), choice.below(4), choice.below(4)));
    return;
  case 4:
    return change(b.slot, choice);
  case 5:
    return change(b.first_launch, choice);
  case 6:
    return change(b.last_launch, choice);
  case 7:
    return change(b.rank, choice);
  default:
    return change(b.name, choice);
  }
}

void changeOne(fb::WeightT &w, Choice &choice) {
  switch (choice.below(9)) {
  case 0:
    return change(w.element, choice);
  case 1:
    return changeNumbers(w.shape, choice);
  case 2:
    w.in_tables = !w.in_tables;
    return;
  case 3:
    return change(w.offset, choice);
  case 4:
    return change(w.bytes, choice);
  case 5:
    return change(w.exact_forms, choice);
  case 6:
    return change(w.recipe, choice);
  case 7:
    w.sources.push_back("a.{0.." + std::to_string(choice.value()) + "}.b");
    return;
  default:
    return change(w.layout, choice);
  }
}

void changeOne(fb::PoolT &p, Choice &choice) {
  switch (choice.below(11)) {
  case 0:
    return change(p.kind, choice);
  case 1:
    return change(p.encoding, choice);
  case 2:
    return change(p.ratio, choice);
  case 3:
    return change(p.rows, choice);
  case 4:
    return change(p.row_values, choice);
  case 5:
    return change(p.row_bytes, choice);
  case 6:
    return change(p.offset, choice);
  case 7:
    return change(p.group, choice);
  case 8:
    return change(p.period, choice);
  case 9:
    return change(p.history, choice);
  default:
    return change(p.lag, choice);
  }
}

/// Of a kernel made of a template; makes it one, or none.
void changeCall(fb::BlockT &b, Choice &choice) {
  if (!b.call || choice.oneIn(8)) {
    b.call = b.call ? nullptr : std::make_unique<fb::CallT>();
    return;
  }
  switch (choice.below(4)) {
  case 0:
    return change(b.call->function, choice);
  case 1:
    return change(b.call->most_blocks, choice);
  default:
    // Mostly near what is right.
    auto number = [&](uint64_t usual) { return choice.oneIn(4) ? choice.value() : usual; };
    b.call->arguments.push_back(fb::Argument(
        static_cast<fb::ArgumentKind>(choice.below(5)), static_cast<fb::ElementType>(choice.below(8)),
        static_cast<uint8_t>(number(128)), static_cast<uint16_t>(number(64)), static_cast<uint16_t>(number(64)),
        static_cast<uint32_t>(number(256)), static_cast<uint32_t>(number(0)), static_cast<uint32_t>(number(1))));
  }
}

/// Of a kernel for a GPU, or of a variant; makes it one, or none.
void changeBlock(std::unique_ptr<fb::BlockT> &block, Choice &choice) {
  if (!block || choice.oneIn(8)) {
    block = block ? nullptr : std::make_unique<fb::BlockT>();
    return;
  }
  switch (choice.below(8)) {
  case 6:
  case 7:
    return changeCall(*block, choice);
  case 0:
    return change(block->threads, choice);
  case 1:
    return change(block->shared_bytes, choice);
  case 2:
    return change(block->cluster, choice);
  case 3:
    return change(block->registers, choice);
  case 4:
    return change(block->image_offset, choice);
  default:
    return change(block->image_bytes, choice);
  }
}

/// Adds one like the kernel itself, drops one, or changes one.
void changeVariants(fb::KernelT &k, Choice &choice) {
  if (k.variants.empty() || choice.oneIn(4)) {
    auto variant = std::make_unique<fb::VariantT>();
    variant->most_rows = static_cast<uint32_t>(choice.below(16));
    variant->row_tile = variant->tiles = 1;
    variant->block = k.block ? std::make_unique<fb::BlockT>(*k.block) : nullptr;
    k.variants.push_back(std::move(variant));
    return;
  }
  size_t at = choice.below(k.variants.size());
  switch (choice.below(5)) {
  case 0:
    k.variants.erase(k.variants.begin() + static_cast<ptrdiff_t>(at));
    return;
  case 1:
    return change(k.variants[at]->most_rows, choice);
  case 2:
    return change(k.variants[at]->row_tile, choice);
  case 3:
    return change(k.variants[at]->tiles, choice);
  default:
    return changeBlock(k.variants[at]->block, choice);
  }
}

void changeOne(fb::KernelT &k, Choice &choice) {
  switch (choice.below(k.block ? 9 : 6)) {
  case 6:
  case 7:
    return changeBlock(k.block, choice);
  case 8:
    return changeVariants(k, choice);
  case 0:
    return change(k.bindings, choice);
  case 1:
    return change(k.stack_bytes, choice);
  case 2:
    return change(k.hits, choice);
  case 3:
    return change(k.op, choice);
  case 4:
    return change(k.symbol, choice);
  default:
    k.costs.push_back(fb::CostTerm(static_cast<fb::CostKind>(choice.below(6)),
                                   static_cast<fb::CostUnit>(choice.below(12)), static_cast<uint16_t>(choice.value()),
                                   static_cast<uint32_t>(choice.value()), choice.value()));
  }
}

void changeOne(fb::LaunchT &l, Choice &choice) {
  switch (choice.below(8)) {
  case 0:
    return change(l.kernel, choice);
  case 1:
    return change(l.group, choice);
  case 2:
    return change(l.rows, choice);
  case 3:
    return change(l.row_tile, choice);
  case 4:
    return change(l.tiles, choice);
  case 5:
    return change(l.layer, choice);
  case 6:
    l.barrier = !l.barrier;
    return;
  default:
    if (!l.bindings.empty())
      l.bindings[choice.below(l.bindings.size())] =
          fb::Binding(static_cast<fb::BindingKind>(choice.below(5)), static_cast<fb::Access>(choice.below(3)),
                      static_cast<uint32_t>(choice.value()));
  }
}

void changeOne(fb::ProbeT &p, Choice &choice) {
  switch (choice.below(3)) {
  case 0:
    return change(p.buffer, choice);
  case 1:
    return change(p.after_launch, choice);
  default:
    return change(p.name, choice);
  }
}

void changeOne(fb::OptionT &o, Choice &choice) { change(choice.oneIn(2) ? o.name : o.value, choice); }

void changeOne(fb::PartT &p, Choice &choice) {
  switch (choice.below(5)) {
  case 0:
    return change(p.parameters, choice);
  case 1:
    return change(p.active_parameters, choice);
  case 2:
    return change(p.stored_bytes, choice);
  case 3:
    return change(p.group, choice);
  default:
    p.work.push_back(fb::WorkTerm(static_cast<fb::Arithmetic>(choice.below(5)),
                                  static_cast<fb::CostUnit>(choice.below(12)), static_cast<uint16_t>(choice.value()),
                                  static_cast<uint32_t>(choice.value()), choice.value()));
  }
}

template <typename T>
void changeList(std::vector<std::unique_ptr<T>> &list, Choice &choice) {
  if (list.empty()) {
    if constexpr (std::is_same_v<T, fb::PartT>)
      list.push_back(std::make_unique<T>());
    return;
  }
  size_t at = choice.below(list.size()), other = choice.below(list.size());
  switch (choice.below(12)) {
  case 0:
    list.insert(list.begin() + static_cast<ptrdiff_t>(other), std::make_unique<T>(*list[at]));
    return;
  case 1:
    std::swap(list[at], list[other]);
    return;
  case 2:
    list.erase(list.begin() + static_cast<ptrdiff_t>(at));
    return;
  default:
    return changeOne(*list[at], choice);
  }
}

} // namespace

void fuzz::changeProgram(fb::ProgramT &p, Choice &choice) {
  switch (choice.below(10)) {
  case 0:
    return changeList(p.buffers, choice);
  case 1:
    return changeList(p.weights, choice);
  case 2:
    return changeList(p.pools, choice);
  case 3:
    return changeList(p.kernels, choice);
  case 4:
  case 5:
    return changeList(p.launches, choice);
  case 6:
    return changeList(p.probes, choice);
  case 7:
    return choice.oneIn(2) ? changeList(p.options, choice) : changeList(p.parts, choice);
  default:
    return changeProgramFields(p, choice);
  }
}

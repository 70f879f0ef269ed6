//===- MadeUpWeights.cpp - Values for a plan that has none -----------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For measuring the speed of a model that is not here. Values are pseudo-random, the
// same in every run and with any number of threads: word w of weight i depends on
// (i, w) alone. All are finite, and so is what comes of them:
//
//   vectors    1 .. 1.25, gains and biases that change little
//   matrices   bf16 and f32: both signs, 2^-9 .. 2^-5; 4096 products sum up to about one
//   codes      any e2m1; any e4m3 below 2, of which none is NaN
//   scales     2^-7, for every block: all forms of ExactForm hold
//   tables     experts of hash routing in turn, so that a token has different ones
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AvailableMemory.h"
#include "runtime/base/ThreadPool.h"
#include "runtime/plan/PlanLoader.h"

#include <algorithm>

using namespace v4;
using namespace v4::plan;

namespace {

constexpr uint64_t kEachByte = 0x0101010101010101, kEachHalf = 0x0001000100010001, kEachWord = 0x0000000100000001;

/// A word of values is (random & kept) + added.
struct Values {
  uint64_t kept, added;
};

/// What one weight is filled with, in pieces that threads share.
struct Filling {
  uint8_t *to;
  uint64_t bytes;
  uint64_t seed;
  Values values;
};

constexpr uint64_t kPieceBytes = uint64_t(1) << 20;

Values valuesOf(const fb::Weight &weight) {
  bool vector = weight.shape()->size() < 2;
  switch (weight.element()) {
  case fb::ElementType::BF16:
    return vector ? Values{0x001F * kEachHalf, 0x3F80 * kEachHalf} : Values{0x81FF * kEachHalf, 0x3B00 * kEachHalf};
  case fb::ElementType::F32:
    return vector ? Values{0x001FFFFF * kEachWord, 0x3F800000 * kEachWord}
                  : Values{0x81FFFFFF * kEachWord, 0x3B000000 * kEachWord};
  case fb::ElementType::F8E4M3:
    return {0xBF * kEachByte, 0};
  case fb::ElementType::F8E8M0:
    return {0, (127 - 7) * kEachByte};
  case fb::ElementType::F4E2M1:
    return {~uint64_t(0), 0};
  default:
    return {0, 0};
  }
}

/// SplitMix64.
uint64_t randomWord(uint64_t seed, uint64_t index) {
  uint64_t z = (seed << 40) + (index + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

void fillPieces(const void *context, int64_t begin, int64_t end) {
  const Filling &filling = *static_cast<const Filling *>(context);
  uint64_t last = std::min(static_cast<uint64_t>(end) * kPieceBytes, filling.bytes);
  for (uint64_t at = static_cast<uint64_t>(begin) * kPieceBytes; at < last; at += sizeof(uint64_t)) {
    uint64_t word = (randomWord(filling.seed, at / sizeof(uint64_t)) & filling.values.kept) + filling.values.added;
    std::memcpy(filling.to + at, &word, std::min<uint64_t>(sizeof(word), last - at));
  }
}

/// Experts of the layer that a table of hash routing, layers.0.ffn.gate.tid2eid, chooses of: rows of its gate. Where
/// there is no gate, all choose the first.
uint64_t expertsOf(const fb::Program &program, std::string_view table) {
  std::string gate(table.substr(0, table.rfind('.') + 1));
  gate += "weight";
  for (const fb::Weight *weight : *program.weights())
    if (weight->name()->string_view() == gate && weight->shape()->size() != 0)
      return std::max<uint64_t>(weight->shape()->Get(0), 1);
  return 1;
}

void fillTable(uint8_t *to, uint64_t bytes, uint64_t experts) {
  for (uint64_t i = 0; i < bytes / sizeof(int32_t); ++i) {
    auto expert = static_cast<int32_t>(i % experts);
    std::memcpy(to + i * sizeof(expert), &expert, sizeof(expert));
  }
}

} // namespace

Status plan::makeUpWeights(Plan &plan) {
  if (!plan.hasNoWeights())
    return invalidInput(plan.name(), ": has weights of its own, expected a plan of v4-compile --weights=none to make "
                                     "some up for; leave --made-up-weights out");
  uint64_t tablesBegin = alignUp(plan.weightsBytes(), kWeightsAlignment);
  uint64_t total = tablesBegin + plan.tablesBytes(), available = availableMemory();
  if (total > available)
    return unsupported(plan.name(), ": made-up weights of ", total, " bytes do not fit the memory, which has ",
                       available, " available; compile it with fewer layers (--shrink=layers:N)");
  AddressRange memory;
  V4_RETURN_IF_ERROR(AddressRange::map("made-up weights", total, memory));
  std::unique_ptr<ThreadPool> pool;
  V4_RETURN_IF_ERROR(ThreadPool::create(std::min(availableCpus(), ThreadPool::kMaxThreads), 0, pool));
  const auto &list = *plan.program().weights();
  for (uint32_t i = 0; i < list.size(); ++i) {
    const fb::Weight &weight = *list.Get(i);
    uint8_t *to = memory.data() + (weight.in_tables() ? tablesBegin : 0) + weight.offset();
    Filling filling{to, weight.bytes(), i, valuesOf(weight)};
    if (weight.in_tables())
      fillTable(to, weight.bytes(), expertsOf(plan.program(), weight.name()->string_view()));
    else
      pool->run(fillPieces, &filling, static_cast<int64_t>((weight.bytes() + kPieceBytes - 1) / kPieceBytes));
  }
  plan.weightsSection = {memory.data(), plan.weightsBytes()};
  plan.tablesSection = {memory.data() + tablesBegin, plan.tablesBytes()};
  plan.madeUp = std::move(memory);
  return Status();
}

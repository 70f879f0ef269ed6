//===- Sampler.cpp - From logits to a token -------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Sampler.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

using namespace v4;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The least integer that is at least `share` times 2^bits, a product that is exact.
static uint64_t scaled(float share, int bits) {
  return static_cast<uint64_t>(std::ceil(std::ldexp(static_cast<double>(share), bits)));
}

Sampler::Sampler(uint64_t vocabulary, const SamplerOptions &options)
    : options(options), bits(plan::sampleBits(static_cast<unsigned>(vocabulary))), storage(vocabulary) {
  asked.topK = options.temperature == 0 ? 1 : options.topK;
  asked.scale = options.temperature == 0 ? 0 : plan::kSampleLog2E / static_cast<double>(options.temperature);
  asked.topP = options.topP < 1 ? scaled(options.topP, 64) : 0;
  asked.minWeight = scaled(options.minP, bits);
}

/// Enough of a real number for a message.
static std::string decimal(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", static_cast<double>(value));
  return text;
}

Status Sampler::create(uint64_t vocabulary, const SamplerOptions &options, std::unique_ptr<Sampler> &out) {
  if (vocabulary == 0 || vocabulary > INT32_MAX)
    return invalidInput("sampler: vocabulary = ", vocabulary, " is outside [1, ", INT32_MAX, "]");
  // Written so that NaN fails.
  if (!(options.temperature >= 0 && options.temperature < kInfinity))
    return invalidInput("sampler: temperature = ", decimal(options.temperature),
                        ", expected a finite value of at least 0");
  if (!(options.topP > 0 && options.topP <= 1))
    return invalidInput("sampler: top_p = ", decimal(options.topP), ", expected a value above 0 and at most 1");
  if (!(options.minP >= 0 && options.minP <= 1))
    return invalidInput("sampler: min_p = ", decimal(options.minP), ", expected a value from 0 to 1");
  out.reset(new Sampler(vocabulary, options));
  return Status();
}

plan::SampleRow Sampler::ask(uint32_t row, uint64_t stream, uint64_t position) const {
  plan::SampleRow result = asked;
  result.row = row;
  result.random = random(options.seed, stream, position);
  return result;
}

Status Sampler::pick(const float *logits, uint64_t stream, uint64_t position, int32_t &token) {
  V4_RETURN_IF_ERROR(narrow(logits, position));
  token = draw(random(options.seed, stream, position));
  return Status();
}

/// Leaves the candidates of a draw: the best one alone where nothing is left to chance.
Status Sampler::narrow(const float *logits, uint64_t position) {
  float largest = -kInfinity;
  int32_t best = -1;
  for (size_t i = 0; i < storage.size(); ++i)
    if (logits[i] > largest) {
      largest = logits[i];
      best = static_cast<int32_t>(i);
    }
  if (best < 0)
    return Status(StatusCode::Internal, joinText("sampler: none of the ", storage.size(), " logits of position ",
                                                 position, " is a number above -infinity"));
  storage[0] = {plan::sampleEntry(0, static_cast<unsigned>(best)), 1};
  count = 1;
  if (asked.topK == 1 || largest == kInfinity)
    return Status();
  collect(logits, largest);
  bool isTopK = asked.topK != 0 && asked.topK < count;
  if (isTopK)
    keepTopK();
  if (asked.topP != 0)
    keepTopP();
  if (asked.minWeight != 0)
    keepMinP();
  if (isTopK || asked.topP != 0)
    orderByToken();
  return Status();
}

//===----------------------------------------------------------------------===//
// Speculation
//===----------------------------------------------------------------------===//

// Seeds of the draws that are not `pick`.
static constexpr uint64_t kDraftDraw = 0x6472616674000001u, kAcceptDraw = 0x6472616674000002u,
                          kResidualDraw = 0x6472616674000003u;
/// Weights that are shares of it add up to it.
static constexpr double kWhole = 0x1p62;

Status Sampler::draft(const float *logits, uint64_t stream, uint64_t position, int32_t &token, float *probabilities) {
  V4_RETURN_IF_ERROR(narrow(logits, position));
  token = draw(random(options.seed ^ kDraftDraw, stream, position));
  if (!probabilities)
    return Status();
  std::fill(probabilities, probabilities + storage.size(), 0.0f);
  double sum = static_cast<double>(total());
  for (size_t i = 0; i < count; ++i)
    probabilities[storage[i].token()] = static_cast<float>(static_cast<double>(storage[i].weight) / sum);
  return Status();
}

Status Sampler::verify(const float *logits, int32_t draft, const float *probabilities, uint64_t stream,
                       uint64_t position, int32_t &token) {
  if (draft < 0 || static_cast<size_t>(draft) >= storage.size())
    return invalidInput("sampler: draft ", draft, " is outside the vocabulary, 0 to ", storage.size() - 1);
  V4_RETURN_IF_ERROR(narrow(logits, position));
  auto drafted = [&](int32_t id) {
    return probabilities ? static_cast<double>(probabilities[id]) : static_cast<double>(id == draft);
  };
  double sum = static_cast<double>(total()), target = 0;
  for (size_t i = 0; i < count; ++i)
    if (storage[i].token() == draft)
      target = static_cast<double>(storage[i].weight) / sum;
  token = draft;
  if (uniform(options.seed ^ kAcceptDraw, stream, position) * drafted(draft) < target)
    return Status();
  // What p has more than q, as weights. The draft is not among it: its p is at most its q.
  for (size_t i = 0; i < count; ++i) {
    double more = static_cast<double>(storage[i].weight) / sum - drafted(storage[i].token());
    storage[i].weight = storage[i].token() == draft || more <= 0 ? 0 : static_cast<uint64_t>(more * kWhole);
  }
  // Of equal distributions, rounding alone can refuse a draft.
  if (total() > 0)
    token = draw(random(options.seed ^ kResidualDraw, stream, position));
  return Status();
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

void Sampler::collect(const float *logits, float largest) {
  count = 0;
  for (size_t i = 0; i < storage.size(); ++i) {
    if (!(logits[i] > -kInfinity))
      continue;
    uint32_t logit = 0;
    std::memcpy(&logit, &logits[i], sizeof(logit));
    uint64_t weight =
        plan::sampleWeight(static_cast<double>(largest), static_cast<double>(logits[i]), asked.scale, bits);
    storage[count++] = {plan::sampleEntry(logit, static_cast<unsigned>(i)), weight};
  }
}

void Sampler::keepTopK() {
  auto isBetter = [](const Candidate &a, const Candidate &b) { return a.entry > b.entry; };
  auto begin = storage.begin();
  std::nth_element(begin, begin + (asked.topK - 1), begin + static_cast<ptrdiff_t>(count), isBetter);
  count = asked.topK;
}

/// Takes candidates from the best down until their share reaches top_p. A heap, since few are needed of many.
void Sampler::keepTopP() {
  auto isBehind = [](const Candidate &a, const Candidate &b) { return a.entry < b.entry; };
  auto begin = storage.begin();
  std::make_heap(begin, begin + static_cast<ptrdiff_t>(count), isBehind);
  uint64_t goal = plan::sampleShare(total(), asked.topP), sum = 0;
  size_t heap = count;
  while (heap > 0 && sum < goal) {
    std::pop_heap(begin, begin + static_cast<ptrdiff_t>(heap), isBehind);
    sum += storage[--heap].weight;
  }
  // What was taken lies behind the heap.
  std::move(begin + static_cast<ptrdiff_t>(heap), begin + static_cast<ptrdiff_t>(count), begin);
  count -= heap;
}

void Sampler::keepMinP() {
  // The largest weight is 2^bits and is never dropped, as min_p is at most 1.
  auto isTooSmall = [this](const Candidate &c) { return c.weight < asked.minWeight; };
  auto end = std::remove_if(storage.begin(), storage.begin() + static_cast<ptrdiff_t>(count), isTooSmall);
  count = static_cast<size_t>(end - storage.begin());
}

void Sampler::orderByToken() {
  auto comesFirst = [](const Candidate &a, const Candidate &b) { return a.token() < b.token(); };
  std::sort(storage.begin(), storage.begin() + static_cast<ptrdiff_t>(count), comesFirst);
}

uint64_t Sampler::total() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += storage[i].weight;
  return sum;
}

int32_t Sampler::draw(uint64_t random) const {
  uint64_t goal = plan::sampleHigh64(total(), random), sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += storage[i].weight;
    if (sum > goal)
      return storage[i].token();
  }
  return storage[count - 1].token();
}

/// One round of a 64-bit mixer: xor-shift and odd multiplication, each a bijection.
static uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93u;
  value ^= value >> 29;
  value *= 0xa0761d6478bd642fu;
  return value ^ value >> 32;
}

uint64_t Sampler::random(uint64_t seed, uint64_t stream, uint64_t position) {
  uint64_t state = mix(seed + 0x9e3779b97f4a7c15u);
  state = mix(state ^ (stream * 0xe7037ed1a0b428dbu + 0x8ebc6af09c88c6e3u));
  state = mix(state + position * 0x9e3779b97f4a7c15u + 1);
  return mix(state);
}

double Sampler::uniform(uint64_t seed, uint64_t stream, uint64_t position) {
  return static_cast<double>(random(seed, stream, position) >> 11) * 0x1p-53;
}

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
#include <limits>

using namespace v4;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

Sampler::Sampler(uint64_t vocabulary, const SamplerOptions &options) : options(options), storage(vocabulary) {}

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

Status Sampler::pick(const float *logits, uint64_t stream, uint64_t position, int32_t &token) {
  V4_RETURN_IF_ERROR(narrow(logits, position));
  token = draw(uniform(options.seed, stream, position));
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
  storage[0] = {largest, best, 1};
  count = 1;
  if (options.temperature == 0 || largest == kInfinity)
    return Status();
  collect(logits, largest);
  if (options.topK != 0 && options.topK < count)
    keepTopK();
  if (options.topP < 1)
    keepTopP();
  if (options.minP > 0)
    keepMinP();
  return Status();
}

//===----------------------------------------------------------------------===//
// Speculation
//===----------------------------------------------------------------------===//

// Seeds of the draws that are not `pick`.
static constexpr uint64_t kDraftDraw = 0x6472616674000001u, kAcceptDraw = 0x6472616674000002u,
                          kResidualDraw = 0x6472616674000003u;

Status Sampler::draft(const float *logits, uint64_t stream, uint64_t position, int32_t &token, float *probabilities) {
  V4_RETURN_IF_ERROR(narrow(logits, position));
  token = draw(uniform(options.seed ^ kDraftDraw, stream, position));
  if (!probabilities)
    return Status();
  std::fill(probabilities, probabilities + storage.size(), 0.0f);
  double sum = total();
  for (size_t i = 0; i < count; ++i)
    probabilities[storage[i].token] = static_cast<float>(storage[i].weight / sum);
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
  double sum = total(), target = 0;
  for (size_t i = 0; i < count; ++i)
    if (storage[i].token == draft)
      target = storage[i].weight / sum;
  token = draft;
  if (uniform(options.seed ^ kAcceptDraw, stream, position) * drafted(draft) < target)
    return Status();
  // What p has more than q. The draft is not among it: its p is at most its q.
  double rest = 0;
  for (size_t i = 0; i < count; ++i) {
    double more = std::max(storage[i].weight / sum - drafted(storage[i].token), 0.0);
    rest += storage[i].weight = storage[i].token == draft ? 0 : more;
  }
  // Of equal distributions, rounding alone can refuse a draft.
  if (rest > 0)
    token = draw(uniform(options.seed ^ kResidualDraw, stream, position));
  return Status();
}

/// True when `b` is the better one: a heap's root is then the best candidate.
bool Sampler::ranksBehind(const Candidate &a, const Candidate &b) {
  return a.logit < b.logit || (a.logit == b.logit && a.token > b.token);
}

void Sampler::collect(const float *logits, float largest) {
  count = 0;
  double scale = 1.0 / static_cast<double>(options.temperature);
  for (size_t i = 0; i < storage.size(); ++i) {
    if (!(logits[i] > -kInfinity))
      continue;
    double weight = std::exp((static_cast<double>(logits[i]) - static_cast<double>(largest)) * scale);
    storage[count++] = {logits[i], static_cast<int32_t>(i), weight};
  }
}

void Sampler::keepTopK() {
  auto better = [](const Candidate &a, const Candidate &b) { return ranksBehind(b, a); };
  std::nth_element(storage.begin(), storage.begin() + (options.topK - 1),
                   storage.begin() + static_cast<ptrdiff_t>(count), better);
  count = options.topK;
  // The order that nth_element leaves is the library's own; drawing walks the candidates.
  std::sort(storage.begin(), storage.begin() + static_cast<ptrdiff_t>(count), better);
}

/// Takes candidates from the best down until their share reaches top_p. A heap, since few are needed of many.
void Sampler::keepTopP() {
  double total = 0;
  for (size_t i = 0; i < count; ++i)
    total += storage[i].weight;
  auto begin = storage.begin();
  std::make_heap(begin, begin + static_cast<ptrdiff_t>(count), ranksBehind);
  double goal = total * static_cast<double>(options.topP), sum = 0;
  size_t heap = count;
  while (heap > 0 && sum < goal) {
    std::pop_heap(begin, begin + static_cast<ptrdiff_t>(heap), ranksBehind);
    sum += storage[--heap].weight;
  }
  // What was taken lies behind the heap, the best last.
  std::reverse(begin + static_cast<ptrdiff_t>(heap), begin + static_cast<ptrdiff_t>(count));
  std::move(begin + static_cast<ptrdiff_t>(heap), begin + static_cast<ptrdiff_t>(count), begin);
  count -= heap;
}

void Sampler::keepMinP() {
  // The largest weight is 1 and is never dropped, as min_p is at most 1.
  auto tooSmall = [this](const Candidate &c) { return c.weight < static_cast<double>(options.minP); };
  auto end = std::remove_if(storage.begin(), storage.begin() + static_cast<ptrdiff_t>(count), tooSmall);
  count = static_cast<size_t>(end - storage.begin());
}

double Sampler::total() const {
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += storage[i].weight;
  return sum;
}

int32_t Sampler::draw(double uniform) const {
  double goal = total() * uniform, sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += storage[i].weight;
    if (sum > goal)
      return storage[i].token;
  }
  return storage[count - 1].token;
}

/// One round of a 64-bit mixer: xor-shift and odd multiplication, each a bijection.
static uint64_t mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93u;
  value ^= value >> 29;
  value *= 0xa0761d6478bd642fu;
  return value ^ value >> 32;
}

double Sampler::uniform(uint64_t seed, uint64_t stream, uint64_t position) {
  uint64_t state = mix(seed + 0x9e3779b97f4a7c15u);
  state = mix(state ^ (stream * 0xe7037ed1a0b428dbu + 0x8ebc6af09c88c6e3u));
  state = mix(state + position * 0x9e3779b97f4a7c15u + 1);
  state = mix(state);
  return static_cast<double>(state >> 11) * 0x1p-53;
}

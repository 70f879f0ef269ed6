//===- Sampler.h - From logits to a token -----------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The temperature divides the logits; then top-k, top-p and min-p each narrow
// what the one before left; then one token is drawn. Equal logits are ordered by
// index. The random number is a function of (seed, stream, position) alone, so a
// draw depends neither on other sequences nor on earlier draws. Weights are integers
// (runtime/plan/SampleRows.h), so that a GPU picks the same tokens.
//
// Speculation draws a draft from the distribution q of the logits that a cheaper
// model gives, and keeps it with probability min(1, p / q) of the model's own p;
// else it draws from what p has more than q. Either way the token is distributed
// as p. The three draws of a position have random numbers of their own.
//
// Holds scratch memory for one vocabulary; one thread at a time. Nothing but
// `create` allocates.
//
//===----------------------------------------------------------------------===//

#ifndef V4_RUNTIME_SCHEDULE_SAMPLER_H
#define V4_RUNTIME_SCHEDULE_SAMPLER_H

#include "runtime/base/Status.h"
#include "runtime/plan/SampleRows.h"

#include <vector>

namespace v4 {

struct SamplerOptions {
  float temperature = 0; ///< 0 picks the largest logit.
  uint32_t topK = 0;     ///< Keep so many; 0 keeps all.
  float topP = 1;        ///< Keep the fewest whose probability reaches it.
  float minP = 0;        ///< Keep those of at least this share of the largest probability.
  uint64_t seed = 0;
};

class Sampler {
public:
  static Status create(uint64_t vocabulary, const SamplerOptions &options, std::unique_ptr<Sampler> &out);

  /// `logits` holds one value per vocabulary entry; NaN is never picked. Fails when none is a number above -infinity.
  Status pick(const float *logits, uint64_t stream, uint64_t position, int32_t &token);

  /// A draft of the token at `position`. `probabilities`, unless null, gets q: one value per vocabulary entry.
  Status draft(const float *logits, uint64_t stream, uint64_t position, int32_t &token, float *probabilities);

  /// The token at `position` by the model's `logits`, where `draft` was drawn from `probabilities`, or is certain to be
  /// the draft when they are null. The draft is accepted exactly when it is the token.
  Status verify(const float *logits, int32_t draft, const float *probabilities, uint64_t stream, uint64_t position,
                int32_t &token);

  uint64_t vocabulary() const { return storage.size(); }

  /// What `pick` of that row computes, for whoever can do it where the logits are.
  plan::SampleRow ask(uint32_t row, uint64_t stream, uint64_t position) const;

  /// In [0, 1), 53 bits.
  static double uniform(uint64_t seed, uint64_t stream, uint64_t position);

private:
  struct Candidate {
    uint64_t entry;
    uint64_t weight;

    int32_t token() const { return plan::sampleToken(entry); }
  };

  Sampler(uint64_t vocabulary, const SamplerOptions &options);
  static uint64_t random(uint64_t seed, uint64_t stream, uint64_t position);
  Status narrow(const float *logits, uint64_t position);
  uint64_t total() const;
  void collect(const float *logits, float largest);
  void keepTopK();
  void keepTopP();
  void keepMinP();
  void orderByToken();
  int32_t draw(uint64_t random) const;

  const SamplerOptions options;
  const int bits;                 ///< Weights are in units of 2^-bits.
  plan::SampleRow asked;          ///< What the options come to; the rest of it is of no meaning.
  std::vector<Candidate> storage; ///< One per vocabulary entry.
  size_t count = 0;               ///< Candidates that are left, in the order of tokens when `narrow` is over.
};

} // namespace v4

#endif // V4_RUNTIME_SCHEDULE_SAMPLER_H

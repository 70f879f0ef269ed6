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
// draw depends neither on other sequences nor on earlier draws.
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

  /// In [0, 1), 53 bits.
  static double uniform(uint64_t seed, uint64_t stream, uint64_t position);

private:
  struct Candidate {
    float logit;
    int32_t token;
    double weight; ///< exp((logit - largest) / temperature)
  };

  Sampler(uint64_t vocabulary, const SamplerOptions &options);
  static bool ranksBehind(const Candidate &a, const Candidate &b);
  Status narrow(const float *logits, uint64_t position);
  double total() const;
  void collect(const float *logits, float largest);
  void keepTopK();
  void keepTopP();
  void keepMinP();
  int32_t draw(double uniform) const;

  const SamplerOptions options;
  std::vector<Candidate> storage; ///< One per vocabulary entry.
  size_t count = 0;               ///< Candidates that are left.
};

} // namespace v4

#endif // V4_RUNTIME_SCHEDULE_SAMPLER_H

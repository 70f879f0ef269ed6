//===- Speculation.h - Drafts behind one sequence ---- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One round feeds a token and up to `depth` drafts behind it in one step, keeps
// the drafts that the model agrees with and takes the others back. Uses the C++
// wrapper of the C API alone.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_SPECULATION_H
#define V4_TOOLS_RUN_SPECULATION_H

#include <v4/runtime.hpp>

#include <algorithm>

namespace v4 {

class Speculation {
public:
  /// Nothing is owned.
  Speculation(api::Session &session, api::Sequence &sequence, api::Sampler &sampler, uint32_t vocabulary,
              uint64_t depth, bool greedy)
      : session(session), sequence(sequence), sampler(sampler), greedy(greedy),
        probabilities(depth, std::vector<float>(greedy ? 0 : vocabulary)) {}

  uint64_t depth() const { return probabilities.size(); }

  /// Drafts `count` <= depth() tokens behind `token` and feeds all of them. Behind it, the first 1 + agreed() rows of
  /// the session's logits are those of the tokens that hold.
  void feed(int32_t token, uint64_t count) {
    tokens.assign(1, token);
    uint64_t position = sequence.position();
    for (uint64_t i = 0; i < count; ++i) {
      session.draft(sequence, tokens.back());
      tokens.push_back(draft(position + 1 + i, i));
    }
    session.step(sequence, tokens.data(), tokens.size(), tokens.size());
    next.clear();
    bool agrees = true;
    for (uint64_t i = 0; i < count && agrees; ++i) {
      next.push_back(verify(position + 1 + i, i));
      agrees = next.back() == tokens[i + 1];
    }
    agreedDrafts = agrees ? count : next.size() - 1;
    if (agrees)
      next.push_back(session.pick(sampler, 0, position + 1 + count, count));
    drafted += count;
    accepted += agreedDrafts;
  }

  /// Drafts of the last round that are the tokens.
  uint64_t agreed() const { return agreedDrafts; }
  /// Of the last round: the accepted drafts and the token behind them.
  const std::vector<int32_t> &tokensBehind() const { return next; }

  /// Of all rounds.
  uint64_t drafted = 0, accepted = 0;

private:
  // The largest logit is picked where the logits are; a draft by chance needs them all.
  int32_t draft(uint64_t position, uint64_t i) {
    if (greedy)
      return session.pick(sampler, 0, position, 0, /*mtp=*/true);
    return sampler.draft(session.mtpLogits(), 0, position, probabilities[i]);
  }
  int32_t verify(uint64_t position, uint64_t i) {
    if (greedy)
      return session.pick(sampler, 0, position, i);
    return sampler.verify(session.logits(i), tokens[i + 1], probabilities[i], 0, position);
  }

  api::Session &session;
  api::Sequence &sequence;
  api::Sampler &sampler;
  bool greedy;
  std::vector<std::vector<float>> probabilities; ///< [depth][vocabulary]
  std::vector<int32_t> tokens, next;
  uint64_t agreedDrafts = 0;
};

} // namespace v4

#endif // V4_TOOLS_RUN_SPECULATION_H

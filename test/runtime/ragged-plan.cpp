//===- ragged-plan.cpp - A prompt alone and beside others, on a plan ------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ragged-plan FILE.v4plan
//
// Three prompts, each fed alone in one way and together in ragged steps in
// another: logits of every position, MTP included, are the same bits. Exit code
// 2 names the first difference.
//
//===----------------------------------------------------------------------===//

#include <v4/runtime.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace v4::api;

namespace {

constexpr size_t kPrompts = 3;

struct Fed {
  std::vector<int32_t> prompt;
  std::vector<float> logits, mtp; ///< [position][vocabulary]
};

/// Copies the rows of the last step that belong to `count` tokens from `position` on.
void keepRows(const Session &session, size_t firstRow, size_t count, size_t vocabulary, Fed &out) {
  for (size_t row = firstRow; row < firstRow + count; ++row) {
    const float *main = session.logits(row), *mtp = session.mtpLogits(row);
    out.logits.insert(out.logits.end(), main, main + vocabulary);
    if (mtp)
      out.mtp.insert(out.mtp.end(), mtp, mtp + vocabulary);
  }
}

void feedAlone(Engine &engine, const v4_session_options &options, Fed &fed) {
  size_t vocabulary = engine.info().vocab_size;
  Session session = engine.createSession(options);
  Sequence sequence = session.createSequence();
  size_t chunk = std::min<size_t>(64, session.info().max_tokens);
  for (size_t done = 0; done < fed.prompt.size();) {
    size_t count = std::min(chunk, fed.prompt.size() - done);
    session.step(sequence, fed.prompt.data() + done, count, count);
    keepRows(session, 0, count, vocabulary, fed);
    done += count;
  }
}

/// Sizes and order of the parts change with every step.
void feedTogether(Engine &engine, const v4_session_options &options, std::vector<Fed> &all) {
  size_t vocabulary = engine.info().vocab_size;
  Session session = engine.createSession(options);
  std::vector<Sequence> sequences;
  for (size_t i = 0; i < kPrompts; ++i)
    sequences.push_back(session.createSequence());
  bool more = true;
  for (size_t round = 0; more; ++round) {
    std::vector<v4_batch_entry> entries;
    std::vector<size_t> owners;
    for (size_t k = 0; k < kPrompts; ++k) {
      size_t i = (round + k) % kPrompts;
      size_t done = sequences[i].position();
      size_t count = std::min<size_t>(1 + (round * 5 + i * 7) % 20, all[i].prompt.size() - done);
      if (count == 0)
        continue;
      entries.push_back({sequences[i].get(), all[i].prompt.data() + done, count, count});
      owners.push_back(i);
    }
    more = !entries.empty();
    if (!more)
      break;
    session.step(entries);
    size_t row = 0;
    for (size_t e = 0; e < entries.size(); ++e) {
      keepRows(session, row, entries[e].token_count, vocabulary, all[owners[e]]);
      row += entries[e].token_count;
    }
  }
}

/// Index of the first position whose bits differ from `begin` on, or the number of positions.
size_t firstDifference(const std::vector<float> &a, const std::vector<float> &b, size_t begin, size_t vocabulary) {
  for (size_t p = begin; p < a.size() / vocabulary; ++p)
    if (std::memcmp(&a[p * vocabulary], &b[p * vocabulary], vocabulary * sizeof(float)) != 0)
      return p;
  return a.size() / vocabulary;
}

int compare(const std::vector<Fed> &alone, const std::vector<Fed> &together, size_t vocabulary) {
  for (size_t i = 0; i < kPrompts; ++i) {
    const Fed &a = alone[i], &b = together[i];
    if (a.logits.size() != b.logits.size() || a.mtp.size() != b.mtp.size()) {
      std::fprintf(stderr, "prompt %zu: %zu and %zu values, expected as many\n", i, a.logits.size(), b.logits.size());
      return 2;
    }
    size_t main = firstDifference(a.logits, b.logits, 0, vocabulary);
    // The MTP row of position 0 is unspecified.
    size_t mtp = firstDifference(a.mtp, b.mtp, 1, vocabulary);
    if (main != a.prompt.size() || (!a.mtp.empty() && mtp != a.prompt.size())) {
      std::fprintf(stderr, "prompt %zu of %zu tokens: logits differ from position %zu, MTP logits from position %zu\n",
                   i, a.prompt.size(), main, mtp);
      return 2;
    }
  }
  std::printf("equal bits alone and beside others\n");
  return 0;
}

int run(const char *path) {
  Engine engine(path);
  v4_engine_info info = engine.info();
  if (info.max_sequences < kPrompts || info.max_tokens < 60 || info.max_context < 310) {
    std::fprintf(stderr, "%s: the envelope is too small for this test\n", path);
    return 1;
  }
  std::vector<Fed> alone(kPrompts), together(kPrompts);
  const size_t lengths[kPrompts] = {301, 130, 67};
  uint32_t state = 17;
  for (size_t i = 0; i < kPrompts; ++i) {
    for (size_t p = 0; p < lengths[i]; ++p) {
      state = state * 1664525u + 1013904223u;
      alone[i].prompt.push_back(static_cast<int32_t>((state >> 8) % info.vocab_size));
    }
    together[i].prompt = alone[i].prompt;
  }
  v4_session_options options = sessionOptions();
  options.max_context = 310;
  options.max_sequences = kPrompts;
  options.max_tokens = 64;
  options.mtp = info.has_mtp;
  options.threads = 1;
  for (Fed &fed : alone)
    feedAlone(engine, options, fed);
  options.threads = 3;
  feedTogether(engine, options, together);
  return compare(alone, together, info.vocab_size);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: ragged-plan FILE.v4plan\n");
    return 1;
  }
  try {
    return run(argv[1]);
  } catch (const Error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.code();
  }
}

//===- sampler.cpp - Tests of the sampler ---------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace v4;

namespace {

std::unique_ptr<Sampler> make(size_t vocabulary, const SamplerOptions &options) {
  std::unique_ptr<Sampler> sampler;
  Status status = Sampler::create(vocabulary, options, sampler);
  EXPECT_TRUE(status.isOk()) << status.message();
  return sampler;
}

int32_t pick(Sampler &sampler, const std::vector<float> &logits, uint64_t stream = 0, uint64_t position = 0) {
  int32_t token = -1;
  Status status = sampler.pick(logits.data(), stream, position, token);
  EXPECT_TRUE(status.isOk()) << status.message();
  return token;
}

/// How often each token comes in `draws` draws.
std::map<int32_t, int> histogram(const SamplerOptions &options, const std::vector<float> &logits, int draws = 20000) {
  auto sampler = make(logits.size(), options);
  std::map<int32_t, int> counts;
  for (int i = 0; i < draws; ++i)
    ++counts[pick(*sampler, logits, 0, static_cast<uint64_t>(i))];
  return counts;
}

const std::vector<float> kLogits = {0.0f, 2.0f, 1.0f, 2.0f, -1.0f};

TEST(Sampler, GreedyTakesLowestIndexOnTies) {
  auto sampler = make(5, {});
  EXPECT_EQ(pick(*sampler, kLogits), 1);
}

TEST(Sampler, GreedySkipsNaN) {
  auto sampler = make(3, {});
  EXPECT_EQ(pick(*sampler, {std::nanf(""), -5.0f, -6.0f}), 1);
}

TEST(Sampler, FailsWithoutAnyNumber) {
  auto sampler = make(2, {});
  std::vector<float> logits(2, std::nanf(""));
  int32_t token = 77;
  Status status = sampler->pick(logits.data(), 0, 9, token);
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_EQ(status.message(), "sampler: none of the 2 logits of position 9 is a number above -infinity");
  EXPECT_EQ(token, 77);
}

TEST(Sampler, FollowsTheDistribution) {
  SamplerOptions options;
  options.temperature = 0.7f;
  auto counts = histogram(options, kLogits);
  double total = 0;
  for (float logit : kLogits)
    total += std::exp(logit / 0.7);
  for (size_t i = 0; i < kLogits.size(); ++i) {
    double p = std::exp(kLogits[i] / 0.7) / total;
    // Five standard deviations of 20000 draws.
    EXPECT_NEAR(counts[static_cast<int32_t>(i)] / 20000.0, p, 5 * std::sqrt(p * (1 - p) / 20000)) << "token " << i;
  }
}

TEST(Sampler, TopKKeepsTheBestLowIndexFirst) {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 1;
  EXPECT_EQ(histogram(options, kLogits, 200), (std::map<int32_t, int>{{1, 200}}));
  options.topK = 3;
  auto counts = histogram(options, kLogits, 2000);
  EXPECT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts.count(0) + counts.count(4), 0u);
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  SamplerOptions options;
  options.temperature = 1;
  options.topP = 0.3f; // token 1 alone has 0.38
  EXPECT_EQ(histogram(options, kLogits, 200), (std::map<int32_t, int>{{1, 200}}));
  options.topP = 0.5f;
  EXPECT_EQ(histogram(options, kLogits, 2000).size(), 2u);
  options.topP = 0.8f;
  EXPECT_EQ(histogram(options, kLogits, 2000).size(), 3u);
}

TEST(Sampler, MinPDropsTheUnlikely) {
  SamplerOptions options;
  options.temperature = 1;
  options.minP = 0.3f; // token 2 has exp(-1) = 0.37 of the best, token 0 0.14
  auto counts = histogram(options, kLogits, 3000);
  EXPECT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts.count(2), 1u);
  options.minP = 1;
  EXPECT_EQ(histogram(options, kLogits, 500).size(), 2u);
}

TEST(Sampler, ZerosOfBothSignsAreEqual) {
  auto sampler = make(3, {});
  EXPECT_EQ(pick(*sampler, {-0.0f, 0.0f, -1.0f}), 0);
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 1;
  EXPECT_EQ(pick(*make(3, options), {-0.0f, 0.0f, -1.0f}), 0);
  options.topK = 2;
  options.minP = 1;
  EXPECT_EQ(histogram(options, {-1.0f, -0.0f, 0.0f}, 200).size(), 2u);
}

/// Four equal weights: shares are quarters to the last bit.
TEST(Sampler, BordersOfTopPAndTopKAreExact) {
  const std::vector<float> logits = {1.5f, 1.5f, 1.5f, 1.5f};
  SamplerOptions options;
  options.temperature = 0.3f;
  for (int tokens = 1; tokens <= 4; ++tokens) {
    auto first = [&](const std::map<int32_t, int> &counts) {
      return static_cast<int>(counts.size()) == tokens && counts.rbegin()->first == tokens - 1;
    };
    float share = static_cast<float>(tokens) / 4;
    options.topP = share;
    EXPECT_TRUE(first(histogram(options, logits, 400))) << tokens;
    options.topP = std::nextafter(share - 0.25f, 1.0f);
    EXPECT_TRUE(first(histogram(options, logits, 400))) << tokens;
    options.topP = 1;
    options.topK = static_cast<uint32_t>(tokens);
    EXPECT_TRUE(first(histogram(options, logits, 400))) << tokens;
    options.topK = 0;
  }
  options.minP = 1;
  EXPECT_EQ(histogram(options, logits, 400).size(), 4u);
}

TEST(SampleRows, WeightsFollowTheExponential) {
  for (unsigned vocabulary : {5u, 129280u, 1u << 30}) {
    int bits = plan::sampleBits(vocabulary);
    double one = std::ldexp(1.0, bits);
    EXPECT_EQ(one, static_cast<double>(plan::sampleWeight(3, 3, 1e30, bits)));
    EXPECT_LE(one * vocabulary, 0x1p63);
    EXPECT_EQ(plan::sampleWeight(3, -3e38, 1e54, bits), 0u);
    for (double temperature : {0.01, 0.7, 1.0, 30.0})
      for (double below = 0; below < 60 * temperature; below += 0.0037 * temperature) {
        double expected = one * std::exp(-below / temperature);
        double weight = static_cast<double>(plan::sampleWeight(7, 7 - below, plan::kSampleLog2E / temperature, bits));
        // The difference of the test's own doubles is not that of `below`.
        ASSERT_NEAR(weight, expected, expected * 0x1p-28 + 1) << below << " at " << temperature;
      }
  }
}

TEST(SampleRows, SharesRoundUp) {
  uint64_t half = uint64_t(1) << 63;
  EXPECT_EQ(plan::sampleShare(10, half), 5u);
  EXPECT_EQ(plan::sampleShare(11, half), 6u);
  EXPECT_EQ(plan::sampleShare(11, 1), 1u);
  EXPECT_EQ(plan::sampleHigh64(~uint64_t(0), ~uint64_t(0)), ~uint64_t(0) - 1);
}

/// The description of SampleRows.h, word for word.
int32_t pickPlainly(const std::vector<float> &logits, const plan::SampleRow &row) {
  struct Token {
    float logit;
    int32_t id;
    uint64_t weight;
  };
  std::vector<Token> tokens;
  float largest = -std::numeric_limits<float>::infinity();
  for (float logit : logits)
    largest = logit > largest ? logit : largest;
  int bits = plan::sampleBits(static_cast<unsigned>(logits.size()));
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > -std::numeric_limits<float>::infinity())
      tokens.push_back(
          {logits[i], static_cast<int32_t>(i),
           plan::sampleWeight(static_cast<double>(largest), static_cast<double>(logits[i]), row.scale, bits)});
  std::sort(tokens.begin(), tokens.end(),
            [](const Token &a, const Token &b) { return a.logit > b.logit || (a.logit == b.logit && a.id < b.id); });
  auto sumOf = [&] {
    uint64_t sum = 0;
    for (const Token &token : tokens)
      sum += token.weight;
    return sum;
  };
  if (row.topK && row.topK < tokens.size())
    tokens.resize(row.topK);
  if (row.topP) {
    unsigned __int128 goal = static_cast<unsigned __int128>(sumOf()) * row.topP, sum = 0;
    size_t kept = 0;
    while (sum < goal)
      sum += static_cast<unsigned __int128>(tokens[kept++].weight) << 64;
    tokens.resize(kept);
  }
  tokens.erase(std::remove_if(tokens.begin(), tokens.end(), [&](const Token &t) { return t.weight < row.minWeight; }),
               tokens.end());
  std::sort(tokens.begin(), tokens.end(), [](const Token &a, const Token &b) { return a.id < b.id; });
  uint64_t goal = static_cast<uint64_t>(static_cast<unsigned __int128>(sumOf()) * row.random >> 64), sum = 0;
  for (const Token &token : tokens)
    if ((sum += token.weight) > goal)
      return token.id;
  return -1;
}

TEST(Sampler, PicksWhatTheDescriptionSays) {
  uint32_t state = 1;
  auto next = [&](uint32_t most) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % most;
  };
  for (int round = 0; round < 600; ++round) {
    std::vector<float> logits(1 + next(700));
    float step = next(2) ? 0.25f : 0.0001f; // with many ties or few
    for (float &logit : logits)
      logit = step * (static_cast<float>(next(40000) % (next(2) ? 40 : 40000)) - 20);
    for (uint32_t masked = next(logits.size()); masked-- > 0;)
      logits[next(logits.size() - 1) + 1] = next(2) ? -std::numeric_limits<float>::infinity() : std::nanf("");
    if (logits.size() == 1)
      logits[0] = 1;
    SamplerOptions options;
    options.temperature = next(4) ? 0.01f * static_cast<float>(next(300)) : 100;
    options.topK = next(2) ? next(2) ? 1 + next(20) : 1000 : 0;
    options.topP = next(2) ? 0.01f * static_cast<float>(1 + next(100)) : 1;
    options.minP = next(3) ? 0 : 0.01f * static_cast<float>(next(100));
    auto sampler = make(logits.size(), options);
    for (uint64_t position = 0; position < 5; ++position)
      ASSERT_EQ(pick(*sampler, logits, 3, position), pickPlainly(logits, sampler->ask(0, 3, position)))
          << "round " << round << ": temperature " << options.temperature << ", top_k " << options.topK << ", top_p "
          << options.topP << ", min_p " << options.minP;
  }
}

TEST(Sampler, NeverPicksMaskedTokens) {
  SamplerOptions options;
  options.temperature = 5;
  auto counts = histogram(options, {-std::numeric_limits<float>::infinity(), 1, std::nanf(""), 1.5f}, 3000);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.count(0) + counts.count(2), 0u);
}

TEST(Sampler, DrawDependsOnSeedStreamAndPositionAlone) {
  SamplerOptions options;
  options.temperature = 2;
  options.seed = 42;
  auto a = make(5, options), b = make(5, options);
  std::vector<int32_t> forward, backward;
  for (uint64_t i = 0; i < 100; ++i)
    forward.push_back(pick(*a, kLogits, 3, i));
  for (uint64_t i = 100; i-- > 0;) {
    pick(*b, kLogits, 9, i);
    backward.insert(backward.begin(), pick(*b, kLogits, 3, i));
  }
  EXPECT_EQ(forward, backward);
  options.seed = 43;
  auto c = make(5, options);
  std::vector<int32_t> other;
  for (uint64_t i = 0; i < 100; ++i)
    other.push_back(pick(*c, kLogits, 3, i));
  EXPECT_NE(forward, other);
}

/// Draws drafts by `draftLogits` and verifies them by `logits`; counts tokens, and accepted drafts as token -1.
std::map<int32_t, int> verified(const SamplerOptions &options, const std::vector<float> &draftLogits,
                                const std::vector<float> &logits, int draws) {
  auto sampler = make(logits.size(), options);
  std::vector<float> probabilities(logits.size());
  std::map<int32_t, int> counts;
  for (uint64_t i = 0; i < static_cast<uint64_t>(draws); ++i) {
    int32_t draft = -1, token = -1;
    EXPECT_TRUE(sampler->draft(draftLogits.data(), 3, i, draft, probabilities.data()).isOk());
    EXPECT_TRUE(sampler->verify(logits.data(), draft, probabilities.data(), 3, i, token).isOk());
    ++counts[token];
    counts[-1] += token == draft;
  }
  return counts;
}

/// The tokens follow p whatever q is, and the rate of acceptance is sum(min(p, q)).
TEST(Sampler, VerifiedDraftsFollowTheModel) {
  constexpr int kDraws = 40000;
  const std::vector<std::vector<float>> drafts = {
      kLogits, {3.0f, -2.0f, 0.5f, 1.0f, 2.0f}, {0, 0, 0, 0, 0}, {-1.0f, -1.0f, 9.0f, -1.0f, -1.0f}};
  for (const std::vector<float> &draftLogits : drafts) {
    std::map<int32_t, int> counts = verified({1.0f, 0, 1, 0, 11}, draftLogits, kLogits, kDraws);
    double total = 0, draftTotal = 0, accepted = 0, chiSquare = 0;
    for (size_t i = 0; i < kLogits.size(); ++i) {
      total += std::exp(static_cast<double>(kLogits[i]));
      draftTotal += std::exp(static_cast<double>(draftLogits[i]));
    }
    for (size_t i = 0; i < kLogits.size(); ++i) {
      double p = std::exp(static_cast<double>(kLogits[i])) / total;
      double q = std::exp(static_cast<double>(draftLogits[i])) / draftTotal;
      double miss = counts[static_cast<int32_t>(i)] - kDraws * p;
      chiSquare += miss * miss / (kDraws * p);
      accepted += std::min(p, q);
    }
    EXPECT_LT(chiSquare, 23.5); // p = 0.0001 at 4 degrees of freedom
    EXPECT_NEAR(counts[-1], kDraws * accepted, 5 * std::sqrt(kDraws));
  }
}

TEST(Sampler, VerifiedDraftsStayWithinTopK) {
  std::map<int32_t, int> counts = verified({1.0f, 2, 1, 0, 5}, {0, 0, 0, 0, 0}, kLogits, 2000);
  EXPECT_EQ(counts[1] + counts[3], 2000);
}

TEST(Sampler, GreedyVerifiesByTheLargestLogit) {
  auto sampler = make(5, {});
  std::vector<float> probabilities(5);
  int32_t draft = -1, token = -1;
  ASSERT_TRUE(sampler->draft(kLogits.data(), 0, 0, draft, probabilities.data()).isOk());
  EXPECT_EQ(draft, 1);
  EXPECT_EQ(probabilities, (std::vector<float>{0, 1, 0, 0, 0}));
  for (int32_t id = 0; id < 5; ++id) {
    ASSERT_TRUE(sampler->verify(kLogits.data(), id, nullptr, 0, 0, token).isOk());
    EXPECT_EQ(token, 1);
  }
  EXPECT_EQ(sampler->verify(kLogits.data(), 5, nullptr, 0, 0, token).message(),
            "sampler: draft 5 is outside the vocabulary, 0 to 4");
}

/// A draft that is no matter of chance, such as one looked up, is accepted with probability p.
TEST(Sampler, CertainDraftsFollowTheModel) {
  auto sampler = make(5, {1.0f, 0, 1, 0, 3});
  std::map<int32_t, int> counts;
  for (uint64_t i = 0; i < 20000; ++i) {
    int32_t token = -1;
    ASSERT_TRUE(sampler->verify(kLogits.data(), 3, nullptr, 0, i, token).isOk());
    ++counts[token];
  }
  EXPECT_NEAR(counts[3], counts[1], 500);
  EXPECT_NEAR(counts[2], 20000 * 0.155, 300);
}

TEST(Sampler, UniformFillsTheUnitInterval) {
  double sum = 0;
  int low = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    double u = Sampler::uniform(i % 7, i % 11, i);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    low += u < 0.1;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
  EXPECT_NEAR(low / 100000.0, 0.1, 0.005);
}

TEST(Sampler, RefusesOptionsOutsideTheirRange) {
  std::unique_ptr<Sampler> sampler;
  auto message = [&](SamplerOptions options) { return Sampler::create(10, options, sampler).message(); };
  SamplerOptions options;
  options.temperature = -1;
  EXPECT_EQ(message(options), "sampler: temperature = -1, expected a finite value of at least 0");
  options = {};
  options.topP = 0;
  EXPECT_EQ(message(options), "sampler: top_p = 0, expected a value above 0 and at most 1");
  options = {};
  options.minP = 1.5f;
  EXPECT_EQ(message(options), "sampler: min_p = 1.5, expected a value from 0 to 1");
  EXPECT_EQ(Sampler::create(0, {}, sampler).code(), StatusCode::InvalidInput);
}

} // namespace

//===- sampler.cpp - Tests of the sampler ---------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/schedule/Sampler.h"

#include <gtest/gtest.h>

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

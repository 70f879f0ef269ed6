//===- SampleRowsTest.cpp - Sampling on the host ----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel on the model of a GPU against the sampler of the runtime: the same tokens.
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/kernels/SampleRows.h"
#include "runtime/schedule/Sampler.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace v4::cuda;
using v4::Sampler;
using v4::SamplerOptions;
using v4::plan::SampleRow;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Asked {
  SampleRow row;
  int token, notFinite; ///< Expected.
};

class Problem {
public:
  Problem(int vocabulary, std::vector<float> logits) : vocabulary(vocabulary), logits(std::move(logits)) {}

  void ask(unsigned row, const SamplerOptions &options, unsigned long position) {
    std::unique_ptr<Sampler> sampler;
    ASSERT_TRUE(Sampler::create(vocabulary, options, sampler).isOk());
    const float *values = &logits[size_t(row) * vocabulary];
    int token = -1, notFinite = -1;
    if (!sampler->pick(values, 5, position, token).isOk())
      token = -1;
    for (int i = vocabulary; i-- > 0;)
      notFinite = std::isfinite(values[i]) ? notFinite : i;
    all.push_back({sampler->ask(row, 5, position), token, notFinite});
  }

  template <int THREADS>
  void check(int grid, unsigned seed) const {
    std::vector<SampleRow> rows;
    for (const Asked &asked : all) {
      rows.push_back(asked.row);
      rows.back().token = rows.back().notFinite = -7;
    }
    EXPECT_TRUE(shim::launch(grid, THREADS, sampleSharedBytes(), seed,
                             [&] { sampleRows<THREADS>(logits.data(), rows.data(), int(rows.size()), vocabulary); }));
    for (size_t i = 0; i < all.size(); ++i) {
      const SampleRow &row = all[i].row;
      EXPECT_EQ(rows[i].token, all[i].token) << i << ": " << vocabulary << " tokens, top_k " << row.topK << ", scale "
                                             << row.scale << ", top_p " << row.topP << ", min " << row.minWeight;
      EXPECT_EQ(rows[i].notFinite, all[i].notFinite) << i;
    }
  }

private:
  int vocabulary;
  std::vector<float> logits;
  std::vector<Asked> all;
};

/// Of one row, all options and all of their combinations.
void askAll(Problem &problem, unsigned row) {
  unsigned long position = 0;
  for (float temperature : {0.0f, 0.05f, 1.0f, 100.0f})
    for (unsigned topK : {0u, 1u, 2u, 40u, 4000000000u})
      for (float topP : {1.0f, 1e-30f, 0.3f, 0.9f, 0.999f})
        for (float minP : {0.0f, 0.02f, 1.0f})
          if (temperature > 0 || (topK == 0 && minP == 0))
            problem.ask(row, {temperature, topK, topP, minP, 3}, ++position);
}

std::vector<float> someLogits(int count, float step, int values, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> logits(count);
  for (float &logit : logits)
    logit = step * (float(random() % values) - float(values / 2));
  return logits;
}

} // namespace

// One token, fewer than threads, not a multiple of anything, more than 256 bins of one token.
TEST(SampleRows, PicksTheTokensOfTheSampler) {
  for (int vocabulary : {1, 2, 31, 257, 1000, 3001}) {
    Problem problem(vocabulary, someLogits(vocabulary, 0.001f, 20000, vocabulary));
    askAll(problem, 0);
    problem.check<64>(2, vocabulary);
  }
}

// Ties at every border, and nothing but ties.
TEST(SampleRows, CutsTiesByToken) {
  for (int values : {1, 2, 5}) {
    Problem problem(700, someLogits(700, 1.5f, values, 9));
    askAll(problem, 0);
    problem.check<64>(2, values);
  }
}

TEST(SampleRows, SkipsWhatIsNoNumber) {
  std::vector<float> logits = someLogits(600, 0.01f, 900, 4);
  logits[7] = logits[400] = NAN;
  logits[33] = -kInfinity;
  Problem masked(600, logits);
  askAll(masked, 0);
  masked.check<64>(1, 1);
  logits[599] = logits[300] = kInfinity;
  Problem infinite(600, logits);
  askAll(infinite, 0);
  infinite.check<64>(1, 1);
  Problem nothing(600, std::vector<float>(600, -kInfinity));
  nothing.ask(0, {1, 5, 0.5f, 0, 0}, 0);
  nothing.check<64>(1, 1);
}

TEST(SampleRows, ZerosOfBothSignsAreEqual) {
  std::vector<float> logits(300, -0.0f);
  for (size_t i = 0; i < logits.size(); i += 3)
    logits[i] = 0.0f;
  logits[5] = std::numeric_limits<float>::denorm_min();
  Problem problem(300, logits);
  askAll(problem, 0);
  problem.check<32>(1, 1);
}

// Extremes of the format, where differences are larger than any float.
TEST(SampleRows, TakesLargeLogits) {
  float most = std::numeric_limits<float>::max();
  std::vector<float> logits = {-most, most, 0, most, std::nextafter(most, 0.0f), -1e38f, 1e38f};
  Problem problem(7, logits);
  askAll(problem, 0);
  problem.check<32>(1, 1);
}

// Rows in any order and more than once, in a grid that has more or fewer blocks.
TEST(SampleRows, RowsAreIndependent) {
  Problem problem(500, someLogits(3 * 500, 0.01f, 800, 8));
  for (unsigned row : {2u, 0u, 1u, 2u, 2u})
    for (unsigned long position : {4ul, 5ul})
      problem.ask(row, {0.8f, 30, 0.9f, 0, row}, position);
  problem.check<64>(1, 1);
  problem.check<64>(3, 2);
  problem.check<64>(20, 3);
}

// The instance of plans, on the vocabulary of Flash.
TEST(SampleRows, SamplesLargeVocabularies) {
  std::vector<float> logits = someLogits(129280, 0.0001f, 200000, 2);
  Problem problem(129280, logits);
  for (unsigned long position = 0; position < 3; ++position) {
    problem.ask(0, {}, position);
    problem.ask(0, {1, 0, 1, 0, 1}, position);
    problem.ask(0, {0.6f, 50, 0.95f, 0, 2}, position);
    problem.ask(0, {2, 0, 0.95f, 0.001f, 3}, position);
  }
  problem.check<1024>(2, 6);
}

//===- RopeFrequencies.cpp - Rotary frequencies -----------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/RopeFrequencies.h"

#include <algorithm>
#include <cmath>

using v4::YarnScaling;

static constexpr double kPi = 3.141592653589793;

/// The index at which a frequency makes `rotations` turns over the original context.
static double turningIndex(double rotations, double base, int64_t dim, const YarnScaling &yarn) {
  double ratio = double(yarn.originalContext) / (rotations * 2 * kPi);
  return double(dim) * std::log(ratio) / (2 * std::log(base));
}

static void stretch(std::vector<float> &freqs, double base, int64_t dim, const YarnScaling &yarn) {
  double low = std::max(std::floor(turningIndex(yarn.betaFast, base, dim, yarn)), 0.0);
  double high = std::min(std::ceil(turningIndex(yarn.betaSlow, base, dim, yarn)), double(dim - 1));
  float start = float(low), span = float(high != low ? high - low : 0.001), factor = float(yarn.factor);
  for (size_t j = 0; j < freqs.size(); ++j) {
    // One operation per statement, so that none is contracted into a fused one.
    float offset = float(j) - start;
    float ramp = std::min(std::max(offset / span, 0.0f), 1.0f);
    float keep = 1.0f - ramp;
    float slow = freqs[j] / factor;
    float share = 1.0f - keep;
    float stretched = slow * share;
    float kept = freqs[j] * keep;
    freqs[j] = stretched + kept;
  }
}

std::vector<float> v4::ropeFrequencies(double base, int64_t dim, const YarnScaling *yarn) {
  std::vector<float> freqs;
  for (int64_t j = 0; j < dim; j += 2)
    freqs.push_back(float(std::pow(base, -double(j) / double(dim))));
  if (yarn)
    stretch(freqs, base, dim, *yarn);
  return freqs;
}

std::vector<float> v4::ropeFrequencies(const ModelConfig &config, bool compressed, bool withYarn) {
  double base = compressed ? config.compressRopeTheta : config.ropeTheta;
  return ropeFrequencies(base, config.ropeDim, compressed && withYarn ? &config.yarn : nullptr);
}

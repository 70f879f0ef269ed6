//===- GoldenLimits.h - How far rounding may move a probe -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The limits for free rounding of test/reference/README.md; test/e2e/metrics.py
// holds the same ones. They are stated for models of 1, 2 and 8 layers: a model
// gets those of the next larger one, deeper models the last.
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_CERTIFY_GOLDENLIMITS_H
#define V4_TOOLS_CERTIFY_GOLDENLIMITS_H

#include <cstdint>
#include <string>

namespace v4::certify {

/// Prompts from this length on have limits of their own.
inline constexpr uint32_t kLongPrompt = 127;
/// The embedding is read, not computed.
inline constexpr double kEmbeddingLimit = 1e-6;
/// "sketch L2", RMS of the difference over RMS, holds behind the first two layers.
inline constexpr double kSketchLimit = 0.032;
inline constexpr uint32_t kSketchLayers = 2;
/// Tokens with the golden set of experts.
inline constexpr double kRouteLimit = 0.98;
inline constexpr double kRouteWeightLimit = 0.03;
inline constexpr double kMtpLimit = 0.055;

/// layers.3.streams, or a name without a layer.
struct ProbeName {
  explicit ProbeName(const std::string &name) : kind(name) {
    constexpr char prefix[] = "layers.";
    size_t dot = name.find('.', sizeof(prefix) - 1);
    if (name.compare(0, sizeof(prefix) - 1, prefix) != 0 || dot == std::string::npos || dot - sizeof(prefix) >= 9)
      return;
    uint32_t number = 0;
    for (size_t i = sizeof(prefix) - 1; i < dot; ++i) {
      if (name[i] < '0' || name[i] > '9')
        return;
      number = number * 10 + static_cast<uint32_t>(name[i] - '0');
    }
    isLayer = true;
    layer = number;
    kind = name.substr(dot + 1);
  }

  bool isLayer = false;
  uint32_t layer = 0;
  std::string kind; ///< streams, index_topk, ...; without a layer the whole name.
};

/// Median of the rows' relative differences in a model of that many layers.
inline double logitsLimit(uint32_t layers, bool isLong) {
  if (layers <= 1)
    return 0.022;
  return layers == 2 ? 0.028 : isLong ? 0.065 : 0.060;
}

/// Streams behind layer I are those that a model of I + 1 layers makes its logits of.
inline double medianLimit(const ProbeName &name, uint32_t layers, bool isLong) {
  if (name.kind == "route_weights")
    return kRouteWeightLimit;
  if (name.kind == "mtp_logits")
    return kMtpLimit;
  if (name.kind == "streams")
    return name.layer < kSketchLayers ? kSketchLimit : logitsLimit(name.layer + 1, isLong);
  return logitsLimit(layers, isLong);
}

/// Of a first layer; behind others noise alone brings it to 0.87.
inline double recallLimit(uint32_t layer) { return layer == 0 ? 0.935 : 0.80; }

} // namespace v4::certify

#endif // V4_TOOLS_CERTIFY_GOLDENLIMITS_H

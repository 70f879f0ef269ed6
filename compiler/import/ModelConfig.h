//===- ModelConfig.h - Typed shape of a model -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The shape of a DeepSeek-V4 model as its config.json states it. A ModelConfig
// that parseModelConfig returned satisfies every constraint of the architecture, and
// its values are small enough that byte counts of its tensors fit 63 bits.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_MODELCONFIG_H
#define V4_COMPILER_IMPORT_MODELCONFIG_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace v4 {

/// YaRN parameters; they apply to layers with compressed rows only.
struct YarnScaling {
  double factor = 1;
  double betaFast = 32;
  double betaSlow = 1;
  int64_t originalContext = 1;
};

struct ModelConfig {
  int64_t vocab = 0;
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t headDim = 0; ///< Rotary part included.
  int64_t ropeDim = 0; ///< The last values of a head.
  int64_t queryRank = 0;
  int64_t groups = 0; ///< Of the output projection.
  int64_t groupRank = 0;
  int64_t window = 0;
  int64_t indexHeads = 0;
  int64_t indexDim = 0;
  int64_t indexTopK = 0;
  int64_t experts = 0;
  int64_t activeExperts = 0;
  int64_t expertWidth = 0;
  int64_t hashLayers = 0; ///< Layers below route by token id; may exceed `layers`.
  int64_t streams = 0;    ///< Hyper-connection streams.
  int64_t sinkhornIterations = 0;
  int64_t maxPositions = 0;
  int64_t eos = 0;

  double rmsEps = 0;
  double hcEps = 0;
  double routedScaling = 0;
  double swigluLimit = 0; ///< 0: no clamp.
  bool normalizeRoutes = true;
  double ropeTheta = 0;         ///< Layers of ratio 0.
  double compressRopeTheta = 0; ///< Layers of ratio 4 and 128.
  YarnScaling yarn;

  /// Compression ratio of every layer: 0 (window only), 4 or 128.
  std::vector<int64_t> ratios;
  /// The config declares an MTP block that this compiler knows (one block, ratio 0).
  bool declaresMtp = false;
  /// compress_ratios is longer than the layers and one MTP block: the tail belongs to draft
  /// stages of another kind, which are ignored.
  bool foreignDraftStages = false;

  int64_t bodyDim() const { return headDim - ropeDim; } ///< Values of a head that do not rotate.
  bool routesByHash(int64_t layer) const { return layer < hashLayers; }
};

/// Parses the text of a config.json; messages name `file`.
llvm::Expected<ModelConfig> parseModelConfig(llvm::StringRef text, llvm::StringRef file);

/// Reads and parses the file at `path`.
llvm::Expected<ModelConfig> readModelConfig(llvm::StringRef path);

/// The resolved dimensions as JSON with sorted keys: equal models give equal text.
std::string canonicalJson(const ModelConfig &config, bool mtp);

/// SHA-256 of canonicalJson, in lower-case hex.
std::string modelDigest(const ModelConfig &config, bool mtp);

} // namespace v4

#endif // V4_COMPILER_IMPORT_MODELCONFIG_H

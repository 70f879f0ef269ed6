//===- TensorNames.h - Checkpoint tensors by role ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TensorNames.cpp is the only file that knows how a checkpoint names and shapes its
// tensors. Everything behind it speaks of roles: the weight of a role exists, and has
// one of the forms that the role allows.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_TENSORNAMES_H
#define V4_COMPILER_IMPORT_TENSORNAMES_H

#include "compiler/import/ModelConfig.h"
#include "compiler/import/Safetensors.h"

#include <optional>

namespace v4 {

/// What a weight is for. The order is that of layer function arguments.
enum class Role {
  // The model: embedding and head. The MTP block has its own FinalNorm and HcHead*.
  Embed,
  FinalNorm,
  Head,
  HcHeadFn,
  HcHeadBase,
  HcHeadScale,
  // Every layer.
  HcAttnFn,
  HcAttnBase,
  HcAttnScale,
  AttnNorm,
  AttnSink,
  QueryDown,
  QueryNorm,
  QueryUp,
  KeyValue,
  KeyValueNorm,
  OutputDown,
  OutputUp,
  // Layers of ratio 4 and 128.
  CompressorPhase,
  CompressorValue,
  CompressorGate,
  CompressorNorm,
  // Layers of ratio 4: the indexer.
  IndexQuery,
  IndexHeadWeights,
  IndexPhase,
  IndexValue,
  IndexGate,
  IndexNorm,
  // Every layer.
  HcFfnFn,
  HcFfnBase,
  HcFfnScale,
  FfnNorm,
  Router,
  RouterTable, ///< Hash layers.
  RouterBias,  ///< All other layers.
  ExpertGate,
  ExpertUp,
  ExpertDown,
  SharedGate,
  SharedUp,
  SharedDown,
  // The MTP block in front of its layer.
  MtpEmbedNorm,
  MtpStreamsNorm,
  MtpEmbedProjection,
  MtpStreamsProjection,
};

/// Element of a weight in the program. FP4 is two values to a byte, low nibble first.
enum class Element { BF16, F32, FP8, E8M0, FP4, I32 };

/// One weight of the program: a tensor of the checkpoint, or one per expert, stacked.
struct Weight {
  std::string name; ///< Unique in the program.
  Element element = Element::BF16;
  llvm::SmallVector<int64_t, 4> shape; ///< As stored: FP4 counts bytes in the last dimension.
  std::vector<std::string> sources;    ///< Checkpoint tensors, in order of the leading dimension.
  std::string narrowable = {}; ///< A wide matrix that most checkpoints hold in FP8 or FP4: "linear" or "experts".
  bool isTable = false;                ///< An index table: i64 in the checkpoint, i32 in the program.
};

/// The weight of a role, with the block scales that narrow forms have.
struct RoleWeight {
  Weight weight;
  std::optional<Weight> scale;
  /// FP8 or FP4: the input of its matrix product is quantized.
  bool isNarrow() const { return scale.has_value(); }
};

using WeightSet = std::map<Role, RoleWeight>;

/// What the tensors of a checkpoint mean for a model.
struct TensorInventory {
  WeightSet model;
  std::vector<WeightSet> layers;
  struct Mtp {
    WeightSet head;  ///< FinalNorm, HcHead*, Mtp*.
    WeightSet layer; ///< A layer of ratio 0 with learned routing.
  };
  std::optional<Mtp> mtp; ///< Set when the checkpoint has an MTP block and it is usable.
  std::string manifest;   ///< Checkpoint::manifest().
  std::vector<std::string> warnings;
};

/// Finds every tensor that `config` needs and checks its dtype and shape, and the
/// contents of index tables. Other tensors are counted in one warning. Of a twin, `layersOf` says which layer of the
/// checkpoint each layer of `config` is (shrinkConfig).
llvm::Expected<TensorInventory> resolveTensors(const ModelConfig &config, const Checkpoint &checkpoint,
                                               llvm::ArrayRef<int64_t> layersOf = {});

} // namespace v4

#endif // V4_COMPILER_IMPORT_TENSORNAMES_H

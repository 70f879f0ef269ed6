//===- ModelInput.h - The model that a compilation reads -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A checkpoint folder, its config.json, or a config alone, as the flags ask for it.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_MODELINPUT_H
#define V4_COMPILER_MODELINPUT_H

#include "codegen/plan/WeightPlacement.h"
#include "compiler/import/ModelConfig.h"
#include "compiler/import/TensorNames.h"

#include <memory>

namespace v4 {

struct ModelInputOptions {
  std::string path;   ///< Checkpoint folder or its config.json; without weights also a config of any name.
  std::string shrink; ///< "layers:4,experts:8" or "".
  codegen::WeightPlacement weights = codegen::WeightPlacement::Embed;
};

/// A model whose config and tensors agree.
struct ModelInput {
  ModelConfig config;
  std::unique_ptr<Checkpoint> checkpoint; ///< Only declared when it is known by its config alone.
  TensorInventory inventory;
};

/// Errors name the file and what it must hold.
llvm::Expected<ModelInput> openModel(const ModelInputOptions &options);

/// The checkpoint of a folder, or of the folder of a config.json.
llvm::Expected<std::unique_ptr<Checkpoint>> openCheckpoint(llvm::StringRef path);

} // namespace v4

#endif // V4_COMPILER_MODELINPUT_H

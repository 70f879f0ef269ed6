//===- ModelInput.cpp - The model that a compilation reads -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/ModelInput.h"

#include "compiler/import/ImportError.h"
#include "compiler/import/Shrink.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace v4;
using codegen::WeightPlacement;

Expected<std::unique_ptr<Checkpoint>> v4::openCheckpoint(StringRef path) {
  StringRef folder = path;
  if (sys::path::filename(folder) == "config.json")
    folder = sys::path::has_parent_path(folder) ? sys::path::parent_path(folder) : StringRef(".");
  if (!sys::fs::is_directory(folder))
    return inputError(folder + ": no such folder, expected a checkpoint with config.json and model*.safetensors");
  return Checkpoint::open(folder);
}

/// Which layer of the checkpoint each layer of the twin is; none without a twin.
static Expected<std::vector<int64_t>> shrink(const ModelInputOptions &options, ModelConfig &config,
                                             bool &fewerExperts) {
  if (options.shrink.empty())
    return std::vector<int64_t>();
  Expected<ShrinkSpec> spec = parseShrink(options.shrink);
  if (!spec)
    return spec.takeError();
  fewerExperts = spec->experts.has_value();
  if (fewerExperts && options.weights != WeightPlacement::None)
    return inputError("--shrink=" + options.shrink + ": a checkpoint's routers choose among all of its experts; pass " +
                      "--weights=none, or leave experts out");
  return shrinkConfig(config, *spec);
}

/// A plan without weights needs no tensors either: those that the config implies will do.
static Expected<std::unique_ptr<Checkpoint>> openTensors(const ModelInputOptions &options, StringRef configPath,
                                                         bool fewerExperts) {
  StringRef folder = sys::path::parent_path(configPath);
  // Fewer layers are some of the checkpoint's, in its own formats; routers of fewer experts are in none.
  bool isCheckpoint = !fewerExperts && sys::path::filename(configPath) == "config.json" &&
                      Checkpoint::hasTensors(folder.empty() ? "." : folder);
  if (options.weights != WeightPlacement::None || isCheckpoint)
    return openCheckpoint(options.path);
  return Checkpoint::withoutTensors(configPath);
}

static Expected<SmallString<256>> configPathOf(const ModelInputOptions &options) {
  StringRef path = options.path;
  bool needsTensors = options.weights != WeightPlacement::None;
  if (!sys::fs::exists(path))
    return inputError(path + ": no such file or folder, expected a checkpoint folder, a config.json or a module");
  SmallString<256> config(path);
  if (sys::fs::is_directory(path))
    sys::path::append(config, "config.json");
  else if (!needsTensors && !path.ends_with(".json"))
    return inputError(path + ": is neither a checkpoint folder nor a config (.json) nor a module (.mlir)");
  else if (needsTensors && sys::path::filename(path) != "config.json")
    return inputError(path + ": is neither a checkpoint folder nor a config.json nor a module (.mlir); name the " +
                      "folder, or with --compile-from=PHASE a module of any name");
  return config;
}

Expected<ModelInput> v4::openModel(const ModelInputOptions &options) {
  // The config first: it explains what the tensors must be.
  Expected<SmallString<256>> path = configPathOf(options);
  if (!path)
    return path.takeError();
  Expected<ModelConfig> config = readModelConfig(*path);
  if (!config)
    return config.takeError();
  bool fewerExperts = false;
  Expected<std::vector<int64_t>> layersOf = shrink(options, *config, fewerExperts);
  if (!layersOf)
    return layersOf.takeError();
  Expected<std::unique_ptr<Checkpoint>> checkpoint = openTensors(options, *path, fewerExperts);
  if (!checkpoint)
    return checkpoint.takeError();
  Expected<TensorInventory> inventory = resolveTensors(*config, **checkpoint, *layersOf);
  if (!inventory)
    return inventory.takeError();
  return ModelInput{std::move(*config), std::move(*checkpoint), std::move(*inventory)};
}

//===- Import.cpp - Everything about one checkpoint -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Import.h"

using namespace llvm;
using namespace v4;

Expected<ImportedCheckpoint> v4::importCheckpoint(StringRef directory) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::open(directory);
  if (!checkpoint)
    return checkpoint.takeError();
  Expected<ModelConfig> config = readModelConfig((*checkpoint)->pathOf("config.json"));
  if (!config)
    return config.takeError();
  Expected<TensorInventory> inventory = resolveTensors(*config, **checkpoint);
  if (!inventory)
    return inventory.takeError();
  return ImportedCheckpoint{std::move(*config), std::move(*checkpoint), std::move(*inventory)};
}

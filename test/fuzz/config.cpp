//===- config.cpp - Foreign config.json -----------------------------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read, shrunk, and the tensors that it implies listed. Seeds are the files of
// test/configs.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Shrink.h"
#include "compiler/import/TensorNames.h"
#include "test/fuzz/FuzzTarget.h"

using namespace v4;
using namespace v4::fuzz;

/// Listing more names takes longer, and shows nothing more.
static constexpr int64_t kMostExperts = 4096;

std::vector<ByteString> fuzz::makeSeeds() { return {bytesOf("{}")}; }

static bool isSmall(const ModelConfig &config) { return config.layers * (config.experts + 1) <= kMostExperts; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto config = parseModelConfig({reinterpret_cast<const char *>(data), size}, "config.json");
  if (!config) {
    use(llvm::toString(config.takeError()).size());
    return 0;
  }
  ModelConfig small = *config;
  ShrinkSpec spec;
  spec.layers = 4;
  spec.experts = 8;
  if (auto layers = shrinkConfig(small, spec))
    use(layers->size());
  else
    use(llvm::toString(layers.takeError()).size());
  if (!isSmall(small))
    return 0;
  auto declared = Checkpoint::withoutTensors("config.json");
  if (auto inventory = resolveTensors(small, *declared, {}))
    use(inventory->warnings.size());
  else
    use(llvm::toString(inventory.takeError()).size());
  return 0;
}

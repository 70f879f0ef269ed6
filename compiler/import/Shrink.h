//===- Shrink.h - A small twin of a model ---------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A twin has fewer layers and experts and everything else of the model: every kind
// of layer (its ratio and how it routes), the MTP block, all widths. It compiles the
// same kernels in a fraction of the size, so that a mistake shows early.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_SHRINK_H
#define V4_COMPILER_IMPORT_SHRINK_H

#include "compiler/import/ModelConfig.h"

#include <optional>

namespace v4 {

/// What --shrink asks for.
struct ShrinkSpec {
  std::optional<int64_t> layers, experts; ///< Not set: as many as the model has.
};

/// "layers:4,experts:8", each at most once.
llvm::Expected<ShrinkSpec> parseShrink(llvm::StringRef text);

/// Makes `config` its twin: the first layer of each kind, then the first of the others, in the model's order. Returns
/// which layer of the model each layer of the twin is.
llvm::Expected<std::vector<int64_t>> shrinkConfig(ModelConfig &config, const ShrinkSpec &spec);

} // namespace v4

#endif // V4_COMPILER_IMPORT_SHRINK_H

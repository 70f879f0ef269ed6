//===- Import.h - Everything about one checkpoint ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_IMPORT_H
#define V4_COMPILER_IMPORT_IMPORT_H

#include "compiler/import/TensorNames.h"

namespace v4 {

/// A checkpoint directory, opened and checked.
struct ImportedCheckpoint {
  ModelConfig config;
  std::unique_ptr<Checkpoint> checkpoint;
  TensorInventory inventory; ///< Its warnings are for the user.
};

/// Reads config.json and the shards of `directory` and resolves every tensor that the
/// model needs.
llvm::Expected<ImportedCheckpoint> importCheckpoint(llvm::StringRef directory);

} // namespace v4

#endif // V4_COMPILER_IMPORT_IMPORT_H

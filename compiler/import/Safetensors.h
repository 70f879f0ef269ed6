//===- Safetensors.h - Read-only view of a checkpoint -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A checkpoint is a directory with model.safetensors.index.json and the shards
// that it names, or with one model.safetensors. A shard is
//
//   u64 little-endian n | n bytes of JSON | data
//
// The JSON maps tensor names to dtype, shape and data_offsets [begin, end) within
// data; the ranges of all tensors cover data exactly. Shards are mapped, never read as a
// whole; everything a header says is checked before a byte of data is touched.
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_SAFETENSORS_H
#define V4_COMPILER_IMPORT_SAFETENSORS_H

#include "compiler/import/InputFile.h"

#include "llvm/ADT/SmallVector.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace v4 {

/// A tensor of a checkpoint; valid as long as its Checkpoint.
struct StoredTensor {
  std::string dtype; ///< As the file spells it: "BF16", "F8_E4M3", ...
  llvm::SmallVector<int64_t, 4> shape;
  llvm::ArrayRef<uint8_t> bytes; ///< Of any alignment; empty when the tensor is only declared.
  unsigned shard = 0;
};

/// All tensors of a checkpoint by name. Immutable, shareable between threads.
class Checkpoint {
public:
  using Tensors = std::map<std::string, StoredTensor, std::less<>>;

  static llvm::Expected<std::unique_ptr<Checkpoint>> open(llvm::StringRef directory);
  /// A checkpoint of which only config.json is known: its tensors are those of the published releases. `configPath` is
  /// for messages.
  static std::unique_ptr<Checkpoint> withoutTensors(llvm::StringRef configPath);
  /// The directory has an index or a shard.
  static bool hasTensors(llvm::StringRef directory);

  /// The tensor of that name or null.
  const StoredTensor *find(llvm::StringRef name) const;
  const Tensors &tensors() const { return byName; }
  bool isDeclared() const { return declared; }
  llvm::StringRef directory() const { return root; }
  /// Path of the file that holds a tensor, for messages.
  std::string pathOf(const StoredTensor &tensor) const { return pathOf(shards[tensor.shard].name); }
  std::string pathOf(llvm::StringRef file) const;
  /// Paths of all shards, in the order in which they were opened.
  std::vector<std::string> files() const;
  /// The mapped shard with that byte; empty for foreign bytes.
  llvm::ArrayRef<uint8_t> shardAround(const uint8_t *byte) const;

  /// SHA-256, in hex, over one line "name dtype 3x4\n" per tensor, sorted by name: tells two
  /// checkpoints of different inventory apart, whatever their sharding.
  std::string manifest() const { return manifest(byName); }
  static std::string manifest(const Tensors &tensors);

private:
  struct Shard {
    std::string name;
    InputFile file;
  };

  llvm::Error openSharded(const InputFile &index);
  llvm::Error openSingle();
  llvm::Expected<Tensors> openShard(llvm::StringRef name);

  std::string root;
  bool declared = false; ///< By a config alone.
  std::vector<Shard> shards;
  Tensors byName;
};

/// Parses the header of one shard; messages name `file`. The tensors point into `bytes`.
llvm::Expected<Checkpoint::Tensors> parseSafetensors(llvm::ArrayRef<uint8_t> bytes, llvm::StringRef file);

} // namespace v4

#endif // V4_COMPILER_IMPORT_SAFETENSORS_H

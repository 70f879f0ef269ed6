//===- WeightWriter.h - Streams weights into a plan -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight is the concatenation of checkpoint tensors after a recipe. The image
// of a section is never in memory as a whole: threads assemble, hash and write
// chunks of 4 MiB, each at its own place of the file.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_WEIGHTWRITER_H
#define V4_CODEGEN_PLAN_WEIGHTWRITER_H

#include "codegen/plan/PanelPacker.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace v4::codegen {

/// Where the bytes of checkpoint tensors come from; implemented by the importer.
class WeightSource {
public:
  virtual ~WeightSource() = default;
  /// Row-major little-endian bytes, valid as long as the source (mapped, not read).
  /// Called from one thread; the bytes are read from several.
  virtual llvm::Expected<llvm::ArrayRef<uint8_t>> bytes(llvm::StringRef checkpointTensor) = 0;
};

using Hash = std::array<uint8_t, 32>;
Hash hashBytes(llvm::ArrayRef<uint8_t> bytes);

enum class Recipe { Copy, I64ToI32 };

/// One checkpoint tensor at its place within a section.
struct Piece {
  uint64_t offset;
  uint64_t bytes; ///< After the recipe.
  llvm::ArrayRef<uint8_t> source;
  Recipe recipe;
  std::string name; ///< For messages.
  std::optional<PanelMatrix> panels = std::nullopt; ///< The layout, unless it is that of the source.
};

/// The image of one section: pieces in ascending order, zero between them.
struct WeightImage {
  std::vector<Piece> pieces;
  uint64_t bytes = 0;

  /// Places a weight of `weightBytes` at the next multiple of kTensorAlignment and
  /// returns its offset. With `panels` every source is a matrix of its own, of that format and width.
  llvm::Expected<uint64_t> add(llvm::StringRef weight, uint64_t weightBytes, llvm::ArrayRef<llvm::StringRef> tensors,
                               Recipe recipe, WeightSource &source, std::optional<PanelMatrix> panels = std::nullopt);
  /// Bytes [begin, begin + out.size()).
  llvm::Error assemble(uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;
};

/// A file that exists under its name only when it is complete.
class PartialFile {
public:
  PartialFile() = default;
  PartialFile(const PartialFile &) = delete;
  PartialFile &operator=(const PartialFile &) = delete;
  ~PartialFile();

  /// Creates `<path>.partial` and reserves `bytes` on the disk, where the file system can.
  llvm::Error open(llvm::StringRef path, uint64_t bytes);
  /// Any thread.
  llvm::Error write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);
  llvm::Error commit();

private:
  llvm::Error failure(llvm::StringRef action, int error) const;

  std::string path;
  std::string partial;
  uint64_t bytes = 0;
  int fd = -1;
};

/// Writes `image` at `offset` of `file` and returns one hash per chunk of kHashChunkBytes.
llvm::Expected<std::vector<Hash>> writeWeights(const WeightImage &image, PartialFile &file, uint64_t offset,
                                               unsigned threads);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_WEIGHTWRITER_H

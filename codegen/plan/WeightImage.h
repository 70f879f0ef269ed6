//===- WeightImage.h - Weights at their places in a section -----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight is the concatenation of checkpoint tensors after a recipe and in a layout.
// Any range of a section can be made from them alone, by any thread; what a piece
// learns on the way is complete once every byte was made.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_WEIGHTIMAGE_H
#define V4_CODEGEN_PLAN_WEIGHTIMAGE_H

#include "codegen/plan/NarrowMatrix.h"
#include "codegen/plan/PanelPacker.h"
#include "codegen/plan/TilePacker.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace v4::codegen {

/// Where the bytes of checkpoint tensors come from; implemented by the importer.
class WeightSource {
public:
  virtual ~WeightSource() = default;
  /// Row-major little-endian bytes, valid as long as the source (mapped, not read).
  /// Called from one thread; the bytes are read from several.
  virtual llvm::Expected<llvm::ArrayRef<uint8_t>> bytes(llvm::StringRef checkpointTensor) = 0;
  /// A part of bytes() is not needed soon: its memory may go. Called from any thread.
  virtual void release(llvm::ArrayRef<uint8_t>) {}
  /// Tells two inputs apart, also when one took the other's place; for a journal, never for a plan.
  virtual std::string identity() { return ""; }
  /// Files with holes take less room than their size says, and so may what is made of them.
  virtual bool isSparse() { return false; }
};

enum class Recipe { Copy, I64ToI32, Quantize };

/// How each source of a weight becomes its part of it. Numbers of rows follow from the size of a source.
struct WeightForm {
  Recipe recipe = Recipe::Copy;
  std::optional<PanelMatrix> panels; ///< Of Copy: the layout, unless it is that of the source.
  std::optional<TileMatrix> tiles;   ///< The same, of a plan for a GPU.
  std::optional<NarrowPart> narrow;  ///< Of Quantize.
  uint32_t wantedForms = 0;          ///< fb::ExactForm bits to prove.
  uint64_t rowBytes = 0;             ///< Of a row of codes or scales, where facts are wanted.
};

/// What is learned of a piece while its bytes are made.
struct PieceFindings {
  std::atomic<uint32_t> exactForms;   ///< Those that no byte disproved so far.
  std::vector<RoundingError> stripes; ///< Of codes; one a stripe, so that sums have one order.
};

/// One checkpoint tensor at its place within a section.
struct Piece {
  uint64_t offset;
  uint64_t bytes; ///< After the recipe.
  llvm::ArrayRef<uint8_t> source;
  std::string name; ///< For messages.
  WeightForm form;
  std::unique_ptr<PieceFindings> findings;

  /// Bytes [begin, begin + out.size()) of the piece.
  llvm::Error assemble(uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;

private:
  llvm::Error narrowIndices(uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;
  llvm::Error quantize(uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;
  /// Proves facts on the source's share of the output range.
  void prove(uint64_t begin, uint64_t end) const;
};

/// The image of one section: pieces in ascending order, zero between them.
struct WeightImage {
  std::vector<Piece> pieces;
  uint64_t bytes = 0;

  /// Places a weight of `weightBytes` at the next multiple of kTensorAlignment and returns its offset.
  llvm::Expected<uint64_t> add(llvm::StringRef weight, uint64_t weightBytes, llvm::ArrayRef<llvm::StringRef> tensors,
                               const WeightForm &form, WeightSource &source);
  /// Room for a weight whose bytes nobody has.
  uint64_t leaveRoom(uint64_t weightBytes);
  /// Bytes [begin, begin + out.size()).
  llvm::Error assemble(uint64_t begin, llvm::MutableArrayRef<uint8_t> out) const;
  /// Indices of the pieces with bytes in [begin, end).
  std::pair<size_t, size_t> piecesIn(uint64_t begin, uint64_t end) const;
  /// The source bytes that [begin, end) was made of are not needed soon.
  void release(uint64_t begin, uint64_t end, WeightSource &source) const;
};

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_WEIGHTIMAGE_H

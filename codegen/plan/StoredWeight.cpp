//===- StoredWeight.cpp - A weight as a plan describes it - -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/StoredWeight.h"
#include "codegen/plan/ExactForms.h"

#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace v4;
using namespace v4::codegen;
using plan::fb::ElementType;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

static bool isTiled(const StoredWeight &weight) { return weight.layout == "tiles" || weight.layout == "wide_tiles"; }

/// What the tiles of a weight hold; none for elements that have no such layout.
static std::optional<TileContent> tileContentOf(const StoredWeight &weight) {
  bool wide = weight.layout == "wide_tiles";
  switch (weight.element) {
  case ElementType::F8E4M3:
    return wide ? TileContent::Wide : TileContent::Rows;
  case ElementType::BF16:
    return wide ? std::nullopt : std::optional(TileContent::Rows);
  case ElementType::F4E2M1:
    return wide ? std::optional(TileContent::Fp4Codes) : std::nullopt;
  case ElementType::F8E8M0:
    return wide ? std::nullopt : std::optional(TileContent::Fp4Scales);
  default:
    return std::nullopt;
  }
}

/// The layout "tiles" or "wide_tiles" of a weight; none for others.
static Expected<std::optional<TileMatrix>> tilesOf(const StoredWeight &weight) {
  if (!isTiled(weight))
    return std::optional<TileMatrix>();
  std::optional<TileContent> content = tileContentOf(weight);
  int64_t columns = weight.shape.back();
  int64_t rowBytes = weight.element == ElementType::BF16     ? columns * 2
                     : weight.element == ElementType::F4E2M1 ? columns / 2
                                                             : columns;
  if (content && weight.recipe == "copy" && rowBytes % tileRowBytes(*content) == 0)
    return std::optional<TileMatrix>({0, rowBytes, *content});
  return makeError("weight '" + weight.name + "' has the layout '" + weight.layout + "' and the recipe '" +
                   weight.recipe + "', expected copied f8E4M3FN, bf16 or f8E8M0FNU in tiles, or f4E2M1FN in wide " +
                   "tiles, in rows of whole tiles");
}

/// The layout "panels" of a weight; none for others that are known.
static Expected<std::optional<PanelMatrix>> panelsOf(const StoredWeight &weight) {
  if (weight.layout == "row_major" || isTiled(weight))
    return std::optional<PanelMatrix>();
  int64_t columns = weight.shape.back();
  auto matrix = [&](PanelFormat format, int64_t width) { return std::optional<PanelMatrix>({format, 0, width}); };
  bool fits = weight.layout == "panels" && weight.recipe != "i64_to_i32" && weight.recipe != "quantize_e4m3_scales";
  if (fits && weight.element == ElementType::F8E8M0 && columns % 2 == 0)
    return matrix(PanelFormat::E2M1Scales, columns * 32);
  if (fits && columns % kPanelColumns == 0) {
    if (weight.element == ElementType::BF16)
      return matrix(PanelFormat::Bf16, columns);
    if (weight.element == ElementType::F32)
      return matrix(PanelFormat::F32, columns);
    if (weight.element == ElementType::F8E4M3)
      return matrix(PanelFormat::E4M3, columns);
    if (weight.element == ElementType::F4E2M1)
      return matrix(PanelFormat::E2M1, columns);
  }
  return makeError(
      "weight '" + weight.name + "' has the layout '" + weight.layout +
      "', expected row_major, tiles, or panels of bf16, f32, f8E4M3FN or f4E2M1FN in blocks of 64 columns");
}

/// The part of a quantized matrix that a weight is; none for other recipes.
static Expected<std::optional<NarrowPart>> narrowPartOf(const StoredWeight &weight) {
  StringRef recipe = weight.recipe;
  if (!recipe.consume_front("quantize_"))
    return std::optional<NarrowPart>();
  bool isScales = recipe.consume_back("_scales"), isE4M3 = recipe == "e4m3";
  ElementType codes = isE4M3 ? ElementType::F8E4M3 : ElementType::F4E2M1;
  bool fits = weight.element == (isScales ? ElementType::F8E8M0 : codes);
  int64_t columns = weight.shape.back() * (isScales ? isE4M3 ? 128 : 32 : 1);
  if (!fits || columns % 128 != 0)
    return makeError("weight '" + weight.name + "' has the recipe '" + weight.recipe + "' and " + Twine(columns) +
                     " columns, expected codes or scales of that format and a multiple of 128 columns");
  NarrowFormat format = isE4M3 ? NarrowFormat::E4M3 : NarrowFormat::E2M1;
  return std::optional<NarrowPart>({{format, 0, columns}, isScales, weight.layout == "panels"});
}

Expected<WeightForm> codegen::formOf(const StoredWeight &weight) {
  WeightForm form;
  Expected<std::optional<PanelMatrix>> panels = panelsOf(weight);
  if (!panels)
    return panels.takeError();
  Expected<std::optional<TileMatrix>> tiles = tilesOf(weight);
  if (!tiles)
    return tiles.takeError();
  Expected<std::optional<NarrowPart>> narrow = narrowPartOf(weight);
  if (!narrow)
    return narrow.takeError();
  if (*narrow)
    form.narrow = *narrow;
  else
    form.panels = *panels;
  form.tiles = *tiles;
  form.recipe = *narrow ? Recipe::Quantize : weight.recipe == "i64_to_i32" ? Recipe::I64ToI32 : Recipe::Copy;
  // Facts are about codes and scales of one byte.
  form.rowBytes = static_cast<uint64_t>(weight.shape.back());
  form.wantedForms = weight.wantedForms;
  if (form.wantedForms && weight.element != ElementType::F8E8M0 && weight.element != ElementType::F8E4M3)
    return makeError("weight '" + weight.name + "' asks for exact_forms, expected that of f8E4M3FN and f8E8M0FNU only");
  return form;
}

uint32_t codegen::kernelForms(plan::fb::ElementType element, StringRef layout) {
  return element == plan::fb::ElementType::F8E8M0 && layout == "tiles" ? uint32_t(plan::fb::ExactForm::E4M3Per128) : 0;
}

Error PlacedWeights::add(const StoredWeight &weight, WeightSource *source) {
  WeightImage &image = weight.inTables ? tables : weights;
  Expected<WeightForm> form = formOf(weight);
  if (!form)
    return form.takeError();
  size_t firstPiece = image.pieces.size();
  if (!source) {
    entries.push_back({weight.inTables, firstPiece, 0, image.leaveRoom(weight.bytes), weight.neededForms,
                       kernelForms(weight.element, weight.layout)});
    return Error::success();
  }
  SmallVector<StringRef> tensors(weight.sources.begin(), weight.sources.end());
  Expected<uint64_t> offset = image.add(weight.name, weight.bytes, tensors, *form, *source);
  if (!offset)
    return offset.takeError();
  entries.push_back({weight.inTables, firstPiece, tensors.size(), *offset, weight.neededForms,
                     kernelForms(weight.element, weight.layout)});
  return Error::success();
}

ArrayRef<Piece> PlacedWeights::pieces(const Entry &entry) const {
  return ArrayRef<Piece>((entry.inTables ? tables : weights).pieces).slice(entry.firstPiece, entry.pieces);
}

uint32_t PlacedWeights::exactForms(const Entry &entry) const {
  // Nothing is proven of bytes that nobody saw.
  uint32_t forms = entry.pieces ? ~0u : entry.neededForms;
  for (const Piece &piece : pieces(entry))
    forms &= piece.findings->exactForms;
  return forms & (entry.neededForms | ~entry.kernelForms);
}

static Error missingFact(StringRef tensor) {
  return makeError("tensor '" + tensor + "' lacks a fact about its values, e4m3_per_128, by which kernels were " +
                   "chosen; compile its checkpoint anew, without --refit or --compile-from");
}

Error PlacedWeights::checkNeeded() const {
  for (const Entry &entry : entries)
    for (const Piece &piece : pieces(entry))
      if (entry.neededForms & ~piece.findings->exactForms)
        return missingFact(piece.name);
  return Error::success();
}

Error PlacedWeights::checkSources(WeightSource &source) const {
  for (const Entry &entry : entries)
    for (const Piece &piece : pieces(entry)) {
      // Of other recipes the facts are those of what they make.
      if (!entry.neededForms || piece.form.recipe != Recipe::Copy)
        continue;
      uint32_t found = codegen::exactForms(piece.form.wantedForms, piece.source, piece.form.rowBytes);
      source.release(piece.source);
      if (entry.neededForms & ~found)
        return missingFact(piece.name);
    }
  return Error::success();
}

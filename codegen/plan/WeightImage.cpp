//===- WeightImage.cpp - Weights at their places in a section -------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/WeightImage.h"

#include "codegen/plan/ExactForms.h"
#include "runtime/plan/Format.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

using namespace llvm;
using namespace v4;
using namespace v4::codegen;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// Rows of a source of `bytes`, from the bytes of one.
static Expected<int64_t> rowsOf(StringRef tensor, uint64_t bytes, uint64_t row) {
  if (bytes != 0 && bytes % row == 0)
    return static_cast<int64_t>(bytes / row);
  return makeError("tensor '" + tensor + "' has " + Twine(bytes) + " bytes, expected whole rows of " + Twine(row) +
                   " bytes; compile from the checkpoint that the module was imported from");
}

/// Completes the form for one source and returns the bytes that it becomes.
static Expected<uint64_t> sizeOf(WeightForm &form, StringRef weight, StringRef tensor, uint64_t bytes) {
  if (form.recipe == Recipe::I64ToI32) {
    if (bytes % 8 == 0)
      return bytes / 2;
    return makeError("tensor '" + tensor + "' has " + Twine(bytes) + " bytes, expected whole i64 values for weight '" +
                     weight + "'");
  }
  if (form.wantedForms && form.recipe == Recipe::Copy && bytes % form.rowBytes != 0)
    form.wantedForms = 0;
  if (!form.narrow && !form.panels && !form.tiles)
    return bytes;
  uint64_t row = form.narrow  ? static_cast<uint64_t>(form.narrow->matrix.columns) * 2
                 : form.tiles ? static_cast<uint64_t>(form.tiles->rowBytes)
                              : PanelMatrix{form.panels->format, 1, form.panels->columns}.sourceBytes();
  Expected<int64_t> rows = rowsOf(tensor, bytes, row);
  if (!rows)
    return rows.takeError();
  if (form.narrow) {
    form.narrow->matrix.rows = *rows;
    return form.narrow->bytes();
  }
  if (form.tiles) {
    form.tiles->rows = *rows;
    return form.tiles->bytes();
  }
  form.panels->rows = *rows;
  return form.panels->bytes();
}

Expected<uint64_t> WeightImage::add(StringRef weight, uint64_t weightBytes, ArrayRef<StringRef> tensors,
                                    const WeightForm &form, WeightSource &source) {
  uint64_t begin = alignTo(bytes, plan::kTensorAlignment);
  uint64_t end = begin;
  for (StringRef tensor : tensors) {
    Expected<ArrayRef<uint8_t>> data = source.bytes(tensor);
    if (!data)
      return data.takeError();
    Piece piece{end, 0, *data, tensor.str(), form, std::make_unique<PieceFindings>()};
    Expected<uint64_t> size = sizeOf(piece.form, weight, tensor, data->size());
    if (!size)
      return size.takeError();
    piece.bytes = *size;
    piece.findings->exactForms = piece.form.wantedForms;
    if (form.narrow && !form.narrow->isScales)
      piece.findings->stripes.resize(static_cast<size_t>(piece.form.narrow->matrix.stripes()));
    pieces.push_back(std::move(piece));
    end += *size;
  }
  if (end - begin != weightBytes)
    return makeError("weight '" + weight + "' has " + Twine(weightBytes) + " bytes, its " + Twine(tensors.size()) +
                     " checkpoint tensors give " + Twine(end - begin) +
                     "; compile from the checkpoint that the module was imported from");
  bytes = end;
  return begin;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

Error Piece::narrowIndices(uint64_t begin, MutableArrayRef<uint8_t> out) const {
  // Chunks and tensors begin at multiples of 4.
  for (uint64_t i = 0; i < out.size(); i += 4) {
    uint64_t element = (begin + i) / 4;
    int64_t value = static_cast<int64_t>(support::endian::read64le(source.data() + element * 8));
    if (value != static_cast<int32_t>(value))
      return makeError("tensor '" + name + "' has the value " + Twine(value) + " at index " + Twine(element) +
                       ", expected one that fits 32 bits");
    support::endian::write32le(out.data() + i, static_cast<uint32_t>(value));
  }
  return Error::success();
}

Error Piece::quantize(uint64_t begin, MutableArrayRef<uint8_t> out) const {
  bool finite = form.narrow->assemble(
      source.data(), begin, out, [&](int64_t stripe, const RoundingError &error, ArrayRef<uint8_t> rows) {
        if (!findings->stripes.empty())
          findings->stripes[static_cast<size_t>(stripe)] = error;
        if (form.wantedForms)
          findings->exactForms &= exactForms(form.wantedForms, rows, form.rowBytes);
      });
  if (finite)
    return Error::success();
  return makeError("tensor '" + name + "' has a value that is NaN or infinite, expected finite ones to quantize; " +
                   "leave its kind out of --quantize");
}

void Piece::prove(uint64_t begin, uint64_t end) const {
  // Packed or not, the shares of all ranges are all rows, each once.
  uint64_t rows = source.size() / form.rowBytes;
  auto rowAt = [&](uint64_t place) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(rows) * place / bytes) * form.rowBytes;
  };
  uint64_t first = rowAt(begin);
  findings->exactForms &= exactForms(form.wantedForms, source.slice(first, rowAt(end) - first), form.rowBytes);
}

Error Piece::assemble(uint64_t begin, MutableArrayRef<uint8_t> out) const {
  if (form.recipe == Recipe::I64ToI32)
    return narrowIndices(begin, out);
  if (form.recipe == Recipe::Quantize)
    return quantize(begin, out);
  if (form.panels)
    form.panels->pack(source, begin, out);
  else if (form.tiles)
    form.tiles->pack(source, begin, out);
  else
    std::memcpy(out.data(), source.data() + begin, out.size());
  if (form.wantedForms)
    prove(begin, begin + out.size());
  return Error::success();
}

uint64_t WeightImage::leaveRoom(uint64_t weightBytes) {
  uint64_t begin = alignTo(bytes, plan::kTensorAlignment);
  bytes = begin + weightBytes;
  return begin;
}

std::pair<size_t, size_t> WeightImage::piecesIn(uint64_t begin, uint64_t end) const {
  auto first =
      llvm::upper_bound(pieces, begin, [](uint64_t place, const Piece &p) { return place < p.offset + p.bytes; });
  auto last =
      std::lower_bound(first, pieces.end(), end, [](const Piece &p, uint64_t place) { return p.offset < place; });
  return {static_cast<size_t>(first - pieces.begin()), static_cast<size_t>(last - pieces.begin())};
}

void WeightImage::release(uint64_t begin, uint64_t end, WeightSource &source) const {
  auto [first, last] = piecesIn(begin, end);
  for (size_t i = first; i < last; ++i) {
    const Piece &piece = pieces[i];
    // Every layout keeps the order of rows, so a share of the output came from about the same share of the source.
    auto shareOf = [&](uint64_t place) {
      uint64_t inside = std::clamp(place, piece.offset, piece.offset + piece.bytes) - piece.offset;
      return static_cast<uint64_t>(static_cast<unsigned __int128>(piece.source.size()) * inside / piece.bytes);
    };
    uint64_t from = shareOf(begin);
    source.release(piece.source.slice(from, shareOf(end) - from));
  }
}

Error WeightImage::assemble(uint64_t begin, MutableArrayRef<uint8_t> out) const {
  uint64_t end = begin + out.size(), done = begin;
  auto piece =
      llvm::upper_bound(pieces, begin, [](uint64_t place, const Piece &p) { return place < p.offset + p.bytes; });
  auto clear = [&](uint64_t to) {
    std::memset(out.data() + (done - begin), 0, to - done);
    done = to;
  };
  for (; piece != pieces.end() && piece->offset < end; ++piece) {
    uint64_t from = std::max(begin, piece->offset);
    uint64_t to = std::min(end, piece->offset + piece->bytes);
    clear(from);
    if (Error error = piece->assemble(from - piece->offset, out.slice(from - begin, to - from)))
      return error;
    done = to;
  }
  clear(end);
  return Error::success();
}

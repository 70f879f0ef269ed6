//===- V4Types.cpp - Verifiers of types and attributes ----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each check carries the label of its constraint in V4Types.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/v4/V4Dialect.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace {
using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// Dimensions and limits are stored in 32 bits in a plan.
constexpr int64_t kMax = INT32_MAX;

LogicalResult checkRange(EmitError emitError, StringRef what, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high)
    return success();
  return emitError() << what << " = " << value << ", expected " << low << " to " << high;
}
} // namespace

//===----------------------------------------------------------------------===//
// Tensor encodings
//===----------------------------------------------------------------------===//

bool v4::hasRows(RankedTensorType type) { return isa_and_nonnull<RowsAttr>(type.getEncoding()); }

bool v4::isRowsTensor(RankedTensorType type) {
  return hasRows(type) && type.getRank() >= 2 && ShapedType::isStaticShape(type.getShape().drop_front());
}

bool v4::isPanels(RankedTensorType type) { return isa_and_nonnull<PanelsAttr>(type.getEncoding()); }

bool v4::isTiles(RankedTensorType type) { return isa_and_nonnull<TilesAttr>(type.getEncoding()); }

v4::PanelFormat v4::panelFormatOf(RankedTensorType type) {
  Type element = cast<PanelsAttr>(type.getEncoding()).getElement();
  if (element.isBF16())
    return PanelFormat::Bf16;
  if (element.isF32())
    return PanelFormat::F32;
  if (isa<Float8E4M3FNType>(element))
    return PanelFormat::E4M3;
  return isa<Float4E2M1FNType>(element) ? PanelFormat::E2M1 : PanelFormat::E2M1Scales;
}

bool v4::isPacked(RankedTensorType type) {
  return isa_and_nonnull<PackedAttr>(type.getEncoding()) ||
         ((isPanels(type) || isTiles(type)) && type.getElementType().isInteger(8));
}

LogicalResult v4::RowsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType, EmitError emitError) const {
  // rows_c1
  if (shape.empty())
    return emitError() << "#v4.rows on a tensor of rank 0, expected at least rank 1: rows are the leading dimension";
  if (!ShapedType::isDynamic(shape.front()))
    return emitError() << "#v4.rows on a leading dimension of " << shape.front()
                       << ", expected '?': the number of rows is known only in a step";
  return success();
}

LogicalResult v4::PackedAttr::verify(EmitError emitError, Type element) {
  // packed_c1
  if (!isa<Float4E2M1FNType>(element))
    return emitError() << "#v4.packed element is " << element << ", expected f4E2M1FN";
  return success();
}

LogicalResult v4::PackedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType, EmitError emitError) const {
  if (!elementType) // the parser has said what is wrong with it, and asks all the same
    return failure();
  // packed_c2
  if (!elementType.isInteger(8))
    return emitError() << "#v4.packed on elements of " << elementType << ", expected i8: two codes to a byte";
  return success();
}

LogicalResult v4::PanelsAttr::verify(EmitError emitError, Type element) {
  // panels_c1
  if (!isa<Float4E2M1FNType, Float8E4M3FNType, Float8E8M0FNUType, BFloat16Type, Float32Type>(element))
    return emitError() << "#v4.panels element is " << element
                       << ", expected f4E2M1FN, f8E4M3FN, f8E8M0FNU, bf16 or f32";
  return success();
}

LogicalResult v4::PanelsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType, EmitError emitError) const {
  if (!elementType) // the parser has said what is wrong with it, and asks all the same
    return failure();
  bool packed = isa<Float4E2M1FNType>(getElement());
  // panels_c2
  if (packed ? !elementType.isInteger(8) : elementType != getElement())
    return emitError() << "#v4.panels<" << getElement() << "> on elements of " << elementType << ", expected "
                       << (packed ? Type(IntegerType::get(getContext(), 8)) : getElement());
  // panels_c3
  int64_t unit = packed ? kPanelColumns / 2 : isa<Float8E8M0FNUType>(elementType) ? kPanelColumns / 32 : kPanelColumns;
  if (shape.size() < 2 || shape.size() > 3 || shape.back() < unit || shape.back() % unit != 0)
    return emitError() << "#v4.panels<" << getElement() << "> on a tensor of rank " << shape.size()
                       << " with last dimension " << (shape.empty() ? 0 : shape.back())
                       << ", expected rank 2 or 3 and a multiple of " << unit;
  return success();
}

LogicalResult v4::TilesAttr::verify(EmitError emitError, Type element, TileForm form) {
  // tiles_c1
  bool fits = isa<Float8E4M3FNType>(element) ||
              (form == TileForm::Rows ? isa<BFloat16Type, Float8E8M0FNUType>(element) : isa<Float4E2M1FNType>(element));
  if (!fits)
    return emitError() << "#v4.tiles element is " << element << " in the form " << stringifyTileForm(form)
                       << ", expected f8E4M3FN, bf16 or f8E8M0FNU in rows, or f4E2M1FN in wide";
  return success();
}

LogicalResult v4::TilesAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType, EmitError emitError) const {
  if (!elementType) // the parser has said what is wrong with it, and asks all the same
    return failure();
  // tiles_c2
  bool isCodes = isa<Float4E2M1FNType>(getElement()), isScales = isa<Float8E8M0FNUType>(getElement());
  if (isCodes ? !elementType.isInteger(8) : elementType != getElement())
    return emitError() << "#v4.tiles of " << getElement() << " on elements of " << elementType << ", expected "
                       << (isCodes ? Type(IntegerType::get(getContext(), 8)) : getElement());
  // tiles_c3
  int64_t unit = isCodes    ? kFp4TileRowBytes
                 : isScales ? kFp4ScaleRowBytes
                            : kTileRowBytes * 8 / elementType.getIntOrFloatBitWidth();
  size_t rank = isCodes || isScales ? 3 : 2;
  if (shape.size() != rank || shape.back() < unit || shape.back() % unit != 0)
    return emitError() << "#v4.tiles of " << getElement() << " on a tensor of rank " << shape.size()
                       << " with last dimension " << (shape.empty() ? 0 : shape.back()) << ", expected rank " << rank
                       << " and a multiple of " << unit;
  return success();
}

//===----------------------------------------------------------------------===//
// Module attributes
//===----------------------------------------------------------------------===//

LogicalResult v4::EnvelopeAttr::verify(EmitError emitError, int64_t tokens, int64_t sequences, int64_t context,
                                       int64_t draft) {
  // envelope_c1
  if (failed(checkRange(emitError, "envelope tokens", tokens, 1, kMax)) ||
      failed(checkRange(emitError, "envelope sequences", sequences, 1, kMax)) ||
      failed(checkRange(emitError, "envelope context", context, 1, kMax)) ||
      failed(checkRange(emitError, "envelope draft", draft, 0, kMax)))
    return failure();
  return success();
}

LogicalResult v4::ModelAttr::verify(EmitError emitError, int64_t vocab, int64_t hidden, int64_t layers, int64_t window,
                                    int64_t eos, bool mtp, StringRef digest) {
  // model_c1
  if (failed(checkRange(emitError, "model vocab", vocab, 1, kMax)) ||
      failed(checkRange(emitError, "model hidden", hidden, 1, kMax)) ||
      failed(checkRange(emitError, "model layers", layers, 1, kMax)) ||
      failed(checkRange(emitError, "model window", window, 1, kMax)))
    return failure();
  // model_c2
  if (eos < 0 || eos >= vocab)
    return emitError() << "model eos = " << eos << " is outside the vocabulary, expected 0 to " << vocab - 1;
  // model_c3
  if (digest.empty() || digest.size() % 2 != 0 || !llvm::all_of(digest, llvm::isHexDigit))
    return emitError() << "model digest '" << digest << "' has " << digest.size()
                       << " characters, expected hexadecimal digits, two to a byte";
  return success();
}

//===----------------------------------------------------------------------===//
// Cache
//===----------------------------------------------------------------------===//

namespace {
LogicalResult checkCacheGeometry(EmitError emitError, v4::PoolKind kind, int64_t ratio, int64_t rows) {
  if (kind == v4::PoolKind::State) {
    if (ratio != 0 && ratio != 1)
      return emitError() << "state pool has ratio " << ratio << ", expected 1, or 0 where rows hold no position";
    return success();
  }
  if (ratio < 1 || 128 % ratio != 0)
    return emitError() << "page pool has ratio " << ratio << ", expected a divisor of 128, the tokens of a page";
  if (rows != 128 / ratio)
    return emitError() << "page pool of ratio " << ratio << " has " << rows << " rows, expected " << 128 / ratio
                       << ", one per " << ratio << " tokens of a page";
  return success();
}

LogicalResult checkRotaryPart(EmitError emitError, v4::RowEncoding encoding, int64_t values, int64_t rope) {
  if (encoding != v4::RowEncoding::KvCompact) {
    if (rope != 0)
      return emitError() << stringifyRowEncoding(encoding) << " rows have rope = " << rope
                         << ", expected 0: only kv_compact rows have a rotary part";
    return success();
  }
  if (rope < 0 || rope % 2 != 0)
    return emitError() << "kv_compact rows have rope = " << rope << ", expected an even number of rotary values";
  if (rope >= values || (values - rope) % 64 != 0)
    return emitError()
           << "kv_compact rows have " << values << " - " << rope << " = " << values - rope
           << " values in front of the rotary part, expected a positive multiple of 64, the values of a scale";
  return success();
}
} // namespace

LogicalResult v4::CacheType::verify(EmitError emitError, PoolKind kind, int64_t ratio, RowEncoding encoding,
                                    int64_t rows, int64_t values, int64_t rope) {
  // cache_c1
  if (failed(checkRange(emitError, "cache rows", rows, 1, kMax)) ||
      failed(checkRange(emitError, "cache values", values, 1, kMax)))
    return failure();
  // cache_c2
  if (failed(checkCacheGeometry(emitError, kind, ratio, rows)))
    return failure();
  // cache_c3
  if (failed(checkRotaryPart(emitError, encoding, values, rope)))
    return failure();
  // cache_c4
  if (encoding == RowEncoding::IndexFp4 && values % 32 != 0)
    return emitError() << "index_fp4 rows have " << values
                       << " values, expected a multiple of 32, the values of a scale";
  return success();
}

int64_t v4::CacheType::getRowBytes() {
  int64_t n = getValues() - getRope();
  switch (getEncoding()) {
  case RowEncoding::KvCompact:
    return (n + 2 * getRope() + n / 64 + 7) / 8 * 8;
  case RowEncoding::IndexFp4:
    return (getValues() / 2 + getValues() / 32 + 3) / 4 * 4;
  case RowEncoding::F32:
    return 4 * getValues();
  case RowEncoding::Bf16:
    return 2 * getValues();
  }
  return 0;
}

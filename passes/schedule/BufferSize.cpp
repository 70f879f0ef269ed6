//===- BufferSize.cpp - Bytes of a value between launches -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/schedule/BufferSize.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace v4 {

namespace {

/// a * b, or kMaxPlanBytes when that is more.
uint64_t multiply(uint64_t a, uint64_t b) {
  bool overflow = false;
  uint64_t product = llvm::SaturatingMultiply(a, b, &overflow);
  return overflow ? kMaxPlanBytes : std::min(product, kMaxPlanBytes);
}

std::optional<uint64_t> bounded(uint64_t bytes) {
  if (bytes >= kMaxPlanBytes)
    return std::nullopt;
  return bytes;
}

uint64_t power(uint64_t base, int64_t exponent) {
  uint64_t value = 1;
  // A base above 1 saturates within 46 rounds, others do not change.
  for (int64_t i = 0; i < std::min<int64_t>(exponent, 46); ++i)
    value = multiply(value, base);
  return value;
}

uint64_t indexRows(uint64_t context) { return llvm::alignTo(llvm::divideCeil(context, 4), 16); }

/// The limit that bounds how many rows of this kind a step has.
uint64_t rowLimit(uint64_t space, const SessionLimits &limits) {
  switch (static_cast<RowSpace>(space)) {
  case RowSpace::One:
    return 1;
  case RowSpace::Sequences:
    return limits.sequences;
  // A chunk finishes with its last token and a row of logits belongs to a token: never more than tokens.
  case RowSpace::Tokens:
  case RowSpace::Chunks4:
  case RowSpace::Chunks128:
  case RowSpace::Logits:
    return limits.tokens;
  }
  return 0;
}

} // namespace

SessionLimits limitsOf(EnvelopeAttr envelope) {
  return {static_cast<uint64_t>(envelope.getTokens()), static_cast<uint64_t>(envelope.getSequences()),
          static_cast<uint64_t>(envelope.getMaxContext())};
}

std::optional<uint64_t> elementBits(Type element) {
  if (element.isInteger(8) || element.isInteger(32) || element.isInteger(64) || element.isBF16() || element.isF32() ||
      isa<Float8E4M3FNType, Float8E8M0FNUType, Float4E2M1FNType>(element))
    return element.getIntOrFloatBitWidth();
  return std::nullopt;
}

std::optional<uint64_t> bytesOfShape(ArrayRef<int64_t> shape, uint64_t bits, uint64_t count) {
  uint64_t values = std::min(count, kMaxPlanBytes);
  for (int64_t dimension : shape) {
    if (dimension < 0)
      return std::nullopt;
    values = multiply(values, static_cast<uint64_t>(dimension));
  }
  return bounded(llvm::divideCeil(multiply(values, bits), 8));
}

std::optional<SmallVector<plan::SizeAttr>> bufferTerms(RankedTensorType type, EnvelopeAttr envelope) {
  std::optional<uint64_t> bits = elementBits(type.getElementType());
  if (!bits || type.getRank() == 0)
    return std::nullopt;
  RowSpace space = rowsOf(type);
  if (!type.isDynamicDim(0) && (space != RowSpace::One || type.getDimSize(0) != 1))
    return std::nullopt;
  SmallVector<int64_t> row(type.getShape().drop_front());
  int64_t dynamic = llvm::count(row, ShapedType::kDynamic);
  llvm::erase(row, ShapedType::kDynamic);
  std::optional<uint64_t> rowBytes = bytesOfShape(row, *bits);
  if (!rowBytes || *rowBytes == 0 || dynamic > 1)
    return std::nullopt;

  MLIRContext *context = type.getContext();
  int64_t tokens = space != RowSpace::One && space != RowSpace::Sequences;
  int64_t sequences = space == RowSpace::Sequences;
  auto coefficient = static_cast<int64_t>(*rowBytes);
  if (dynamic == 0)
    return SmallVector<plan::SizeAttr>{plan::SizeAttr::get(context, coefficient, tokens, sequences, 0)};
  // Index rows are ceil((context + draft) / 4), rounded up to 16: at most (context + draft + 3) / 4 + 15, which is less
  // than (context + draft + 64) / 4. So rowBytes / 4 bytes, rounded up, for each of context + draft + 64 suffice at
  // every context, and the sum stays a polynomial with whole coefficients.
  auto quarter = static_cast<int64_t>(llvm::divideCeil(*rowBytes, 4));
  auto slack = static_cast<int64_t>(multiply(quarter, static_cast<uint64_t>(envelope.getDraft()) + 64));
  return SmallVector<plan::SizeAttr>{plan::SizeAttr::get(context, quarter, tokens, sequences, 1),
                                     plan::SizeAttr::get(context, slack, tokens, sequences, 0)};
}

std::optional<uint64_t> evaluateTerms(ArrayAttr terms, const SessionLimits &limits) {
  uint64_t sum = 0;
  for (Attribute attr : terms) {
    auto term = dyn_cast<plan::SizeAttr>(attr);
    if (!term || term.getCoefficient() < 0)
      return std::nullopt;
    uint64_t product =
        multiply(static_cast<uint64_t>(term.getCoefficient()), power(limits.tokens, term.getTokensPower()));
    product = multiply(product, power(limits.sequences, term.getSequencesPower()));
    product = multiply(product, power(limits.context, term.getContextPower()));
    sum = std::min(sum + product, kMaxPlanBytes);
  }
  return bounded(sum);
}

std::optional<uint64_t> payloadBytes(plan::BufferOp buffer, const SessionLimits &limits) {
  std::optional<uint64_t> bits = elementBits(buffer.getElement());
  if (!bits)
    return std::nullopt;
  SmallVector<int64_t> shape(buffer.getRowShape());
  for (int64_t &dimension : shape)
    if (dimension == 0)
      dimension = static_cast<int64_t>(indexRows(limits.context));
  return bytesOfShape(shape, *bits, rowLimit(buffer.getRows(), limits));
}

} // namespace v4

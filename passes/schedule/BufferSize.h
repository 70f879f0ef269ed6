//===- BufferSize.h - Bytes of a value between launches ---------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A buffer's capacity is a sum of #plan.size terms in (tokens, sequences,
// context), the limits of a session. Passes evaluate it at the envelope.
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_SCHEDULE_BUFFERSIZE_H
#define V4_PASSES_SCHEDULE_BUFFERSIZE_H

#include "dialects/plan/PlanDialect.h"
#include "dialects/v4/V4Dialect.h"

#include <optional>

namespace v4 {

/// No size in a plan reaches this many bytes; the runtime refuses one that does.
inline constexpr uint64_t kMaxPlanBytes = uint64_t(1) << 46;

/// Limits of a session, at most those of the envelope.
struct SessionLimits {
  uint64_t tokens;
  uint64_t sequences;
  uint64_t context;
};

SessionLimits limitsOf(EnvelopeAttr envelope);

/// Bits of an element that a plan can hold; none for other types.
std::optional<uint64_t> elementBits(mlir::Type element);

/// Bytes of `count` elements of `bits` in a row of `shape`; none when they reach kMaxPlanBytes.
std::optional<uint64_t> bytesOfShape(llvm::ArrayRef<int64_t> shape, uint64_t bits, uint64_t count = 1);

/// Terms that hold a tensor with a #v4.rows encoding; a dynamic dimension behind the rows counts index rows. None
/// when a plan cannot hold such a tensor.
std::optional<llvm::SmallVector<plan::SizeAttr>> bufferTerms(mlir::RankedTensorType type, EnvelopeAttr envelope);

/// Sum of the terms; none when it reaches kMaxPlanBytes or an attribute is no #plan.size.
std::optional<uint64_t> evaluateTerms(mlir::ArrayAttr terms, const SessionLimits &limits);

/// Bytes of all rows of a buffer without slack; none when they reach kMaxPlanBytes.
std::optional<uint64_t> payloadBytes(plan::BufferOp buffer, const SessionLimits &limits);

} // namespace v4

#endif // V4_PASSES_SCHEDULE_BUFFERSIZE_H

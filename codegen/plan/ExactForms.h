//===- ExactForms.h - Facts about a weight's bytes --------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes see no weights, so --v4-prove-exact-forms asks for facts and the writer proves
// them on the bytes that it streams anyhow; the plan keeps those that hold everywhere.
// Other weights for the same plan need a new proof.
//
//===----------------------------------------------------------------------===//

#ifndef V4_CODEGEN_PLAN_EXACTFORMS_H
#define V4_CODEGEN_PLAN_EXACTFORMS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace v4::codegen {

/// Largest difference of the exponents of four neighbouring FP4 scales at which e4m3 codes with one scale hold the
/// same values: e2m1 times 2^-8 .. 2^6 are e4m3 values.
inline constexpr int kE4M3Span = 14;

/// Those of the `wanted` fb::ExactForm bits that hold for whole rows of codes or scales, of `rowBytes` bytes each.
uint32_t exactForms(uint32_t wanted, llvm::ArrayRef<uint8_t> rows, uint64_t rowBytes);

} // namespace v4::codegen

#endif // V4_CODEGEN_PLAN_EXACTFORMS_H

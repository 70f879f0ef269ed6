//===- WeightFormats.h - What --quantize asks for ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_QUANT_WEIGHTFORMATS_H
#define V4_PASSES_QUANT_WEIGHTFORMATS_H

#include "dialects/v4/V4Dialect.h"

#include "llvm/Support/Error.h"

namespace v4 {

/// The formats of "experts:fp4,linear:fp8"; what is not named stays as it is.
struct WeightFormats {
  std::optional<QuantFormat> experts;
  std::optional<QuantFormat> linear;

  /// The format for a weight of this `v4.narrowable` kind.
  std::optional<QuantFormat> of(llvm::StringRef kind) const { return kind == "experts" ? experts : linear; }
};

llvm::Expected<WeightFormats> parseWeightFormats(llvm::StringRef text);

} // namespace v4

#endif // V4_PASSES_QUANT_WEIGHTFORMATS_H

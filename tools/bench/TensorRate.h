//===- TensorRate.h - What tensor cores could do in a launch ----*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef V4_TOOLS_BENCH_TENSORRATE_H
#define V4_TOOLS_BENCH_TENSORRATE_H

#include "tools/inspect/Devices.h"

#include <optional>

namespace v4::bench {

/// Operations a second of dense products, two for each multiply-add; 0 = not known.
struct TensorRates {
  double fp8 = 0, bf16 = 0;

  bool any() const { return fp8 > 0 || bf16 > 0; }
  /// Each rate that is not known, from `other`.
  TensorRates orElse(const TensorRates &other) const {
    return {fp8 > 0 ? fp8 : other.fp8, bf16 > 0 ? bf16 : other.bf16};
  }
};

/// What is published of `device`; zeros of null.
TensorRates ratesOf(const inspect::Device *device);
/// That of the products of a function of a plan for a GPU; nothing when it has none on tensor cores, or the rate is not
/// known.
std::optional<double> tensorRate(std::string_view function, const TensorRates &rates);

} // namespace v4::bench

#endif // V4_TOOLS_BENCH_TENSORRATE_H

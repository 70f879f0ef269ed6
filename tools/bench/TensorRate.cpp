//===- TensorRate.cpp - What tensor cores could do in a launch ------------===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/TensorRate.h"

using namespace v4;
using namespace v4::bench;
using plan::fb::Arithmetic;

namespace {

/// Of codegen/cuda/kernels: an instance is named <template>_<arguments>, and its numbers are those of its instructions,
/// not those of its weights.
struct TensorTemplate {
  std::string_view name;
  Arithmetic arithmetic;
};
constexpr TensorTemplate kTemplates[] = {{"fp8Linear", Arithmetic::Fp8},        {"splitFp8Linear", Arithmetic::Fp8},
                                         {"expertProduct", Arithmetic::Fp8},    {"bf16Linear", Arithmetic::BF16},
                                         {"splitBf16Linear", Arithmetic::BF16}, {"wideLinear", Arithmetic::BF16},
                                         {"attendRows", Arithmetic::BF16},      {"indexCandidates", Arithmetic::BF16}};

} // namespace

TensorRates bench::ratesOf(const inspect::Device *device) {
  if (!device)
    return {};
  return {device->flopsPerSecond(Arithmetic::Fp8), device->flopsPerSecond(Arithmetic::BF16)};
}

std::optional<double> bench::tensorRate(std::string_view function, const TensorRates &rates) {
  for (const TensorTemplate &known : kTemplates)
    if (function.substr(0, function.find('_')) == known.name)
      if (double rate = known.arithmetic == Arithmetic::Fp8 ? rates.fp8 : rates.bf16; rate > 0)
        return rate;
  return std::nullopt;
}

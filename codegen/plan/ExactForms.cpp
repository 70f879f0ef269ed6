//===- ExactForms.cpp - Facts about a weight's bytes ------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/plan/ExactForms.h"

#include "runtime/plan/plan_generated.h"

#include <algorithm>

using namespace v4;
using namespace v4::codegen;
using plan::fb::ExactForm;
using Bytes = llvm::ArrayRef<uint8_t>;

// Loops without an early end: they become vectors, and facts seldom fail.

static bool hasNoNan(Bytes codes) {
  uint8_t found = 0;
  for (uint8_t code : codes)
    found |= (code & 0x7F) == 0x7F;
  return !found;
}

/// Codes 0 and 255 are a subnormal f32 and NaN.
static bool hasNormalScales(Bytes scales) {
  uint8_t found = 0;
  for (uint8_t scale : scales)
    found |= uint8_t(scale + 1) < 2;
  return !found;
}

/// The scale of 128 columns would be the largest one's divided by 2^6.
static bool fitsE4M3(Bytes scales) {
  auto [least, most] = std::minmax_element(scales.begin(), scales.end());
  return *most != 255 && *most >= 6 && *most - *least <= kE4M3Span;
}

static bool fitsE4M3(Bytes rows, uint64_t rowBytes) {
  for (uint64_t row = 0; row < rows.size(); row += rowBytes)
    for (uint64_t group = 0; group < rowBytes; group += 4)
      if (!fitsE4M3(rows.slice(row + group, std::min<uint64_t>(4, rowBytes - group))))
        return false;
  return true;
}

uint32_t codegen::exactForms(uint32_t wanted, Bytes rows, uint64_t rowBytes) {
  auto keep = [&](ExactForm form, auto holds) {
    if ((wanted & uint32_t(form)) && !holds())
      wanted &= ~uint32_t(form);
  };
  keep(ExactForm::NoNan, [&] { return hasNoNan(rows); });
  keep(ExactForm::NormalScales, [&] { return hasNormalScales(rows); });
  keep(ExactForm::E4M3Per128, [&] { return fitsE4M3(rows, rowBytes); });
  return wanted;
}

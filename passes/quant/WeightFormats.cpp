//===- WeightFormats.cpp - What --quantize asks for -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quant/WeightFormats.h"

using namespace llvm;
using namespace v4;

static Error refuse(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

Expected<WeightFormats> v4::parseWeightFormats(StringRef text) {
  WeightFormats formats;
  SmallVector<StringRef> entries;
  text.split(entries, ',');
  for (StringRef entry : entries) {
    auto [kind, name] = entry.split(':');
    std::optional<QuantFormat> format = symbolizeQuantFormat(name);
    if (!format || (kind != "experts" && kind != "linear"))
      return refuse("'" + entry + "' is not understood, expected experts:fp4, experts:fp8, linear:fp4 or linear:fp8, "
                    "with commas between them");
    std::optional<QuantFormat> &place = kind == "experts" ? formats.experts : formats.linear;
    if (place)
      return refuse("'" + kind + "' is given twice in '" + text + "', expected once; leave one out");
    place = format;
  }
  return formats;
}

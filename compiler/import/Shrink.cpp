//===- Shrink.cpp - A small twin of a model -------------- -*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Shrink.h"

#include "compiler/import/ImportError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <set>

using namespace llvm;
using v4::ModelConfig;
using v4::ShrinkSpec;

Expected<ShrinkSpec> v4::parseShrink(StringRef text) {
  ShrinkSpec spec;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    auto [key, digits] = part.split(':');
    std::optional<int64_t> *value = key == "layers" ? &spec.layers : key == "experts" ? &spec.experts : nullptr;
    int64_t number = 0;
    if (!value || *value || digits.getAsInteger(10, number) || number < 1)
      return inputError("--shrink=" + text + ": '" + part +
                        "' is no part of it, expected layers:N and experts:N, each at most once and N at least 1");
    *value = number;
  }
  return spec;
}

/// The layers that stay, ascending.
static std::vector<int64_t> chooseLayers(const ModelConfig &c, int64_t count, size_t &kinds) {
  std::set<std::pair<int64_t, bool>> seen;
  std::vector<int64_t> chosen, others;
  for (int64_t i = 0; i < c.layers; ++i)
    (seen.insert({c.ratios[i], c.routesByHash(i)}).second ? chosen : others).push_back(i);
  kinds = chosen.size();
  for (int64_t i = 0; static_cast<int64_t>(chosen.size()) < count; ++i)
    chosen.push_back(others[i]);
  llvm::sort(chosen);
  return chosen;
}

Expected<std::vector<int64_t>> v4::shrinkConfig(ModelConfig &c, const ShrinkSpec &spec) {
  int64_t layers = spec.layers.value_or(c.layers), experts = spec.experts.value_or(c.experts);
  if (layers > c.layers)
    return inputError("--shrink=layers:" + Twine(layers) + " is more than the model's " + Twine(c.layers) +
                      " layers; ask for at most that");
  if (experts > c.experts || experts < c.activeExperts)
    return inputError("--shrink=experts:" + Twine(experts) + " is outside " + Twine(c.activeExperts) + " to " +
                      Twine(c.experts) + ", the model's active experts of a token and its experts");
  size_t kinds = 0;
  std::vector<int64_t> chosen = chooseLayers(c, layers, kinds);
  if (static_cast<int64_t>(chosen.size()) > layers)
    return inputError("--shrink=layers:" + Twine(layers) + " is less than the model's " + Twine(kinds) +
                      " kinds of layers (ratio, and routing by hash or learned); ask for at least that");
  std::vector<int64_t> ratios;
  for (int64_t layer : chosen)
    ratios.push_back(c.ratios[layer]);
  c.hashLayers = llvm::count_if(chosen, [&](int64_t layer) { return c.routesByHash(layer); });
  c.ratios = std::move(ratios);
  c.layers = layers;
  c.experts = experts;
  return chosen;
}

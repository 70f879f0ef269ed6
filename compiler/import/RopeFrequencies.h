//===- RopeFrequencies.h - Rotary frequencies -------------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_ROPEFREQUENCIES_H
#define V4_COMPILER_IMPORT_ROPEFREQUENCIES_H

#include "compiler/import/ModelConfig.h"

#include <vector>

namespace v4 {

/// base^(-2j/dim) for j < dim/2, rounded to f32; with `yarn` stretched as YaRN does. Every
/// step is an f32 operation in the order of the published arithmetic: one bit here flips
/// bits of every rotated value.
std::vector<float> ropeFrequencies(double base, int64_t dim, const YarnScaling *yarn);

/// Frequencies of layers of ratio 0 (`compressed` false) or of the others.
std::vector<float> ropeFrequencies(const ModelConfig &config, bool compressed, bool withYarn = true);

} // namespace v4

#endif // V4_COMPILER_IMPORT_ROPEFREQUENCIES_H

//===- CountWork.h - Where the counts of a model are kept -------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_PASSES_GRAPH_COUNTWORK_H
#define V4_PASSES_GRAPH_COUNTWORK_H

#include "llvm/ADT/StringRef.h"

namespace v4 {

/// Module attributes that --v4-count-work sets and --v4-build-program moves to the program.
inline constexpr llvm::StringLiteral kPartsName = "v4.parts"; ///< Array of #plan.part.
inline constexpr llvm::StringLiteral kExpertsPerTokenName = "v4.experts_per_token";

} // namespace v4

#endif // V4_PASSES_GRAPH_COUNTWORK_H

//===- TokenText.h - Token ids in files and flags ---------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_TOOLS_RUN_TOKENTEXT_H
#define V4_TOOLS_RUN_TOKENTEXT_H

#include <cstdint>
#include <string>
#include <vector>

namespace v4 {

/// Decimal ids separated by white space, or by one comma with white space around it, all below `vocabulary`. Throws
/// InputError, whose text begins with `where`.
std::vector<int32_t> parseTokens(const std::string &where, const std::string &text, uint32_t vocabulary);

/// parseTokens() over a file of at most 256 MiB.
std::vector<int32_t> readTokens(const std::string &path, uint32_t vocabulary);

} // namespace v4

#endif // V4_TOOLS_RUN_TOKENTEXT_H

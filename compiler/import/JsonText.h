//===- JsonText.h - Strict JSON from untrusted text -------------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_JSONTEXT_H
#define V4_COMPILER_IMPORT_JSONTEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <nlohmann/json.hpp>

namespace v4 {

/// Parses `text`, whose root must be an object. Refuses what a lenient reader lets
/// through: duplicate keys (two readers could disagree about them), bytes that are
/// not UTF-8, numbers that overflow, nesting deeper than 32. Errors name `file`.
llvm::Expected<nlohmann::json> parseJson(llvm::StringRef text, llvm::StringRef file);

/// A JSON value as a message shows it: compact, at most 40 characters.
std::string jsonExcerpt(const nlohmann::json &value);

} // namespace v4

#endif // V4_COMPILER_IMPORT_JSONTEXT_H

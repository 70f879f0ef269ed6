//===- ConfigReader.h - Checked access to config.json -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef V4_COMPILER_IMPORT_CONFIGREADER_H
#define V4_COMPILER_IMPORT_CONFIGREADER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <string>

namespace v4 {

/// Reads values of one JSON object and keeps the first thing that is wrong. After an
/// error every read returns a harmless value, so that callers check once at the end.
class ConfigReader {
public:
  ConfigReader(const nlohmann::json &object, std::string file, std::string prefix = "")
      : object(object), file(std::move(file)), prefix(std::move(prefix)) {}

  /// A required integer in [low, high].
  int64_t integer(llvm::StringRef key, int64_t low, int64_t high);
  /// A required integer in [low, high] that `unit` divides.
  int64_t multiple(llvm::StringRef key, int64_t unit, int64_t high);
  /// A required finite number in [low, high]; an integer will do.
  double real(llvm::StringRef key, double low, double high);
  bool boolean(llvm::StringRef key);
  /// A required string that must be `expected`, the only kind that is supported.
  void literal(llvm::StringRef key, llvm::StringRef expected);
  /// An optional boolean that must be false where it is present; null is absent.
  void absentOrFalse(llvm::StringRef key, llvm::StringRef why);
  /// A required member of any type; null after an error.
  const nlohmann::json *member(llvm::StringRef key);
  bool has(llvm::StringRef key) const { return object.contains(key.str()); }

  /// Records that the value of `key` breaks an expectation.
  void wrong(llvm::StringRef key, const nlohmann::json &value, const llvm::Twine &expected);
  /// Records `message` unless something was wrong before.
  void fail(const llvm::Twine &message);
  bool failed() const { return !problem.empty(); }
  /// What was wrong first, or success.
  llvm::Error take() const;

private:
  const nlohmann::json &object;
  std::string file;
  std::string prefix; ///< Of the key in messages: "rope_scaling.".
  std::string problem;
};

} // namespace v4

#endif // V4_COMPILER_IMPORT_CONFIGREADER_H

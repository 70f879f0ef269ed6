//===- JsonText.cpp - Strict JSON from untrusted text -----------*- C++ -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/import/JsonText.h"

#include "compiler/import/ImportError.h"

#include <set>

using namespace llvm;
using nlohmann::json;

namespace {

constexpr size_t kDepthLimit = 32;

// Walks the text without building anything, so that depth and duplicates are known
// before memory is spent on a tree.
class Checker : public nlohmann::json_sax<json> {
public:
  std::string problem;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return true; }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }

  bool key(string_t &name) override {
    if (keys.back().insert(name).second)
      return true;
    problem = "key '" + name + "' occurs twice in one object, expected unique keys";
    return false;
  }

  bool parse_error(std::size_t position, const std::string &token, const json::exception &error) override {
    bool overflow = error.id == 406;
    problem = (overflow ? "a number in front of byte " : "not valid JSON at byte ") + std::to_string(position) +
              (overflow ? " is too large for a double" : notANumber(token));
    return false;
  }

private:
  /// Some writers print these; `text` ends with the first byte that fits nothing, where a value began.
  static const char *notANumber(StringRef text) {
    bool named = text.ends_with("N") || text.ends_with("I");
    if (named && StringRef(":,[- \t\r\n").contains(text.drop_back().take_back(1)))
      return " (NaN and Infinity are not JSON, expected a finite number)";
    return "";
  }
  bool open() {
    keys.emplace_back();
    if (keys.size() <= kDepthLimit)
      return true;
    problem = "JSON is nested deeper than " + std::to_string(kDepthLimit) + " levels";
    return false;
  }
  bool close() {
    keys.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys;
};

} // namespace

Expected<json> v4::parseJson(StringRef text, StringRef file) {
  Checker checker;
  if (!json::sax_parse(text.begin(), text.end(), &checker))
    return inputError(file + ": " + checker.problem);
  json root = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!root.is_object())
    return inputError(file + ": the JSON document is " + (root.is_array() ? "an array" : "a single value") +
                      ", expected an object");
  return root;
}

std::string v4::jsonExcerpt(const json &value) {
  // Foreign strings may hold anything; replace what is not printable as UTF-8.
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  if (text.size() > 40)
    text = text.substr(0, 37) + "...";
  return text;
}
